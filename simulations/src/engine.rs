//! One run: a scenario on the virtual clock, with a model of kube-scheduler and an extender that answers it.
//!
//! Everything that happens is planned on one [`Timeline`]; what is planned for the same time happens in the order of planning.
//! The cluster and the scheduler see a change at once, the extender hears of a binding when its watch would show it.

mod attempts;
mod averages;
mod coming;
mod controllers;
mod departures;
mod options;

use std::collections::BTreeMap;

use wit_config::Settings;
use wit_placement::kube_scheduler::report::{Refusal, SCHEDULER_CODE};
use wit_placement::kube_scheduler::{Attempt, NoExtender, Profile, Scheduler};
use wit_placement::{Affinity, ClusterState, Event, ImageReference, Millis, PodUid, World};

pub use self::attempts::Turns;
pub use self::options::{Options, Timing};

use self::attempts::Attempts;
use self::averages::Averages;
use self::coming::Coming;
use self::controllers::Controllers;
pub(crate) use self::controllers::is_made;
use crate::arrivals::Draws;
use crate::metrics::{Course, Metrics, Point, Waiting};
use crate::scenario::{Scenario, Step};
use crate::strategy::Strategy;
use crate::timeline::Timeline;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The last attempt of each pod, by its name, in the order of their first.
    pub attempts: Vec<Attempt>,
    /// When those pods were tried, and what the extender's scores were made of, in the same order.
    pub turns: Vec<Turns>,
    /// The cluster at the end, as the scheduler saw it.
    pub state: ClusterState,
    /// How much traffic the placement keeps on a node.
    pub affinity: Affinity,
    /// What happened on the way.
    pub course: Course,
    /// When the last thing happened that changed anything.
    pub ended: Millis,
    /// Whether the attempts tell what the scores of the best nodes are made of.
    pub tells_decisions: bool,
}

/// Runs the scenario with the extender.
///
/// # Errors
/// Says which interface name in the host catalogue is none.
pub fn run<S: Strategy>(
    scenario: &Scenario,
    settings: &Settings,
    options: &Options,
    strategy: &mut S,
) -> anyhow::Result<Run> {
    Ok(Simulation::new(scenario, settings, options)?.run(strategy))
}

/// The cluster after the last step of a scenario where the scheduler never comes to place anybody.
///
/// # Errors
/// Says which interface name in the host catalogue is none.
pub(crate) fn unplaced(scenario: &Scenario, settings: &Settings) -> anyhow::Result<ClusterState> {
    let options = Options::default();
    let mut simulation = Simulation::new(scenario, settings, &options)?;
    // A cycle counts as planned that never comes.
    simulation.cycling = true;
    Ok(simulation.run(&mut NoExtender).state)
}

/// Something that happens.
enum Happening<'a> {
    /// A step of the scenario.
    Step(&'a Step),
    /// Everything of this time was told: workloads make their pods, and those that arrive get in line.
    Gathered,
    /// A pod arrives, where it is still on its way.
    Arrives(PodUid),
    /// An image was read.
    Read(ImageReference, World),
    /// The extender's watch shows a binding, where it still holds.
    Shown(Event),
    /// What was refused for a time is tried again.
    Deadline,
    /// The scheduler turns to the next pod.
    Cycle,
    /// Pods that backed off, or were refused long ago, are tried again.
    Wakeup,
}

struct Simulation<'a> {
    timeline: Timeline<Happening<'a>>,
    scheduler: Scheduler,
    worlds: &'a BTreeMap<ImageReference, World>,
    options: &'a Options,
    controllers: Controllers,
    draws: Draws,
    /// Pods that have not arrived yet.
    coming: Coming,
    /// Whether [`Happening::Gathered`] is planned.
    gathering: bool,
    /// Whether a cycle is planned.
    cycling: bool,
    /// When [`Happening::Wakeup`] is planned for.
    waking: Option<Millis>,
    /// Whether anything came of the cycles since the last wakeup.
    progressed: bool,
    /// Since when pods wait for a node.
    waiting: BTreeMap<PodUid, Millis>,
    /// From one point to the next in milliseconds; `None` takes none.
    every: Option<u64>,
    next_point: u64,
    /// The time of the scenario's last step: points are taken until then.
    last: u64,
    averages: Averages,
    ended: Millis,
    /// When anything changed last that may help a pod that was refused.
    changed: Millis,
    course: Course,
    attempts: Attempts,
    waits: Vec<u64>,
}

