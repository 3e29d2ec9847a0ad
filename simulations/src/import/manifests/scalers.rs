//! What scalers make of a load: KEDA's `ScaledObject` and the `HorizontalPodAutoscaler`.
//!
//! Both want as many replicas as the load divided by what one replica is to carry, rounded up, and never less or more than
//! they are told. Here the load is one curve for all of them, in the unit of their targets; of several targets the one that
//! asks for most replicas counts.

use serde_json::Value;
use wit_graph::WorkloadKey;
use wit_sources::cluster::convert::DEFAULT_NAMESPACE;
use wit_sources::cluster::quantity::{self, Unit};

use super::super::problems::Problems;
use super::super::table::Table;
use super::super::{ImportError, ImportProblem, InputFile};
use super::Bound;
use crate::trace::{Happening, Record, Scaled};

/// The metadata of KEDA's triggers that say what one replica is to carry.
const TARGETS: [&str; 10] = [
    "threshold",
    "value",
    "targetValue",
    "lagThreshold",
    "queueLength",
    "listLength",
    "streamLength",
    "messageCount",
    "targetQueryValue",
    "desiredReplicas",
];

/// By how much a quotient may be above a whole number and still be that number: floating point is not exact.
const ROUNDING: f64 = 1e-9;

/// A scaler.
#[derive(Debug)]
pub(super) struct Scaler {
    file: String,
    place: String,
    workload: WorkloadKey,
    least: u32,
    most: u32,
    /// What one replica is to carry, above 0.
    target: f64,
}

/// A load at a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// In milliseconds.
    at: u64,
    value: f64,
}

/// Whether the object is a scaler.
pub(super) fn is_scaler(object: &Value) -> bool {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "ScaledObject" => text("apiVersion").starts_with("keda.sh/"),
        "HorizontalPodAutoscaler" => text("apiVersion").starts_with("autoscaling/"),
        _ => false,
    }
}

/// The scaler that an object is; what it lacks is told.
pub(super) fn read(file: &str, place: &str, object: &Value, problems: &mut Problems<'_>) -> Option<Scaler> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let number = |path: &str| object.pointer(path).and_then(Value::as_u64);
    let count = |path: &str, default: u32| {
        number(path).map_or(default, |count| u32::try_from(count).unwrap_or(u32::MAX))
    };
    let (least, most, targets) = if text("/kind") == "ScaledObject" {
        (count("/spec/minReplicaCount", 0), count("/spec/maxReplicaCount", 100), of_triggers(object))
    } else {
        (count("/spec/minReplicas", 1), count("/spec/maxReplicas", 1), of_metrics(object))
    };
    let place = format!("{place}: {} {}", text("/kind"), text("/metadata/name"));
    let target = targets.into_iter().filter(|target| *target > 0.0).min_by(f64::total_cmp);
    if target.is_none() {
        problems.add(&place, "says nowhere what one replica is to carry");
    }
    if least > most {
        problems.add(&place, format_args!("wants at least {least} and at most {most} replicas"));
    }
    let or = |text: &str, default: &str| (if text.is_empty() { default } else { text }).to_owned();
    let namespace = or(text("/metadata/namespace"), DEFAULT_NAMESPACE);
    let kind = or(text("/spec/scaleTargetRef/kind"), "Deployment");
    let workload = WorkloadKey::new(namespace, kind, text("/spec/scaleTargetRef/name"));
    Some(Scaler { file: file.to_owned(), place, workload, least, most, target: target? })
}

/// What one replica is to carry, by each of KEDA's triggers.
fn of_triggers(object: &Value) -> Vec<f64> {
    let triggers = object.pointer("/spec/triggers").and_then(Value::as_array).into_iter().flatten();
    let target = |trigger: &Value| {
        let metadata = trigger.get("metadata")?;
        TARGETS.iter().find_map(|key| amount(metadata.get(key)?))
    };
    triggers.filter_map(target).collect()
}

