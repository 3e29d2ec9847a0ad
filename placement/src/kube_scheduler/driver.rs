//! The scheduling loop: one pod after another through filters, extender and choice.

use std::collections::{BTreeMap, HashSet};

use wit_graph::WorkloadKey;

use super::attempt::{Attempt, Choice, Outcome, last_attempts};
use super::cycle::Cycle;
use super::extender::SchedulerExtender;
use super::profile::Profile;
use super::queue::{Change, Queue};
use super::sampling::{Sampling, TieBreak};
use super::snapshot::Snapshot;
use super::unfit::Unfits;
use crate::nodes::Hasher;
use crate::objects::{Event, Millis, NodeName, Pod};
use crate::state::{ClusterState, Effects};

/// kube-scheduler: its cache of the cluster, its queue, and its profile.
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
    snapshot: Snapshot,
    profile: Profile,
    queue: Queue,
    sampling: Sampling,
    ties: TieBreak,
    now: Millis,
}

/// The nodes that pass the filters, and those that do not.
#[derive(Debug, Default)]
struct Found {
    nodes: Vec<u32>,
    unfit: Vec<(u32, Unfits)>,
    /// Whether the extender refused some.
    refused: bool,
    /// Why nodes were refused, in words.
    reasons: BTreeMap<String, Vec<NodeName>>,
}

impl Scheduler {
    /// A scheduler that starts with this cache and gives the extender's scores this weight. It waits for nothing and
    /// evicts nobody, as a rehearsal wants it; everything else is as in [`Profile::default`].
    ///
    /// Its queue is empty: pods of the cache that still wait are scheduled once [`Scheduler::apply`] names them, in that
    /// order.
    pub fn new(cache: ClusterState, weight: u32) -> Self {
        Self::with_profile(
            cache,
            Profile { extender_weight: weight, back_off: None, preemption: false, ..Profile::default() },
        )
    }

    /// As [`Scheduler::new`], with a profile.
    pub fn with_profile(cache: ClusterState, profile: Profile) -> Self {
        Self {
            snapshot: Snapshot::of(&cache, &profile, Millis::default()),
            cache,
            queue: Queue::new(profile.back_off),
            sampling: Sampling::default(),
            ties: TieBreak::new(profile.ties),
            profile,
            now: Millis::default(),
        }
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
                self.queue.enter(pod.clone(), now);
            }
            Event::Pod(pod) => self.queue.remove(&pod.uid),
            Event::PodGone(uid) => self.queue.remove(uid),
            _ => {}
        }
        self.queue.change(Change::Other, now);
        if let Event::Pod(pod) = &event
            && let Some(earlier) = self.cache.pod(&pod.key).filter(|earlier| earlier.uid != pod.uid)
        {
            // Only one pod has the name at a time: the end of the other is still to come, or was missed.
            self.snapshot.displace(&earlier.uid);
        }
        self.snapshot.apply(&event, &self.profile, now);
        self.cache.apply(event, now)
    }

    /// Gives the pods that were refused another turn: a condition was patched on one, as an extender does that has
    /// learnt something which no event shows.
    pub fn wake(&mut self) {
        self.queue.change(Change::Other, self.now);
    }

    /// Sets the clock: until the next event it is this time.
    pub fn advance_to(&mut self, now: Millis) {
        self.now = now;
    }

    /// When [`Scheduler::cycle`] has a pod to try though nothing happens until then: now where one waits for its turn,
    /// later where pods only back off or were refused; `None` where nobody waits, or nobody will be tried without an event.
    pub fn next_wakeup(&self) -> Option<Millis> {
        self.queue.next_wakeup(self.now)
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
        let Some(waiting) = self.queue.next(self.now) else { return Ok(None) };
        let attempt = self.attempt(&waiting.pod, extender);
        match &attempt {
            Ok((Attempt { outcome: Outcome::Bound(_), .. }, _)) => self.queue.change(Change::Bound, self.now),
            Ok((_, hopes_for_bindings)) => self.queue.refuse(waiting, *hopes_for_bindings, self.now),
            Err(_) => self.queue.refuse(waiting, true, self.now),
        }
        attempt.map(|(attempt, _)| Some(attempt))
    }

    /// The attempt, and whether it may succeed once others are bound.
    fn attempt<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        extender: &mut X,
    ) -> Result<(Attempt, bool), X::Error> {
        let (found, chosen) = self.decide(pod, extender)?;
        let outcome = match chosen {
            Some(choice) => Outcome::Bound(self.bind(pod, choice, extender)?),
            None => Outcome::Unschedulable,
        };
        let Pod { key, uid, workload, .. } = pod.clone();
        let hopes = found.refused || found.unfit.iter().any(|(_, unfits)| unfits.depends_on_neighbours());
        Ok((Attempt { pod: key, uid, workload, outcome, reasons: found.reasons }, hopes))
    }

    /// What the filters and the extender leave, and the choice between that.
    fn decide<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        extender: &mut X,
    ) -> Result<(Found, Option<Choice>), X::Error> {
        let class = self.snapshot.class_of(pod, &self.profile);
        let verdicts = self.snapshot.prepare(class);
        let Some(mut cycle) = Cycle::new(&self.snapshot, class, &self.profile, verdicts) else {
            return Ok((Found::default(), None));
        };
        let mut found = Self::find(&mut self.sampling, &self.snapshot, &self.profile, &mut cycle);
        let decided = self.snapshot.ask(pod, &mut found, extender).and_then(|()| {
            choose(&self.snapshot, &self.profile, &cycle, &mut self.ties, pod, &found.nodes, extender)
        });
        let verdicts = cycle.finish();
        self.snapshot.keep(class, verdicts);
        let choice = decided?;
        if choice.is_none() || self.profile.tells_unfit_of_bound {
            self.snapshot.tell(&mut found);
        }
        Ok((found, choice))
    }

    /// Looks at nodes until enough fit, from where the search before ended.
    fn find(sampling: &mut Sampling, snapshot: &Snapshot, profile: &Profile, cycle: &mut Cycle<'_>) -> Found {
        let mut found = Found::default();
        let enough = profile.enough_nodes(snapshot.order().len());
        for node in sampling.nodes(snapshot.order()) {
            let unfits = cycle.unfit(node);
            if !unfits.is_empty() {
                found.unfit.push((node, unfits));
            } else if found.nodes.len() < enough {
                found.nodes.push(node);
            } else {
                break;
            }
        }
        sampling.advance(found.nodes.len() + found.unfit.len(), snapshot.order().len());
        found
    }

    /// Assumes the pod on its node and tells the extender of the binding.
    fn bind<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        mut choice: Choice,
        extender: &mut X,
    ) -> Result<Choice, X::Error> {
        let bound = Pod { node: Some(choice.node.clone()), ..pod.clone() };
        let node = self.cache.node_place(choice.node.as_str());
        let there = |workload: &WorkloadKey| {
            let workload = self.cache.workload(workload);
            workload.zip(node).is_some_and(|(workload, node)| workload.on(node) > 0)
        };
        let partners = self.cache.graph().partners(&pod.workload).into_iter();
        choice.beside = partners.map(|partner| partner.workload).filter(there).collect();
        self.snapshot.place(&bound, &self.profile, self.now);
        self.cache.apply(Event::Pod(bound.clone()), self.now);
        extender.bound(&bound, &choice.node)?;
        Ok(choice)
    }
}

