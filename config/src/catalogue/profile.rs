//! What a runtime release offers, as data.

use std::collections::BTreeMap;

/// One runtime release: what it runs, what it offers, and how a node shows that it has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostProfile {
    /// The name, unique in a catalogue; the value of the node label `wit-placement.dev/host-profile`.
    pub name: String,
    /// The release that the facts belong to, as its project writes it.
    pub release: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// Which kinds of Wasm it runs.
    pub runs: Runs,
    /// What becomes of an import that it does not offer.
    pub link_mode: LinkMode,
    /// The interfaces that it offers; an import is offered when any of them covers it.
    pub offers: Vec<Offer>,
    /// Exports one of which a component must have to be started; empty means any component.
    pub entry_points: Vec<String>,
    /// Memory per pod that neither requests nor `RuntimeClass.overhead` count, in bytes.
    pub memory_overhead_bytes: u64,
    /// The most instances that one node takes, when the runtime itself has such a limit.
    pub instance_cap: Option<u32>,
    /// What a node has to show; any one of them is enough. Empty: only the node label names this profile.
    pub evidence: Vec<NodeEvidence>,
    /// Where each figure comes from.
    pub sources: Vec<Fact>,
}

/// Which kinds of Wasm a host runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// Core modules (WASI preview 1).
    pub core_modules: bool,
    /// Components.
    pub components: bool,
}

/// What becomes of an import that the host itself does not offer (an *open import*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkMode {
    /// Nobody serves it: the instance cannot start.
    None,
    /// The runtime links it to a provider on the same node when it instantiates.
    Node,
    /// It is bridged to a provider anywhere.
    Network,
}

/// Interfaces that a host offers, to every component or to some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Packages (`wasi:cli@0.2.6`: all interfaces in it) or interfaces (`wasi:http/outgoing-handler@0.2.2`).
    pub interfaces: Vec<String>,
    /// When set, only components that export this interface are offered them.
    pub when_exports: Option<String>,
}

/// What a node shows when it has the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEvidence {
    /// Runtime handlers, any one of them; at least one.
    pub handlers: Vec<String>,
    /// Node labels that must all match; empty means that the handler alone is enough.
    pub node_labels: BTreeMap<String, String>,
}

/// A figure of a profile and where it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What is claimed; says "assumption" where nobody has published a measurement.
    pub claim: String,
    /// Where it is written.
    pub source: String,
}
