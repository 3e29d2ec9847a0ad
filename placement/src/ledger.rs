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
pub struct NodeSet(Vec<u64>);

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
    /// By node place: what the entries that are counted elsewhere take there, should that be where they are.
    elsewhere: Arc<Vec<OwnLimits>>,
    /// What is counted on a node of entries that may be elsewhere.
    doubtful: imbl::OrdMap<NodeIdx, Usage>,
    /// How many entries may be elsewhere.
    uncertain: usize,
}

impl NodeSet {
    pub(crate) fn insert(&mut self, node: NodeIdx) {
        let (word, bit) = Self::bit(node);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= bit;
        }
    }

    pub(crate) fn remove(&mut self, node: NodeIdx) {
        let (word, bit) = Self::bit(node);
        if let Some(bits) = self.0.get_mut(word) {
            *bits &= !bit;
        }
    }

    /// In which word a node is, and as which bit.
    fn bit(node: NodeIdx) -> (usize, u64) {
        (node.position() / 64, 1 << (node.position() % 64))
    }

    pub(crate) fn contains(&self, node: NodeIdx) -> bool {
        let (word, bit) = Self::bit(node);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
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

impl Presumed {
    /// Whether the pod may be on another node than the one it is counted on.
    pub(crate) fn may_be_elsewhere(&self) -> bool {
        !self.others.is_empty()
    }
}

impl OwnLimits {
    fn plus(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            instances: self.instances.saturating_add(other.instances),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            instances: self.instances.saturating_sub(other.instances),
        }
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
        if entry.may_be_elsewhere() {
            self.uncertain += 1;
            let doubtful = self.doubtful_on(entry.best).plus(entry.counted);
            self.doubtful.insert(entry.best, doubtful);
            self.change_elsewhere(&entry, OwnLimits::plus);
        }
        self.entries.insert(uid, entry);
    }

    pub(crate) fn remove(&mut self, uid: &PodUid) -> Option<Arc<Presumed>> {
        let entry = self.entries.remove(uid)?;
        if entry.may_be_elsewhere() {
            self.uncertain -= 1;
            let doubtful = self.doubtful_on(entry.best).minus(entry.counted);
            if doubtful == Usage::default() {
                self.doubtful.remove(&entry.best);
            } else {
                self.doubtful.insert(entry.best, doubtful);
            }
            self.change_elsewhere(&entry, OwnLimits::minus);
        }
        Some(entry)
    }

    fn change_elsewhere(&mut self, entry: &Presumed, change: impl Fn(OwnLimits, OwnLimits) -> OwnLimits) {
        let elsewhere = Arc::make_mut(&mut self.elsewhere);
        let places = entry.others.0.len() * 64;
        if elsewhere.len() < places {
            elsewhere.resize(places, OwnLimits::default());
        }
        for (sums, bits) in elsewhere.chunks_mut(64).zip(&entry.others.0) {
            if *bits == u64::MAX {
                for sum in sums {
                    *sum = change(*sum, entry.takes);
                }
            } else {
                let concerned = sums.iter_mut().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
                concerned.for_each(|(_, sum)| *sum = change(*sum, entry.takes));
            }
        }
    }

    /// Whether it is known of all entries where they are, the entry `except` left out.
    pub(crate) fn is_certain(&self, except: Option<&Presumed>) -> bool {
        self.uncertain == usize::from(except.is_some_and(Presumed::may_be_elsewhere))
    }

    /// The pods whose presumption has run out at `now`.
    pub(crate) fn expired(&self, now: Millis) -> Vec<PodUid> {
        self.entries.iter().filter(|(_, entry)| entry.expires <= now).map(|(uid, _)| uid.clone()).collect()
    }

    /// What the entries that are counted elsewhere take on `node` at most, the entry `except` left out.
    pub(crate) fn elsewhere(&self, node: NodeIdx, except: Option<&Presumed>) -> OwnLimits {
        let all = self.elsewhere.get(node.position()).copied().unwrap_or_default();
        match except {
            Some(entry) if entry.others.contains(node) => all.minus(entry.takes),
            _ => all,
        }
    }

    /// What is counted on `node` of entries that may be elsewhere, the entry `except` left out.
    pub(crate) fn doubtful(&self, node: NodeIdx, except: Option<&Presumed>) -> Usage {
        let all = self.doubtful_on(node);
        match except {
            Some(entry) if entry.best == node && entry.may_be_elsewhere() => all.minus(entry.counted),
            _ => all,
        }
    }

    fn doubtful_on(&self, node: NodeIdx) -> Usage {
        self.doubtful.get(&node).copied().unwrap_or_default()
    }
}
