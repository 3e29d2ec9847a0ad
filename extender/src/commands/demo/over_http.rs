//! kube-scheduler's side of the wire: the model of the scheduler asks the server over HTTP, with real requests.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use k8s_openapi::api::core::v1;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::runtime::Handle;
use wit_placement::kube_scheduler::{FilterReply, SchedulerExtender};
use wit_placement::{Event, NodeName, Pod};

use crate::owner::StateHandle;

/// An extender behind a URL. Bindings go straight to the server's state, where in a cluster its watch would bring them.
#[derive(Debug)]
pub(super) struct OverHttp {
    pub(super) client: reqwest::Client,
    /// `http://ADDRESS/v1`.
    pub(super) url: String,
    pub(super) state: StateHandle,
    pub(super) runtime: Handle,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Arguments<'a> {
    pod: v1::Pod,
    nodes: Option<()>,
    node_names: &'a [NodeName],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterResult {
    node_names: Option<Vec<NodeName>>,
    #[serde(default)]
    failed_nodes: BTreeMap<NodeName, String>,
    #[serde(default)]
    failed_and_unresolvable_nodes: BTreeMap<NodeName, String>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPriority {
    host: NodeName,
    score: u8,
}

impl OverHttp {
    fn ask<T: DeserializeOwned>(&self, verb: &str, pod: &Pod, nodes: &[NodeName]) -> anyhow::Result<T> {
        let url = format!("{}/{verb}", self.url);
        let body = serde_json::to_vec(&Arguments { pod: wire_pod(pod), nodes: None, node_names: nodes })?;
        let reply = self.runtime.block_on(async {
            let request = self.client.post(&url).header("content-type", "application/json").body(body);
            request.send().await?.error_for_status()?.bytes().await
        });
        let reply = reply.with_context(|| format!("{url} was not answered"))?;
        serde_json::from_slice(&reply).with_context(|| format!("{url} answered something else"))
    }
}

impl SchedulerExtender for OverHttp {
    type Error = anyhow::Error;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> anyhow::Result<FilterReply> {
        let result: FilterResult = self.ask("filter", pod, nodes)?;
        if !result.error.is_empty() {
            bail!("filter: {}", result.error);
        }
        Ok(FilterReply {
            nodes: result.node_names.unwrap_or_default(),
            failed: result.failed_nodes,
            unresolvable: result.failed_and_unresolvable_nodes,
        })
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> anyhow::Result<BTreeMap<NodeName, u8>> {
        let scores: Vec<HostPriority> = self.ask("prioritize", pod, nodes)?;
        Ok(scores.into_iter().map(|line| (line.host, line.score)).collect())
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> anyhow::Result<()> {
        self.runtime.block_on(self.state.apply(Event::Pod(pod.clone())));
        Ok(())
    }
}

/// The pod as kube-scheduler would send it, with all that the verbs read of one.
fn wire_pod(pod: &Pod) -> v1::Pod {
    let shape = &pod.shape;
    let amounts = |resources: wit_placement::Resources| json!({ "cpu": format!("{}m", resources.cpu_millis), "memory": resources.memory_bytes.to_string() });
    let containers: Vec<_> = shape
        .images
        .iter()
        .enumerate()
        .map(|(number, image)| {
            // The requests are those of the pod: the first container carries them all.
            let requests = if number == 0 { amounts(shape.requests) } else { json!({}) };
            json!({ "name": format!("c{number}"), "image": image, "resources": { "requests": requests } })
        })
        .collect();
    let mut annotations = BTreeMap::new();
    if let Some(mode) = shape.mode {
        annotations.insert("wit-placement.dev/mode", json!(mode));
    }
    if let Some(strict) = shape.strict {
        annotations.insert("wit-placement.dev/strict", json!(strict.to_string()));
    }
    let overhead = (shape.overhead != wit_placement::Resources::default()).then(|| amounts(shape.overhead));
    let owner = &pod.workload;
    let owners = if owner.kind == "Pod" {
        json!([])
    } else {
        json!([{ "apiVersion": "apps/v1", "kind": owner.kind, "name": owner.name, "uid": "", "controller": true }])
    };
    let document = json!({
        "metadata": {
            "name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid, "annotations": annotations,
            "ownerReferences": owners,
        },
        "spec": {
            "runtimeClassName": shape.runtime_class, "containers": containers, "overhead": overhead,
            "nodeSelector": shape.node_selector, "priority": shape.priority,
        },
    });
    serde_json::from_value(document).unwrap_or_default()
}