#[cfg(test)]
impl Scheduler {
    /// The plugins' scores of nodes by position, as they are added up for a pod.
    pub(super) fn totals(&mut self, pod: &Pod, nodes: &[u32]) -> Vec<u64> {
        let class = self.snapshot.class_of(pod, &self.profile);
        let verdicts = self.snapshot.prepare(class);
        let mut cycle = Cycle::new(&self.snapshot, class, &self.profile, verdicts).unwrap();
        let _unfit: Vec<_> = nodes.iter().map(|node| cycle.unfit(*node)).collect();
        cycle.totals(nodes)
    }

    /// A pod was bound.
    pub(super) fn queue_change_by_binding(&mut self) {
        self.queue.change(Change::Bound, self.now);
    }

    /// The same scheduler without anything that it has kept.
    pub(super) fn afresh(&self) -> Self {
        Self { snapshot: Snapshot::of(&self.cache, &self.profile, self.now), ..self.clone() }
    }
}

impl Snapshot {
    /// Asks the extender which of the nodes that were found may take the pod.
    fn ask<X: SchedulerExtender>(
        &self,
        pod: &Pod,
        found: &mut Found,
        extender: &mut X,
    ) -> Result<(), X::Error> {
        if found.nodes.is_empty() || !extender.is_interested(pod) {
            return Ok(());
        }
        let reply = extender.filter(pod, &self.names(&found.nodes))?;
        for (node, message) in reply.failed.into_iter().chain(reply.unresolvable) {
            found.reasons.entry(message).or_default().push(node);
        }
        let passed: HashSet<&NodeName, Hasher> = reply.nodes.iter().collect();
        let asked = found.nodes.len();
        found.nodes.retain(|node| self.name(*node).is_some_and(|name| passed.contains(name)));
        found.refused = found.nodes.len() < asked;
        Ok(())
    }

    /// Puts into words why nodes did not fit.
    fn tell(&self, found: &mut Found) {
        found.unfit.sort_unstable_by_key(|(node, _)| *node);
        for (node, unfits) in &found.unfit {
            let Some(name) = self.name(*node) else { continue };
            for message in unfits.iter().filter_map(super::Unfit::message) {
                match found.reasons.get_mut(message) {
                    Some(nodes) => nodes.push(name.clone()),
                    None => drop(found.reasons.insert(message.to_owned(), vec![name.clone()])),
                }
            }
        }
    }
}

/// The node with the highest score; the only one is taken without asking.
fn choose<X: SchedulerExtender>(
    snapshot: &Snapshot,
    profile: &Profile,
    cycle: &Cycle<'_>,
    ties: &mut TieBreak,
    pod: &Pod,
    nodes: &[u32],
    extender: &mut X,
) -> Result<Option<Choice>, X::Error> {
    let choice = |node: u32, total, extender| {
        let node = snapshot.name(node)?.clone();
        Some(Choice { node, total, extender, beside: Vec::new() })
    };
    if let [only] = nodes {
        return Ok(choice(*only, None, None));
    }
    let mut totals = cycle.totals(nodes);
    let mut scores = vec![0; nodes.len()];
    if !nodes.is_empty() && extender.is_interested(pod) {
        let given = extender.prioritize(pod, &snapshot.names(nodes))?;
        let of = |node: u32| snapshot.name(node).and_then(|name| given.get(name)).copied().unwrap_or(0);
        scores = nodes.iter().map(|node| of(*node)).collect();
    }
    for (total, score) in totals.iter_mut().zip(&scores) {
        *total += u64::from(*score) * 10 * u64::from(profile.extender_weight);
    }
    let prefers = scores.iter().any(|score| *score > 0);
    let Some((best, total)) = ties.best(&totals) else { return Ok(None) };
    let score = scores.get(best).copied().filter(|_| prefers);
    Ok(nodes.get(best).and_then(|node| choice(*node, Some(total), score)))
}
