//! Several strategies over one trace and the same seeds, as many runs at a time as there are processors.

mod state;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use wit_config::Settings;
use wit_placement::kube_scheduler::{Profile, Ties};

use crate::arrivals::Order;
use crate::documents::{Assumptions, Run};
use crate::engine::{Options, Timing};
use crate::scenario::Scenario;
use crate::strategy::Name;

pub use state::{State, StatePlan};

/// What is compared.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The strategies, in the order in which they run.
    pub strategies: Vec<Name>,
    /// The seeds, each once for every strategy.
    pub seeds: Vec<u64>,
    /// The order of pods that arrive at the same time.
    pub order: Order,
    /// What takes how long.
    pub timing: Timing,
    /// How many runs are made at the same time; what comes out does not depend on it.
    pub threads: NonZeroUsize,
}

/// At how many points in time at most numbers are taken to average them over time.
pub const AVERAGED: u32 = 200;

/// How a run over a trace is made: kube-scheduler takes any of equally good nodes, drawn by the seed.
pub fn options(order: Order, seed: u64, points: u32) -> Options {
    let profile = Profile { ties: Ties::Seeded(seed), tells_unfit_of_bound: false, ..Profile::default() };
    Options { order, seed, profile, points, averages: AVERAGED, ..Options::default() }
}

/// A run that has been made.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// Who placed the pods.
    pub strategy: Name,
    /// The seed.
    pub seed: u64,
    /// Its numbers.
    pub run: &'a Run,
    /// How many there are with this one.
    pub runs: usize,
}

/// Runs of a plan by strategy and seed.
pub type Runs = BTreeMap<(Name, u64), Run>;

impl Plan {
    /// How many runs there are to make in all.
    pub fn runs(&self) -> usize {
        self.strategies.len() * self.seeds.len()
    }
}

/// Runs every strategy with every seed, but for the runs that were made before. `heard` is told of each as it is made, in no
/// certain order; where it fails no further run is begun. What comes back is what a
/// [`Comparison`](crate::documents::Comparison) is made of.
///
/// # Errors
/// The first run's that cannot be made, in the order of strategies and seeds, or what `heard` failed with.
pub fn compare(
    scenario: &Scenario,
    settings: &Settings,
    plan: &Plan,
    before: Runs,
    heard: &mut dyn FnMut(Made<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<BTreeMap<String, Vec<Run>>> {
    let all = plan.strategies.iter().flat_map(|name| plan.seeds.iter().map(|seed| (*name, *seed)));
    let all: Vec<(Name, u64)> = all.collect();
    let jobs: Vec<_> = all.iter().copied().filter(|job| !before.contains_key(job)).collect();
    let (next, (sender, finished)) = (AtomicUsize::new(0), channel());
    let (jobs, next) = (jobs.as_slice(), &next);
    let work = |sender: Sender<_>| {
        while let Some((name, seed)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let options = Options { timing: plan.timing, ..options(plan.order, *seed, 0) };
            let run = name.run(scenario, settings, &options);
            // What the numbers need, and not the whole cluster of every run.
            let run = run.map(|run| Run::of(name.as_str(), Assumptions::default(), &run).numbers());
            if sender.send(((*name, *seed), run)).is_err() {
                break;
            }
        }
    };
    let (mut made, mut failed) = (before, BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..plan.threads.get().min(jobs.len()) {
            let sender = sender.clone();
            scope.spawn(move || work(sender));
        }
        drop(sender);
        for ((strategy, seed), run) in finished {
            match run {
                Ok(run) => {
                    heard(Made { strategy, seed, run: &run, runs: made.len() + 1 })?;
                    made.insert((strategy, seed), run);
                }
                Err(error) => {
                    failed.insert((strategy, seed), error);
                }
            }
        }
        anyhow::Ok(())
    })?;
    if let Some((_, error)) = failed.pop_first() {
        return Err(error);
    }
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for run in all.iter().filter_map(|job| made.remove(job)) {
        runs.entry(run.strategy.clone()).or_default().push(run);
    }
    Ok(runs)
}
