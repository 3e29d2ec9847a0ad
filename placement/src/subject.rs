//! The pod that is decided about, with what is looked up once per request and read for every node.

use std::sync::Arc;

use crate::filter::cap_of;
use crate::hosts::{HandlerIdx, NodeClass};
use crate::ledger::{OwnLimits, Presumed};
use crate::nodes::{NodeIdx, NodeState, Usage};
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
    /// By node class: what the pod takes there, and the most instances that the host takes.
    by_class: Vec<(Usage, Option<u32>)>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(state: &'a ClusterState, pod: &'a PodRequest) -> Self {
        let place = state.workloads.place_of(&pod.workload);
        let handler = state.handler_of(pod.shape.runtime_class.as_deref());
        let of_class = |class: &Arc<NodeClass>| {
            let host = handler.and_then(|handler| state.hosts.profile(class.profile_at(handler)?));
            (state.usage_in(handler, &pod.shape, class), host.and_then(|host| host.instance_cap))
        };
        let own = state.ledger.get(&pod.uid).map(Arc::as_ref);
        Self {
            state,
            pod,
            handler,
            by_class: state.nodes.classes().iter().map(of_class).collect(),
            place,
            workload: place.and_then(|place| state.workloads.get(place)).map(Arc::as_ref),
            own,
            is_certain: state.ledger.is_certain(own),
        }
    }

    /// What the pod takes on a node.
    pub(crate) fn needs(&self, node: &NodeState) -> Usage {
        self.of_class(node).0
    }

    /// What the others take on a node, presumed ones counted at their best node.
    pub(crate) fn used(&self, place: NodeIdx, node: &NodeState) -> Usage {
        match self.own {
            Some(own) if own.best == place => node.used().minus(own.counted),
            _ => node.used(),
        }
    }

    /// The share of CPU and memory that the others take on a node, averaged: the tie-break of equal nodes.
    pub(crate) fn fullness(&self, place: NodeIdx, node: &NodeState) -> f64 {
        match self.own {
            Some(own) if own.best == place => node.fullness_with(node.used().minus(own.counted)),
            _ => node.fullness(),
        }
    }

    /// What the others take on a node for certain: without what is counted there and may be elsewhere.
    pub(crate) fn used_for_certain(&self, place: NodeIdx, node: &NodeState) -> Usage {
        let used = self.used(place, node);
        if self.is_certain { used } else { used.minus(self.state.ledger.doubtful(place, self.own)) }
    }

    /// What is left for certain of the limits that only we count, whatever the scheduler made of presumed pods.
    pub(crate) fn room(&self, place: NodeIdx, node: &NodeState) -> OwnLimits {
        let used = self.used(place, node);
        let elsewhere =
            if self.is_certain { OwnLimits::default() } else { self.state.ledger.elsewhere(place, self.own) };
        let memory = used.memory().saturating_add(elsewhere.memory_bytes);
        let instances = used.instances.saturating_add(elsewhere.instances);
        OwnLimits {
            memory_bytes: node.allocatable.resources.memory_bytes.saturating_sub(memory),
            instances: self.instance_cap(node).saturating_sub(instances),
        }
    }

    /// The most instances that a node takes.
    pub(crate) fn instance_cap(&self, node: &NodeState) -> u32 {
        cap_of(self.state, node, self.of_class(node).1)
    }

    fn of_class(&self, node: &NodeState) -> (Usage, Option<u32>) {
        self.by_class.get(node.class_idx as usize).copied().unwrap_or_default()
    }

    /// Other replicas of the pod's workload on a node.
    pub(crate) fn on(&self, node: NodeIdx) -> u32 {
        let counted = self.workload.map_or(0, |workload| workload.on(node));
        counted.saturating_sub(u32::from(self.own.is_some_and(|own| own.best == node)))
    }
}
