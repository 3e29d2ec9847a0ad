//! An extender behind a URL, asked over HTTP as kube-scheduler asks it, for those who stand in for kube-scheduler.
//!
//! The wire is that of `k8s.io/kube-scheduler/extender/v1`, one question at a time on a connection that is kept. [`RemoteApi`] says
//! whether a `wit-extender` has seen what it was shown.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;
use wit_placement::kube_scheduler::FilterReply;
use wit_placement::{Node, NodeName, Pod, PodKey};

use crate::cluster::written;

/// How long an answer may take: kube-scheduler's `httpTimeout` where none is configured.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// An extender behind a URL.
#[derive(Clone, Debug)]
pub struct RemoteExtender {
    client: Client,
    url: String,
}

/// The nodes that a question is about.
#[derive(Clone, Copy, Debug)]
pub enum Offered<'a> {
    /// By name, for an extender with `nodeCacheCapable: true`.
    Names(&'a [NodeName]),
    /// Whole.
    Whole(&'a [&'a Node]),
}

/// A question that was not answered.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// Requests cannot be made at all.
    #[error("no request can be made")]
    Client(#[source] reqwest::Error),
    /// HTTPS cannot be spoken.
    #[error("no request can be made over HTTPS")]
    Tls(#[source] rustls::Error),
    /// No answer, or one that says that something went wrong.
    #[error("{url} did not answer")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// An answer that is none.
    #[error("{url} answered something else than extenders do")]
    Nonsense {
        /// What was asked.
        url: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The answer is an error.
    #[error("{url} answered with an error: {message}")]
    Refused {
        /// What was asked.
        url: String,
        /// What it said.
        message: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Arguments<'a> {
    pod: Value,
    nodes: Option<Value>,
    node_names: Option<&'a [NodeName]>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterResult {
    nodes: Option<NodeList>,
    node_names: Option<Vec<NodeName>>,
    failed_nodes: Option<BTreeMap<NodeName, String>>,
    failed_and_unresolvable_nodes: Option<BTreeMap<NodeName, String>>,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
struct NodeList {
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    name: NodeName,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostPriority {
    host: NodeName,
    score: i64,
}

impl RemoteExtender {
    /// The extender whose verbs are `URL/filter` and `URL/prioritize`.
    ///
    /// # Errors
    /// Where the client cannot be set up.
    pub fn new(url: &str) -> Result<Self, RemoteError> {
        Ok(Self { client: client()?, url: url.trim_end_matches('/').to_owned() })
    }

    /// Which of the nodes may take the pod.
    ///
    /// # Errors
    /// Where there is no answer, or one that cannot be.
    pub async fn filter(&self, pod: &Pod, nodes: Offered<'_>) -> Result<FilterReply, RemoteError> {
        let result: FilterResult = self.ask("filter", pod, nodes).await?;
        if !result.error.is_empty() {
            return Err(RemoteError::Refused { url: self.verb("filter"), message: result.error });
        }
        let whole = result.nodes.and_then(|list| list.items).unwrap_or_default();
        let whole = whole.into_iter().map(|node| node.metadata.name).collect();
        Ok(FilterReply {
            nodes: result.node_names.unwrap_or(whole),
            failed: result.failed_nodes.unwrap_or_default(),
            unresolvable: result.failed_and_unresolvable_nodes.unwrap_or_default(),
        })
    }

    /// How much each of the nodes is preferred; what is above 10 counts as 10.
    ///
    /// # Errors
    /// As [`RemoteExtender::filter`].
    pub async fn prioritize(
        &self,
        pod: &Pod,
        nodes: Offered<'_>,
    ) -> Result<BTreeMap<NodeName, u8>, RemoteError> {
        let scores: Vec<HostPriority> = self.ask("prioritize", pod, nodes).await?;
        let score = |line: HostPriority| (line.host, u8::try_from(line.score.clamp(0, 10)).unwrap_or(0));
        Ok(scores.into_iter().map(score).collect())
    }

    fn verb(&self, verb: &str) -> String {
        format!("{}/{verb}", self.url)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        verb: &str,
        pod: &Pod,
        nodes: Offered<'_>,
    ) -> Result<T, RemoteError> {
        let url = self.verb(verb);
        let reply = self.send(&url, pod, nodes).await;
        let reply = reply.map_err(|source| RemoteError::NoAnswer { url: url.clone(), source })?;
        serde_json::from_slice(&reply).map_err(|source| RemoteError::Nonsense { url, source })
    }

    async fn send(&self, url: &str, pod: &Pod, nodes: Offered<'_>) -> Result<Vec<u8>, reqwest::Error> {
        let (whole, node_names) = match nodes {
            Offered::Names(names) => (None, Some(names)),
            Offered::Whole(nodes) => (Some(node_list(nodes)), None),
        };
        let arguments = json!(Arguments { pod: written::pod(pod), nodes: whole, node_names });
        let request = self.client.post(url).header("content-type", "application/json");
        let reply = request.body(arguments.to_string()).send().await?.error_for_status()?;
        Ok(reply.bytes().await?.to_vec())
    }
}

/// The API of a `wit-extender`, asked what that has seen.
#[derive(Clone, Debug)]
pub struct RemoteApi {
    client: Client,
    url: String,
}

#[derive(Deserialize)]
struct Graph {
    workloads: Vec<GraphWorkload>,
}

#[derive(Deserialize)]
struct GraphWorkload {
    images: Vec<GraphImage>,
}

#[derive(Deserialize)]
struct GraphImage {
    state: String,
}

impl RemoteApi {
    /// The API at `URL/v1`.
    ///
    /// # Errors
    /// Where the client cannot be set up.
    pub fn new(url: &str) -> Result<Self, RemoteError> {
        Ok(Self { client: client()?, url: url.trim_end_matches('/').to_owned() })
    }

    /// Whether it knows the pod.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn knows(&self, pod: &PodKey) -> Result<bool, RemoteError> {
        let url = format!("{}/v1/explain?pod={pod}", self.url);
        let reply = self.client.get(&url).send().await;
        match reply.map_err(|source| RemoteError::NoAnswer { url: url.clone(), source })?.status() {
            StatusCode::NOT_FOUND => Ok(false),
            StatusCode::OK => Ok(true),
            status => Err(RemoteError::Refused { url, message: status.to_string() }),
        }
    }

    /// Whether it is still reading images.
    ///
    /// # Errors
    /// Where there is no answer, or one that is no graph.
    pub async fn is_reading(&self) -> Result<bool, RemoteError> {
        let url = format!("{}/v1/graph", self.url);
        let get = async { self.client.get(&url).send().await?.error_for_status()?.bytes().await };
        let reply = get.await.map_err(|source| RemoteError::NoAnswer { url: url.clone(), source })?;
        let graph: Graph =
            serde_json::from_slice(&reply).map_err(|source| RemoteError::Nonsense { url, source })?;
        let images = graph.workloads.iter().flat_map(|workload| &workload.images);
        Ok(images.into_iter().any(|image| image.state == "reading"))
    }
}

fn client() -> Result<Client, RemoteError> {
    let tls = crate::tls::config().map_err(RemoteError::Tls)?;
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(TIMEOUT);
    client.build().map_err(RemoteError::Client)
}

fn node_list(nodes: &[&Node]) -> Value {
    let items: Vec<_> = nodes.iter().map(|node| written::node(node)).collect();
    json!({"metadata": {}, "items": items})
}
