//! What the `DaemonSet` controller does (`pkg/controller/daemon`): a pod for each node that the template matches.
//!
//! A pod is made for its node by a required node affinity, and goes through the scheduler like any other. Whether a node is to
//! have one is asked of the template and the tolerations that the controller adds; whether there is room on it, and what a
//! `RuntimeClass` adds at admission, is not: such pods are made, and wait. Not known is `hostNetwork`, whose pods tolerate
//! `node.kubernetes.io/network-unavailable` too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wit_placement::kube_scheduler::refusal;
use wit_placement::{
    ClusterState, Node, NodeName, NodeOperator, NodeRequirement, Pod, PodShape, PodUid, TaintEffect,
    Toleration, Workload,
};

/// The field by which a pod is made for a node.
const NAME_FIELD: &str = "metadata.name";

/// The taints that every pod of a `DaemonSet` tolerates (`AddOrUpdateDaemonPodTolerations`), with their effect.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

/// The nodes of a `DaemonSet` and their pods.
#[derive(Debug, Default)]
pub(super) struct Daemons {
    /// The pods of each node that has any, in the cluster or on their way, in the order in which they came.
    pods: BTreeMap<NodeName, Vec<PodUid>>,
    /// The nodes that are to have one.
    wanted: BTreeSet<NodeName>,
    /// The nodes to look at again.
    unsettled: BTreeSet<NodeName>,
}

/// What a look at the nodes asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The nodes that are to get a pod, and what it looks like there.
    pub(super) missing: Vec<(NodeName, Arc<PodShape>)>,
    /// The pods that are to go.
    pub(super) leaving: Vec<PodUid>,
}

/// The node that a pod is on or was made for.
pub(super) fn node_of(pod: &Pod) -> Option<NodeName> {
    let named = || {
        let [term] = pod.shape.node_affinity.as_slice() else { return None };
        let mut names = term.iter().filter(|it| it.field && it.key == NAME_FIELD);
        let [name] = names.next()?.values.as_slice() else { return None };
        Some(NodeName::new(name.as_str()))
    };
    pod.node.clone().or_else(named)
}

impl Daemons {
    /// Looks at this node again.
    pub(super) fn look_at(&mut self, node: &NodeName) {
        self.unsettled.insert(node.clone());
    }

    /// Looks at every node again, as for another template.
    pub(super) fn look_at_all(&mut self, state: &ClusterState) {
        let nodes = state.nodes().filter(|(_, node)| node.object().is_some());
        self.unsettled.extend(nodes.map(|(_, node)| node.name().clone()));
        self.unsettled.extend(self.pods.keys().cloned());
    }

    /// A pod of it is there, or comes.
    pub(super) fn came(&mut self, pod: &Pod) {
        let Some(node) = node_of(pod) else { return };
        let pods = self.pods.entry(node.clone()).or_default();
        if !pods.contains(&pod.uid) {
            pods.push(pod.uid.clone());
        }
        if pods.len() > 1 {
            self.unsettled.insert(node);
        }
    }

    /// A pod of it is gone.
    pub(super) fn lost(&mut self, pod: &Pod) {
        let Some(node) = node_of(pod) else { return };
        let Some(pods) = self.pods.get_mut(&node).filter(|pods| pods.contains(&pod.uid)) else { return };
        pods.retain(|uid| *uid != pod.uid);
        if pods.is_empty() {
            self.pods.remove(&node);
        }
        self.unsettled.insert(node);
    }

    /// How many pods it wants.
    pub(super) fn wanted(&self) -> u32 {
        u32::try_from(self.wanted.len()).unwrap_or(u32::MAX)
    }

    /// Looks at the nodes that changed, lost a pod or have too many.
    pub(super) fn settle(&mut self, workload: &Workload, state: &ClusterState) -> Asked {
        let mut asked = Asked::default();
        if self.unsettled.is_empty() {
            return asked;
        }
        let template = as_controller_sees(&workload.shape, state);
        for name in std::mem::take(&mut self.unsettled) {
            let node = state.node_place(name.as_str()).and_then(|place| state.node(place)?.object());
            let fits = node.is_some_and(|node| refusal(&template, node).is_empty());
            if fits {
                if !self.pods.contains_key(&name) {
                    asked.missing.push((name.clone(), Arc::new(for_node(&workload.shape, &name))));
                }
                self.wanted.insert(name.clone());
            } else {
                self.wanted.remove(&name);
            }
            if fits || node.is_some_and(|node| may_stay(&template, node)) {
                let pods = self.pods.get_mut(&name);
                asked.leaving.extend(pods.into_iter().flat_map(|pods| surplus(pods, state)));
            } else {
                asked.leaving.extend(self.pods.remove(&name).into_iter().flatten());
            }
        }
        asked
    }
}

/// Takes out all pods of a node but one: the oldest of those that are bound, or of all where none is.
fn surplus(pods: &mut Vec<PodUid>, state: &ClusterState) -> Vec<PodUid> {
    let is_bound = |uid: &PodUid| state.pod_of(uid).is_some_and(|pod| pod.node.is_some());
    pods.sort_by_key(|uid| !is_bound(uid));
    pods.split_off(pods.len().min(1))
}

/// Whether a pod that is on a node may stay where no new one would come: its affinity matches and it is not evicted by a taint.
fn may_stay(template: &PodShape, node: &Node) -> bool {
    let evicting = node.taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute);
    let bare = Node { taints: evicting.cloned().collect(), unschedulable: false, ..node.clone() };
    refusal(template, &bare).is_empty()
}

/// The template without what admission adds for its `RuntimeClass`, which the controller does not see.
fn as_controller_sees(shape: &PodShape, state: &ClusterState) -> PodShape {
    let mut template = PodShape { tolerations: tolerations(shape), ..shape.clone() };
    if let Some(class) = shape.runtime_class.as_deref().and_then(|class| state.runtime_class(class)) {
        template.node_selector.retain(|key, value| class.node_selector.get(key) != Some(value));
        template.tolerations.retain(|toleration| !class.tolerations.contains(toleration));
    }
    template
}

/// A pod's shape as it is made for a node: this affinity takes the place of what the template requires.
fn for_node(shape: &PodShape, node: &NodeName) -> PodShape {
    let name = NodeRequirement {
        key: NAME_FIELD.to_owned(),
        operator: NodeOperator::In,
        values: vec![node.to_string()],
        field: true,
    };
    PodShape { tolerations: tolerations(shape), node_affinity: vec![vec![name]], ..shape.clone() }
}

fn tolerations(shape: &PodShape) -> Vec<Toleration> {
    let added = TOLERATED.map(|(key, effect)| Toleration {
        key: Some(key.to_owned()),
        value: None,
        effect: Some(effect.to_owned()),
    });
    let added = added.into_iter().filter(|toleration| !shape.tolerations.contains(toleration));
    shape.tolerations.iter().cloned().chain(added).collect()
}
