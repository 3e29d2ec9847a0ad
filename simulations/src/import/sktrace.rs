//! `SimKube`: what its tracer recorded of a cluster, as exported (`.sktrace`, version 2).
//!
//! `MessagePack`: `events`, each with a time in seconds and the objects that were applied and deleted then, and
//! `pod_lifecycles`, by kind and name of the pods' owner, by the hash of their specification, when each pod ran.
//!
//! What comes of it: see [`changes`](super::changes); times are counted from the first event. A pod of its own ends when its
//! lifecycle says; the lifecycles of other workloads' pods name no pods, and are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::additions::Additions;
use super::changes::{Changes, reference};
use super::problems::Problems;
use super::{ImportError, ImportProblem, Imported, InputFile};
use crate::trace::field_of;

/// The format's name.
const FORMAT: &str = "sktrace";
/// The version that is read.
const VERSION: u16 = 2;
/// How pods are named as owners of their lifecycle.
const POD: &str = "v1.Pod";

#[derive(Deserialize)]
struct Exported {
    version: u16,
    #[serde(rename = "config")]
    _config: IgnoredAny,
    events: Vec<Event>,
    #[serde(rename = "index")]
    _index: IgnoredAny,
    #[serde(default)]
    pod_lifecycles: BTreeMap<(String, String), BTreeMap<u64, Vec<Lifecycle>>>,
}

#[derive(Deserialize)]
struct Event {
    /// In seconds.
    ts: i64,
    applied_objs: Vec<Value>,
    deleted_objs: Vec<Value>,
}

/// When a pod ran, in seconds.
#[derive(Clone, Copy, Deserialize)]
enum Lifecycle {
    Empty,
    Running(#[expect(dead_code, reason = "it begins when the scheduler says")] i64),
    Finished(#[expect(dead_code, reason = "it begins when the scheduler says")] i64, i64),
}

/// Makes a trace of a file.
///
/// # Errors
/// Everything in the file that does not make sense.
pub fn import(file: &InputFile, additions: &Additions) -> Result<Imported, ImportError> {
    let name = file.name();
    let mut problems = Problems::of(&name);
    let Some(exported) = decoded(file, &mut problems) else {
        return Err(ImportError { problems: problems.into_inner() });
    };
    let mut changes = Changes::default();
    let first = exported.events.first().map_or(0, |event| event.ts);
    let at = |seconds: i64| u64::try_from(seconds.saturating_sub(first)).unwrap_or(0).saturating_mul(1000);
    let mut ends = ends(&exported).into_iter().peekable();
    let mut last = first;
    for (index, event) in exported.events.iter().enumerate() {
        if event.ts < last {
            problems.add(format_args!("events[{index}].ts"), "is before the event before it");
        }
        last = event.ts;
        while let Some((end, pod)) = ends.next_if(|(end, _)| *end <= event.ts) {
            changes.finished(at(end), pod);
        }
        for (number, object) in event.applied_objs.iter().enumerate() {
            let place = format!("events[{index}].applied_objs[{number}]");
            changes.applied(at(event.ts), &place, object.clone(), &mut problems);
        }
        for object in &event.deleted_objs {
            let (kind, namespace, name) = reference(object);
            changes.deleted(at(event.ts), kind, namespace, name);
        }
    }
    ends.for_each(|(end, pod)| changes.finished(at(end), pod));
    let passed_over = passed_over(&name, &exported);
    let ended = problems.finish(changes.end())?;
    let mut imported = additions.trace(FORMAT, std::slice::from_ref(file), ended)?;
    imported.passed_over.extend(passed_over);
    Ok(imported)
}

fn decoded(file: &InputFile, problems: &mut Problems<'_>) -> Option<Exported> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(&file.bytes);
    let exported: Exported = match serde_path_to_error::deserialize(&mut deserializer) {
        Ok(exported) => exported,
        Err(error) => {
            problems.add(field_of(error.path()), format_args!("no trace: {}", error.inner()));
            return None;
        }
    };
    if exported.version != VERSION {
        problems.add("version", format_args!("is {}, expected {VERSION}", exported.version));
        return None;
    }
    Some(exported)
}

/// When which pods end, in the order of time.
fn ends(exported: &Exported) -> Vec<(i64, &str)> {
    let mut ends = Vec::new();
    for ((kind, name), lifecycles) in &exported.pod_lifecycles {
        for lifecycle in lifecycles.values().flatten().filter(|_| kind == POD) {
            if let Lifecycle::Finished(_, end) = lifecycle {
                ends.push((*end, name.as_str()));
            }
        }
    }
    ends.sort_unstable();
    ends
}

/// Lifecycles of pods that other objects own.
fn passed_over(file: &str, exported: &Exported) -> Option<ImportProblem> {
    let owned = exported.pod_lifecycles.iter().filter(|((kind, _), _)| kind != POD);
    let lifecycles = owned.flat_map(|(_, lifecycles)| lifecycles.values().flatten());
    let count = lifecycles.filter(|lifecycle| !matches!(lifecycle, Lifecycle::Empty)).count();
    let message = format!("{count} lifecycles of pods that other objects own and that have no names");
    (count > 0).then(|| ImportProblem { file: file.to_owned(), place: "pod_lifecycles".into(), message })
}
