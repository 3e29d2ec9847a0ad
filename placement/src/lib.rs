//! Filter, score and in-flight ledger for WebAssembly components on Kubernetes nodes: pure, no I/O, no clock.
//!
//! Where to look:
//! - [`objects`]: the cluster as plain values, and the [`Event`]s that change it;
//! - [`ClusterState`]: the state, changed event by event, cheap to clone into a snapshot;
//! - [`filter()`]: which nodes may take a pod, with [`reasons`]; [`score`]: which it should prefer;
//! - [`answer_filter`], [`answer_prioritize`]: both as the scheduler gets them;
//! - [`kube_scheduler`]: what the scheduler itself does, for the demo and the simulator;
//! - [`Presumption`]: what the scheduler probably did with an answer, until the watch tells;
//! - [`Affinity`]: how much traffic a placement keeps on a node.

mod affinity;
mod answers;
mod filter;
mod headroom;
mod hosts;
pub mod kube_scheduler;
mod ledger;
mod nodes;
pub mod objects;
mod presume;
#[cfg(test)]
mod properties;
pub mod reasons;
mod request;
pub mod score;
mod state;
mod subject;
#[cfg(test)]
mod testing;
mod workloads;

pub use affinity::Affinity;
pub use answers::{FilterAnswer, LedgerEntry, PrioritizeAnswer, answer_filter, answer_prioritize};
pub use filter::{Filtered, Judgement, filter, instance_cap};
pub use hosts::{Capability, HOST_PROFILE_LABEL, Hosts, NodeClass, Presence, ProfileIdx};
pub use nodes::{NodeIdx, NodeState, Usage};
pub use objects::*;
pub use presume::Presumption;
pub use request::{Candidate, PodRequest};
pub use score::{ScoreBoard, Terms};
pub use state::{ClusterState, Effects, PodWorld};
pub use workloads::{WorkloadIdx, WorkloadState};
