//! Several strategies over one trace and the same seeds, as many runs at a time as there are processors.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use wit_config::Settings;
use wit_placement::kube_scheduler::{Profile, Ties};

use crate::arrivals::Order;
use crate::documents::{Assumptions, Comparison, Run};
use crate::engine::Options;
use crate::scenario::Scenario;
use crate::strategy::Name;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The strategies, in the order in which they run.
    pub strategies: Vec<Name>,
    /// The seeds, each once for every strategy.
    pub seeds: Vec<u64>,
    /// The order of pods that arrive at the same time.
    pub order: Order,
    /// How many runs are made at the same time; what comes out does not depend on it.
    pub threads: NonZeroUsize,
}

/// How a run over a trace is made: kube-scheduler takes any of equally good nodes, drawn by the seed.
pub fn options(order: Order, seed: u64, points: u32) -> Options {
    let profile = Profile { ties: Ties::Seeded(seed), tells_unfit_of_bound: false, ..Profile::default() };
    Options { order, seed, profile, points, ..Options::default() }
}

/// Runs every strategy with every seed. `done` hears how many runs are made, each time one is.
///
/// # Errors
/// The first run's that cannot be made, in the order of strategies and seeds.
pub fn compare(
    scenario: &Scenario,
    settings: &Settings,
    plan: &Plan,
    assumptions: Assumptions,
    done: &(dyn Fn(usize) + Sync),
) -> anyhow::Result<Comparison> {
    let jobs: Vec<(Name, u64)> =
        plan.strategies.iter().flat_map(|name| plan.seeds.iter().map(|seed| (*name, *seed))).collect();
    let (next, made) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((name, seed)) = jobs.get(number) else { break };
            let run = name.run(scenario, settings, &options(plan.order, *seed, 0));
            // What the numbers need, and not the whole cluster of every run.
            let run = run.map(|run| Run::of(name.as_str(), Assumptions::default(), &run).numbers());
            if let Ok(mut made) = made.lock() {
                made.insert(number, run);
                done(made.len());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..plan.threads.get().min(jobs.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for run in made.into_inner().unwrap_or_default().into_values() {
        let run = run?;
        runs.entry(run.strategy.clone()).or_default().push(run);
    }
    Ok(Comparison::of(assumptions, &runs))
}
