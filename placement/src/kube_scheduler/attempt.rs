//! What came of one turn of a pod.

use std::collections::BTreeMap;

use wit_graph::WorkloadKey;

use crate::objects::{NodeName, PodKey, PodUid};

/// One attempt to place a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The pod.
    pub pod: PodKey,
    /// Its UID.
    pub uid: PodUid,
    /// The workload whose replica it is.
    pub workload: WorkloadKey,
    /// What became of it.
    pub outcome: Outcome,
    /// Whom it wants evicted so that it fits, where evicting helps.
    pub preemption: Option<Preemption>,
    /// Which nodes were refused, by the message of kube-scheduler's own filters or the extender's.
    pub reasons: BTreeMap<String, Vec<NodeName>>,
    /// The best of the nodes that were scored, the best first, with what their scores are made of: as many as
    /// [`Profile::tells_best`](super::Profile::tells_best) says. Empty where fewer than two nodes were left.
    pub ranking: Vec<Ranked>,
}

/// A node that was scored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The node.
    pub node: NodeName,
    /// The sum of all scores, each times its weight.
    pub total: u64,
    /// What each of kube-scheduler's plugins gave, in the order of their names; those that had nothing to say are left out.
    pub plugins: Vec<PluginScore>,
    /// The extender's score, 0 to 10; `None` where it was not asked.
    pub extender: Option<u8>,
}

/// What a plugin gave a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginScore {
    /// The plugin's name as in kube-scheduler's configuration.
    pub plugin: &'static str,
    /// 0 to 100.
    pub score: u64,
    /// How often it counts.
    pub weight: u64,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pod was bound.
    Bound(Choice),
    /// No node was left: the pod is tried again when something changes.
    Unschedulable,
}

/// Pods that have to go so that a pod fits. The scheduler keeps their room for it; whoever drives the scheduler deletes them
/// ([`Event::PodGone`](crate::Event::PodGone)), and the pod is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preemption {
    /// Where it would run: its nominated node.
    pub node: NodeName,
    /// The victims, the most important first.
    pub victims: Vec<Victim>,
}

/// A pod that has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Victim {
    /// Its UID.
    pub uid: PodUid,
    /// The pod.
    pub pod: PodKey,
}

/// The node that the scheduler chose, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The node.
    pub node: NodeName,
    /// The sum of the scheduler's own score and the extender's; `None` where it was the only node left, which is
    /// chosen without scores.
    pub total: Option<u64>,
    /// The extender's score, 0 to 10; `None` where it was not asked or preferred nothing.
    pub extender: Option<u8>,
    /// The linked workloads of which a replica was on the node already.
    pub beside: Vec<WorkloadKey>,
}

impl Attempt {
    /// The chosen node, if there is one.
    pub fn choice(&self) -> Option<&Choice> {
        match &self.outcome {
            Outcome::Bound(choice) => Some(choice),
            Outcome::Unschedulable => None,
        }
    }
}

impl Outcome {
    /// Whether the pod was bound.
    pub fn is_bound(&self) -> bool {
        matches!(self, Self::Bound(_))
    }
}

/// The last attempt of each pod, in the order of the pods' first attempts.
pub fn last_attempts(attempts: impl IntoIterator<Item = Attempt>) -> Vec<Attempt> {
    let (mut last, mut places) = (Vec::new(), BTreeMap::new());
    for attempt in attempts {
        let place = *places.entry(attempt.uid.clone()).or_insert(last.len());
        match last.get_mut(place) {
            Some(earlier) => *earlier = attempt,
            None => last.push(attempt),
        }
    }
    last
}
