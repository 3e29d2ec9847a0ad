//! What a placement is worth: the numbers that are compared, and the tables behind them.
//!
//! | question | look at |
//! |---|---|
//! | which numbers are there, and what do they mean? | [`METRICS`] and [`COURSE`]: one line for each |
//! | by which names are they asked for? | [`Number`] |
//! | what are they for this cluster? | [`Metrics::of`] |
//! | node by node, workload by workload, pod by pod? | [`Details::of`] |
//! | what came of them over time? | [`Course`] |

mod catalogue;
mod course;
mod definitions;
mod details;
mod list;
mod numbers;
mod page;
mod room;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_placement::{ClusterState, Millis};

pub use catalogue::{Better, CourseMetric, Metric, NOTHING, Routing, Unit, metric};
pub(crate) use course::REFUSALS;
pub use course::{Course, Means, Point, Waiting};
pub(crate) use details::wants_replicas;
pub use details::{Details, NodeDetails, PendingReason, WorkloadDetails};
pub use list::{COURSE, METRICS};
pub use numbers::{Number, When};
pub(crate) use numbers::{mean_key, nearest};
pub use page::{listing, markdown};

use crate::density::Constraint;
use room::Fragmentation;

/// The numbers of a placement. [`METRICS`] says what each is; `null` is what there is nothing to measure of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Metrics {
    /// G: the share of traffic that can stay on a node, where calls go to the same node first as far as every replica of
    /// the provider keeps the same load.
    pub gained_affinity: Option<f64>,
    /// R: the share of traffic that stays on a node where endpoints are chosen at random, as Services do by default.
    pub random_balancing: Option<f64>,
    /// S: the share of traffic that stays on a node where the same node is preferred: Services with
    /// `trafficDistribution: PreferSameNode`.
    pub prefer_same_node: Option<f64>,
    /// S with every link counted once, whatever its weight.
    pub link_satisfaction: Option<f64>,
    /// The largest load of a provider's replicas on a node where the same node is preferred; 1 is even load over all of
    /// them; `null` where no link has both ends on a node.
    pub hot_spot: Option<f64>,
    /// The largest share of a workload's replicas on one node, the mean over the workloads of two replicas or more; `null` where
    /// nothing is placed.
    pub blast_radius: Option<f64>,
    /// Workloads of two replicas or more that have all of them on one node.
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
    pub requested_cpu: Option<f64>,
    /// The share of all nodes' memory that pods request, overhead included, and shims that nobody requested take; kube-scheduler
    /// does not see the shims.
    pub requested_memory: Option<f64>,
    /// The share of the pods that all nodes take.
    pub requested_pods: Option<f64>,
    /// How many more pods of the mean of those that are placed fit, node by node; none on nodes that are cordoned or tainted for all
    /// of them, those of `DaemonSet`s aside.
    pub headroom: Option<u64>,
    /// Nodes of which pods take the largest share of the number of pods.
    pub binding_pods: u32,
    /// Nodes of which pods take the largest share of the CPU.
    pub binding_cpu: u32,
    /// Nodes of which pods take the largest share of the memory.
    pub binding_memory: u32,
    /// Nodes of which pods take the largest share of the Wasm instances.
    pub binding_instances: u32,
    /// The share of the free CPU that a pod picked at random from the workloads' replicas cannot use, because it does not
    /// fit there for want of anything.
    pub fragmented_cpu: Option<f64>,
    /// The same of the free memory.
    pub fragmented_memory: Option<f64>,
}

impl Metrics {
    /// The numbers of a cluster as it is.
    pub fn of(state: &ClusterState, now: Millis) -> Self {
        let (affinity, radius) = (state.affinity(now), state.blast_radius());
        let taken = room::Taken::of(state);
        let fragmentation = Fragmentation::of(state, &taken);
        let pending = state.pods().filter(|pod| details::is_pending(pod)).count();
        let has_traffic = details::has_traffic(state);
        let traffic = |share: f64| has_traffic.then_some(share);
        let binding = room::binding_nodes(state, &taken);
        let binds = |constraint| binding.get(&constraint).copied().unwrap_or(0);
        Self {
            gained_affinity: traffic(affinity.gained),
            random_balancing: traffic(affinity.random),
            prefer_same_node: traffic(affinity.same_node),
            link_satisfaction: traffic(affinity.satisfaction),
            hot_spot: traffic(affinity.hot_spot).filter(|load| *load > 0.0),
            blast_radius: (radius.workloads > 0 && taken.used.pods > 0).then_some(radius.mean),
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
            binding_pods: binds(Constraint::Pods),
            binding_cpu: binds(Constraint::Cpu),
            binding_memory: binds(Constraint::Memory),
            binding_instances: binds(Constraint::Instances),
            fragmented_cpu: fragmentation.cpu,
            fragmented_memory: fragmentation.memory,
        }
    }

    /// Every number by the key that it has in JSON, in the order of [`METRICS`].
    pub fn values(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        METRICS.iter().map(|metric| (metric.key, metric.of(self)))
    }
}
