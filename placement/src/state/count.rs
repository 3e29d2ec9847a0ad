//! What a pod takes on a node, and the book-keeping of it.

use super::ClusterState;
use crate::hosts::{HandlerIdx, NodeClass};
use crate::nodes::{NodeIdx, NodeState, Usage};
use crate::objects::{PodShape, PodUid, Resources};
use crate::workloads::WorkloadIdx;

/// More than any node has. Requests are cut to it, so that sums over a node's pods stay exact whatever pods ask for.
pub(crate) const MOST: Resources = Resources { cpu_millis: 1 << 44, memory_bytes: 1 << 50 };

impl ClusterState {
    /// What a pod of this shape takes on a node.
    ///
    /// The shim's memory counts only where the pod has no `overhead` of its own: then somebody has already said what
    /// the sandbox takes, and the scheduler counts it.
    pub(crate) fn usage_on(&self, shape: &PodShape, node: &NodeState) -> Usage {
        self.usage_under(self.handler_of(shape.runtime_class.as_deref()), shape, node)
    }

    /// As [`ClusterState::usage_on`], for a handler that has been looked up.
    pub(crate) fn usage_under(
        &self,
        handler: Option<HandlerIdx>,
        shape: &PodShape,
        node: &NodeState,
    ) -> Usage {
        self.usage_in(handler, shape, &node.class)
    }

    /// As [`ClusterState::usage_under`], for all nodes of a class.
    pub(crate) fn usage_in(&self, handler: Option<HandlerIdx>, shape: &PodShape, class: &NodeClass) -> Usage {
        let profile = handler.and_then(|handler| class.profile_at(handler));
        let shim = profile
            .and_then(|profile| self.hosts.profile(profile))
            .map_or(0, |host| host.memory_overhead_bytes);
        let requests = shape.requests + shape.overhead;
        Usage {
            requests: Resources {
                cpu_millis: requests.cpu_millis.min(MOST.cpu_millis),
                memory_bytes: requests.memory_bytes.min(MOST.memory_bytes),
            },
            shim_memory: if shape.overhead.memory_bytes == 0 { shim } else { 0 },
            pods: 1,
            instances: u32::from(handler.is_some()),
        }
    }

    /// Counts a pod that the watch shows on a node.
    pub(super) fn count_pod(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.pods.insert(uid.clone());
        }
        self.count(workload, node, usage);
    }

    /// Takes back what [`ClusterState::count_pod`] counted.
    pub(super) fn uncount_pod(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.pods.remove(uid);
        }
        self.uncount(workload, node, usage);
    }

    /// Counts what a pod takes on a node, were it only presumed there.
    pub(crate) fn count(&mut self, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.add_replica(workload, usage);
        }
        if let Some(state) = self.workloads.get_mut(workload) {
            state.place(node);
            self.refresh_beside(node, workload);
        }
    }

    /// Takes back what [`ClusterState::count`] counted, and frees the node's place if nothing speaks of it any more.
    pub(super) fn uncount(&mut self, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        self.take_back(workload, node, usage);
        self.nodes.free_unused(node);
    }

    /// As [`ClusterState::uncount`], for a node that is counted on again at once.
    pub(super) fn take_back(&mut self, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.remove_replica(workload, usage);
        }
        if let Some(state) = self.workloads.get_mut(workload) {
            state.displace(node);
            self.refresh_beside(node, workload);
        }
    }
}