impl<'a> Simulation<'a> {
    fn new(scenario: &'a Scenario, settings: &Settings, options: &'a Options) -> anyhow::Result<Self> {
        let state = ClusterState::new(settings.clone())?;
        let profile = Profile {
            extender_weight: settings.scheduler.weight,
            spreads_by_default: settings.scheduler.default_topology_spread,
            ..options.profile.clone()
        };
        let last = scenario.steps.last().map_or(0, |(at, _)| at.0);
        let mut timeline = Timeline::default();
        for (at, step) in &scenario.steps {
            timeline.plan(*at, Happening::Step(step));
        }
        Ok(Self {
            timeline,
            scheduler: Scheduler::with_profile(state, profile),
            worlds: &scenario.worlds,
            options,
            controllers: Controllers::default(),
            draws: Draws::of(options.seed),
            coming: Coming::default(),
            gathering: false,
            cycling: false,
            waking: None,
            progressed: false,
            waiting: BTreeMap::new(),
            every: averages::spacing(options.points, last),
            next_point: 0,
            last,
            averages: Averages::new(options.averages, last),
            ended: Millis::default(),
            changed: Millis::default(),
            course: Course::default(),
            attempts: Attempts::default(),
            waits: Vec::new(),
        })
    }

    fn run<S: Strategy>(mut self, strategy: &mut S) -> Run {
        while let Some(happening) = self.timeline.next() {
            if self.is_void(&happening) {
                continue;
            }
            self.take_point();
            self.averages.until(self.timeline.now(), self.scheduler.cache());
            self.scheduler.advance_to(self.timeline.now());
            let expired = strategy.now(self.timeline.now());
            if expired {
                self.scheduler.wake();
            }
            if expired || !matches!(happening, Happening::Cycle | Happening::Wakeup) {
                self.changed = self.timeline.now();
            }
            if !matches!(happening, Happening::Cycle | Happening::Wakeup | Happening::Deadline) {
                self.ended = self.timeline.now();
            }
            match happening {
                Happening::Step(step) => self.step(step, strategy),
                Happening::Gathered => self.gathered(strategy),
                Happening::Arrives(uid) => {
                    if let Some(pod) = self.coming.remove(&uid) {
                        self.arrives(pod, strategy);
                    }
                }
                Happening::Read(image, world) => self.happens(Event::World(image, world), strategy),
                Happening::Shown(event) => {
                    if strategy.hear(&event) {
                        self.scheduler.wake();
                    }
                }
                Happening::Deadline => self.scheduler.wake(),
                Happening::Cycle => {
                    self.cycling = false;
                    self.cycle(strategy);
                    continue;
                }
                Happening::Wakeup => self.waking = None,
            }
            self.plan_cycle();
        }
        let ended = self.ended;
        let state = self.scheduler.cache().clone();
        let affinity = state.affinity(ended);
        let course = Course {
            waiting: Waiting::of(self.waits),
            never_bound: self.course.never_bound + self.waiting.len() as u64,
            ended: ended.0,
            means: self.averages.means(),
            ..self.course
        };
        let tells_decisions = self.options.profile.tells_best > 0;
        let Attempts { last: attempts, turns, .. } = self.attempts;
        Run { attempts, turns, state, affinity, course, ended, tells_decisions }
    }

    /// Whether it is about a pod that has left since it was planned.
    fn is_void(&self, happening: &Happening<'_>) -> bool {
        match happening {
            Happening::Arrives(uid) => !self.coming.has(uid),
            Happening::Shown(Event::Pod(shown)) => {
                self.scheduler.cache().pod_of(&shown.uid).is_none_or(|pod| pod.node != shown.node)
            }
            _ => false,
        }
    }

    /// Takes the numbers as they were until now, where a point in time has passed.
    fn take_point(&mut self) {
        let Some(every) = self.every else { return };
        let now = self.timeline.now().0;
        while self.next_point < now.min(self.last) {
            let at = self.next_point;
            let metrics = Metrics::of(self.scheduler.cache(), Millis(at));
            self.course.series.push(Point { at, metrics });
            self.next_point += every;
        }
    }

