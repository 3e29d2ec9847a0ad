//! What happened on the way: what a run fills in while the clock runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Metrics;
use crate::statistics::quantile;

/// What happened during a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Course {
    /// The numbers at points in time, in the order of time.
    pub series: Vec<Point>,
    /// How long pods waited from their arrival until they were bound.
    pub waiting: Waiting,
    /// Pods that were bound again on another node than before, under whatever name.
    pub moves: u32,
    /// How often a node was refused to a pod, by the code of the reason.
    pub refusals: BTreeMap<String, u64>,
}

/// The numbers at a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// Milliseconds since the beginning.
    pub at: u64,
    /// The numbers.
    #[serde(flatten)]
    pub metrics: Metrics,
}

/// How long pods waited, in milliseconds. Pods that were never bound are left out: [`Metrics::pending`] counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// Pods that were bound.
    pub bound: u64,
    /// Half of them waited no longer.
    pub p50: f64,
    /// Nine of ten waited no longer.
    pub p90: f64,
    /// 99 of a hundred waited no longer.
    pub p99: f64,
    /// The longest wait.
    pub max: f64,
}

impl Course {
    /// Its numbers by their keys; waits in milliseconds.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let Waiting { p50, p90, p99, max, .. } = self.waiting;
        let refusals: u64 = self.refusals.values().sum();
        [
            ("waitingP50", p50),
            ("waitingP90", p90),
            ("waitingP99", p99),
            ("waitingMax", max),
            ("moves", f64::from(self.moves)),
            ("refusals", refusals as f64),
        ]
        .into_iter()
    }
}

impl Waiting {
    /// The quantiles of these waits in milliseconds, in any order.
    pub fn of(mut waits: Vec<u64>) -> Self {
        waits.sort_unstable();
        let sorted: Vec<f64> = waits.iter().map(|wait| *wait as f64).collect();
        let at = |share| quantile(&sorted, share).unwrap_or(0.0);
        Self { bound: waits.len() as u64, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1.0) }
    }
}
