//! A cluster from a folder: `*.yaml`, `*.yml` and `*.json` as `kubectl get -o yaml` prints them or people write them.
//!
//! What the API server and its controllers would have done is done here: objects get the default namespace, a workload
//! without pods in the folder is expanded into pending pods `NAME-0`, `NAME-1`, …, and pods that no API server has
//! admitted get what their `RuntimeClass` gives ([`super::admission`]). Priority classes are left out.

mod collect;
pub mod documents;
mod expand;
mod follow;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use wit_placement::{Event, Node, NodeName, Pod, PodUid, RuntimeClass, Workload};

pub use self::follow::{INTERVAL, follow};
use super::problem::ObjectName;

/// What a folder of manifests holds, each list in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifests {
    /// Nodes.
    pub nodes: Vec<Node>,
    /// `RuntimeClass`es.
    pub runtime_classes: Vec<RuntimeClass>,
    /// Workloads, as their templates say: their pods carry what admission adds.
    pub workloads: Vec<Workload>,
    /// The folder's pods, then those of workloads without any.
    pub pods: Vec<Pod>,
    /// What could not be read, or only in part.
    pub problems: Vec<ManifestProblem>,
    /// How many objects of other kinds were passed over, by `apiVersion kind`.
    pub ignored: BTreeMap<String, usize>,
}

/// Something that is wrong with a folder: `nodes.yaml:2: Node edge-1: status.allocatable.cpu: …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ManifestProblem {
    /// The file's path in the folder.
    pub file: String,
    /// Which document of the file, counted from one; `None` where the file itself cannot be read.
    pub document: Option<usize>,
    /// The object, where one could be told.
    pub object: Option<ObjectName>,
    /// What is wrong.
    pub message: String,
}

/// The folder itself cannot be read.
#[derive(Debug, Error)]
#[error("manifests {} cannot be read", path.display())]
pub struct FolderError {
    /// The folder.
    pub path: PathBuf,
    /// Why not.
    #[source]
    pub source: io::Error,
}

impl Manifests {
    /// Reads a folder and the folders in it. Hidden files and folders are left out.
    ///
    /// # Errors
    /// Where the folder itself cannot be read. What is wrong with its files is in [`Manifests::problems`], and everything
    /// else is read nevertheless.
    pub fn read(directory: &Path) -> Result<Self, FolderError> {
        let files = documents::files(directory)
            .map_err(|source| FolderError { path: directory.to_owned(), source })?;
        Ok(Self::from_files(&files))
    }

    fn from_files(files: &[documents::File]) -> Self {
        let mut manifests = Self::default();
        let found = collect::collect(files, &mut manifests);
        expand::expand(&mut manifests, found);
        manifests.problems.sort();
        manifests
    }

    /// The events that tell all of it: nodes and classes first, then workloads, then pods.
    pub fn events(&self) -> Vec<Event> {
        Self::default().changes(self)
    }

    /// The events that lead from this folder to `newer`.
    pub fn changes(&self, newer: &Self) -> Vec<Event> {
        let uid = |pod: &Pod| pod.uid.clone();
        let (pods_gone, pods) = difference(&self.pods, &newer.pods, uid, Event::PodGone, Event::Pod);
        let key = |workload: &Workload| workload.key.clone();
        let (workloads_gone, workloads) =
            difference(&self.workloads, &newer.workloads, key, Event::WorkloadGone, Event::Workload);
        let name = |class: &RuntimeClass| class.name.clone();
        let (classes_gone, classes) = difference(
            &self.runtime_classes,
            &newer.runtime_classes,
            name,
            Event::RuntimeClassGone,
            Event::RuntimeClass,
        );
        let name = |node: &Node| node.name.clone();
        let (nodes_gone, nodes) = difference(&self.nodes, &newer.nodes, name, Event::NodeGone, Event::Node);
        [pods_gone, workloads_gone, classes_gone, nodes_gone, nodes, classes, workloads, pods].concat()
    }

    /// The pod with this UID.
    pub fn pod(&self, uid: &PodUid) -> Option<&Pod> {
        self.pods.iter().find(|pod| pod.uid == *uid)
    }

    /// The node of this name.
    pub fn node(&self, name: &NodeName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == *name)
    }
}

/// The events for what of `old` is gone, and for what of `new` is new or changed.
fn difference<T: Clone + PartialEq, K: Ord>(
    old: &[T],
    new: &[T],
    key: impl Fn(&T) -> K,
    gone: impl Fn(K) -> Event,
    there: impl Fn(T) -> Event,
) -> (Vec<Event>, Vec<Event>) {
    let by_key = |list: &'_ [T]| -> BTreeMap<K, usize> {
        list.iter().enumerate().map(|(index, object)| (key(object), index)).collect()
    };
    let (before, after) = (by_key(old), by_key(new));
    let vanished = old.iter().map(&key).filter(|key| !after.contains_key(key)).map(gone).collect();
    let unchanged = |object: &T| before.get(&key(object)).and_then(|index| old.get(*index)) == Some(object);
    let changed = new.iter().filter(|object| !unchanged(object)).cloned().map(there).collect();
    (vanished, changed)
}

impl ManifestProblem {
    /// Where it is, and what it is: `nodes.yaml:2: Node edge-1` and `spec.taints[0].effect: …`.
    pub fn parts(&self) -> (String, String) {
        let document = self.document.map(|document| format!(":{document}")).unwrap_or_default();
        let object = self.object.as_ref().map(|object| format!(": {object}")).unwrap_or_default();
        (format!("{}{document}{object}", self.file), self.message.clone())
    }
}

impl fmt::Display for ManifestProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (place, message) = self.parts();
        write!(f, "{place}: {message}")
    }
}
