//! The simulated cluster as a folder of manifests, for a `wit-extender` that follows it with `--manifests`.
//!
//! The folder holds one file, which is replaced as a whole, and in it a pod whose name says which version it is: once the extender's
//! API knows that pod, it knows everything else in the file too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use wit_graph::WorkloadKey;
use wit_placement::{Event, NodeName, PodKey, PodUid};
use wit_sources::cluster::written;
use wit_sources::remote::RemoteApi;

use super::{ASK_AGAIN, PATIENCE};
use crate::save;

/// The file.
const FILE: &str = "wit-sim-mirror.json";
/// The namespace of the pod that says which version the file is.
const NAMESPACE: &str = "wit-sim";

/// A folder, and the API of the extender that follows it.
#[derive(Debug)]
pub struct Mirror {
    file: PathBuf,
    api: RemoteApi,
    classes: BTreeMap<String, Value>,
    nodes: BTreeMap<NodeName, Value>,
    workloads: BTreeMap<WorkloadKey, Value>,
    pods: BTreeMap<PodUid, Value>,
    version: u64,
    has_changed: bool,
}

impl Mirror {
    /// A mirror in this folder, which is made where it is missing; `api` is the URL of the extender's API.
    ///
    /// # Errors
    /// Where there is something else in the folder: the extender would take it for a part of the cluster.
    pub fn new(folder: &Path, api: &str) -> anyhow::Result<Self> {
        let place = || folder.display().to_string();
        std::fs::create_dir_all(folder).with_context(place)?;
        for entry in std::fs::read_dir(folder).with_context(place)? {
            let name = entry.with_context(place)?.file_name();
            ensure!(
                name == FILE || name.to_string_lossy().starts_with('.'),
                "{} holds {}: give a folder for the mirror alone",
                folder.display(),
                name.display()
            );
        }
        Ok(Self {
            file: folder.join(FILE),
            api: RemoteApi::new(api)?,
            classes: BTreeMap::new(),
            nodes: BTreeMap::new(),
            workloads: BTreeMap::new(),
            pods: BTreeMap::new(),
            version: 0,
            has_changed: true,
        })
    }

    /// Notes a change, which is shown before the next question.
    pub(super) fn hear(&mut self, event: &Event) {
        self.has_changed = true;
        match event {
            Event::RuntimeClass(class) => {
                self.classes.insert(class.name.clone(), written::runtime_class(class));
            }
            Event::RuntimeClassGone(name) => drop(self.classes.remove(name)),
            Event::Node(node) => drop(self.nodes.insert(node.name.clone(), written::node(node))),
            Event::NodeGone(name) => drop(self.nodes.remove(name)),
            Event::Workload(workload) => {
                let object = written::workload(workload);
                self.workloads.extend(object.map(|object| (workload.key.clone(), object)));
            }
            Event::WorkloadGone(key) => drop(self.workloads.remove(key)),
            Event::Pod(pod) => drop(self.pods.insert(pod.uid.clone(), written::pod(pod))),
            Event::PodGone(uid) => drop(self.pods.remove(uid)),
            Event::World(..) => {}
        }
    }

    /// Writes the cluster if it has changed, and waits until the extender has seen it and reads no image any more.
    pub(super) async fn show(&mut self) -> anyhow::Result<()> {
        if !std::mem::take(&mut self.has_changed) {
            return Ok(());
        }
        self.version += 1;
        let version = PodKey::new(NAMESPACE, format!("version-{}", self.version));
        let cluster = self.cluster(&version).to_string();
        save::whole(&self.file, |out| out.write_all(cluster.as_bytes()))?;
        let began = Instant::now();
        loop {
            let seen = self.is_seen(&version).await;
            if matches!(seen, Ok(true)) {
                return Ok(());
            }
            if began.elapsed() >= PATIENCE {
                seen?;
                anyhow::bail!("the extender has not seen {} after a minute", self.file.display());
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    async fn is_seen(&self, version: &PodKey) -> anyhow::Result<bool> {
        Ok(self.api.knows(version).await? && !self.api.is_reading().await?)
    }

    fn cluster(&self, version: &PodKey) -> Value {
        let marker = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": version.name, "namespace": version.namespace, "uid": version.name},
            "spec": {"containers": [{"name": "none", "image": "none"}]},
        });
        let objects = self.classes.values().chain(self.nodes.values());
        let objects = objects.chain(self.workloads.values()).chain(self.pods.values()).chain([&marker]);
        json!({"apiVersion": "v1", "kind": "List", "items": objects.collect::<Vec<_>>()})
    }
}
