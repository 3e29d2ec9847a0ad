//! The versioned JSON documents that runs leave behind: what a program reads, what a report is made of, what two runs are
//! compared by.
//!
//! | document | is | look at |
//! |---|---|---|
//! | `Run` | one strategy, one seed: numbers, course, tables, and where each pod went | [`Run`] |
//! | `Evaluation` | a placement that somebody else made: numbers and tables | [`Evaluation`](crate::evaluate::Evaluation) |
//! | `RunExplanation` | why a pod of a run is where it is: the decision with every score term | [`RunExplanation`](crate::explain::RunExplanation) |
//! | `RunDifference` | two runs of one trace: what moved and why | [`RunDifference`](crate::diff::RunDifference) |
//! | `Scenarios` | claims and what came of them | [`Scenarios`](crate::claims::Scenarios) |
//! | `Comparison` | several strategies over several seeds: means with intervals, differences, who is best | [`Comparison`] |

mod comparison;
mod decision;
mod made;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use wit_config::API_VERSION;
use wit_graph::WorkloadKey;
use wit_placement::NodeName;

pub(crate) use comparison::no_strategy;
pub use comparison::{Best, Comparison, Difference};
pub use decision::{
    Decision, Evicts, ExtenderScore, RankedNode, RefusedNodes, Score, ScoreScale, ScoreTerms,
};

use crate::metrics::{Course, Details, METRICS, Metrics, mean_key};

/// The `kind` of a [`Run`].
pub const RUN: &str = "Run";
/// The `kind` of a [`Comparison`].
pub const COMPARISON: &str = "Comparison";

/// The `kind` of a [`RunExplanation`](crate::explain::RunExplanation).
pub const RUN_EXPLANATION: &str = "RunExplanation";
/// The `kind` of a [`RunDifference`](crate::diff::RunDifference).
pub const RUN_DIFFERENCE: &str = "RunDifference";

/// The `kind` of an [`Evaluation`](crate::evaluate::Evaluation).
pub const EVALUATION: &str = "Evaluation";

/// The `kind` of [`Scenarios`](crate::claims::Scenarios).
pub const SCENARIOS: &str = "Scenarios";

/// What the numbers rest on beside the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Assumptions {
    /// What the trace calls itself.
    pub trace: String,
    /// The SHA-256 of the trace's bytes in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_sha256: Option<String>,
    /// The seeds, in the order of the runs.
    pub seeds: Vec<u64>,
    /// The order in which pods of one time arrive.
    pub order: String,
    /// The smallest and the largest number of pods that a node takes.
    pub most_pods: (u32, u32),
    /// What a pod takes beside its requests, in words, a line for each `RuntimeClass` or host profile.
    pub overhead: Vec<String>,
    /// What of the trace was made up and not observed.
    pub synthetic: Vec<String>,
    /// What else was set, by its name: factors, delays, weights.
    pub settings: BTreeMap<String, String>,
}

/// One strategy with one seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsRun,
    /// Who placed the pods.
    pub strategy: String,
    /// What the numbers rest on.
    pub assumptions: Assumptions,
    /// The numbers at the end.
    pub metrics: Metrics,
    /// What happened on the way.
    pub course: Course,
    /// The tables at the end.
    pub details: Details,
    /// The links between workloads, the heaviest first.
    #[serde(default)]
    pub links: Vec<RunLink>,
    /// Where each pod is at the end, in the order of their names.
    pub placements: Vec<PlacedPod>,
    /// How they came there: the last decision about each pod that was tried, in the order of their names. Absent where the
    /// run was made without them (`wit-sim replay --decisions 0`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Vec<Decision>>,
}

/// A pod at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedPod {
    /// `namespace/name`.
    pub pod: String,
    /// Whose replica it is.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
    /// Its node; `null` where it has none.
    #[schemars(with = "Option<String>")]
    pub node: Option<NodeName>,
}

/// A link at the end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunLink {
    /// Who calls.
    #[schemars(with = "String")]
    pub consumer: WorkloadKey,
    /// Who is called.
    #[schemars(with = "String")]
    pub provider: WorkloadKey,
    /// The share of all traffic.
    pub weight: f64,
    /// What of it G keeps local; `null`, as R and S, where one end wants no replica.
    pub gained_affinity: Option<f64>,
    /// What of it R keeps local.
    pub random_balancing: Option<f64>,
    /// What of it S keeps local.
    pub prefer_same_node: Option<f64>,
}

/// The version of this format. A document of another one is refused when it is read, and so is one of another kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

/// The kind of a [`Run`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsRun;

/// The kind of a [`Comparison`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsComparison;

/// The kind of an [`Evaluation`](crate::evaluate::Evaluation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsEvaluation;

/// The kind of a [`RunExplanation`](crate::explain::RunExplanation).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsRunExplanation;

/// The kind of a [`RunDifference`](crate::diff::RunDifference).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsRunDifference;
/// The kind of [`Scenarios`](crate::claims::Scenarios).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IsScenarios;

/// A type that is written as one word, and read from no other.
macro_rules! word {
    ($name:ident, $word:expr, $field:literal) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($word)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let found = String::deserialize(deserializer)?;
                let problem =
                    || serde::de::Error::custom(format!("{} is `{found}`, expected `{}`", $field, $word));
                if found == $word { Ok(Self) } else { Err(problem()) }
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "const": $word })
            }
        }
    };
}

word!(Version, API_VERSION, "apiVersion");
word!(IsRun, RUN, "kind");
word!(IsComparison, COMPARISON, "kind");
word!(IsEvaluation, EVALUATION, "kind");
word!(IsRunExplanation, RUN_EXPLANATION, "kind");
word!(IsRunDifference, RUN_DIFFERENCE, "kind");
word!(IsScenarios, SCENARIOS, "kind");

impl Run {
    /// The numbers alone, without tables and placements.
    #[must_use]
    pub fn numbers(self) -> Self {
        let course = Course { series: Vec::new(), ..self.course };
        Self {
            course,
            details: Details::default(),
            links: Vec::new(),
            placements: Vec::new(),
            decisions: None,
            ..self
        }
    }

    /// The decision about a pod, where the run keeps it.
    pub fn decision(&self, pod: &str) -> Option<&Decision> {
        let decisions = self.decisions.as_deref().unwrap_or_default();
        let place = decisions.binary_search_by(|decision| decision.pod.as_str().cmp(pod)).ok();
        // A document that others have written need not be in order.
        place
            .and_then(|place| decisions.get(place))
            .or_else(|| decisions.iter().find(|decision| decision.pod == pod))
    }

    /// Every number by its key: those of the placement, at the end and on average over time, then those of the course.
    pub fn values(&self) -> impl Iterator<Item = (String, Option<f64>)> {
        let end = self.metrics.values().map(|(key, value)| (key.to_owned(), value));
        let means = &self.course.means.values;
        let means = METRICS.iter().map(|metric| (mean_key(metric.key), means.get(metric.key).copied()));
        end.chain(means).chain(self.course.values())
    }
}
