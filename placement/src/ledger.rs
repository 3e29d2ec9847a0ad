//! The ledger of presumed placements: what was probably just placed and the watch has not shown yet.
//!
//! kube-scheduler assumes a pod on its node, binds it asynchronously and asks us about the next pod meanwhile. What we
//! answered for the first is therefore *presumed* until the watch tells. Every entry counts fully at its best node; where
//! the scheduler could have chosen another of several, the limits that only we count take the entry into account there
//! too, so that they hold whatever was chosen.

use std::sync::Arc;

use crate::nodes::{NodeIdx, Usage};
use crate::objects::{Millis, PodUid};
use crate::workloads::WorkloadIdx;

/// A set of nodes, one bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NodeSet(Vec<u64>);

/// What a pod is presumed to take of the limits that only we count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnLimits {
    /// Memory with the shim's, in bytes.
    pub(crate) memory_bytes: u64,
    /// Wasm instances.
    pub(crate) instances: u32,
}

/// One presumed placement.
#[derive(Clone, Debug)]
pub(crate) struct Presumed {
    pub(crate) workload: WorkloadIdx,
    /// Where the pod is counted.
    pub(crate) best: NodeIdx,
    /// What is counted there.
    pub(crate) counted: Usage,
    /// Where else it may be.
    pub(crate) others: NodeSet,
    /// What it takes on any of them at most.
    pub(crate) takes: OwnLimits,
    pub(crate) expires: Millis,
}

/// The presumed placements, by pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    entries: imbl::OrdMap<PodUid, Arc<Presumed>>,
    /// The sum of what entries with other possible nodes take: a bound that makes the usual check cheap.
    ambiguous: OwnLimits,
}

impl NodeSet {
    pub(crate) fn insert(&mut self, node: NodeIdx) {
        let (word, bit) = (node.position() / 64, node.position() % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << bit;
        }
    }

    pub(crate) fn contains(&self, node: NodeIdx) -> bool {
        self.0.get(node.position() / 64).is_some_and(|bits| bits & (1 << (node.position() % 64)) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

impl FromIterator<NodeIdx> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeIdx>>(nodes: I) -> Self {
        let mut set = Self::default();
        nodes.into_iter().for_each(|node| set.insert(node));
        set
    }
}

impl OwnLimits {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            instances: self.instances.saturating_add(other.instances),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            instances: self.instances.saturating_sub(other.instances),
        }
    }

    fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn get(&self, uid: &PodUid) -> Option<&Arc<Presumed>> {
        self.entries.get(uid)
    }

    pub(crate) fn insert(&mut self, uid: PodUid, entry: Arc<Presumed>) {
        if !entry.others.is_empty() {
            self.ambiguous = self.ambiguous.plus(entry.takes);
        }
        self.entries.insert(uid, entry);
    }

    pub(crate) fn remove(&mut self, uid: &PodUid) -> Option<Arc<Presumed>> {
        let entry = self.entries.remove(uid)?;
        if !entry.others.is_empty() {
            self.ambiguous = self.ambiguous.minus(entry.takes);
        }
        Some(entry)
    }

    /// The pods whose presumption has run out at `now`.
    pub(crate) fn expired(&self, now: Millis) -> Vec<PodUid> {
        self.entries.iter().filter(|(_, entry)| entry.expires <= now).map(|(uid, _)| uid.clone()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PodUid, &Arc<Presumed>)> {
        self.entries.iter()
    }

    /// What the entries that are counted elsewhere take on `node` at most, the pod `except` left out.
    pub(crate) fn elsewhere(&self, node: NodeIdx, except: &PodUid) -> OwnLimits {
        let there = self.entries.iter().filter(|(uid, entry)| entry.others.contains(node) && *uid != except);
        there.fold(OwnLimits::default(), |sum, (_, entry)| sum.plus(entry.takes))
    }

    /// A bound on [`Ledger::elsewhere`] for every node.
    pub(crate) fn elsewhere_at_most(&self) -> OwnLimits {
        self.ambiguous
    }

    pub(crate) fn has_ambiguous(&self) -> bool {
        !self.ambiguous.is_zero()
    }
}
