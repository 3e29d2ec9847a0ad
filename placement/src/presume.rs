//! Presuming placements: what the scheduler probably did with our answer.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::ledger::{NodeSet, OwnLimits, Presumed};
use crate::nodes::{NodeIdx, Usage};
use crate::objects::{Millis, PodUid};
use crate::request::PodRequest;
use crate::score::{BEST, ScoreBoard};
use crate::state::{ClusterState, Effects, MOST};
use crate::workloads::WorkloadIdx;

/// What kube-scheduler's default plugins add up to at most.
const DEFAULT_PLUGINS: u32 = 1_200;

/// What an answer lets us presume.
#[derive(Clone, Debug)]
pub struct Presumption {
    /// The pod.
    pub pod: PodRequest,
    /// The node that the pod is counted on.
    pub best: NodeIdx,
    /// The nodes that the scheduler may have chosen; whether the best is among them makes no difference.
    pub others: NodeSet,
    /// How many places of nodes had been freed when that was said: later the same places may be other nodes'.
    pub(crate) freed: u64,
}

impl Presumption {
    /// What an answer by this state lets us presume.
    pub fn new(state: &ClusterState, pod: PodRequest, best: NodeIdx, others: NodeSet) -> Self {
        Self { pod, best, others, freed: state.nodes.freed() }
    }
}

impl ClusterState {
    /// Enters a presumption in the ledger; an earlier one for the same pod gives way, since the scheduler asks again
    /// only when its earlier attempt has ended. A pod that the watch already shows on a node is left alone.
    pub fn presume(&mut self, presumption: Presumption, now: Millis) -> Effects {
        let mut effects = Effects::default();
        let Presumption { pod, best, others, freed } = presumption;
        if freed != self.nodes.freed() {
            // A node has gone since the answer: its place may be another one's by now.
            return effects;
        }
        if self.pods.get(&pod.uid).is_some_and(|known| known.pod.node.is_some()) {
            return effects;
        }
        let counted = self.take_over(&pod, best, &mut effects);
        if let Some(counted) = counted.or_else(|| self.count_presumed(&pod, best, &mut effects)) {
            self.enter(&pod, best, counted, others, now);
        }
        self.settle_pending();
        effects
    }

    /// Counts the pod where it is presumed to be, instead of what was presumed before; says what that is. A node that has gone
    /// since the answer needs no book-keeping.
    fn count_presumed(&mut self, pod: &PodRequest, best: NodeIdx, effects: &mut Effects) -> Option<Usage> {
        self.settle(&pod.uid, Some(best), effects);
        let counted = self.usage_on(&pod.shape, self.nodes.get(best)?);
        let workload = self.workloads.ensure(&pod.workload);
        if let Some(state) = self.workloads.get_mut(workload) {
            state.presumed += 1;
        }
        self.count(workload, best, counted);
        Some(counted)
    }

    /// Takes out the pod's entry where what it counts stays as it is; says what that is.
    fn take_over(&mut self, pod: &PodRequest, best: NodeIdx, effects: &mut Effects) -> Option<Usage> {
        let counted = self.usage_on(&pod.shape, self.nodes.get(best)?);
        let workload = self.workloads.place_of(&pod.workload)?;
        self.is_presumed(&pod.uid, workload, Some((best, counted))).then_some(())?;
        let earlier = self.ledger.remove(&pod.uid)?;
        effects.may_admit |= earlier.may_be_elsewhere();
        Some(counted)
    }

    fn enter(&mut self, pod: &PodRequest, best: NodeIdx, counted: Usage, mut others: NodeSet, now: Millis) {
        let Some(workload) = self.workloads.place_of(&pod.workload) else { return };
        others.remove(best);
        let takes = OwnLimits { memory_bytes: self.most_memory(pod), instances: counted.instances };
        let expires = now.after(self.settings.ledger.expiry);
        let entry = Presumed { workload, best, counted, others, takes, expires };
        self.ledger.insert(pod.uid.clone(), Arc::new(entry));
    }

    /// Whether it is presumed already that the pod takes as much, and where.
    pub(crate) fn is_presumed(
        &self,
        uid: &PodUid,
        workload: WorkloadIdx,
        counted: Option<(NodeIdx, Usage)>,
    ) -> bool {
        let entry = self.ledger.get(uid).filter(|entry| entry.workload == workload);
        entry.is_some_and(|entry| counted == Some((entry.best, entry.counted)))
    }

    /// The watch shows the pod where it was presumed: what is counted for it stays.
    pub(crate) fn confirm(&mut self, uid: &PodUid, workload: WorkloadIdx, effects: &mut Effects) {
        let Some(entry) = self.ledger.remove(uid) else { return };
        effects.may_admit |= entry.may_be_elsewhere();
        if let Some(state) = self.workloads.get_mut(workload) {
            state.presumed -= 1;
        }
        if let Some(node) = self.nodes.get_mut(entry.best) {
            node.pods.insert(uid.clone());
        }
    }

    /// Takes back what is presumed about a pod: the scheduler asked again and was refused everywhere.
    pub fn retract(&mut self, uid: &PodUid) -> Effects {
        let mut effects = Effects::default();
        self.settle(uid, None, &mut effects);
        self.settle_pending();
        effects
    }

    /// Drops presumptions that have run out at `now`, and images that nobody claimed.
    pub fn expire(&mut self, now: Millis) -> Effects {
        let mut effects = Effects::default();
        for uid in self.ledger.expired(now) {
            self.settle(&uid, None, &mut effects);
        }
        self.settle_pending();
        self.forget_unclaimed(now, &mut effects);
        effects
    }

    /// The memory that the pod takes on whichever node: its requests and the largest shim of the catalogue.
    fn most_memory(&self, pod: &PodRequest) -> u64 {
        let requests = pod.shape.requests + pod.shape.overhead;
        let shim = if pod.shape.overhead.memory_bytes == 0 { self.hosts.largest_overhead() } else { 0 };
        requests.memory_bytes.min(MOST.memory_bytes).saturating_add(shim)
    }
}

impl ScoreBoard {
    /// The positions that can win against the best when the default plugins add up to what they can at most, for an
    /// extender of that weight: within 1,200 / (10 × weight) points.
    pub fn could_win(&self, weight: u32) -> impl Iterator<Item = usize> {
        let points = DEFAULT_PLUGINS.div_ceil(10 * weight.max(1));
        let least = if self.prefers { u32::from(BEST).saturating_sub(points) } else { 0 };
        let scores = self.scores.iter().enumerate();
        scores.filter(move |(_, score)| u32::from(**score) >= least).map(|(position, _)| position)
    }
}
