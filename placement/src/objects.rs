//! The cluster's objects as plain values: only what placement reads, nothing of Kubernetes' own types.
//!
//! `wit-sources` makes them from a watch, from manifests or from a dump; the simulator makes them from traces.

mod constraints;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use constraints::*;
use serde::{Deserialize, Serialize};
use wit_config::Mode;
use wit_graph::{Component, DeclaredLink, WorkloadKey};

/// A node's name, unique in the cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeName(Arc<str>);

/// A pod's identity for people: `namespace/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodKey {
    /// The pod's namespace.
    pub namespace: Arc<str>,
    /// The pod's name.
    pub name: Arc<str>,
}

/// The UID that the API server gave to one pod; a pod that is created again under its old name has another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PodUid(pub Arc<str>);

/// An image reference as the pod's container names it, for instance `registry.example/shop/cart:1.0.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageReference(pub Arc<str>);

/// An amount of CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
}

/// What a node offers to pods (`status.allocatable`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allocatable {
    /// CPU and memory.
    pub resources: Resources,
    /// The number of pods.
    pub pods: u32,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What it offers to pods.
    pub allocatable: Allocatable,
    /// The names in `status.runtimeHandlers`; `None` where the list is empty, which says nothing
    /// (older container runtimes do not report it).
    pub runtime_handlers: Option<BTreeSet<String>>,
    /// The annotation `wit-placement.dev/instances`: how many Wasm instances the node takes at most.
    pub instance_cap: Option<u32>,
    /// Its taints.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: the node is cordoned.
    pub unschedulable: bool,
    /// The images that it holds (`status.images`), by every name that it gives them.
    pub images: Vec<NodeImage>,
}

/// An image that a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeImage {
    /// Its names, by tag and by digest.
    pub names: Vec<ImageReference>,
    /// How much it takes, in bytes.
    pub size_bytes: u64,
}

/// A node's taint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taint {
    /// The taint's key.
    pub key: String,
    /// The taint's value, empty where none is given.
    pub value: String,
    /// What it does to pods that do not tolerate it.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintEffect {
    /// New pods are not scheduled there.
    NoSchedule,
    /// New pods are scheduled there only where nothing better is found.
    PreferNoSchedule,
    /// New pods are not scheduled there and running ones are evicted.
    NoExecute,
}

/// A pod's toleration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Toleration {
    /// The taint key that is tolerated; `None` stands for every key.
    pub key: Option<String>,
    /// The value that is tolerated; `None` is the operator `Exists`: every value.
    pub value: Option<String>,
    /// The effect that is tolerated, as Kubernetes spells it; `None` stands for every effect.
    pub effect: Option<String>,
}

/// One expression of a required node affinity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeRequirement {
    /// The label key, or a field's path where `field` is set.
    pub key: String,
    /// How the node's value is held against `values`.
    pub operator: NodeOperator,
    /// The values of the expression.
    pub values: Vec<String>,
    /// Whether the key names a field (`metadata.name`) rather than a label.
    pub field: bool,
}

/// The operator of a node affinity expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeOperator {
    /// The value is one of those named.
    In,
    /// The value is none of those named.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
    /// The value is a number greater than the one named.
    Gt,
    /// The value is a number smaller than the one named.
    Lt,
}

/// A `RuntimeClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeClass {
    /// Its name, which says nothing about the runtime.
    pub name: String,
    /// The handler that the node's container runtime knows.
    pub handler: String,
    /// `scheduling.nodeSelector`, merged into the pod's at admission.
    pub node_selector: BTreeMap<String, String>,
    /// `scheduling.tolerations`, added to the pod's at admission.
    pub tolerations: Vec<Toleration>,
    /// `overhead.podFixed`, set on the pod at admission.
    pub overhead: Resources,
}

