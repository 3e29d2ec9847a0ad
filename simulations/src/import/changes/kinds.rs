//! An object as JSON → what it tells.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod, PodTemplateSpec};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use wit_graph::WorkloadKey;
use wit_placement::Workload;
use wit_sources::cluster::convert::{self, ConvertError, Converted, DEFAULT_NAMESPACE};

use super::super::problems::Problems;
use super::essence;
use crate::trace::{PodRecord, WorkloadRecord};

/// What an object tells.
pub(super) enum Told {
    Node(Box<Node>),
    RuntimeClass(Box<RuntimeClass>),
    PriorityClass(Box<PriorityClass>),
    Workload(Box<WorkloadRecord>),
    /// One revision of a Deployment, which is then the workload.
    Revision {
        replica_set: WorkloadKey,
        deployment: WorkloadKey,
    },
    Pod(Box<ToldPod>),
    /// Nothing that a trace has: its kind.
    Other(String),
}

/// A pod as it is.
pub(super) struct ToldPod {
    pub(super) record: PodRecord,
    pub(super) has_ended: bool,
}

/// The name of an object for people: `Deployment shop/cart`.
fn name_of_object(object: &Value) -> String {
    let (kind, namespace, name) = reference(object);
    if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") }
}

/// Kind, namespace and name of an object; the namespace is empty for kinds that have none.
pub(in super::super) fn reference(object: &Value) -> (&str, &str, &str) {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/kind");
    let namespace = match text("/metadata/namespace") {
        _ if ["Node", "RuntimeClass", "PriorityClass"].contains(&kind) => "",
        "" => DEFAULT_NAMESPACE,
        namespace => namespace,
    };
    (kind, namespace, text("/metadata/name"))
}

/// What the object tells; `None` where it cannot be read, which is told.
pub(super) fn read(place: &str, mut object: Value, problems: &mut Problems<'_>) -> Option<Told> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    if kind.is_empty() {
        problems.add(place, "is no Kubernetes object: it has no kind");
        return None;
    }
    let place = [place, &name_of_object(&object)].map(str::to_owned).into_iter();
    let place = place.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
    clean(&mut object);
    let mut reading = Reading { place: &place, problems };
    match (api_version.as_str(), kind.as_str()) {
        ("v1", "Node") => {
            let node: Node = reading.converted(object, convert::node)?.0;
            Some(Told::Node(Box::new(essence::of_node(node))))
        }
        ("node.k8s.io/v1", "RuntimeClass") => {
            let class: RuntimeClass = reading.converted(object, convert::runtime_class)?.0;
            Some(Told::RuntimeClass(Box::new(essence::of_class(class))))
        }
        ("scheduling.k8s.io/v1", "PriorityClass") => {
            let class: PriorityClass = reading.parsed(object)?;
            Some(Told::PriorityClass(Box::new(class)))
        }
        ("v1", "Pod") => reading.pod(object),
        _ => reading.workload(&api_version, &kind, object),
    }
}

/// Takes away what is not read but might be written in ways that are: times above all.
fn clean(object: &mut Value) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, _| {
            ["name", "namespace", "labels", "annotations", "uid", "ownerReferences"].contains(&key.as_str())
        });
    }
    if let Some(status) = object.get_mut("status").and_then(Value::as_object_mut) {
        let kept = ["allocatable", "capacity", "runtimeHandlers", "phase", "desiredNumberScheduled"];
        status.retain(|key, _| kept.contains(&key.as_str()));
    }
}

struct Reading<'a, 'b> {
    place: &'a str,
    problems: &'a mut Problems<'b>,
}

impl Reading<'_, '_> {
    /// The object, and what placement makes of it; everything that is wrong with it is told.
    fn converted<K: DeserializeOwned, T>(
        &mut self,
        object: Value,
        convert: impl FnOnce(&K) -> Result<Converted<T>, ConvertError>,
    ) -> Option<(K, T)> {
        let parsed: K = self.parsed(object)?;
        match convert(&parsed) {
            Ok(converted) => Some((parsed, converted.value)),
            Err(error) => {
                for problem in error.problems {
                    self.problems.add(self.place, problem);
                }
                None
            }
        }
    }

