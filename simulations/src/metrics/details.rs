//! The tables behind the numbers: nodes, workloads, and why pods have no node.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_graph::{Link, WorkloadKey};
use wit_placement::{ClusterState, Locality, Millis, NodeName, Pod, PodKey, WorkloadState};

use super::room::{self, Taken, share, share_of};
use crate::density::Constraint;

/// The tables of a placement.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// The nodes in the order of their names.
    pub nodes: Vec<NodeDetails>,
    /// The workloads in the order of their keys.
    pub workloads: Vec<WorkloadDetails>,
    /// Why pods have no node, the most frequent reason first; a pod counts for each of its reasons.
    pub pending: Vec<PendingReason>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeDetails {
    /// Its name.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// The pods on it.
    pub pods: u32,
    /// The Wasm instances on it.
    pub instances: u32,
    /// The share of its pods that is taken.
    pub pods_share: f64,
    /// The share of its CPU that is requested.
    pub cpu_share: f64,
    /// The share of its memory that is requested, or taken by shims that nobody requested.
    pub memory_share: f64,
    /// Of which resource the largest share is taken; `null` on an empty node.
    pub binding: Option<Constraint>,
    /// How many more pods of the mean of those that are placed in the cluster fit; `null` where none is.
    pub headroom: Option<u64>,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadDetails {
    /// `namespace/Kind/name`.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
    /// The replicas that it wants, or has where it has more.
    pub replicas: u32,
    /// The replicas on a node.
    pub placed: u32,
    /// The nodes that they are on.
    pub nodes: u32,
    /// The largest share of the replicas on one node; `null` where it wants none.
    pub largest_share: Option<f64>,
    /// The share of all traffic that its links carry.
    pub traffic: f64,
    /// What of its own traffic G keeps local; `null`, as R and S, where it has none, or wants no replica.
    pub gained_affinity: Option<f64>,
    /// What of its own traffic R keeps local.
    pub random_balancing: Option<f64>,
    /// What of its own traffic S keeps local.
    pub prefer_same_node: Option<f64>,
}

/// Why pods have no node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingReason {
    /// In words, with the code before them where it has one.
    pub reason: String,
    /// How many pods.
    pub pods: u32,
    /// The first of them, `namespace/name`.
    pub first: String,
}

/// Why a pod has no node that nobody gave a reason for.
const NOT_TRIED: &str = "nobody has tried to place it";
const GATED: &str = "a scheduling gate holds it back";

impl Details {
    /// The tables of a cluster as it is; `reasons` says why pods have no node, as far as that is known.
    pub fn of(state: &ClusterState, reasons: &BTreeMap<PodKey, Vec<String>>, now: Millis) -> Self {
        let taken = Taken::of(state);
        let mut nodes: Vec<_> = state.nodes().map(|(_, node)| NodeDetails::of(state, &taken, node)).collect();
        nodes.sort_by(|one, other| one.node.cmp(&other.node));
        Self { nodes, workloads: workloads(state, now), pending: pending(state, reasons) }
    }
}

impl NodeDetails {
    fn of(state: &ClusterState, taken: &Taken<'_>, node: &wit_placement::NodeState) -> Self {
        let (offered, used) = (node.allocatable(), node.used());
        Self {
            node: node.name().clone(),
            pods: used.pods,
            instances: used.instances,
            pods_share: share(used.pods.into(), offered.pods.into()),
            cpu_share: share(used.requests.cpu_millis, offered.resources.cpu_millis),
            memory_share: share(used.memory(), offered.resources.memory_bytes),
            binding: room::binding(state, taken, node),
            headroom: room::headroom_of(state, taken, node),
        }
    }
}