/// What of a pod (or of a workload's template) decides where it can and should run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodShape {
    /// `spec.runtimeClassName`.
    pub runtime_class: Option<String>,
    /// The images of its containers, in order, init containers left out.
    pub images: Vec<ImageReference>,
    /// The effective requests: the larger of the containers' sum and the largest init container, sidecars counted.
    pub requests: Resources,
    /// `spec.overhead`, as admission set it.
    pub overhead: Resources,
    /// `spec.nodeSelector`.
    pub node_selector: BTreeMap<String, String>,
    /// The terms of the required node affinity: one of them must hold entirely. Empty where there is none.
    pub node_affinity: Vec<Vec<NodeRequirement>>,
    /// The pod's tolerations.
    pub tolerations: Vec<Toleration>,
    /// `spec.priority`.
    pub priority: i32,
    /// The annotation `wit-placement.dev/mode`; `None` follows the configuration.
    pub mode: Option<PodMode>,
    /// The annotation `wit-placement.dev/strict`; `None` follows the configuration.
    pub strict: Option<bool>,
    /// The annotation `wit-placement.dev/links`: whom it calls and how much, beside what its world shows.
    pub links: Vec<DeclaredLink>,
    /// What only kube-scheduler's own plugins read.
    pub scheduling: Arc<Constraints>,
}

/// The annotation `wit-placement.dev/mode` of a pod or template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PodMode {
    /// Place the pod by our rules.
    Steer,
    /// Record what would have been done, and answer as if we were not there.
    Observe,
    /// Treat the pod as an ordinary one.
    Ignore,
}

impl From<Mode> for PodMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Steer => Self::Steer,
            Mode::Observe => Self::Observe,
        }
    }
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace and name.
    pub key: PodKey,
    /// Its UID.
    pub uid: PodUid,
    /// The workload whose replica it is; a pod without an owner is its own workload of kind `Pod`.
    pub workload: WorkloadKey,
    /// What decides where it can run.
    pub shape: Arc<PodShape>,
    /// `spec.nodeName`.
    pub node: Option<NodeName>,
    /// Whether it has ended (`Succeeded` or `Failed`): it then holds nothing on its node.
    pub finished: bool,
    /// Whether it is held back by a scheduling gate.
    pub gated: bool,
}

/// A workload's template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its namespace, kind and name.
    pub key: WorkloadKey,
    /// How many replicas are wanted.
    pub replicas: u32,
    /// What its pods will look like.
    pub shape: Arc<PodShape>,
}

/// What is known of an image.
#[derive(Clone, Debug)]
pub enum World {
    /// It is being read since this time.
    Reading {
        /// When reading began.
        since: Millis,
    },
    /// It was read: a component, a core module, or known to be no Wasm.
    Known(Arc<Component>),
    /// It could not be read.
    Failed {
        /// A stable word for metrics: `missing`, `too-large`, `unreadable`, `timeout`, `refused`…
        result: &'static str,
        /// What happened, where, and what to do, for people.
        message: Arc<str>,
        /// When reading began; a failure that is not definite stays *reading* until the deadline.
        since: Millis,
        /// Whether trying again can not help (the image is missing, too large, hostile).
        definite: bool,
    },
}

/// A point in time in milliseconds since an origin that the caller chooses. Placement has no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

/// Something that happened in the cluster or to an image.
#[derive(Clone, Debug)]
pub enum Event {
    /// A node is there, new or changed.
    Node(Node),
    /// A node is gone.
    NodeGone(NodeName),
    /// A `RuntimeClass` is there, new or changed.
    RuntimeClass(RuntimeClass),
    /// A `RuntimeClass` is gone.
    RuntimeClassGone(String),
    /// A workload's template is there, new or changed.
    Workload(Workload),
    /// A workload is gone.
    WorkloadGone(WorkloadKey),
    /// A pod is there, new or changed.
    Pod(Pod),
    /// A pod is gone.
    PodGone(PodUid),
    /// Something became known of an image.
    World(ImageReference, World),
}

impl NodeName {
    /// A node of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for NodeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pod {
    /// Whether the other is the same pod with the same shape, and at most elsewhere.
    pub(crate) fn differs_only_in_place(&self, other: &Self) -> bool {
        let Self { key, uid, workload, shape, node: _, finished, gated: _ } = self;
        (key, uid, workload, shape, finished)
            == (&other.key, &other.uid, &other.workload, &other.shape, &other.finished)
    }
}

impl PodKey {
    /// The pod `namespace/name`.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for PodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ImageReference {
    /// The image `reference`.
    pub fn new(reference: impl Into<Arc<str>>) -> Self {
        Self(reference.into())
    }
}

impl PodUid {
    /// The UID `uid`.
    pub fn new(uid: impl Into<Arc<str>>) -> Self {
        Self(uid.into())
    }
}

impl Millis {
    /// This time and `duration` more.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl std::ops::Add for Resources {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
        }
    }
}

impl std::ops::Sub for Resources {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
        }
    }
}
