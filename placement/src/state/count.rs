//! What a pod takes on a node, and the book-keeping of it.

use std::collections::{BTreeMap, BTreeSet};

use super::ClusterState;
use crate::nodes::{NodeIdx, NodeState, Usage, Wanted};
use crate::objects::{PodShape, PodUid};
use crate::workloads::WorkloadIdx;

impl ClusterState {
    /// What a pod of this shape takes on a node.
    ///
    /// The shim's memory counts only where the pod has no `overhead` of its own: then somebody has already said what
    /// the sandbox takes, and the scheduler counts it.
    pub(crate) fn usage_on(&self, shape: &PodShape, node: &NodeState) -> Usage {
        let handler = self.wasm_handler(shape.runtime_class.as_deref());
        let profile = handler.and_then(|handler| node.class.profile(handler));
        let shim = profile
            .and_then(|profile| self.hosts.profile(profile))
            .map_or(0, |host| host.memory_overhead_bytes);
        Usage {
            requests: shape.requests + shape.overhead,
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
            *state.placed.entry(node).or_default() += 1;
        }
        self.refresh_wanted(node);
    }

    /// Takes back what [`ClusterState::count`] counted.
    pub(super) fn uncount(&mut self, uid: &PodUid, workload: WorkloadIdx, node: NodeIdx, usage: Usage) {
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
            if let Some(replicas) = state.placed.get_mut(&node) {
                *replicas -= 1;
            }
            state.placed.retain(|_, replicas| *replicas > 0);
        }
        self.refresh_wanted(node);
        self.nodes.free_unused(node);
    }

    /// Works out anew which partners of a node's replicas are less present there than those.
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
            let here = self.workloads.get(workload)?.share(state.replicas_of(workload));
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
        nodes.into_iter().for_each(|node| self.refresh_wanted(node));
    }
}
