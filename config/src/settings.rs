//! The validated settings: plain values that the rest of the product reads.
//!
//! What each value means, its range and its default stand once, in the table of `keys.rs`; the documentation
//! here only says what a programmer needs: units and what the type guarantees.

use std::net::SocketAddr;
use std::time::Duration;

use crate::catalogue::HostProfile;

/// Everything that an operator can set, checked: a value of this type is always usable as it is.
///
/// [`Settings::default`] are the documented defaults, [`crate::parse`] reads a file over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Whether answers steer the scheduler or only record what they would have been.
    pub mode: Mode,
    /// Where the three HTTP listeners bind.
    pub listeners: Listeners,
    /// How the server logs.
    pub log: Log,
    /// What we assume about the scheduler that calls us.
    pub scheduler: Scheduler,
    /// The rules of the filter.
    pub placement: Placement,
    /// The weights of the score's terms.
    pub scoring: Scoring,
    /// How long a pod may wait for its image to be read.
    pub reading: Reading,
    /// The ledger of presumed placements.
    pub ledger: Ledger,
    /// What happens around start and stop.
    pub startup: Startup,
    /// The bounds within which images are read.
    pub images: Images,
    /// The memory of recorded decisions.
    pub explain: Explain,
    /// The bounds of a request to the `verbs` listener.
    pub requests: Requests,
    /// The operator's host profiles, complete: what a profile of a bundled name leaves out was taken from the
    /// bundled one. Give them to [`crate::HostCatalogue::merged`].
    pub hosts: Vec<HostProfile>,
}

/// Whether answers steer the scheduler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Answer as if we were not there; record what the answer would have been.
    Observe,
    /// Filter and score.
    Steer,
}

/// Where the HTTP listeners bind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Filter and prioritize: what kube-scheduler calls.
    pub verbs: SocketAddr,
    /// `/metrics`, `/livez`, `/readyz`.
    pub ops: SocketAddr,
    /// Explain, graph and page; always a loopback address in this version.
    pub api: SocketAddr,
}

/// How the server logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The shape of a log line.
    pub format: LogFormat,
    /// A directive of the `tracing` crate, never empty; its grammar is checked where the subscriber is built.
    pub filter: String,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What we assume about the scheduler that calls us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheduler {
    /// The `weight` of our entry in its configuration, 1 to 100.
    pub weight: u32,
    /// Whether it spreads pods of Deployments and their like over nodes and zones without being asked: `defaultingType: System`
    /// of its plugin `PodTopologySpread`. Simulations alone read it.
    pub default_topology_spread: bool,
}

/// The rules of the filter.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// Whether missing evidence rejects instead of passing with a low score.
    pub strict: bool,
    /// The largest share of one workload's replicas on one node, above 0 and at most 1.
    pub blast_radius: f64,
    /// The instance cap of nodes without the annotation `wit-placement.dev/instances`, at least 1.
    pub instances_per_node: Option<u32>,
    /// With room for fewer instances than this on a node, by a limit that only we count, the filter returns one
    /// node; 0 never narrows.
    pub exact_below: u32,
}

/// The weights of the score's terms, each finite and at least 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    /// The marginal gain in gained affinity; above 0.
    pub gain: f64,
    /// The draw to nodes of the pod's own connected group.
    pub group: f64,
    /// The room kept for partners still to come.
    pub room: f64,
}

/// How long a pod may wait for its image to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// After this the pod is treated as unknown.
    pub deadline: Duration,
    /// The pause before the first retry of a failed read.
    pub retry_initial: Duration,
    /// The longest pause between retries; at least `retry_initial`.
    pub retry_max: Duration,
}

/// The ledger of presumed placements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// A presumption that the watch neither confirms nor refutes is dropped after this.
    pub expiry: Duration,
}

/// What happens around start and stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startup {
    /// How long `verbs` stays closed after the watches are in sync.
    pub settle: Duration,
    /// How long requests in flight may take after the signal to stop.
    pub drain: Duration,
}

/// The bounds within which images are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// The largest image, in bytes.
    pub max_bytes: u64,
    /// The largest manifest or index, in bytes; at most `max_bytes`.
    pub max_manifest_bytes: u64,
    /// The time for one image, all its requests together.
    pub timeout: Duration,
    /// Images read at the same time, at least 1.
    pub concurrency: usize,
    /// Worlds remembered by digest, at least 1.
    pub cache_entries: usize,
    /// Registries, as `host` or `host:port`, that are reached by plain HTTP.
    pub insecure_registries: Vec<String>,
}

/// The memory of recorded decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explain {
    /// What recorded decisions may hold together, in bytes; 0 records none.
    pub max_bytes: u64,
}

/// The bounds of a request to the `verbs` listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requests {
    /// The largest body, in bytes.
    pub max_body_bytes: u64,
}
