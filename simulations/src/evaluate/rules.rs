//! What makes a placement one that no scheduler could have made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_placement::kube_scheduler::{Unfit, refusal};
use wit_placement::{ClusterState, NodeName, NodeState, Pod};

use crate::density::Constraint;

/// A node of which more is asked than it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverCapacity {
    /// The node.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// What there is too little of.
    pub resource: Constraint,
    /// What is asked for: pods, thousandths of a core, or bytes.
    pub requested: u64,
    /// What the node has.
    pub allocatable: u64,
}

/// A pod on a node that does not take it however empty it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// `namespace/name`.
    pub pod: String,
    /// The node.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// kube-scheduler's reason.
    pub reason: String,
}

/// CPU and memory that pods request, in a width that no sum of theirs exceeds.
#[derive(Clone, Copy, Debug, Default)]
struct Requested {
    cpu_millis: u128,
    memory_bytes: u128,
}

/// Every node with too little of what kube-scheduler counts, in the order of their names.
pub(super) fn over_capacity(state: &ClusterState) -> Vec<OverCapacity> {
    let mut requested: BTreeMap<&NodeName, Requested> = BTreeMap::new();
    let running = state.pods().filter(|pod| !pod.finished);
    for (pod, node) in running.filter_map(|pod| Some((pod, pod.node.as_ref()?))) {
        let sum = requested.entry(node).or_default();
        for part in [pod.shape.requests, pod.shape.overhead] {
            sum.cpu_millis += u128::from(part.cpu_millis);
            sum.memory_bytes += u128::from(part.memory_bytes);
        }
    }
    let mut nodes: Vec<&NodeState> = state.nodes().map(|(_, node)| node).collect();
    nodes.sort_by_key(|node| node.name());
    let requested = |node: &NodeState| requested.get(node.name()).copied().unwrap_or_default();
    nodes.into_iter().flat_map(|node| too_little(node, requested(node))).collect()
}

fn too_little(node: &NodeState, requested: Requested) -> impl Iterator<Item = OverCapacity> {
    let offered = node.allocatable();
    let amounts = [
        (Constraint::Pods, node.used().pods.into(), offered.pods.into()),
        (Constraint::Cpu, requested.cpu_millis, offered.resources.cpu_millis),
        (Constraint::Memory, requested.memory_bytes, offered.resources.memory_bytes),
    ];
    let over = amounts.into_iter().filter(|(_, requested, offered)| *requested > u128::from(*offered));
    over.map(|(resource, requested, allocatable)| OverCapacity {
        node: node.name().clone(),
        resource,
        requested: u64::try_from(requested).unwrap_or(u64::MAX),
        allocatable,
    })
}

/// The pods on nodes that do not take them whatever else is there, for their taints or the pods' selectors.
pub(super) fn refused<'a>(
    state: &ClusterState,
    placed: impl Iterator<Item = (&'a Pod, &'a NodeName)>,
) -> Vec<Refused> {
    let refused = placed.filter_map(|(pod, node)| {
        let object = state.node(state.node_place(node.as_str())?)?.object()?;
        let reason = refusal(&pod.shape, object).iter().find_map(Unfit::message)?;
        Some(Refused { pod: pod.key.to_string(), node: node.clone(), reason: reason.to_owned() })
    });
    refused.collect()
}
