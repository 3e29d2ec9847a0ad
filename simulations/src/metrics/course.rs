//! What happened on the way: what a run fills in while the clock runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{COURSE, Metrics};
use crate::statistics::quantile;

/// What the keys of refusals begin with.
pub(crate) const REFUSALS: &str = "refusals";

/// What happened during a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    /// The numbers at points in time, in the order of time.
    pub series: Vec<Point>,
    /// How long pods waited from their arrival until they were bound.
    pub waiting: Waiting,
    /// Pods that came, and left or were there at the end without ever having had a node.
    pub never_bound: u64,
    /// Pods that lost their node: it was drained or went away, or they were evicted for others.
    pub moves: u32,
    /// How often a node was refused to a pod, by the code of the reason.
    pub refusals: BTreeMap<String, u64>,
    /// When the last thing happened that changed anything, in milliseconds since the beginning: what is said of the end holds
    /// then.
    pub ended: u64,
    /// The numbers on average over time.
    pub means: Means,
}

/// The numbers of a placement on average over the time from the beginning to the trace's last record. A number counts as long as it
/// can be measured: what there was nothing to measure of all the time is not among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Means {
    /// How long that is, in milliseconds; 0 where everything happens at once, or nothing was averaged.
    pub over: u64,
    /// The averages, by the keys of the numbers.
    pub values: BTreeMap<String, f64>,
}

/// The numbers at a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Milliseconds since the beginning.
    pub at: u64,
    /// The numbers.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// How long pods waited, in milliseconds. Pods that were never bound are left out
/// ([`Course::never_bound`] counts them); where none was bound there are no waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Pods that were bound.
    pub bound: u64,
    /// Half of them waited no longer.
    pub p50: Option<f64>,
    /// Nine of ten waited no longer.
    pub p90: Option<f64>,
    /// 99 of a hundred waited no longer.
    pub p99: Option<f64>,
    /// The longest wait.
    pub max: Option<f64>,
}

impl Course {
    /// Its numbers by their keys; waits in milliseconds, refusals in all and by code.
    pub fn values(&self) -> impl Iterator<Item = (String, Option<f64>)> {
        let all = COURSE.iter().map(|metric| (metric.key.to_owned(), metric.of(self)));
        let refusals = self.refusals.iter().map(|(code, nodes)| (refusals_key(code), Some(*nodes as f64)));
        all.chain(refusals)
    }
}

/// The key of refusals by one code: `refusalsR205`, `refusalsKubeScheduler`.
pub(super) fn refusals_key(code: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    };
    code.split('-').map(word).fold(REFUSALS.to_owned(), |key, word| key + &word)
}

impl Waiting {
    /// The quantiles of these waits in milliseconds, in any order.
    pub fn of(mut waits: Vec<u64>) -> Self {
        waits.sort_unstable();
        let sorted: Vec<f64> = waits.iter().map(|wait| *wait as f64).collect();
        let at = |share| quantile(&sorted, share);
        Self { bound: waits.len() as u64, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}
