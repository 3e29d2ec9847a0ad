//! The pod that is decided about, with what is looked up once per request and read for every node.

use std::sync::Arc;

use wit_config::HostProfile;

use crate::hosts::{HandlerIdx, NodeClass};
use crate::ledger::{OwnLimits, Presumed};
use crate::nodes::{Left, NodeIdx, NodeState, Usage};
use crate::request::PodRequest;
use crate::state::ClusterState;
use crate::workloads::{WorkloadIdx, WorkloadState};

/// The pod in question. What the ledger presumes of the pod itself is left out of everything that is counted here, so
/// that asking twice gives the same answer.
pub(crate) struct Subject<'a> {
    pub(crate) state: &'a ClusterState,
    pub(crate) pod: &'a PodRequest,
    /// The Wasm handler that runs the pod.
    pub(crate) handler: Option<HandlerIdx>,
    pub(crate) place: Option<WorkloadIdx>,
    pub(crate) workload: Option<&'a WorkloadState>,
    /// What the ledger presumes of the pod.
    own: Option<&'a Presumed>,
    /// Nothing is presumed of others that may be elsewhere.
    is_certain: bool,
    by_class: Vec<OnClass>,
}

/// What holds for the pod on the nodes of a class.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnClass {
    /// What it takes there.
    pub(crate) needs: Usage,
    /// How much of that is memory, in bytes.
    pub(crate) memory: u64,
    /// A node with as much memory and as many instances left is near no limit that only we count.
    near: OwnLimits,
    caps: InstanceCaps,
}

/// The most Wasm instances that nodes with the same host take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InstanceCaps {
    /// That the host takes.
    host: u32,
    /// That a node takes which does not say.
    unless_said: u32,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(state: &'a ClusterState, pod: &'a PodRequest) -> Self {
        let place = state.workloads.place_of(&pod.workload);
        let handler = state.handler_of(pod.shape.runtime_class.as_deref());
        let on_class = |class: &Arc<NodeClass>| {
            let host = handler.and_then(|handler| state.hosts.profile(class.profile_at(handler)?));
            let needs = state.usage_in(handler, &pod.shape, class);
            let (memory, times) = (needs.memory(), state.settings.placement.exact_below);
            let near = OwnLimits {
                memory_bytes: memory.saturating_mul(u64::from(times.max(1))),
                instances: needs.instances.saturating_mul(times.max(1)),
            };
            OnClass { needs, memory, near, caps: InstanceCaps::new(state, host) }
        };
        let own = state.ledger.get(&pod.uid).map(Arc::as_ref);
        Self {
            state,
            pod,
            handler,
            by_class: state.nodes.classes().iter().map(on_class).collect(),
            place,
            workload: place.and_then(|place| state.workloads.get(place)).map(Arc::as_ref),
            own,
            is_certain: state.ledger.is_certain(own),
        }
    }

    /// What holds on the nodes of its class.
    pub(crate) fn on_class(&self, node: &NodeState) -> &OnClass {
        self.by_class.get(node.class_idx as usize).unwrap_or(&OnClass::NONE)
    }

    /// Where the ledger counts the pod itself.
    pub(crate) fn own_place(&self) -> Option<NodeIdx> {
        self.own.map(|own| own.best)
    }

    /// What the ledger presumes of the pod itself on a node.
    fn own_on(&self, place: NodeIdx) -> Option<Usage> {
        self.own.filter(|own| own.best == place).map(|own| own.counted)
    }

    /// What the others leave on a node, presumed ones counted at their best node, and how many instances are left.
    pub(crate) fn left(&self, place: NodeIdx, node: &NodeState, on_class: &OnClass) -> (Left, u32) {
        let cap = on_class.cap_of(node);
        match self.own_on(place) {
            None => (node.left(), cap.saturating_sub(node.used().instances)),
            Some(own) => {
                let used = node.used().minus(own);
                (node.left_beside(used), cap.saturating_sub(used.instances))
            }
        }
    }

    /// The share of CPU and memory that the others take on a node, averaged: the tie-break of equal nodes.
    pub(crate) fn fullness(&self, place: NodeIdx, node: &NodeState) -> f64 {
        let own = self.own_on(place);
        own.map_or_else(|| node.fullness(), |own| node.fullness_with(node.used().minus(own)))
    }

    /// Whether the pod breaks no limit of a node and is near none, as can be told of most nodes at a glance.
    pub(crate) fn is_at_ease(&self, place: NodeIdx, node: &NodeState, on_class: &OnClass) -> bool {
        let left = node.left();
        self.is_certain
            && self.own_place() != Some(place)
            && left.pods > 0
            && left.cpu_millis >= on_class.needs.requests.cpu_millis
            && left.memory_bytes >= on_class.near.memory_bytes
            && on_class.cap_of(node).saturating_sub(node.used().instances) >= on_class.near.instances
    }

    /// What the others leave on a node for certain: what is counted there and may be elsewhere left out; and what is left for
    /// certain of the limits that only we count, whatever the scheduler made of presumed pods.
    pub(crate) fn left_for_certain(
        &self,
        place: NodeIdx,
        node: &NodeState,
        on_class: &OnClass,
    ) -> (Left, OwnLimits) {
        let (left, instances) = self.left(place, node, on_class);
        let own_limits = OwnLimits { memory_bytes: left.memory_bytes, instances };
        if self.is_certain {
            return (left, own_limits);
        }
        let used = self.own_on(place).map_or_else(|| node.used(), |own| node.used().minus(own));
        let (doubtful, elsewhere) =
            (self.state.ledger.doubtful(place, self.own), self.state.ledger.elsewhere(place, self.own));
        (node.left_beside(used.minus(doubtful)), own_limits.minus(elsewhere))
    }

    /// Other replicas of the pod's workload on a node.
    pub(crate) fn on(&self, node: NodeIdx) -> u32 {
        let counted = self.workload.map_or(0, |workload| workload.on(node));
        counted.saturating_sub(u32::from(self.own.is_some_and(|own| own.best == node)))
    }
}

impl OnClass {
    const NONE: Self = Self {
        needs: Usage::NONE,
        memory: 0,
        near: OwnLimits { memory_bytes: 0, instances: 0 },
        caps: InstanceCaps { host: 0, unless_said: 0 },
    };

    /// The most instances that a node of the class takes.
    pub(crate) fn cap_of(&self, node: &NodeState) -> u32 {
        self.caps.of(node)
    }
}

impl InstanceCaps {
    /// The smallest of what is set for nodes that do not say and of the host's own cap.
    pub(crate) fn new(state: &ClusterState, host: Option<&HostProfile>) -> Self {
        let host = host.and_then(|host| host.instance_cap).unwrap_or(u32::MAX);
        let set = state.settings.placement.instances_per_node.unwrap_or(u32::MAX);
        Self { host, unless_said: set.min(host) }
    }

    /// The most that a node takes.
    pub(crate) fn of(self, node: &NodeState) -> u32 {
        node.instance_cap.map_or(self.unless_said, |said| said.min(self.host))
    }
}
