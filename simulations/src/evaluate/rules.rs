//! What makes a placement one that no scheduler could have made.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wit_placement::kube_scheduler::{Feasible, feasible};
use wit_placement::{ClusterState, NodeName, NodeState, Pod, PodShape};

use crate::density::Constraint;

/// A node of which more is asked than it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverCapacity {
    /// The node.
    pub node: NodeName,
    /// What there is too little of.
    pub resource: Constraint,
    /// What is asked for: pods, thousandths of a core, or bytes.
    pub requested: u64,
    /// What the node has.
    pub allocatable: u64,
}

/// A pod on a node that does not take it however empty it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// `namespace/name`.
    pub pod: String,
    /// The node.
    pub node: NodeName,
    /// kube-scheduler's reason.
    pub reason: String,
}

/// Every node with too little of what kube-scheduler counts, in the order of their names.
pub(super) fn over_capacity(state: &ClusterState) -> Vec<OverCapacity> {
    let mut nodes: Vec<&NodeState> = state.nodes().map(|(_, node)| node).collect();
    nodes.sort_by(|one, other| one.name().cmp(other.name()));
    nodes.into_iter().flat_map(too_little).collect()
}

fn too_little(node: &NodeState) -> impl Iterator<Item = OverCapacity> {
    let (offered, used) = (node.allocatable(), node.used());
    let amounts = [
        (Constraint::Pods, used.pods.into(), offered.pods.into()),
        (Constraint::Cpu, used.requests.cpu_millis, offered.resources.cpu_millis),
        (Constraint::Memory, used.requests.memory_bytes, offered.resources.memory_bytes),
    ];
    let over = amounts.into_iter().filter(|(_, requested, allocatable)| requested > allocatable);
    over.map(|(resource, requested, allocatable)| OverCapacity {
        node: node.name().clone(),
        resource,
        requested,
        allocatable,
    })
}

/// The pods on nodes that do not take them whatever else is there, for their taints or the pods' selectors. `empty` is the
/// cluster without pods; what a node is too small for is told node by node.
pub(super) fn refused<'a>(
    empty: &ClusterState,
    placed: impl Iterator<Item = (&'a Pod, &'a NodeName)>,
) -> Vec<Refused> {
    let mut known: BTreeMap<*const PodShape, Feasible> = BTreeMap::new();
    let mut refused = Vec::new();
    for (pod, node) in placed {
        let judged = known.entry(Arc::as_ptr(&pod.shape)).or_insert_with(|| {
            let (requests, overhead) = Default::default();
            feasible(empty, &PodShape { requests, overhead, ..(*pod.shape).clone() })
        });
        let Some(place) = empty.node_place(node.as_str()) else { continue };
        if let Some((reason, _)) = judged.unfit.iter().find(|(_, nodes)| nodes.contains(&place)) {
            let (pod, node, reason) = (pod.key.to_string(), node.clone(), reason.message().to_owned());
            refused.push(Refused { pod, node, reason });
        }
    }
    refused
}
