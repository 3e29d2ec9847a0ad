//! The scheduling loop: one pod after another through filters, extender and choice.

use std::collections::{BTreeMap, BTreeSet};

use wit_graph::WorkloadKey;

use super::extender::SchedulerExtender;
use super::queue::Queue;
use super::{feasible, total};
use crate::nodes::NodeIdx;
use crate::objects::{Event, Millis, NodeName, Pod, PodKey, PodUid};
use crate::state::{ClusterState, Effects};

/// kube-scheduler: its cache of the cluster, its queue, and the weight that it gives to the extender's scores.
///
/// ```
/// use wit_placement::kube_scheduler::{NoExtender, Scheduler};
/// use wit_placement::{ClusterState, Millis};
///
/// let cluster = ClusterState::new(wit_config::Settings::default())?;
/// let mut scheduler = Scheduler::new(cluster, 15);
/// // scheduler.apply(Event::Node(…), now); scheduler.apply(Event::Pod(…), now); …
/// let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |attempt| println!("{}", attempt.pod));
/// assert!(attempts.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scheduler {
    cache: ClusterState,
    weight: u64,
    queue: Queue,
    now: Millis,
}

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
    /// Which nodes were refused, by the message of kube-scheduler's own filters or the extender's.
    pub reasons: BTreeMap<String, Vec<NodeName>>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The pod was bound.
    Bound(Choice),
    /// No node was left: the pod is tried again when something changes.
    Unschedulable,
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

impl Scheduler {
    /// A scheduler that starts with this cache and gives the extender's scores this weight.
    ///
    /// Its queue is empty: pods of the cache that still wait are scheduled once [`Scheduler::apply`] names them, in that
    /// order.
    pub fn new(cache: ClusterState, weight: u32) -> Self {
        Self { cache, weight: u64::from(weight), queue: Queue::default(), now: Millis::default() }
    }

    /// The cluster as the scheduler sees it, bindings included.
    pub fn cache(&self) -> &ClusterState {
        &self.cache
    }

    /// Takes in what happened at `now`: a pod that waits for a node enters the queue, behind those of its priority that
    /// entered before; anything gives the pods that were refused another turn.
    /// What the cache's new state asks for is returned: which images to read.
    pub fn apply(&mut self, event: Event, now: Millis) -> Effects {
        self.now = now;
        match &event {
            Event::Pod(pod) if pod.node.is_none() && !pod.gated && !pod.finished => {
                self.queue.enter(pod.clone());
            }
            Event::Pod(pod) => self.queue.remove(&pod.uid),
            Event::PodGone(uid) => self.queue.remove(uid),
            _ => {}
        }
        self.queue.change();
        self.cache.apply(event, now)
    }

    /// Gives the pods that were refused another turn: a condition was patched on one, as an extender does that has
    /// learnt something which no event shows.
    pub fn wake(&mut self) {
        self.queue.change();
    }

    /// Schedules until no pod is left, or a whole round over those that are left binds none of them. `on_attempt` hears
    /// of every attempt; what is returned is the last one of each pod ([`last_attempts`]).
    ///
    /// # Errors
    /// The extender's, at the first question that it does not answer.
    pub fn run<X: SchedulerExtender>(
        &mut self,
        extender: &mut X,
        on_attempt: &mut dyn FnMut(&Attempt),
    ) -> Result<Vec<Attempt>, X::Error> {
        let mut attempts = Vec::new();
        while let Some(attempt) = self.cycle(extender)? {
            on_attempt(&attempt);
            attempts.push(attempt);
        }
        Ok(last_attempts(attempts))
    }

    /// One scheduling cycle: the pod whose turn it is, or `None` where no pod is left to try until something changes.
    ///
    /// # Errors
    /// The extender's; the pod is then tried again after the next change.
    pub fn cycle<X: SchedulerExtender>(&mut self, extender: &mut X) -> Result<Option<Attempt>, X::Error> {
        let Some(pod) = self.queue.next() else { return Ok(None) };
        let attempt = self.attempt(&pod, extender);
        match &attempt {
            Ok(Attempt { outcome: Outcome::Bound(_), .. }) => self.queue.change(),
            Ok(Attempt { outcome: Outcome::Unschedulable, .. }) | Err(_) => self.queue.refuse(pod),
        }
        attempt.map(Some)
    }

