//! One scheduling cycle: which nodes fit a pod, and how good they are.

use super::classes::{ClassIdx, PodClass};
use super::plugins::inter_pod_affinity::{self, Neighbours};
use super::plugins::topology_spread::{self, Spread};
use super::plugins::{MAX_SCORE, normalize};
use super::profile::Profile;
use super::snapshot::Snapshot;
use super::unfit::Unfits;
use super::verdicts::{Verdict, Verdicts};

/// What is worked out once for a pod, before any node is looked at.
pub(super) struct Cycle<'a> {
    snapshot: &'a Snapshot,
    class: &'a PodClass,
    profile: &'a Profile,
    verdicts: Verdicts,
    neighbours: Neighbours,
    spread: Spread,
}

impl<'a> Cycle<'a> {
    /// A cycle for a pod of the class, whose verdicts [`Snapshot::prepare`] lent.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        class: ClassIdx,
        profile: &'a Profile,
        verdicts: Verdicts,
    ) -> Option<Self> {
        let class = snapshot.classes.get(class)?;
        let (neighbours, spread) =
            (Neighbours::new(snapshot, class), Spread::new(snapshot, class, &verdicts));
        Some(Self { snapshot, class, profile, verdicts, neighbours, spread })
    }

    /// The verdicts, to be given back.
    pub(super) fn finish(self) -> Verdicts {
        self.verdicts
    }

    /// Why the node does not fit: what the first filter says that refuses it.
    pub(super) fn unfit(&mut self, node: u32) -> Unfits {
        let Some(room) = self.snapshot.rooms.get(node as usize) else { return Unfits::NONE };
        let verdict = self.verdicts.at(node, room, self.class, self.profile.scoring);
        if !verdict.fixed.unfit.is_empty() {
            return verdict.fixed.unfit;
        }
        if !verdict.room.is_empty() {
            return verdict.room;
        }
        let spread = self.spread.unfit(node);
        if spread.is_empty() { self.neighbours.unfit(node) } else { spread }
    }

    /// The weighted sum of all plugins' scores for each of the nodes, which have been looked at.
    pub(super) fn totals(&self, nodes: &[u32]) -> Vec<u64> {
        let weights = &self.profile.weights;
        let verdicts = || nodes.iter().map(|node| self.verdicts.known(*node));
        let own = |verdict: Verdict| {
            weights.node_resources_fit * u64::from(verdict.fit)
                + weights.node_resources_balanced_allocation * u64::from(verdict.balanced)
                + weights.image_locality * u64::from(verdict.fixed.images)
        };
        let mut totals: Vec<u64> = verdicts().map(own).collect();
        let mut add = |weight: u64, scores: Vec<u64>| {
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += weight * score);
        };
        if verdicts().any(|verdict| verdict.fixed.discouraging > 0) {
            let mut taints: Vec<_> = verdicts().map(|it| u64::from(it.fixed.discouraging)).collect();
            normalize(&mut taints, true);
            add(weights.taint_toleration, taints);
        } else {
            add(weights.taint_toleration, vec![MAX_SCORE; nodes.len()]);
        }
        if verdicts().any(|verdict| verdict.fixed.preferred > 0) {
            let mut preferred: Vec<_> = verdicts().map(|it| u64::from(it.fixed.preferred)).collect();
            normalize(&mut preferred, false);
            add(weights.node_affinity, preferred);
        }
        if let Some(spread) = topology_spread::scores(self.snapshot, self.class, &self.verdicts, nodes) {
            add(weights.pod_topology_spread, spread);
        }
        if let Some(near) = inter_pod_affinity::scores(self.snapshot, self.class, nodes) {
            add(weights.inter_pod_affinity, near);
        }
        totals
    }
}
