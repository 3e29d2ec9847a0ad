//! Objects → plain values, by kind.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wit_placement::{PodKey, PodUid, Workload};

use super::Manifests;
use super::documents::{File, Place, objects};
use crate::cluster::convert::{self, ConvertError, Converted, DEFAULT_NAMESPACE};
use crate::cluster::problem::{ObjectName, Problem};

/// What was learnt of the objects beside their values.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The pods that an API server has admitted: it gave them their UID.
    pub(super) admitted: BTreeSet<PodUid>,
    /// Where each object was first found.
    pub(super) places: BTreeMap<ObjectName, Place>,
}

/// Reads every object of the files into `manifests`.
pub(super) fn collect(files: &[File], manifests: &mut Manifests) -> Found {
    let mut collector = Collector { manifests, found: Found::default() };
    for file in files {
        for (place, object) in objects(file, &mut collector.manifests.problems) {
            collector.object(&place, object);
        }
    }
    collector.found
}

/// The UID of a pod that no API server has given one.
pub(super) fn uid_of(pod: &PodKey) -> PodUid {
    PodUid::new(format!("manifest/{pod}"))
}

struct Collector<'a> {
    manifests: &'a mut Manifests,
    found: Found,
}

impl Collector<'_> {
    fn object(&mut self, place: &Place, object: Value) {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        match (api_version.as_str(), kind.as_str()) {
            ("v1", "Node") => {
                let node = self.read::<Node, _>(place, &kind, object, convert::node);
                self.manifests.nodes.extend(node);
            }
            ("node.k8s.io/v1", "RuntimeClass") => {
                let class = self.read::<RuntimeClass, _>(place, &kind, object, convert::runtime_class);
                self.manifests.runtime_classes.extend(class);
            }
            ("v1", "Pod") => self.pod(place, object),
            ("apps/v1" | "batch/v1", _) => self.workload(place, &api_version, &kind, object),
            _ => self.other(place, &api_version, &kind),
        }
    }

    fn workload(&mut self, place: &Place, api_version: &str, kind: &str, object: Value) {
        let workload = match (api_version, kind) {
            ("apps/v1", "Deployment") => {
                self.template::<Deployment>(place, kind, object, convert::deployment)
            }
            ("apps/v1", "StatefulSet") => {
                self.template::<StatefulSet>(place, kind, object, convert::stateful_set)
            }
            ("apps/v1", "DaemonSet") => self.template::<DaemonSet>(place, kind, object, convert::daemon_set),
            ("batch/v1", "Job") => self.template::<Job>(place, kind, object, convert::job),
            ("apps/v1", "ReplicaSet") => self.replica_set(place, kind, object),
            _ => return self.other(place, api_version, kind),
        };
        self.manifests.workloads.extend(workload);
    }

    fn template<K: DeserializeOwned>(
        &mut self,
        place: &Place,
        kind: &str,
        object: Value,
        convert: impl FnOnce(&K) -> Result<Converted<Workload>, ConvertError>,
    ) -> Option<Workload> {
        self.read(place, kind, with_namespace(object), convert)
    }

    fn replica_set(&mut self, place: &Place, kind: &str, object: Value) -> Option<Workload> {
        self.read(place, kind, with_namespace(object), |object: &ReplicaSet| {
            let nothing = Converted { value: None, warnings: Vec::new() };
            convert::replica_set(object)
                .map(|workload| workload.map_or(nothing, |workload| workload.map(Some)))
        })?
    }

    fn pod(&mut self, place: &Place, object: Value) {
        let mut object = with_namespace(object);
        let text = |key: &str| object.pointer(key).and_then(Value::as_str).unwrap_or_default();
        let admitted = !text("/metadata/uid").is_empty();
        if !admitted {
            let uid = uid_of(&PodKey::new(text("/metadata/namespace"), text("/metadata/name")));
            set_metadata(&mut object, "uid", &uid.0);
        }
        let Some(pod) = self.read::<Pod, _>(place, "Pod", object, convert::pod) else { return };
        if admitted {
            self.found.admitted.insert(pod.uid.clone());
        }
        self.manifests.pods.push(pod);
    }

    fn other(&mut self, place: &Place, api_version: &str, kind: &str) {
        if kind.is_empty() {
            return self.problem(place, None, "is no Kubernetes object: it has no kind".into());
        }
        *self.manifests.ignored.entry(format!("{api_version} {kind}")).or_default() += 1;
    }

    /// Parses and converts one object; everything that is wrong with it is added to the folder's problems.
    fn read<K: DeserializeOwned, T>(
        &mut self,
        place: &Place,
        kind: &str,
        object: Value,
        convert: impl FnOnce(&K) -> Result<Converted<T>, ConvertError>,
    ) -> Option<T> {
        let name = ObjectName::new(kind, &metadata(&object));
        if let Some(first) = self.found.places.get(&name) {
            let message =
                format!("is also in {}:{}, which is the one that counts", first.file, first.document);
            self.problem(place, Some(name), message);
            return None;
        }
        self.found.places.insert(name.clone(), place.clone());
        let converted = match serde_path_to_error::deserialize(object) {
            Ok(parsed) => convert(&parsed).map_err(|error| error.problems),
            Err(error) => {
                Err(vec![Problem { field: error.path().to_string(), message: error.inner().to_string() }])
            }
        };
        let (value, problems) = match converted {
            Ok(Converted { value, warnings }) => (Some(value), warnings),
            Err(problems) => (None, problems),
        };
        for problem in problems {
            self.problem(place, Some(name.clone()), problem.to_string());
        }
        value
    }

    fn problem(&mut self, place: &Place, object: Option<ObjectName>, message: String) {
        self.manifests.problems.push(place.problem(object, message));
    }
}

/// What of the metadata names the object, also where the rest of it cannot be parsed.
fn metadata(object: &Value) -> ObjectMeta {
    let text = |key: &str| object.pointer(key).and_then(Value::as_str).map(ToOwned::to_owned);
    ObjectMeta {
        name: text("/metadata/name"),
        namespace: text("/metadata/namespace"),
        generate_name: text("/metadata/generateName"),
        ..ObjectMeta::default()
    }
}

fn with_namespace(mut object: Value) -> Value {
    let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
    if namespace.unwrap_or_default().is_empty() {
        set_metadata(&mut object, "namespace", DEFAULT_NAMESPACE);
    }
    object
}

fn set_metadata(object: &mut Value, key: &str, value: &str) {
    let Some(object) = object.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(|| Value::Object(serde_json::Map::new()));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.insert(key.to_owned(), value.into());
    }
}
