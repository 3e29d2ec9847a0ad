//! What a pod takes on a node, and the book-keeping of it.

use std::collections::{BTreeMap, BTreeSet};

use super::ClusterState;
use crate::hosts::HandlerIdx;
use crate::nodes::{NodeIdx, NodeState, Usage, Wanted};
use crate::objects::{PodShape, PodUid, Resources};
use crate::workloads::WorkloadIdx;

/// More than any node has. Requests are cut to it, so that sums over a node's pods stay exact whatever pods ask for.
const MOST: Resources = Resources { cpu_millis: 1 << 44, memory_bytes: 1 << 50 };

impl ClusterState {
    /// What a pod of this shape takes on a node.
    ///
    /// The shim's memory counts only where the pod has no `overhead` of its own: then somebody has already said what
    /// the sandbox takes, and the scheduler counts it.
    pub(crate) fn usage_on(&self, shape: &PodShape, node: &NodeState) -> Usage {
        self.usage_under(self.handler_of(shape.runtime_class.as_deref()), shape, node)
    }

    /// As [`ClusterState::usage_on`], for a handler that has been looked up: what costs nothing per node.
    pub(crate) fn usage_under(
        &self,
        handler: Option<HandlerIdx>,
        shape: &PodShape,
        node: &NodeState,
    ) -> Usage {
        let profile = handler.and_then(|handler| node.class.profile_at(handler));
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

    /// Counts a pod on a node.
    pub(crate) fn count(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.used = state.used.plus(usage);
            state.pods.insert(uid.clone());
            if usage.instances > 0 {
                state.add_replica(workload);
            }
        }
        if usage.instances > 0
            && let Some(state) = self.workloads.get_mut(workload)
        {
            state.place(node);
        }
        self.refresh_wanted(node);
    }

    /// Takes back what [`ClusterState::count`] counted, and frees the node's place if nothing speaks of it any more.
    pub(super) fn uncount(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        self.take_back(uid, workload, node, usage);
        self.nodes.free_unused(node);
    }

    /// As [`ClusterState::uncount`], for a node that is counted on again at once.
    pub(super) fn take_back(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
        if let Some(state) = self.nodes.get_mut(node) {
            state.used = state.used.minus(usage);
            state.pods.remove(uid);
            if usage.instances > 0 {
                state.remove_replica(workload);
            }
        }
        if usage.instances > 0
            && let Some(state) = self.workloads.get_mut(workload)
        {
            state.displace(node);
        }
        self.refresh_wanted(node);
    }

    /// Works out anew which partners of a node's replicas are less present there than those replicas themselves,
    /// and can run there.
    pub(super) fn refresh_wanted(&mut self, node: NodeIdx) {
        let Some(state) = self.nodes.get(node) else { return };
        let mut levels: BTreeMap<WorkloadIdx, f64> = BTreeMap::new();
        for (resident, replicas) in &state.replicas {
            let Some(resident) = self.workloads.get(*resident) else { continue };
            let share = resident.share(*replicas);
            for partner in resident.partners.iter() {
                let level = levels.entry(partner.workload).or_insert(share);
                *level = level.max(share);
            }
        }
        let lacking = |(workload, level): (WorkloadIdx, f64)| {
            let partner = self.workloads.get(workload).filter(|partner| partner.can_run_on(state))?;
            let here = partner.share(state.replicas_of(workload));
            (here < level).then_some(Wanted { workload, level })
        };
        let wanted: Vec<_> = levels.into_iter().filter_map(lacking).collect();
        if wanted != state.wanted
            && let Some(state) = self.nodes.get_mut(node)
        {
            state.wanted = wanted;
        }
    }

    /// [`ClusterState::refresh_wanted`] for every node that carries the workload or a partner of it.
    pub(super) fn refresh_around(&mut self, workload: WorkloadIdx) {
        let Some(state) = self.workloads.get(workload) else { return };
        let mut nodes: BTreeSet<NodeIdx> = state.placed.keys().copied().collect();
        for partner in state.partners.iter().filter_map(|partner| self.workloads.get(partner.workload)) {
            nodes.extend(partner.placed.keys());
        }
        for node in nodes {
            self.refresh_wanted(node);
        }
    }
}
