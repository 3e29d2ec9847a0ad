//! The scheduling loop: one pod after another through filters, extender and choice.

use wit_graph::WorkloadKey;

use super::attempt::{Attempt, Choice, Outcome, Preemption, last_attempts};
use super::cycle::Cycle;
use super::extender::SchedulerExtender;
use super::nominations::Nominations;
use super::preemption::Candidate;
use super::profile::Profile;
use super::queue::{Change, Queue};
use super::sampling::{Sampling, TieBreak};
use super::snapshot::Snapshot;
use super::turn::{Decision, Found, Turn};
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
    nominations: Nominations,
    now: Millis,
}

impl Scheduler {
    /// A scheduler that starts with this cache and gives the extender's scores this weight. Its profile is
    /// [`Profile::rehearsal`].
    ///
    /// Its queue is empty: pods of the cache that still wait are scheduled once [`Scheduler::apply`] names them, in that
    /// order.
    pub fn new(cache: ClusterState, weight: u32) -> Self {
        Self::with_profile(cache, Profile { extender_weight: weight, ..Profile::rehearsal() })
    }

    /// As [`Scheduler::new`], with a profile.
    pub fn with_profile(cache: ClusterState, profile: Profile) -> Self {
        Self {
            snapshot: Snapshot::of(&cache, &profile, Millis::default()),
            cache,
            queue: Queue::new(profile.back_off),
            sampling: Sampling::default(),
            ties: TieBreak::new(profile.ties),
            nominations: Nominations::default(),
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
            Event::Pod(Pod { uid, .. }) | Event::PodGone(uid) => {
                self.queue.remove(uid);
                self.nominations.forget(uid);
            }
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
        let (found, decision) = self.decide(pod, extender)?;
        let hopes_for_bindings = found.hopes_for_bindings();
        let (mut outcome, mut preemption) = (Outcome::Unschedulable, None);
        match decision {
            Decision::Take(choice) => outcome = Outcome::Bound(self.bind(pod, choice, extender)?),
            Decision::Evict(candidate) => preemption = self.nominate(pod, candidate),
            Decision::Wait => {}
            Decision::GiveUp => self.nominations.forget(&pod.uid),
        }
        let Pod { key, uid, workload, .. } = pod.clone();
        let attempt = Attempt {
            pod: key,
            uid,
            workload,
            outcome,
            preemption,
            reasons: found.reasons,
            ranking: found.ranking,
        };
        Ok((attempt, hopes_for_bindings))
    }

    /// What comes of the pod's turn, with what has to be worked out for it and what is kept for the next of its kind.
    fn decide<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        extender: &mut X,
    ) -> Result<(Found, Decision), X::Error> {
        let class = self.snapshot.class_of(pod, &self.profile);
        let verdicts = self.snapshot.prepare(class);
        let kept = self.nominations.before(pod);
        let Some(cycle) = Cycle::new(&self.snapshot, class, &self.profile, verdicts, kept) else {
            return Ok((Found::default(), Decision::GiveUp));
        };
        let (sampling, ties) = (&mut self.sampling, &mut self.ties);
        let (snapshot, profile, nominations) = (&self.snapshot, &self.profile, &self.nominations);
        let mut turn = Turn { pod, snapshot, profile, nominations, cycle, sampling, ties, extender };
        let decided = turn.decide();
        let verdicts = turn.cycle.finish();
        self.snapshot.keep(class, verdicts);
        decided
    }

    /// Keeps the node for the pod whose victims are to go.
    fn nominate(&mut self, pod: &Pod, Candidate { node, victims, .. }: Candidate) -> Option<Preemption> {
        self.nominations.nominate(pod, node, victims.iter().map(|victim| &victim.uid));
        Some(Preemption { node: self.snapshot.name(node)?.clone(), victims })
    }

    /// Assumes the pod on its node and tells the extender of the binding.
    fn bind<X: SchedulerExtender>(
        &mut self,
        pod: &Pod,
        mut choice: Choice,
        extender: &mut X,
    ) -> Result<Choice, X::Error> {
        let bound = Pod { node: Some(choice.node.clone()), ..pod.clone() };
        choice.beside = self.beside(&pod.workload, &choice.node);
        self.nominations.forget(&pod.uid);
        self.snapshot.place(&bound, &self.profile, self.now);
        self.cache.apply(Event::Pod(bound.clone()), self.now);
        extender.bound(&bound, &choice.node)?;
        Ok(choice)
    }

    /// The linked workloads that have a replica on the node.
    fn beside(&self, workload: &WorkloadKey, node: &NodeName) -> Vec<WorkloadKey> {
        let node = self.cache.node_place(node.as_str());
        let Some((workload, node)) = self.cache.workload(workload).zip(node) else { return Vec::new() };
        let partners = workload.partners.iter().filter_map(|it| self.cache.workloads.get(it.workload));
        partners.filter(|partner| partner.on(node) > 0).map(|partner| partner.key().clone()).collect()
    }
}

#[cfg(test)]
impl Scheduler {
    /// The plugins' scores of nodes by position, as they are added up for a pod.
    pub(super) fn totals(&mut self, pod: &Pod, nodes: &[u32]) -> Vec<u64> {
        let class = self.snapshot.class_of(pod, &self.profile);
        let verdicts = self.snapshot.prepare(class);
        let mut cycle = Cycle::new(&self.snapshot, class, &self.profile, verdicts, Vec::new()).unwrap();
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