    fn attempt<X: SchedulerExtender>(&mut self, pod: &Pod, extender: &mut X) -> Result<Attempt, X::Error> {
        let mut reasons = BTreeMap::new();
        let nodes = self.filter(pod, extender, &mut reasons)?;
        let outcome = match self.choose(pod, &nodes, extender)? {
            Some((node, choice)) => Outcome::Bound(self.bind(pod, node, choice, extender)?),
            None => Outcome::Unschedulable,
        };
        let Pod { key, uid, workload, .. } = pod.clone();
        Ok(Attempt { pod: key, uid, workload, outcome, reasons })
    }

    /// The nodes that pass the scheduler's own filters and the extender's.
    fn filter<X: SchedulerExtender>(
        &self,
        pod: &Pod,
        extender: &mut X,
        reasons: &mut BTreeMap<String, Vec<NodeName>>,
    ) -> Result<Vec<NodeIdx>, X::Error> {
        let own = feasible(&self.cache, &pod.shape);
        for (unfit, nodes) in &own.unfit {
            reasons.insert(unfit.message().to_owned(), self.names(nodes));
        }
        if own.nodes.is_empty() {
            return Ok(own.nodes);
        }
        let reply = extender.filter(pod, &self.names(&own.nodes))?;
        for (node, message) in reply.failed.into_iter().chain(reply.unresolvable) {
            reasons.entry(message).or_default().push(node);
        }
        let passed: BTreeSet<&NodeName> = reply.nodes.iter().collect();
        let stays = |node: &NodeIdx| self.name(*node).is_some_and(|name| passed.contains(name));
        Ok(own.nodes.into_iter().filter(stays).collect())
    }

    /// The node with the highest score, the first of several; the only one is taken without asking.
    fn choose<X: SchedulerExtender>(
        &self,
        pod: &Pod,
        nodes: &[NodeIdx],
        extender: &mut X,
    ) -> Result<Option<(NodeIdx, Choice)>, X::Error> {
        let choice = |node: NodeIdx, total, extender| {
            let name = self.name(node)?.clone();
            Some((node, Choice { node: name, total, extender, beside: Vec::new() }))
        };
        if let [only] = nodes {
            return Ok(choice(*only, None, None));
        }
        if nodes.is_empty() {
            return Ok(None);
        }
        let scores = extender.prioritize(pod, &self.names(nodes))?;
        let prefers = scores.values().any(|score| *score > 0);
        let of = |node: NodeIdx| self.name(node).and_then(|name| scores.get(name)).copied().unwrap_or(0);
        let totals = nodes.iter().map(|node| {
            let score = of(*node);
            (total(&self.cache, &pod.shape, *node, score, self.weight), score, *node)
        });
        // Of equal nodes the later is not greater, so the first stays.
        let best = totals.reduce(|best, next| if next.0 > best.0 { next } else { best });
        Ok(best.and_then(|(total, score, node)| choice(node, Some(total), prefers.then_some(score))))
    }

    /// Assumes the pod on its node and tells the extender of the binding.
    fn bind<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        node: NodeIdx,
        mut choice: Choice,
        extender: &mut X,
    ) -> Result<Choice, X::Error> {
        let bound = Pod { node: Some(choice.node.clone()), ..pod.clone() };
        let there = |workload: &WorkloadKey| {
            self.cache.workload(workload).is_some_and(|workload| workload.on(node) > 0)
        };
        let partners = self.cache.graph().partners(&pod.workload).into_iter();
        choice.beside = partners.map(|partner| partner.workload).filter(there).collect();
        self.cache.apply(Event::Pod(bound.clone()), self.now);
        extender.bound(&bound, &choice.node)?;
        Ok(choice)
    }

    fn name(&self, node: NodeIdx) -> Option<&NodeName> {
        self.cache.node(node).map(crate::nodes::NodeState::name)
    }

    fn names(&self, nodes: &[NodeIdx]) -> Vec<NodeName> {
        nodes.iter().filter_map(|node| self.name(*node)).cloned().collect()
    }
}
