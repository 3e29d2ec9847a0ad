//! A trace: a cluster and what happens in it, as timed Kubernetes objects, one JSON object per line.
//!
//! The first line is the [`Header`]; every other line is a [`Record`]: a time in milliseconds and one [`Happening`]. Objects
//! are written as Kubernetes writes them, so that what is in a trace needs no second description, and what placement does
//! not read is left out:
//!
//! ```text
//! {"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"two services"}
//! {"at":0,"node":{"metadata":{"name":"n1"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}}
//! {"at":0,"workload":{"workload":"shop/Deployment/cart","replicas":2,"template":{"spec":{"containers":[…]}}}}
//! {"at":60000,"scaled":{"workload":"shop/Deployment/cart","replicas":3}}
//! ```
//!
//! | question | look at |
//! |---|---|
//! | what can happen? | [`Happening`] |
//! | from lines and back, with every problem told | [`Trace::read`], [`Trace::write`] |
//! | what else is to be said of it? | [`Trace::examine`] |
//! | what may a line be, for programs? | [`Line`] and `docs/schemas/trace.json` |
//! | what does it mean to the placement code? | [`load`](mod@load) |

mod examine;
pub mod load;
mod read;
pub(crate) mod scheduling;
mod schema;

use std::io::{self, Write};

use k8s_openapi::api::core::v1::{Node, PodTemplateSpec};
use k8s_openapi::api::node::v1::RuntimeClass;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_config::API_VERSION;
use wit_graph::{Component, WorkloadKey};

pub use examine::Examined;
pub(crate) use read::{BYTE_ORDER_MARK, capped, field_of, in_the_line};
pub use read::{TraceError, TraceProblem};
pub use schema::Line;

/// The `kind` of a trace's header.
pub const KIND: &str = "Trace";

/// The format of the source of traces that `wit-sim record` writes.
pub const RECORD: &str = "record";

/// A cluster and what happens in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What the trace is.
    pub header: Header,
    /// What happens, in the order of time; what has the same time happens in this order.
    pub records: Vec<Record>,
    /// The last line, counted from one, where `wit-sim record` was killed in the middle of it: it is passed over.
    pub unfinished: Option<usize>,
}

/// The first line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// `wit-placement.dev/v1alpha1`: the version of this format.
    pub api_version: String,
    /// `Trace`.
    pub kind: String,
    /// What to call it.
    pub name: String,
    /// What it was made from, in the order in which it was read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// What of it was not observed but made up, in words, for instance how arrival times were chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub synthetic: Vec<String>,
}

/// A file or cluster that a trace was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// Its format: `rasa`, `openb`, `sktrace`, `manifests`, `cluster`, `kss`, `kwok`, `record`.
    pub format: String,
    /// Its name, without the folders that lead to it.
    pub name: String,
    /// The SHA-256 of its bytes in hexadecimal, where it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Something that happens at a time.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Record {
    /// Milliseconds since the beginning of the trace.
    pub at: u64,
    /// What happens.
    #[serde(flatten)]
    pub happening: Happening,
}

/// What can happen. The name of the variant is the key of the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Happening {
    /// A `RuntimeClass` is made or changed.
    RuntimeClass(#[schemars(schema_with = "schema::runtime_class")] Box<RuntimeClass>),
    /// What an image is, for those that name it. Images that no record tells of cannot be read.
    Image(Box<Image>),
    /// A node joins or changes.
    Node(#[schemars(schema_with = "schema::node")] Box<Node>),
    /// The node is cordoned and its pods are evicted, but for those of `DaemonSet`s and static ones; those of workloads that make
    /// their pods come again.
    NodeDrained(NodeRef),
    /// The node is gone without a word, and its pods with it; those of workloads that make their pods come again.
    NodeFailed(NodeRef),
    /// The node is taken out of the cluster, as [`Happening::NodeFailed`] but on purpose.
    NodeDeleted(NodeRef),
    /// A workload is made or changed.
    Workload(Box<WorkloadRecord>),
    /// A workload wants another number of replicas. It is nothing to a `DaemonSet` that makes its pods.
    Scaled(Scaled),
    /// A workload is deleted, and its pods with it.
    WorkloadDeleted(WorkloadRef),
    /// A pod arrives.
    Pod(Box<PodRecord>),
    /// A pod ends by itself; it is not made again, unless by a `DaemonSet`.
    PodFinished(PodRef),
    /// A pod is deleted; one of a workload that makes its pods comes again under another name.
    PodDeleted(PodRef),
}

/// An image and its world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// As the containers name it.
    pub reference: String,
    /// What was read; `null` where it cannot be read.
    #[schemars(schema_with = "schema::world")]
    pub world: Option<Component>,
}

/// A node by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeRef {
    /// The node's name.
    pub node: String,
}

/// A workload by key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkloadRef {
    /// `namespace/Kind/name`.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
}

/// A pod by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PodRef {
    /// `namespace/name`.
    pub pod: String,
}

/// A workload that wants another number of replicas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scaled {
    /// `namespace/Kind/name`.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
    /// The new number.
    pub replicas: u32,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkloadRecord {
    /// `namespace/Kind/name`.
    #[schemars(with = "String")]
    pub workload: WorkloadKey,
    /// How many replicas are wanted; 1 where it is not said, as in Kubernetes. Of a `DaemonSet` that is not listed the number is not
    /// read: it wants a pod on each node that its template matches.
    #[serde(default = "one")]
    pub replicas: u32,
    /// Whether its pods are those that the trace lists, and no others: nobody makes those that are missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub listed: bool,
    /// What its pods look like, as a Deployment's `spec.template`. The annotation `wit-placement.dev/links` says whom they call.
    #[schemars(schema_with = "schema::template")]
    pub template: PodTemplateSpec,
}

fn one() -> u32 {
    1
}

/// A pod that arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodRecord {
    /// `namespace/name`.
    pub pod: String,
    /// Whose replica it is; without one it is a workload of its own, of kind `Pod`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub workload: Option<WorkloadKey>,
    /// The node that it is bound to already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What it looks like; without it as its workload says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::template")]
    pub template: Option<PodTemplateSpec>,
}

impl Header {
    /// The header of a trace of this name that was made from these.
    pub fn new(name: impl Into<String>, sources: Vec<Source>) -> Self {
        Self { name: name.into(), sources, ..Self::default() }
    }

    /// Whether `wit-sim record` wrote the trace.
    pub fn is_recorded(&self) -> bool {
        self.sources.iter().any(|source| source.format == RECORD)
    }
}

impl Default for Header {
    fn default() -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            name: String::new(),
            sources: Vec::new(),
            synthetic: Vec::new(),
        }
    }
}

impl Record {
    /// Something that happens so many milliseconds after the beginning.
    pub fn new(at: u64, happening: Happening) -> Self {
        Self { at, happening }
    }
}

impl Trace {
    /// Writes the trace, a line for each record.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let line = |out: &mut dyn Write, text: serde_json::Result<String>| writeln!(out, "{}", text?);
        line(out, serde_json::to_string(&self.header))?;
        self.records.iter().try_for_each(|record| line(out, serde_json::to_string(record)))
    }

    /// The same records in the order of time; what has the same time keeps its order.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.records.sort_by_key(|record| record.at);
        self
    }
}