/// What one replica is to carry, by each metric of a `HorizontalPodAutoscaler`.
fn of_metrics(object: &Value) -> Vec<f64> {
    let metrics = object.pointer("/spec/metrics").and_then(Value::as_array).into_iter().flatten();
    let targets = metrics.filter_map(|metric| metric.as_object()?.values().find_map(|of| of.get("target")));
    let target = |target: &Value| {
        let keys = ["averageValue", "value", "averageUtilization"];
        keys.iter().find_map(|key| amount(target.get(key)?))
    };
    let old = object.pointer("/spec/targetCPUUtilizationPercentage").and_then(amount);
    targets.filter_map(target).chain(old).collect()
}

/// A number, or the text of a number or quantity.
fn amount(value: &Value) -> Option<f64> {
    let text = value.as_str().unwrap_or_default();
    let of_quantity = || Some(quantity::parse(text, Unit::Millis).ok()? as f64 / 1000.0);
    value.as_f64().or_else(|| text.parse().ok()).or_else(of_quantity).filter(|number| number.is_finite())
}

/// The load over time.
///
/// # Errors
/// Everything in the table that does not make sense.
pub(super) fn load(file: &InputFile) -> Result<Vec<Load>, ImportError> {
    let name = file.name();
    let mut problems = Problems::of(&name);
    let mut curve: Vec<Load> = Vec::new();
    let table = Table::read(file, &["seconds", "value"], &mut problems);
    for row in table.iter().flat_map(Table::rows) {
        let mut number = |column: &str| {
            let number = row.number::<f64>(column, &mut problems)?;
            if number.is_finite() && number >= 0.0 {
                return Some(number);
            }
            problems.add(row.at(column), format_args!("{number} is no number of 0 or more"));
            None
        };
        let (Some(seconds), Some(value)) = (number("seconds"), number("value")) else { continue };
        let at = whole(seconds * 1000.0);
        if curve.last().is_some_and(|before| before.at > at) {
            problems.add(row.at("seconds"), "is before the line before it");
        }
        curve.push(Load { at, value });
    }
    problems.finish(curve)
}

/// Adds what the scalers do under this load; those that scale nothing that is there are passed over.
pub(super) fn add(scalers: &[Scaler], load: &[Load], records: &mut Vec<Record>) -> Vec<ImportProblem> {
    let mut passed_over = Vec::new();
    for scaler in scalers {
        let replicas = records.iter().find_map(|record| match &record.happening {
            Happening::Workload(workload) if workload.workload == scaler.workload => Some(workload.replicas),
            _ => None,
        });
        match replicas {
            Some(replicas) => records.extend(scaler.follow(load, replicas)),
            None => passed_over.push(scaler.problem(&format!("there is no {}", scaler.workload))),
        }
    }
    records.sort_by_key(|record| record.at);
    passed_over
}

impl Scaler {
    /// What is said of a scaler where there is no load.
    pub(super) fn without_load(&self, bound: Bound) -> ImportProblem {
        self.problem(match bound {
            Bound::Forgotten => "without a load nothing scales: --load gives one",
            Bound::Kept => {
                "pods of a cluster stay as they are, and nothing scales: `import manifests --load` does it"
            }
        })
    }

    fn problem(&self, message: &str) -> ImportProblem {
        let (file, place) = (self.file.clone(), self.place.clone());
        ImportProblem { file, place, message: message.to_owned() }
    }

    /// The changes of replicas under this load, from so many on.
    fn follow(&self, load: &[Load], replicas: u32) -> Vec<Record> {
        let mut now = replicas;
        let mut records = Vec::new();
        for load in load {
            let wanted =
                u32::try_from(whole((load.value / self.target - ROUNDING).ceil())).unwrap_or(u32::MAX);
            let wanted = wanted.min(self.most).max(self.least);
            if std::mem::replace(&mut now, wanted) != wanted {
                let scaled = Scaled { workload: self.workload.clone(), replicas: wanted };
                records.push(Record::new(load.at, Happening::Scaled(scaled)));
            }
        }
        records
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the number is not negative, and what is too large is capped"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}
