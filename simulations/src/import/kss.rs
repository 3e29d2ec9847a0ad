//! kube-scheduler-simulator: what it exports and what its recorder writes.
//!
//! An export is one JSON object with lists of objects (`nodes`, `pods`, …): the cluster at the beginning. A record is a line
//! `{"time": …, "event": "Add" | "Update" | "Delete", "resource": …}` for everything that its watch saw; times are counted
//! from the first. What comes of both: see [`changes`](super::changes). A pod that is bound when it is first seen stays on its
//! node; where the others were bound later is for the replay to say.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::additions::Additions;
use super::changes::{Changes, reference};
use super::problems::Problems;
use super::{ImportError, Imported, InputFile};
use crate::trace::{field_of, in_the_line};

/// The format's name.
const FORMAT: &str = "kss";
/// The lists of an export that are read, and what their objects are.
const LISTS: [(&str, &str, &str); 3] = [
    ("priorityClasses", "scheduling.k8s.io/v1", "PriorityClass"),
    ("nodes", "v1", "Node"),
    ("pods", "v1", "Pod"),
];

/// A line of a record.
#[derive(Deserialize)]
struct Line {
    time: Timestamp,
    event: Event,
    resource: Value,
}

#[derive(Clone, Copy, Deserialize)]
enum Event {
    Add,
    Update,
    Delete,
}

/// Makes a trace of exports and records, in this order.
///
/// # Errors
/// Everything in the files that does not make sense.
pub fn import(files: &[InputFile], additions: &Additions) -> Result<Imported, ImportError> {
    let mut changes = Changes::default();
    let mut all = Vec::new();
    for file in files {
        let name = file.name();
        let mut problems = Problems::of(&name);
        match serde_json::from_slice::<Map<String, Value>>(file.content()) {
            Ok(export) if !export.contains_key("event") => snapshot(export, &mut changes, &mut problems),
            _ => record(file, &mut changes, &mut problems),
        }
        all.extend(problems.into_inner());
    }
    if !all.is_empty() {
        return Err(ImportError { problems: all });
    }
    additions.trace(FORMAT, files, changes.end())
}

/// The cluster of an export.
fn snapshot(mut export: Map<String, Value>, changes: &mut Changes, problems: &mut Problems<'_>) {
    for (list, api_version, kind) in LISTS {
        match export.remove(list) {
            Some(Value::Array(objects)) => {
                for (index, mut object) in objects.into_iter().enumerate() {
                    if let Some(fields) = object.as_object_mut() {
                        fields.insert("apiVersion".to_owned(), api_version.into());
                        fields.insert("kind".to_owned(), kind.into());
                    }
                    changes.applied(0, &format!("{list}[{index}]"), object, problems);
                }
            }
            Some(Value::Null) => {}
            None if list == "priorityClasses" => {}
            Some(_) => problems.add(list, "is no list"),
            None => problems.add("", format_args!("is no export: it has no `{list}`")),
        }
    }
}

/// What a record tells, in the order of time: its lines come from several watches at once.
fn record(file: &InputFile, changes: &mut Changes, problems: &mut Problems<'_>) {
    let mut lines = BTreeMap::new();
    for (number, text) in (1_usize..).zip(file.content().split(|byte| *byte == b'\n')) {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut json = serde_json::Deserializer::from_slice(text);
        let line: Result<Line, _> = serde_path_to_error::deserialize(&mut json);
        match line.map_err(|error| (field_of(error.path()), in_the_line(&error.into_inner().to_string()))) {
            Ok(line) => {
                lines.insert((line.time.as_millisecond(), number), line);
            }
            Err((path, error)) if path.is_empty() => problems.add(format_args!("line {number}"), error),
            Err((path, error)) => problems.add(format_args!("line {number}: {path}"), error),
        }
    }
    let first = lines.keys().next().map_or(0, |(time, _)| *time);
    for ((time, number), Line { event, resource, .. }) in lines {
        let at = u64::try_from(time.saturating_sub(first)).unwrap_or(0);
        match event {
            Event::Add | Event::Update => {
                changes.applied(at, &format!("line {number}"), resource, problems);
            }
            Event::Delete => {
                let (kind, namespace, name) = reference(&resource);
                changes.deleted(at, kind, namespace, name);
            }
        }
    }
}
