//! Several strategies over the same trace and the same seeds.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Assumptions, IsComparison, Run, Version};
use crate::metrics::{Better, Number, REFUSALS, When, mean_key, nearest};
use crate::statistics::{Estimate, Paired};

/// Strategies held against each other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
        let strategies = estimates(runs);
        let differences = differences(&strategies);
        let best = best(&strategies, &differences);
        Self { api_version: Version, kind: IsComparison, assumptions, strategies, differences, best }
    }

    /// The keys of refusals by code, in their order.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = &str> {
        let keys = self.strategies.values().next().into_iter().flat_map(BTreeMap::keys);
        keys.map(String::as_str).filter(|key| key.len() > REFUSALS.len() && key.starts_with(REFUSALS))
    }

    /// The mean of a number, by its key or its short name.
    ///
    /// # Errors
    /// Says which strategies there are where there is none of that name, that there is no such number, or that there was nothing to
    /// measure.
    pub fn mean(&self, strategy: &str, name: &str) -> Result<f64, String> {
        let Some(values) = self.strategies.get(strategy) else {
            return Err(no_strategy(strategy, self.strategies.keys().map(String::as_str)));
        };
        let number = Number::named(name)?;
        match values.get(&number.key) {
            Some(estimate) => estimate.mean.ok_or_else(|| unmeasured(strategy, name, number.when)),
            None if number.key.starts_with(REFUSALS) => Ok(0.0),
            None => Err(unmeasured(strategy, name, number.when)),
        }
    }
}

/// That a strategy is not one of those that are compared.
pub(crate) fn no_strategy<'a>(strategy: &str, compared: impl Iterator<Item = &'a str> + Clone) -> String {
    let known: Vec<_> = compared.clone().map(|name| format!("`{name}`")).collect();
    let meant = nearest(strategy, compared);
    format!("there is no strategy `{strategy}`, there are {}{meant}", known.join(", "))
}

/// Why a number has no value, and which one may have.
fn unmeasured(strategy: &str, name: &str, when: When) -> String {
    match when {
        When::End => format!(
            "there is nothing to measure of `{strategy}.{name}` at the end of any run; `{strategy}.{}` is its average over time",
            mean_key(name)
        ),
        When::MeanOverTime => format!(
            "there is nothing to measure of `{strategy}.{name}`: no time passes between the first record of the trace and the last, or \
             there was nothing of it all the time"
        ),
        When::WholeRun => format!("there is nothing to measure of `{strategy}.{name}` in any run"),
    }
}

/// The numbers of every strategy's runs. Whoever refuses nothing with a code that others refuse with has refused nothing with it.
fn estimates(runs: &BTreeMap<String, Vec<Run>>) -> BTreeMap<String, BTreeMap<String, Estimate>> {
    let values = |run: &Run| run.values().collect::<BTreeMap<_, _>>();
    let values: BTreeMap<_, Vec<_>> =
        runs.iter().map(|(name, runs)| (name, runs.iter().map(values).collect())).collect();
    let keys: BTreeSet<&String> = values.values().flatten().flat_map(BTreeMap::keys).collect();
    let of = |runs: &Vec<BTreeMap<String, Option<f64>>>, key: &String| {
        let missing = key.starts_with(REFUSALS).then_some(0.0);
        let runs: Vec<_> = runs.iter().map(|run| run.get(key).copied().unwrap_or(missing)).collect();
        (key.clone(), Estimate::of(&runs))
    };
    let all = |runs| keys.iter().map(|key| of(runs, key)).collect();
    values.iter().map(|(name, runs)| ((*name).clone(), all(runs))).collect()
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
    for number in Number::all().filter(|number| number.better != Better::Neither) {
        let sign = if number.better == Better::Lower { -1.0 } else { 1.0 };
        let mean = |values: &BTreeMap<String, Estimate>| Some(sign * values.get(&number.key)?.mean?);
        let means = strategies.iter().filter_map(|(name, values)| Some((name, mean(values)?)));
        let Some((strategy, _)) = means.reduce(|best, next| if next.1 > best.1 { next } else { best }) else {
            continue;
        };
        let own = differences.iter().filter(|it| it.one == *strategy || it.other == *strategy);
        let sure =
            own.filter_map(|it| it.metrics.get(&number.key)).all(Paired::is_sure) && strategies.len() > 1;
        best.insert(number.key, Best { strategy: strategy.clone(), sure });
    }
    best
}
