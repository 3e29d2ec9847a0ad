//! What a placement is worth: the numbers that are compared, and the tables behind them.
//!
//! | question | look at |
//! |---|---|
//! | which numbers are there, and what do they mean? | [`METRICS`]: one line for each, with the routing it holds under |
//! | what are they for this cluster? | [`Metrics::of`] |
//! | node by node, workload by workload, pod by pod? | [`Details::of`] |
//! | what came of them over time? | [`Course`] |

mod catalogue;
mod course;
mod details;
mod room;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use wit_placement::{ClusterState, Millis};

pub use catalogue::{Better, METRICS, Metric, Routing, Unit, metric};
pub use course::{Course, Point, Waiting};
pub use details::{Details, NodeDetails, PendingReason, WorkloadDetails};

use room::Fragmentation;

/// The numbers of a placement. [`METRICS`] says what each is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// G: see [`wit_placement::Affinity::gained`].
    pub gained_affinity: f64,
    /// R: see [`wit_placement::Affinity::random`].
    pub random_balancing: f64,
    /// S: see [`wit_placement::Affinity::same_node`].
    pub prefer_same_node: f64,
    /// See [`wit_placement::Affinity::satisfaction`].
    pub link_satisfaction: f64,
    /// See [`wit_placement::Affinity::hot_spot`].
    pub hot_spot: f64,
    /// See [`wit_placement::BlastRadius::mean`].
    pub blast_radius: f64,
    /// See [`wit_placement::BlastRadius::whole`].
    pub whole_on_one_node: u32,
    /// Nodes.
    pub nodes: u32,
    /// Nodes with a pod.
    pub nodes_used: u32,
    /// Pods on a node.
    pub placed: u32,
    /// Pods without one.
    pub pending: u32,
    /// Pods on a node that cannot run them.
    pub stranded: u32,
    /// The share of all nodes' CPU that pods request, overhead included.
    pub requested_cpu: f64,
    /// The share of all nodes' memory that pods request, overhead included, and shims that nobody requested take.
    pub requested_memory: f64,
    /// The share of the pods that all nodes take.
    pub requested_pods: f64,
    /// How many more pods of the mean of those that are placed fit, node by node.
    pub headroom: u64,
    /// The share of the free CPU that a pod picked at random from the workloads' replicas cannot use, because it does not
    /// fit there for want of anything.
    pub fragmented_cpu: f64,
    /// The same of the free memory.
    pub fragmented_memory: f64,
}

impl Metrics {
    /// The numbers of a cluster as it is.
    pub fn of(state: &ClusterState, now: Millis) -> Self {
        let (affinity, radius) = (state.affinity(now), state.blast_radius());
        let (taken, fragmentation) = (room::Taken::of(state), Fragmentation::of(state));
        let pending = state.pods().filter(|pod| details::is_pending(pod)).count();
        Self {
            gained_affinity: affinity.gained,
            random_balancing: affinity.random,
            prefer_same_node: affinity.same_node,
            link_satisfaction: affinity.satisfaction,
            hot_spot: affinity.hot_spot,
            blast_radius: radius.mean,
            whole_on_one_node: radius.whole,
            nodes: taken.nodes,
            nodes_used: taken.nodes_used,
            placed: taken.used.pods,
            pending: u32::try_from(pending).unwrap_or(u32::MAX),
            stranded: affinity.stranded,
            requested_cpu: taken.cpu(),
            requested_memory: taken.memory(),
            requested_pods: taken.pods(),
            headroom: room::headroom(state, &taken),
            fragmented_cpu: fragmentation.cpu,
            fragmented_memory: fragmentation.memory,
        }
    }

    /// Every number by the key that it has in JSON, in the order of [`METRICS`].
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        METRICS.iter().map(|metric| (metric.key, metric.of(self)))
    }
}
