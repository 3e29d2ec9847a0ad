//! From events of watches to records.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::DynamicObject;
use kube::runtime::watcher::Event;
use serde_json::Value;

use super::Names;
use crate::import::Problems;
use crate::import::changes::Changes;
use crate::trace::{Record, Trace};

/// The kinds that are watched, what others need before them.
pub(super) const KINDS: [&str; 8] =
    ["RuntimeClass", "Node", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"];

/// An object by namespace and name.
type Key = (String, String);

/// Makes records of what the watches of a cluster tell.
#[derive(Debug, Default)]
pub struct Recorder {
    changes: Changes,
    kinds: BTreeMap<String, Kind>,
    /// The time of the first state in the trace.
    begins: u64,
    /// When everything had been listed, in milliseconds of the caller's clock.
    complete: Option<u64>,
    /// The last complaint about each object: a node that is updated every minute is complained about once.
    complaints: BTreeMap<(String, Key), Vec<String>>,
}

/// What is known of one kind.
#[derive(Debug, Default)]
struct Kind {
    /// The objects that are there, and which of that name they are.
    uids: BTreeMap<Key, String>,
    /// While a list is read: what is in it.
    listed: Option<BTreeSet<Key>>,
    /// Whether a list has been read.
    is_listed: bool,
    /// What was told before all kinds were listed.
    early: Vec<Event<DynamicObject>>,
}

impl Recorder {
    /// Records from the beginning.
    pub fn new(names: Option<Names>) -> Self {
        Self { changes: Changes::after(&[], names), ..Self::default() }
    }

    /// Goes on after a trace: only what is not as it says becomes records.
    pub fn after(trace: &Trace, names: Option<Names>) -> Self {
        let begins = trace.records.last().map_or(0, |last| last.at.saturating_add(1));
        Self { changes: Changes::after(&trace.records, names), begins, ..Self::default() }
    }

    /// The watch of a kind tells something at this time of the caller's clock, in milliseconds. What cannot be read is passed
    /// over; returns what is to be said of it.
    pub fn told(&mut self, now: u64, kind: &str, event: Event<DynamicObject>) -> Vec<String> {
        if let Some(complete) = self.complete {
            let at = self.begins.saturating_add(now.saturating_sub(complete));
            return self.event(at, kind, event);
        }
        let of_kind = self.kinds.entry(kind.to_owned()).or_default();
        of_kind.is_listed |= matches!(event, Event::InitDone);
        of_kind.early.push(event);
        if !KINDS.iter().all(|kind| self.kinds.get(*kind).is_some_and(|kind| kind.is_listed)) {
            return Vec::new();
        }
        self.complete = Some(now);
        let mut said = Vec::new();
        for kind in KINDS {
            let early = self.kinds.get_mut(kind).map(|kind| std::mem::take(&mut kind.early));
            for event in early.unwrap_or_default() {
                said.extend(self.event(self.begins, kind, event));
            }
        }
        said
    }

    /// Whether every kind has been listed: before that there are no records.
    pub fn is_complete(&self) -> bool {
        self.complete.is_some()
    }

    /// The records since the last call, in the order of time.
    pub fn take(&mut self) -> Vec<Record> {
        self.changes.take()
    }

    fn event(&mut self, at: u64, kind: &str, event: Event<DynamicObject>) -> Vec<String> {
        match event {
            Event::Init => {
                self.kind(kind).listed = Some(BTreeSet::new());
                Vec::new()
            }
            Event::InitApply(object) | Event::Apply(object) => self.seen(at, kind, object),
            Event::Delete(object) => {
                let key = key_of(&object);
                self.complaints.remove(&(kind.to_owned(), key.clone()));
                self.kind(kind).uids.remove(&key);
                self.changes.deleted(at, kind, &key.0, &key.1);
                Vec::new()
            }
            Event::InitDone => {
                if let Some(listed) = self.kind(kind).listed.take() {
                    self.kind(kind).uids.retain(|key, _| listed.contains(key));
                    self.changes.only(at, kind, &listed);
                }
                Vec::new()
            }
        }
    }

    fn kind(&mut self, kind: &str) -> &mut Kind {
        self.kinds.entry(kind.to_owned()).or_default()
    }

    fn seen(&mut self, at: u64, kind: &str, object: DynamicObject) -> Vec<String> {
        let key = key_of(&object);
        let uid = object.metadata.uid.clone().unwrap_or_default();
        if let Some(listed) = &mut self.kind(kind).listed {
            listed.insert(key.clone());
        }
        let before = self.kind(kind).uids.insert(key.clone(), uid.clone());
        if kind == "Pod" && before.is_some_and(|before| before != uid) {
            // It was deleted and made again while the watch was interrupted.
            self.changes.deleted(at, kind, &key.0, &key.1);
        }
        let mut object = match serde_json::to_value(object) {
            Ok(object) => object,
            Err(error) => return vec![format!("{kind} {}: {error}", key.1)],
        };
        if kind == "Pod" {
            if is_gated(&object) {
                return Vec::new();
            }
            self.on_a_known_node(&mut object);
        }
        let mut problems = Problems::of("the cluster");
        self.changes.applied(at, "", object, &mut problems);
        self.complain(kind, key, problems)
    }

    /// What is wrong with an object, unless the same was said before.
    fn complain(&mut self, kind: &str, key: Key, problems: Problems<'_>) -> Vec<String> {
        let said: Vec<String> = problems.into_inner().iter().map(ToString::to_string).collect();
        let object = (kind.to_owned(), key);
        if said.is_empty() {
            self.complaints.remove(&object);
            return said;
        }
        let before = self.complaints.insert(object, said.clone());
        if before.as_ref() == Some(&said) { Vec::new() } else { said }
    }

    /// A pod on a node that was not told of, or not yet, waits: no trace can say where it is.
    fn on_a_known_node(&mut self, pod: &mut Value) {
        let Some(spec) = pod.get_mut("spec").and_then(Value::as_object_mut) else { return };
        let node = spec.get("nodeName").and_then(Value::as_str).unwrap_or_default().to_owned();
        if !self.kind("Node").uids.contains_key(&(String::new(), node)) {
            spec.remove("nodeName");
        }
    }
}

fn is_gated(pod: &Value) -> bool {
    let gates = pod.pointer("/spec/schedulingGates").and_then(Value::as_array);
    gates.is_some_and(|gates| !gates.is_empty())
}

fn key_of(object: &DynamicObject) -> Key {
    let name = object.metadata.name.clone().unwrap_or_default();
    (object.metadata.namespace.clone().unwrap_or_default(), name)
}

#[cfg(test)]
mod tests;
