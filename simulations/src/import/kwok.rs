//! KWOK: what `kwokctl snapshot record` and `export` write.
//!
//! YAML documents: first the objects of the cluster, then a `ResourcePatch` for every change: after `durationNanosecond` from
//! the beginning an object of the `resource` is made, changed by a strategic merge patch, or deleted. What comes of both: see
//! [`changes`](super::changes).

mod patch;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use wit_sources::cluster::manifests::documents::{self, File};

use super::additions::Additions;
use super::changes::{Changes, reference};
use super::problems::Problems;
use super::{ImportError, Imported, InputFile};

/// The format's name.
const FORMAT: &str = "kwok";
/// The resources that are read, and what their objects are.
const RESOURCES: [(&str, &str, &str, &str); 9] = [
    ("", "nodes", "v1", "Node"),
    ("", "pods", "v1", "Pod"),
    ("apps", "daemonsets", "apps/v1", "DaemonSet"),
    ("apps", "deployments", "apps/v1", "Deployment"),
    ("apps", "replicasets", "apps/v1", "ReplicaSet"),
    ("apps", "statefulsets", "apps/v1", "StatefulSet"),
    ("batch", "jobs", "batch/v1", "Job"),
    ("node.k8s.io", "runtimeclasses", "node.k8s.io/v1", "RuntimeClass"),
    ("scheduling.k8s.io", "priorityclasses", "scheduling.k8s.io/v1", "PriorityClass"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourcePatch {
    resource: Resource,
    target: Target,
    /// Since the beginning of the record.
    #[serde(default)]
    duration_nanosecond: u64,
    method: Method,
    #[serde(default)]
    template: Value,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(default)]
    group: String,
    resource: String,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    #[serde(default)]
    namespace: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Create,
    Patch,
    Delete,
}

/// Makes a trace of snapshots and records.
///
/// # Errors
/// Everything in the files that does not make sense.
pub fn import(files: &[InputFile], additions: &Additions) -> Result<Imported, ImportError> {
    let mut reading = Reading::default();
    let mut all = Vec::new();
    for file in files {
        let name = file.name();
        let mut problems = Problems::of(&name);
        reading.file(file, &mut problems);
        all.extend(problems.into_inner());
    }
    if !all.is_empty() {
        return Err(ImportError { problems: all });
    }
    additions.trace(FORMAT, files, reading.changes.end())
}

#[derive(Default)]
struct Reading {
    changes: Changes,
    /// The objects as they are, which patches change, by kind, namespace and name.
    objects: BTreeMap<(String, String, String), Value>,
}

impl Reading {
    fn file(&mut self, file: &InputFile, problems: &mut Problems<'_>) {
        let text = String::from_utf8(file.content().to_vec()).map_err(|_| "is no UTF-8".to_owned());
        let mut found = Vec::new();
        let objects = documents::objects(&File { path: file.name(), text }, &mut found);
        for problem in found {
            let place = problem.document.map(|document| format!("document {document}"));
            problems.add(place.unwrap_or_default(), problem.message);
        }
        let mut patches = Vec::new();
        for (place, object) in objects {
            let place = format!("document {}", place.document);
            if object.get("kind").and_then(Value::as_str) != Some("ResourcePatch") {
                self.applied(0, &place, object, problems);
                continue;
            }
            match serde_path_to_error::deserialize::<_, ResourcePatch>(object) {
                Ok(patch) => patches.push((place, patch)),
                Err(error) => {
                    problems.add(format_args!("{place}: ResourcePatch: {}", error.path()), error.inner());
                }
            }
        }
        // The record is written by several watches at once, a little out of order.
        patches.sort_by_key(|(_, patch)| patch.duration_nanosecond);
        for (place, patch) in patches {
            self.patch(&place, patch, problems);
        }
    }

    fn applied(&mut self, at: u64, place: &str, object: Value, problems: &mut Problems<'_>) {
        let (kind, namespace, name) = reference(&object);
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.objects.insert(key, object.clone());
        self.changes.applied(at, place, object, problems);
    }

    fn patch(&mut self, place: &str, patch: ResourcePatch, problems: &mut Problems<'_>) {
        let ResourcePatch { resource, target, duration_nanosecond, method, template } = patch;
        let known = RESOURCES
            .into_iter()
            .find(|(group, name, ..)| *group == resource.group && *name == resource.resource);
        let Some((_, _, api_version, kind)) = known else {
            return self.changes.passed_over(&resource.resource);
        };
        let at = duration_nanosecond / 1_000_000;
        let key = (kind.to_owned(), target.namespace.clone(), target.name.clone());
        let mut object = match (method, self.objects.remove(&key)) {
            (Method::Delete, _) => return self.changes.deleted(at, kind, &target.namespace, &target.name),
            (Method::Create, _) => template,
            (Method::Patch, Some(mut object)) => {
                patch::merge(&mut object, template);
                object
            }
            (Method::Patch, None) => {
                let Target { namespace, name } = target;
                let place = format!("{place}: ResourcePatch");
                return problems.add(place, format_args!("there is no {kind} {namespace}/{name} to change"));
            }
        };
        if let Some(fields) = object.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| api_version.into());
            fields.entry("kind").or_insert_with(|| kind.into());
        }
        self.applied(at, place, object, problems);
    }
}
