//! The dependency graph as a JSON document.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_graph::{ComponentKind, Link};
use wit_placement::{ClusterState, World};

use super::API_VERSION;

/// Who needs whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Graph {
    /// `wit-placement.dev/v1alpha1`.
    pub api_version: String,
    /// `Graph`.
    pub kind: String,
    /// The Wasm workloads, by name.
    pub workloads: Vec<GraphWorkload>,
    /// Every import of every workload, with what became of it.
    pub links: Vec<GraphLink>,
}

/// A Wasm workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphWorkload {
    /// `namespace/kind/name`.
    pub workload: String,
    /// How many replicas are wanted.
    pub replicas: u32,
    /// How many are on a node, or presumed there.
    pub placed: u32,
    /// Its images.
    pub images: Vec<GraphImage>,
}

/// An image and what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphImage {
    /// The reference.
    pub image: String,
    /// `component`, `core-module`, `wit-package`, `not-wasm`, `opaque`, `reading`, `failed`, or `not-read`
    /// where no Wasm pod uses it.
    pub state: String,
    /// What went wrong, where something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// An import of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GraphLink {
    /// The workload that imports, `namespace/kind/name`.
    pub consumer: String,
    /// The workload that serves it, or would if it were compatible.
    pub provider: Option<String>,
    /// The interface as it is imported.
    pub interface: String,
    /// The interface as it is exported.
    pub served_by: Option<String>,
    /// `verified`, `name-only`, `declared`, `observed`, `incompatible`, `unsatisfied`, `ambiguous`, `host` or
    /// `types-only`.
    pub status: String,
    /// Where the knowledge comes from: `wit`, `annotation`…
    pub evidence: String,
    /// How much the two want to be near.
    pub weight: f64,
    /// Why, in one sentence.
    pub why: String,
}

impl From<&Link> for GraphLink {
    fn from(link: &Link) -> Self {
        Self {
            consumer: link.consumer.to_string(),
            provider: link.provider.as_ref().map(ToString::to_string),
            interface: link.interface.clone(),
            served_by: link.served_by.as_ref().map(ToString::to_string),
            status: link.status.as_str().into(),
            evidence: link.evidence.as_str().into(),
            weight: link.weight,
            why: link.why.clone(),
        }
    }
}

/// The graph of a state.
pub fn graph(state: &ClusterState) -> Graph {
    let workloads = state.workloads().filter(|workload| workload.is_wasm()).map(|workload| GraphWorkload {
        workload: workload.key().to_string(),
        replicas: workload.replicas(),
        placed: workload.placed_replicas(),
        images: workload.shape().images.iter().map(|image| image_state(state, image)).collect(),
    });
    Graph {
        api_version: API_VERSION.into(),
        kind: "Graph".into(),
        workloads: workloads.collect(),
        links: state.graph().links().map(GraphLink::from).collect(),
    }
}

pub(super) fn image_state(state: &ClusterState, image: &wit_placement::ImageReference) -> GraphImage {
    let (word, message) = match state.world(image) {
        Some(World::Known(component)) => {
            let kind = match component.kind {
                ComponentKind::Component => "component",
                ComponentKind::CoreModule => "core-module",
                ComponentKind::WitPackage => "wit-package",
                ComponentKind::NotWasm => "not-wasm",
                ComponentKind::Opaque => "opaque",
            };
            (kind, component.opaque_because.clone())
        }
        Some(World::Failed { message, .. }) => ("failed", Some(message.to_string())),
        Some(World::Reading { .. }) => ("reading", None),
        None => ("not-read", Some("no Wasm pod uses it".to_owned())),
    };
    GraphImage { image: image.to_string(), state: word.into(), message }
}
