//! Every key of a host profile, once.

use std::collections::BTreeMap;

use crate::catalogue::{Fact, HostProfile, LinkMode, NodeEvidence, Offer, Runs};
use crate::key::{Key, Kind};
use crate::syntax::Syntax;
use crate::{API_VERSION, PROFILE_KIND};

/// A host profile, as a file of its own or as an item of `hosts`.
#[rustfmt::skip] // one row, one shape: path, default, type and place, meaning
pub(crate) static PROFILE: &[Key<HostProfile>] = &[
    Key::required("apiVersion", Kind::Exactly(API_VERSION), "The version of this format; may be left out in `hosts`."),
    Key::required("kind", Kind::Exactly(PROFILE_KIND), "What this is; may be left out in `hosts`."),
    Key::required("name", Kind::Text(Syntax::Name, |p, v| p.name = v),
        "The name, which a node's label `wit-placement.dev/host-profile` can give to decide for it."),
    Key::new("release", "''", Kind::Text(Syntax::Text, |p, v| p.release = v), "The release that the facts belong to."),
    Key::new("description", "''", Kind::Text(Syntax::Text, |p, v| p.description = v), "What it is."),
    Key::section("runs", "Which kinds of Wasm it runs; one of them at least."),
    Key::required("runs.coreModules", Kind::Flag(|p, v| p.runs.core_modules = v), "Core modules (WASI preview 1)."),
    Key::required("runs.components", Kind::Flag(|p, v| p.runs.components = v), "Components."),
    Key::required("linkMode",
        Kind::Choice(&[
            ("none", |p| p.link_mode = LinkMode::None),
            ("node", |p| p.link_mode = LinkMode::Node),
            ("network", |p| p.link_mode = LinkMode::Network),
        ]),
        "What becomes of an import that the host does not offer: with `none` the instance cannot start, with `node` \
         the runtime links it to a provider on the same node, with `network` to a provider anywhere."),
    Key::new("offers", "[]",
        Kind::Records(|reader, node, path, p| p.offers = reader.records(node, path, OFFER, no_offer)),
        "The interfaces that the host itself offers."),
    Key::new("entryPoints", "[]", Kind::Texts(Syntax::Interface, false, |p, v| p.entry_points = v),
        "Exports one of which a component must have to be started; empty for any component."),
    Key::new("memoryOverheadBytes", "0", Kind::Bytes(0..=1 << 40, |p, v| p.memory_overhead_bytes = v),
        "Memory per pod that neither its requests nor the RuntimeClass's `overhead` count. It is not added to a pod \
         that has such an `overhead`."),
    Key::new("instanceCap", "null", Kind::OptionalCount(1..=u32::MAX, |p, v| p.instance_cap = v),
        "The most instances on one node, when the runtime itself has such a limit."),
    Key::new("evidence", "[]",
        Kind::Records(|reader, node, path, p| p.evidence = reader.records(node, path, EVIDENCE, no_evidence)),
        "What a node shows when it has this host, any one of them; among the profiles whose evidence fits a node, \
         the one with most matching labels is taken, then the first. Empty: only the node's label gives it."),
    Key::new("sources", "[]",
        Kind::Records(|reader, node, path, p| p.sources = reader.records(node, path, FACT, no_fact)),
        "Where the figures come from."),
];

/// An item of `offers`.
#[rustfmt::skip]
pub(crate) static OFFER: &[Key<Offer>] = &[
    Key::required("interfaces", Kind::Texts(Syntax::PackageOrInterface, true, |o, v| o.interfaces = v),
        "Packages, for all their interfaces, and single interfaces, with the version that the host has."),
    Key::new("whenExports", "null", Kind::OptionalText(Syntax::Interface, |o, v| o.when_exports = v),
        "Offered only to components that export this interface."),
];

/// An item of `evidence`.
#[rustfmt::skip]
pub(crate) static EVIDENCE: &[Key<NodeEvidence>] = &[
    Key::required("handlers", Kind::Texts(Syntax::Name, true, |e, v| e.handlers = v),
        "RuntimeClass handlers, any one of them."),
    Key::new("nodeLabels", "{}", Kind::TextMap(|e, v| e.node_labels = v),
        "Labels of the node that must all match; empty when the handler alone is enough."),
];

/// An item of `sources`.
#[rustfmt::skip]
pub(crate) static FACT: &[Key<Fact>] = &[
    Key::required("claim", Kind::Text(Syntax::Text, |f, v| f.claim = v), "What is claimed."),
    Key::required("source", Kind::Text(Syntax::Text, |f, v| f.source = v), "Where it is written."),
];

/// A profile before anything is read into it.
pub(crate) fn no_profile() -> HostProfile {
    HostProfile {
        name: String::new(),
        release: String::new(),
        description: String::new(),
        runs: Runs { core_modules: false, components: false },
        link_mode: LinkMode::None,
        offers: Vec::new(),
        entry_points: Vec::new(),
        memory_overhead_bytes: 0,
        instance_cap: None,
        evidence: Vec::new(),
        sources: Vec::new(),
    }
}

fn no_offer() -> Offer {
    Offer { interfaces: Vec::new(), when_exports: None }
}

fn no_evidence() -> NodeEvidence {
    NodeEvidence { handlers: Vec::new(), node_labels: BTreeMap::new() }
}

fn no_fact() -> Fact {
    Fact { claim: String::new(), source: String::new() }
}
