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

/// What may be taken on each node, by place: sums side by side, which are added to for hundreds of nodes at once.
#[derive(Clone, Debug, Default)]
struct Elsewhere {
    memory_bytes: Vec<u64>,
    instances: Vec<u32>,
}

/// The presumed placements, by pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    entries: imbl::OrdMap<PodUid, Arc<Presumed>>,
    /// By node place: what the entries that are counted elsewhere take there, should that be where they are.
    elsewhere: Arc<Elsewhere>,
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
        // Equal sets have equal words.
        while self.0.last() == Some(&0) {
            self.0.pop();
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

    /// Changes what is at the places of the nodes.
    fn change<T: Copy>(&self, values: &mut [T], change: impl Fn(T) -> T) {
        for (values, bits) in values.chunks_mut(64).zip(&self.0) {
            match *bits {
                0 => {}
                u64::MAX => values.iter_mut().for_each(|value| *value = change(*value)),
                bits => {
                    let concerned = values.iter_mut().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
                    concerned.for_each(|(_, value)| *value = change(*value));
                }
            }
        }
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
    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            instances: self.instances.saturating_sub(other.instances),
        }
    }
}

impl Elsewhere {
    /// Sums are exact whatever there is in between, as long as each ends within its bounds: what is added is taken back.
    fn add(&mut self, nodes: &NodeSet, takes: OwnLimits) {
        let places = nodes.0.len() * 64;
        if self.memory_bytes.len() < places {
            self.memory_bytes.resize(places, 0);
            self.instances.resize(places, 0);
        }
        nodes.change(&mut self.memory_bytes, |sum| sum.wrapping_add(takes.memory_bytes));
        nodes.change(&mut self.instances, |sum| sum.wrapping_add(takes.instances));
    }

    fn take_back(&mut self, nodes: &NodeSet, takes: OwnLimits) {
        nodes.change(&mut self.memory_bytes, |sum| sum.wrapping_sub(takes.memory_bytes));
        nodes.change(&mut self.instances, |sum| sum.wrapping_sub(takes.instances));
    }

    fn at(&self, node: NodeIdx) -> OwnLimits {
        let (memory, instances) =
            (self.memory_bytes.get(node.position()), self.instances.get(node.position()));
        OwnLimits { memory_bytes: memory.copied().unwrap_or(0), instances: instances.copied().unwrap_or(0) }
    }
}

impl Ledger {
    /// The entries in the order of UIDs.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PodUid, &Arc<Presumed>)> {
        self.entries.iter()
    }

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
            Arc::make_mut(&mut self.elsewhere).add(&entry.others, entry.takes);
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
            Arc::make_mut(&mut self.elsewhere).take_back(&entry.others, entry.takes);
        }
        Some(entry)
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
        let all = self.elsewhere.at(node);
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
