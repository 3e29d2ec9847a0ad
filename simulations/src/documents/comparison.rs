//! Several strategies over the same trace and the same seeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Assumptions, IsComparison, Run, Version};
use crate::metrics::{Better, METRICS, metric};
use crate::statistics::{Estimate, Paired};

/// Strategies held against each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsComparison,
    /// What the numbers rest on.
    pub assumptions: Assumptions,
    /// The numbers of each strategy, by their keys; the runs in the order of the seeds.
    pub strategies: BTreeMap<String, BTreeMap<String, Estimate>>,
    /// Each two strategies seed by seed, in the order of their names.
    pub differences: Vec<Difference>,
    /// Who is best at what, for the numbers of which one way is better.
    pub best: BTreeMap<String, Best>,
}

/// Two strategies, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The one.
    pub one: String,
    /// The other.
    pub other: String,
    /// What the one has more than the other, by the keys of the numbers.
    pub metrics: BTreeMap<String, Paired>,
}

/// The best strategy at something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Best {
    /// The strategy; of several that are equal the first by name.
    pub strategy: String,
    /// Whether the differences to all others are larger than chance makes them: their 95 % intervals leave zero out.
    pub sure: bool,
}

impl Comparison {
    /// The comparison of runs: those of each strategy in the order of the same seeds.
    pub fn of(assumptions: Assumptions, runs: &BTreeMap<String, Vec<Run>>) -> Self {
        let strategies: BTreeMap<_, _> =
            runs.iter().map(|(strategy, runs)| (strategy.clone(), estimates(runs))).collect();
        let differences = differences(&strategies);
        let best = best(&strategies, &differences);
        Self { api_version: Version, kind: IsComparison, assumptions, strategies, differences, best }
    }

    /// The mean of a number, by its key or its short name.
    ///
    /// # Errors
    /// Says which strategies there are where there is none of that name, or that there is no such number.
    pub fn mean(&self, strategy: &str, name: &str) -> Result<f64, String> {
        let Some(values) = self.strategies.get(strategy) else {
            let known: Vec<_> = self.strategies.keys().map(|name| format!("`{name}`")).collect();
            return Err(format!("there is no strategy `{strategy}`, there are {}", known.join(", ")));
        };
        let key = metric(name).map_or(name, |metric| metric.key);
        let estimate = values.get(key).filter(|estimate| !estimate.runs.is_empty());
        estimate.map(|estimate| estimate.mean).ok_or_else(|| {
            let known: Vec<_> = values.keys().map(String::as_str).collect();
            format!("there is no metric `{name}`, there are G, R, S, {}", known.join(", "))
        })
    }
}

fn estimates(runs: &[Run]) -> BTreeMap<String, Estimate> {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (key, value) in runs.iter().flat_map(Run::values) {
        values.entry(key).or_default().push(value);
    }
    values.into_iter().map(|(key, values)| (key.to_owned(), Estimate::of(&values))).collect()
}

fn differences(strategies: &BTreeMap<String, BTreeMap<String, Estimate>>) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (position, (one, values)) in strategies.iter().enumerate() {
        for (other, theirs) in strategies.iter().skip(position + 1) {
            let shared = values.iter().filter_map(|(key, value)| Some((key, value, theirs.get(key)?)));
            let metrics =
                shared.map(|(key, value, other)| (key.clone(), Paired::of(&value.runs, &other.runs)));
            let metrics = metrics.collect();
            differences.push(Difference { one: one.clone(), other: other.clone(), metrics });
        }
    }
    differences
}

fn best(
    strategies: &BTreeMap<String, BTreeMap<String, Estimate>>,
    differences: &[Difference],
) -> BTreeMap<String, Best> {
    let mut best = BTreeMap::new();
    for metric in METRICS.iter().filter(|metric| metric.better != Better::Neither) {
        let sign = if metric.better == Better::Lower { -1.0 } else { 1.0 };
        let means =
            strategies.iter().filter_map(|(name, values)| Some((name, sign * values.get(metric.key)?.mean)));
        let Some((strategy, _)) = means.reduce(|best, next| if next.1 > best.1 { next } else { best }) else {
            continue;
        };
        let own = differences.iter().filter(|it| it.one == *strategy || it.other == *strategy);
        let sure =
            own.filter_map(|it| it.metrics.get(metric.key)).all(Paired::is_sure) && strategies.len() > 1;
        best.insert(metric.key.to_owned(), Best { strategy: strategy.clone(), sure });
    }
    best
}