    fn step<S: Strategy>(&mut self, step: &'a Step, strategy: &mut S) {
        match step {
            Step::RuntimeClass(class) => self.happens(Event::RuntimeClass(class.clone()), strategy),
            Step::Node(node) => {
                self.happens(Event::Node(node.clone()), strategy);
                self.node_changed(&node.name);
            }
            Step::NodeDrained(name) => self.node_drained(name, strategy),
            Step::NodeGone(name) => {
                self.evict(name, strategy);
                self.happens(Event::NodeGone(name.clone()), strategy);
                self.node_changed(name);
            }
            Step::Workload { workload, listed, gated } => {
                let cache = self.scheduler.cache();
                let told = self.controllers.set(workload, (*listed, *gated), cache, &self.coming);
                self.happens(Event::Workload(told), strategy);
                self.shrink(&workload.key, strategy);
                self.gather();
            }
            Step::Scaled(key, replicas) => {
                if let Some(workload) = self.controllers.scale(key, *replicas) {
                    self.happens(Event::Workload(workload), strategy);
                    self.shrink(key, strategy);
                    self.gather();
                }
            }
            Step::WorkloadGone(key) => {
                self.controllers.forget(key);
                let coming: Vec<PodUid> = self.coming.of(key).map(|pod| pod.uid.clone()).collect();
                for uid in coming.into_iter().chain(self.pods_where(|pod| pod.workload == *key)) {
                    self.pod_gone(&uid, strategy);
                }
                self.happens(Event::WorkloadGone(key.clone()), strategy);
            }
            Step::Pod(pod) => {
                self.controllers.came(pod);
                if pod.node.is_some() {
                    self.arrives(pod.clone(), strategy);
                } else {
                    self.coming.add(pod.clone());
                }
                self.gather();
            }
            Step::PodFinished(key) => self.pod_leaves(key, true, strategy),
            Step::PodDeleted(key) => self.pod_leaves(key, false, strategy),
        }
    }

    fn happens<S: Strategy>(&mut self, event: Event, strategy: &mut S) {
        strategy.hear(&event);
        let effects = self.scheduler.apply(event, self.timeline.now());
        for image in effects.read {
            let world = self.worlds.get(&image).cloned().unwrap_or_else(|| unknown_world(&image));
            if self.options.timing.reading == Millis(0) {
                self.happens(Event::World(image, world), strategy);
            } else {
                self.timeline.plan_after(self.options.timing.reading, Happening::Read(image, world));
            }
        }
    }

    fn cycle<S: Strategy>(&mut self, strategy: &mut S) {
        let Ok(attempt) = self.scheduler.cycle(strategy);
        let tried = attempt.is_some();
        if let Some(attempt) = attempt {
            self.note(attempt, strategy);
        }
        for event in strategy.bindings() {
            self.timeline.plan_after(self.options.timing.binding, Happening::Shown(event));
        }
        for deadline in strategy.deadlines() {
            self.timeline.plan(deadline, Happening::Deadline);
        }
        if tried {
            self.plan_cycle();
        } else {
            self.plan_wakeup();
        }
    }

    /// Plans when pods are tried again that wait for nothing but time. Where nothing else is planned and nothing came of the
    /// last try, nothing will come of the next; nor where all had a turn since anything changed.
    fn plan_wakeup(&mut self) {
        let Some(at) = self.scheduler.next_wakeup() else { return };
        let round = self.options.profile.back_off.unwrap_or_default();
        let all_had_a_turn = at > self.changed.after(round.forgotten.saturating_add(round.most));
        let is_worth_it = self.progressed || (!self.timeline.is_empty() && !all_had_a_turn);
        if is_worth_it && self.waking.is_none_or(|planned| at < planned) {
            self.waking = Some(at);
            self.progressed = false;
            self.timeline.plan(at, Happening::Wakeup);
        }
    }

    fn note<S: Strategy>(&mut self, attempt: Attempt, strategy: &mut S) {
        if attempt.outcome.is_bound() || attempt.preemption.is_some() {
            self.progressed = true;
            (self.ended, self.changed) = (self.timeline.now(), self.timeline.now());
        }
        if attempt.outcome.is_bound()
            && let Some(since) = self.waiting.remove(&attempt.uid)
        {
            self.waits.push(self.timeline.now().0 - since.0);
        }
        for victim in attempt.preemption.iter().flat_map(|preemption| &preemption.victims) {
            self.evict_pod(&victim.uid, strategy);
        }
        // What did not fit a pod that found a node is told or not, as the profile says: it does not count.
        let counts = |refusal: &Refusal| !attempt.outcome.is_bound() || refusal.code != SCHEDULER_CODE;
        for refusal in Refusal::all(&attempt.reasons).into_iter().filter(counts) {
            *self.course.refusals.entry(refusal.code).or_default() += refusal.nodes.len() as u64;
        }
        self.attempts.push(attempt, self.timeline.now(), strategy);
    }

    fn plan_cycle(&mut self) {
        if !std::mem::replace(&mut self.cycling, true) {
            self.timeline.plan_after(Millis(0), Happening::Cycle);
        }
    }
}

/// An image of which the scenario does not say what it is: nobody reads it later.
pub(crate) fn unknown_world(image: &ImageReference) -> World {
    World::Failed {
        result: "unknown",
        message: format!("{image}: the trace does not say what it is").into(),
        since: Millis(0),
        definite: true,
    }
}
