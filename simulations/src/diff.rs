//! What differs between two runs of one trace: numbers, pods that are elsewhere, and why.
//!
//! Pods are held against each other by their names. Replicas of a workload are alike, so that two of them that changed places
//! change nothing: beside the pods that are elsewhere stands how many of them are so as a whole.

mod pods;
mod text;
mod why;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_graph::WorkloadKey;
use wit_placement::NodeName;

pub use why::{Account, OtherNode};

use crate::documents::{IsRunDifference, Run, Version};
use crate::metrics::{PendingReason, REFUSALS};

/// What differs between two runs of one trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunDifference {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsRunDifference,
    /// What the trace calls itself.
    pub trace: String,
    /// The one run.
    pub one: Side,
    /// The other.
    pub other: Side,
    /// The numbers that differ, in the order of the metrics.
    pub metrics: Vec<ChangedNumber>,
    /// The pods that are on the same node in both, or on none.
    pub unmoved: u32,
    /// The workloads with pods that are elsewhere, those with the most first.
    pub moved: Vec<MovedWorkload>,
    /// Pods of which only the one run knows at its end, `namespace/name`.
    pub only_in_one: Vec<String>,
    /// Pods of which only the other knows.
    pub only_in_other: Vec<String>,
}

/// One of the runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Who placed the pods.
    pub strategy: String,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The order in which pods of one time arrived.
    pub order: String,
    /// Why pods had no node at the end.
    pub pending: Vec<PendingReason>,
    /// Pods that have no node here and one in the other run, `namespace/name`.
    pub pending_only_here: Vec<String>,
}

/// A number that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedNumber {
    /// Its key, as in the run.
    pub metric: String,
    /// In the one run; `null` where there is nothing to measure.
    pub one: Option<f64>,
    /// In the other.
    pub other: Option<f64>,
    /// What the other has more; `null` where there is nothing to measure in one of them.
    pub difference: Option<f64>,
}

/// A workload with pods that are elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedWorkload {
    /// Which.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
    /// How many replicas are elsewhere as a whole: less than the pods where some only changed places.
    pub replicas: u32,
    /// The pods, in the order of their names.
    pub pods: Vec<MovedPod>,
}

/// A pod that is elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedPod {
    /// `namespace/name`.
    pub pod: String,
    /// Its node in the one run; `null` where it has none.
    #[schemars(with = "Option<String>")]
    pub one: Option<NodeName>,
    /// Its node in the other.
    #[schemars(with = "Option<String>")]
    pub other: Option<NodeName>,
    /// Why it is there in the one run; `null` where that keeps no decision about it.
    pub why_one: Option<Account>,
    /// Why it is there in the other.
    pub why_other: Option<Account>,
}

impl RunDifference {
    /// What differs.
    pub fn of(one: &Run, other: &Run) -> Self {
        let pods = pods::compare(one, other);
        Self {
            api_version: Version,
            kind: IsRunDifference,
            trace: one.assumptions.trace.clone(),
            one: Side::of(one, pods.pending_only_in_one),
            other: Side::of(other, pods.pending_only_in_other),
            metrics: numbers(one, other),
            unmoved: pods.unmoved,
            moved: pods.moved,
            only_in_one: pods.only_in_one,
            only_in_other: pods.only_in_other,
        }
    }

    /// For people: of each of the first `most` workloads that moved one pod with why.
    pub fn text(&self, most: usize) -> String {
        text::text(self, most)
    }
}

impl Side {
    fn of(run: &Run, pending_only_here: Vec<String>) -> Self {
        Self {
            strategy: run.strategy.clone(),
            seeds: run.assumptions.seeds.clone(),
            order: run.assumptions.order.clone(),
            pending: run.details.pending.clone(),
            pending_only_here,
        }
    }
}

fn numbers(one: &Run, other: &Run) -> Vec<ChangedNumber> {
    let theirs: BTreeMap<String, Option<f64>> = other.values().collect();
    let ours: BTreeMap<String, Option<f64>> = one.values().collect();
    // Refusals by code are in one of the runs alone where the other has none.
    let missing = |key: &str| key.starts_with(REFUSALS).then_some(0.0);
    let of =
        |values: &BTreeMap<String, Option<f64>>, key: &str| values.get(key).copied().unwrap_or(missing(key));
    let only_theirs = other.values().map(|(key, _)| key).filter(|key| !ours.contains_key(key));
    let keys = one.values().map(|(key, _)| key).chain(only_theirs);
    let numbers = keys.map(|metric| {
        let (one, other) = (of(&ours, &metric), of(&theirs, &metric));
        ChangedNumber { metric, one, other, difference: one.zip(other).map(|(one, other)| other - one) }
    });
    numbers.filter(|it| it.one.map(f64::to_bits) != it.other.map(f64::to_bits)).collect()
}