fn workloads(state: &ClusterState, now: Millis) -> Vec<WorkloadDetails> {
    let mut nodes: BTreeMap<&WorkloadKey, BTreeSet<&NodeName>> = BTreeMap::new();
    for pod in state.pods().filter(|pod| !pod.finished) {
        nodes.entry(&pod.workload).or_default().extend(&pod.node);
    }
    let mut details: BTreeMap<&WorkloadKey, WorkloadDetails> = BTreeMap::new();
    for workload in state.workloads() {
        let on = nodes.get(workload.key()).map_or(0, BTreeSet::len);
        details.insert(workload.key(), WorkloadDetails::new(workload, on));
    }
    for link in state.localities(now) {
        for end in [link.consumer, link.provider] {
            details.entry(end).and_modify(|workload| workload.add(&link));
        }
    }
    details.into_values().map(WorkloadDetails::of_its_own).collect()
}

impl WorkloadDetails {
    fn new(workload: &WorkloadState, nodes: usize) -> Self {
        Self {
            workload: workload.key().clone(),
            replicas: workload.wanted(),
            placed: workload.placed_replicas(),
            nodes: u32::try_from(nodes).unwrap_or(u32::MAX),
            largest_share: share_of(workload.most_on_a_node().into(), workload.wanted().into()),
            traffic: 0.0,
            gained_affinity: None,
            random_balancing: None,
            prefer_same_node: None,
        }
    }

    /// Adds a link of the workload, in shares of all traffic.
    fn add(&mut self, link: &Locality<'_>) {
        self.traffic += link.weight;
        let own = [
            (&mut self.gained_affinity, link.gained),
            (&mut self.random_balancing, link.random),
            (&mut self.prefer_same_node, link.same_node),
        ];
        for (sum, share) in own {
            *sum = Some(sum.unwrap_or(0.0) + link.weight * share);
        }
    }

    /// From shares of all traffic to shares of its own.
    fn of_its_own(mut self) -> Self {
        let calls = self.traffic > 0.0 && self.replicas > 0;
        for share in [&mut self.gained_affinity, &mut self.random_balancing, &mut self.prefer_same_node] {
            *share = share.filter(|_| calls).map(|sum| (sum / self.traffic).min(1.0));
        }
        self
    }
}

/// Whether anybody calls anybody: a link draws two workloads together that both want replicas.
pub(super) fn has_traffic(state: &ClusterState) -> bool {
    let draws = |link: &&Link| link.status.serves() && link.draws_together();
    state.graph().links().filter(draws).any(|link| {
        let provider = link.provider.as_ref().filter(|provider| **provider != link.consumer);
        provider
            .is_some_and(|provider| wants_replicas(state, provider) && wants_replicas(state, &link.consumer))
    })
}

/// Whether a workload is to have replicas.
pub(crate) fn wants_replicas(state: &ClusterState, key: &WorkloadKey) -> bool {
    state.workload(key).is_some_and(|workload| workload.wanted() > 0)
}

/// Whether a pod waits for a node.
pub(super) fn is_pending(pod: &Pod) -> bool {
    pod.node.is_none() && !pod.finished
}

fn pending(state: &ClusterState, reasons: &BTreeMap<PodKey, Vec<String>>) -> Vec<PendingReason> {
    let mut pods: Vec<&Pod> = state.pods().filter(|pod| is_pending(pod)).collect();
    pods.sort_by(|one, other| one.key.cmp(&other.key));
    let mut counted: BTreeMap<&str, PendingReason> = BTreeMap::new();
    for pod in pods {
        let known = reasons.get(&pod.key).filter(|known| !known.is_empty());
        let unknown = if pod.gated { GATED } else { NOT_TRIED };
        let told = known.into_iter().flatten().map(String::as_str);
        for reason in told.chain(known.is_none().then_some(unknown)) {
            let first = || PendingReason { reason: reason.to_owned(), pods: 0, first: pod.key.to_string() };
            counted.entry(reason).or_insert_with(first).pods += 1;
        }
    }
    let mut pending: Vec<_> = counted.into_values().collect();
    pending.sort_by(|one, other| other.pods.cmp(&one.pods).then_with(|| one.reason.cmp(&other.reason)));
    pending
}
