//! Who is wanted on which node: workloads of which replicas are still to come, and of which a partner has a larger share of
//! its replicas on the node. Kept up to date event by event, so that a decision does not look for it.

use std::collections::BTreeSet;

use super::ClusterState;
use crate::nodes::{NodeIdx, NodeState, Wanted};
use crate::workloads::{WorkloadIdx, whole};

impl ClusterState {
    /// Works out anew who is wanted on a node.
    pub(super) fn refresh_wanted(&mut self, node: NodeIdx) {
        let Some(state) = self.nodes.get(node) else { return };
        let residents = state.replicas.keys().filter_map(|resident| self.workloads.get(resident));
        let partners: BTreeSet<WorkloadIdx> =
            residents.flat_map(|resident| resident.partners.iter()).map(|partner| partner.workload).collect();
        let wanted: Vec<_> = partners.into_iter().filter_map(|partner| self.wanted(partner, state)).collect();
        if *wanted != *state.wanted()
            && let Some(state) = self.nodes.get_mut(node)
        {
            state.set_wanted(wanted);
        }
    }

    /// What follows from a replica that came to a node or left it, there and for the number of those still to come.
    pub(super) fn refresh_beside(&mut self, node: NodeIdx, workload: WorkloadIdx) {
        let Some(state) = self.workloads.get(workload).cloned() else { return };
        self.refresh_one(node, workload);
        for partner in state.partners.iter() {
            self.refresh_one(node, partner.workload);
        }
        self.note_pending(workload);
    }

    /// What follows for others from a number of replicas that has changed: every share is another one.
    pub(super) fn refresh_around(&mut self, workload: WorkloadIdx) {
        let Some(state) = self.workloads.get(workload).cloned() else { return };
        for partner in state.partners.iter() {
            for node in state.placed.keys() {
                self.refresh_one(node, partner.workload);
            }
        }
        self.refresh_where_partners_are(workload);
        self.note_pending(workload);
    }

    /// Whether the workload is wanted on the nodes where its partners are.
    fn refresh_where_partners_are(&mut self, workload: WorkloadIdx) {
        let Some(state) = self.workloads.get(workload).cloned() else { return };
        for partner in state.partners.iter() {
            let Some(partner) = self.workloads.get(partner.workload).cloned() else { continue };
            for node in partner.placed.keys() {
                self.refresh_one(node, workload);
            }
        }
    }

    /// Notes that the workload may have become one of which replicas are still to come, or one of which none are.
    ///
    /// What follows waits until the event is over ([`ClusterState::settle_pending`]): within it a pod is often taken out
    /// and put in again.
    pub(super) fn note_pending(&mut self, workload: WorkloadIdx) {
        if self.workloads.get(workload).is_some_and(|state| state.awaited != (state.pending() > 0)) {
            self.unsettled.push(workload);
        }
    }

    /// What follows from the number of replicas still to come, at the end of an event.
    pub(crate) fn settle_pending(&mut self) {
        while let Some(workload) = self.unsettled.pop() {
            let Some(state) = self.workloads.get(workload) else { continue };
            let awaited = state.pending() > 0;
            if awaited != state.awaited
                && let Some(state) = self.workloads.get_mut(workload)
            {
                state.awaited = awaited;
                self.refresh_where_partners_are(workload);
            }
        }
    }

    /// Works out anew whether one workload is wanted on a node.
    fn refresh_one(&mut self, node: NodeIdx, workload: WorkloadIdx) {
        let Some(state) = self.nodes.get(node) else { return };
        let wanted = self.wanted(workload, state);
        if state.wanted_of(workload) == wanted.as_ref() {
            return;
        }
        if let Some(state) = self.nodes.get_mut(node) {
            state.set_wanted_of(workload, wanted);
        }
    }

    /// How much a workload is wanted on a node, if it is.
    fn wanted(&self, workload: WorkloadIdx, node: &NodeState) -> Option<Wanted> {
        let state = self.workloads.get(workload).filter(|state| state.awaited && state.can_run_on(node))?;
        let share = |partner: WorkloadIdx| {
            let replicas = node.replicas.of(partner);
            if replicas == 0 { 0.0 } else { self.workloads.get(partner).map_or(0.0, |it| it.share(replicas)) }
        };
        let shares = state.partners.iter().map(|partner| share(partner.workload));
        let level = shares.fold(0.0, f64::max);
        let missing = whole(level * f64::from(state.replicas())).saturating_sub(node.replicas.of(workload));
        let each = self.usage_under(state.handler, &state.shape, node);
        (missing > 0).then_some(Wanted { workload, level, missing, each })
    }
}