    fn parsed<K: DeserializeOwned>(&mut self, object: Value) -> Option<K> {
        match serde_path_to_error::deserialize(object) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.problems.add(format_args!("{}: {}", self.place, error.path()), error.inner());
                None
            }
        }
    }

    fn workload(&mut self, api_version: &str, kind: &str, object: Value) -> Option<Told> {
        let told = match (api_version, kind) {
            ("apps/v1", "Deployment") => {
                let (object, workload): (Deployment, _) = self.converted(object, convert::deployment)?;
                record(workload, object.spec.map(|spec| spec.template))
            }
            ("apps/v1", "StatefulSet") => {
                let (object, workload): (StatefulSet, _) = self.converted(object, convert::stateful_set)?;
                record(workload, object.spec.map(|spec| spec.template))
            }
            ("apps/v1", "DaemonSet") => {
                let (object, workload): (DaemonSet, _) =
                    self.converted(without_empty_status(object), convert::daemon_set)?;
                record(workload, object.spec.map(|spec| spec.template))
            }
            ("batch/v1", "Job") => {
                let (object, workload): (Job, _) = self.converted(object, convert::job)?;
                record(workload, object.spec.map(|spec| spec.template))
            }
            ("apps/v1", "ReplicaSet") => {
                let nothing = Converted { value: None, warnings: Vec::new() };
                let (object, workload): (ReplicaSet, Option<Workload>) = self.converted(object, |set| {
                    convert::replica_set(set).map(|found| found.map_or(nothing, |found| found.map(Some)))
                })?;
                match workload {
                    Some(workload) => record(workload, object.spec.and_then(|spec| spec.template)),
                    None => return Some(revision(&object.metadata)),
                }
            }
            _ => return Some(Told::Other(kind.to_owned())),
        };
        Some(Told::Workload(Box::new(told)))
    }

    fn pod(&mut self, mut object: Value) -> Option<Told> {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.entry("uid").or_insert_with(|| "imported".into());
        }
        let (object, pod): (Pod, _) = self.converted(object, convert::pod)?;
        let owner = pod.workload.clone();
        let record = PodRecord {
            pod: pod.key.to_string(),
            workload: Some(owner).filter(|owner| *owner.kind != *"Pod"),
            node: pod.node.map(|node| node.to_string()),
            template: Some(essence::of_template(Some(object.metadata), object.spec)),
        };
        Some(Told::Pod(Box::new(ToldPod { record, has_ended: pod.finished })))
    }
}

fn revision(metadata: &ObjectMeta) -> Told {
    let namespace = metadata.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
    let mut owners = metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true));
    let deployment = owner.map(|owner| owner.name.as_str()).unwrap_or_default();
    Told::Revision {
        replica_set: WorkloadKey::new(namespace, "ReplicaSet", metadata.name.as_deref().unwrap_or_default()),
        deployment: WorkloadKey::new(namespace, "Deployment", deployment),
    }
}

fn record(workload: Workload, template: Option<PodTemplateSpec>) -> WorkloadRecord {
    let template = template.unwrap_or_default();
    WorkloadRecord {
        workload: workload.key,
        replicas: workload.replicas,
        listed: false,
        template: essence::of_template(template.metadata, template.spec),
    }
}

/// An object without a status that says nothing: of a status Kubernetes demands fields that were taken away.
fn without_empty_status(mut object: Value) -> Value {
    let says_nothing = object.get("status").and_then(Value::as_object).is_none_or(Map::is_empty);
    if let Some(fields) = object.as_object_mut().filter(|_| says_nothing) {
        fields.remove("status");
    }
    object
}
