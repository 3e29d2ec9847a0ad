//! A replay: the same arrivals, once with wit-placement and once with kube-scheduler alone.

use std::collections::BTreeMap;

use wit_config::Settings;
use wit_placement::kube_scheduler::report::Report;
use wit_placement::kube_scheduler::{Attempt, NoExtender, Scheduler, last_attempts};
use wit_placement::{Affinity, ClusterState, Event, ImageReference, Millis, World};

use crate::engine::Timeline;
use crate::input::Input;
use crate::strategy::{Strategy, WitPlacement};

/// What takes how long in virtual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From one pending pod to the next.
    pub arrival: Millis,
    /// From the moment an image matters until its world is known.
    pub reading: Millis,
    /// From a binding until the extender's watch shows it.
    pub binding: Millis,
}

/// Both runs over one input.
#[derive(Clone, Debug)]
pub struct Replay {
    /// With wit-placement as the scheduler's extender.
    pub steered: Run,
    /// With kube-scheduler alone.
    pub default: Run,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The last attempt of each pod, in the order of their first.
    pub attempts: Vec<Attempt>,
    /// The cluster at the end, as the scheduler saw it.
    pub state: ClusterState,
    /// How much traffic the placement keeps on a node.
    pub affinity: Affinity,
    /// When the last thing happened.
    pub ended: Millis,
}

impl Replay {
    /// The run with wit-placement beside kube-scheduler's own.
    pub fn report(&self) -> Report {
        let Run { attempts, state, affinity, .. } = &self.steered;
        Report::new(state, attempts, affinity, &self.default.affinity)
    }
}

/// Replays the input with both strategies.
///
/// # Errors
/// Says which interface name in the host catalogue is none.
pub fn replay(input: &Input, settings: &Settings, timing: Timing) -> anyhow::Result<Replay> {
    let simulation = || Simulation::new(input, settings, timing);
    let mut ours = WitPlacement::new(settings.clone())?;
    Ok(Replay { steered: simulation()?.run(&mut ours), default: simulation()?.run(&mut NoExtender) })
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// Something in the cluster, which everybody sees.
    Cluster(Event),
    /// The extender's watch shows a binding.
    Shown(Event),
    /// What was refused for a time is tried again.
    Deadline,
    /// The scheduler turns to the next pod.
    Cycle,
}

/// One run.
struct Simulation<'a> {
    timeline: Timeline<Happening>,
    scheduler: Scheduler,
    worlds: &'a BTreeMap<ImageReference, World>,
    timing: Timing,
    /// Whether a cycle is planned.
    cycling: bool,
    attempts: Vec<Attempt>,
}

impl<'a> Simulation<'a> {
    fn new(input: &'a Input, settings: &Settings, timing: Timing) -> anyhow::Result<Self> {
        let mut simulation = Self {
            timeline: Timeline::default(),
            scheduler: Scheduler::new(ClusterState::new(settings.clone())?, settings.scheduler.weight),
            worlds: &input.worlds,
            timing,
            cycling: false,
            attempts: Vec::new(),
        };
        simulation.plan(&input.events);
        Ok(simulation)
    }

    /// Everything is there at the start but the pending pods, which come one after another.
    fn plan(&mut self, events: &[Event]) {
        let mut arrives = Millis(0);
        for event in events {
            let pending = matches!(event, Event::Pod(pod) if pod.node.is_none());
            self.timeline.plan(if pending { arrives } else { Millis(0) }, Happening::Cluster(event.clone()));
            if pending {
                arrives.0 = arrives.0.saturating_add(self.timing.arrival.0);
            }
        }
    }

    fn run<S: Strategy>(mut self, strategy: &mut S) -> Run {
        while let Some(happening) = self.timeline.next() {
            strategy.now(self.timeline.now());
            match happening {
                Happening::Cluster(event) => self.happens(event, strategy),
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
            }
            self.plan_cycle();
        }
        let ended = self.timeline.now();
        let state = self.scheduler.cache().clone();
        Run { attempts: last_attempts(self.attempts), affinity: state.affinity(ended), state, ended }
    }

    fn happens<S: Strategy>(&mut self, event: Event, strategy: &mut S) {
        strategy.hear(&event);
        let effects = self.scheduler.apply(event, self.timeline.now());
        for image in effects.read {
            let Some(world) = self.worlds.get(&image) else { continue };
            let known = Event::World(image, world.clone());
            if self.timing.reading == Millis(0) {
                self.happens(known, strategy);
            } else {
                self.timeline.plan_after(self.timing.reading, Happening::Cluster(known));
            }
        }
    }

    fn cycle<S: Strategy>(&mut self, strategy: &mut S) {
        let Ok(attempt) = self.scheduler.cycle(strategy);
        let tried = attempt.is_some();
        self.attempts.extend(attempt);
        for event in strategy.bindings() {
            self.timeline.plan_after(self.timing.binding, Happening::Shown(event));
        }
        for deadline in strategy.deadlines() {
            self.timeline.plan(deadline, Happening::Deadline);
        }
        if tried {
            self.plan_cycle();
        }
    }

    fn plan_cycle(&mut self) {
        if !std::mem::replace(&mut self.cycling, true) {
            self.timeline.plan_after(Millis(0), Happening::Cycle);
        }
    }
}
