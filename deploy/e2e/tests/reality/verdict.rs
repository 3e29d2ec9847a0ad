//! The simulator's answer and reality's, beside each other.

use anyhow::Result;
use wit_config::Settings;
use wit_e2e::affinity::{Link, Placement};
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

use crate::stage::{Arrival, LABEL, Played};

/// How far the mean difference of gained affinity may be from zero.
pub(crate) const TOLERANCE: f64 = 0.03;
/// How far the gained affinity of a single run of the real scheduler alone may be from the simulated one.
pub(crate) const OF_ONE_RUN: f64 = 0.06;

/// What `wit-sim` makes of a trace.
#[derive(Debug)]
pub(crate) struct Simulated {
    /// The pods in the order in which they came.
    pub(crate) arrivals: Vec<Arrival>,
    /// Gained affinity.
    pub(crate) gained: f64,
    /// The pods that have no node, as `namespace/name`.
    pub(crate) pending: std::collections::BTreeSet<String>,
}

/// Runs the trace's pods in an order drawn by the seed.
pub(crate) fn simulate(trace: &Trace, strategy: Name, seed: u64) -> Result<Simulated> {
    let run = strategy.run(&trace.load()?, &Settings::default(), &options(Order::Random, seed, 0))?;
    let arrival = |attempt: &wit_placement::kube_scheduler::Attempt| Arrival {
        namespace: attempt.pod.namespace.to_string(),
        name: attempt.pod.name.to_string(),
        workload: attempt.workload.clone(),
    };
    let pending = run.attempts.iter().filter(|attempt| !attempt.outcome.is_bound());
    Ok(Simulated {
        arrivals: run.attempts.iter().map(arrival).collect(),
        gained: run.affinity.gained,
        pending: pending.map(|attempt| attempt.pod.to_string()).collect(),
    })
}

/// The gained affinity of what was played, counted from the pods alone.
pub(crate) fn gained(played: &Played, links: &[(String, String, f64)]) -> f64 {
    let links: Vec<Link<'_>> = links.iter().map(|(from, to, weight)| (&**from, &**to, *weight)).collect();
    Placement::by_label(&played.pods, LABEL).gained_affinity(&links)
}

/// The mean.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
