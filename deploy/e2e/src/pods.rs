//! What became of the pods of a namespace.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};

/// How often a wait looks again.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The pods of one namespace.
#[derive(Debug, Clone)]
pub struct Pods {
    api: Api<Pod>,
    events: Api<Event>,
    namespace: String,
}

impl Pods {
    /// The pods of a namespace, seen by a client.
    pub fn new(client: &Client, namespace: &str) -> Self {
        Self {
            api: Api::namespaced(client.clone(), namespace),
            events: Api::namespaced(client.clone(), namespace),
            namespace: namespace.to_owned(),
        }
    }

    /// The API underneath, for what this type has no word for.
    pub fn api(&self) -> &Api<Pod> {
        &self.api
    }

    /// All pods that are not on their way out, by name.
    pub async fn list(&self) -> Result<Vec<Pod>> {
        let mut pods = self.api.list(&ListParams::default()).await?.items;
        pods.retain(|pod| pod.metadata.deletion_timestamp.is_none());
        pods.sort_by_key(ResourceExt::name_any);
        Ok(pods)
    }

    /// Creates one pod from its JSON, such as [`pod`] makes.
    pub async fn create(&self, pod: &Value) -> Result<Pod> {
        Ok(self.api.create(&PostParams::default(), &serde_json::from_value(pod.clone())?).await?)
    }

    /// Removes one pod at once, without a kubelet's leave.
    pub async fn delete(&self, name: &str) -> Result<()> {
        self.api.delete(name, &DeleteParams::default().grace_period(0)).await?;
        Ok(())
    }

    /// Merges a patch into a pod's status.
    pub async fn patch_status(&self, name: &str, status: &Value) -> Result<()> {
        let patch = Patch::Strategic(json!({ "status": status }));
        self.api.patch_status(name, &PatchParams::default(), &patch).await?;
        Ok(())
    }

    /// Waits until `done` likes what it sees, and returns that.
    ///
    /// # Errors
    /// After `deadline`; the message says what was waited for and how the pods stand.
    pub async fn wait(
        &self,
        what: &str,
        deadline: Duration,
        mut done: impl FnMut(&[Pod]) -> bool,
    ) -> Result<Vec<Pod>> {
        let end = Instant::now() + deadline;
        loop {
            let pods = self.list().await?;
            if done(&pods) {
                return Ok(pods);
            }
            if Instant::now() >= end {
                bail!("not {what} in {} within {deadline:?}:\n{}", self.namespace, describe(&pods));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until exactly `count` pods exist and all have a node.
    pub async fn wait_bound(&self, count: usize, deadline: Duration) -> Result<Vec<Pod>> {
        let bound = |pods: &[Pod]| pods.len() == count && pods.iter().all(|pod| node_of(pod).is_some());
        self.wait(&format!("{count} pods bound"), deadline, bound).await
    }

    /// Waits until `bound` pods have a node and the scheduler has said of `pending` others that they have none.
    pub async fn wait_settled(&self, bound: usize, pending: usize, deadline: Duration) -> Result<Vec<Pod>> {
        let settled = |pods: &[Pod]| {
            let with_node = pods.iter().filter(|pod| node_of(pod).is_some()).count();
            let refused = pods.iter().filter(|pod| unschedulable(pod).is_some()).count();
            with_node == bound && refused == pending && pods.len() == bound + pending
        };
        self.wait(&format!("{bound} pods bound and {pending} refused"), deadline, settled).await
    }

    /// Waits until the scheduler has said that a pod has no node, and returns its words.
    pub async fn wait_refused(&self, name: &str, deadline: Duration) -> Result<String> {
        let mut message = None;
        let refused = |pods: &[Pod]| {
            message = pods.iter().find(|pod| pod.name_any() == name).and_then(unschedulable);
            message.is_some()
        };
        self.wait(&format!("{name} refused"), deadline, refused).await?;
        Ok(message.unwrap_or_default())
    }

    /// Waits until one pod has a node, and returns the node's name.
    pub async fn wait_for_node(&self, name: &str, deadline: Duration) -> Result<String> {
        let mut node = None;
        let bound = |pods: &[Pod]| {
            node = pods.iter().find(|pod| pod.name_any() == name).and_then(node_of).map(str::to_owned);
            node.is_some()
        };
        self.wait(&format!("{name} bound"), deadline, bound).await?;
        Ok(node.unwrap_or_default())
    }

    /// Waits for a `FailedScheduling` event of a pod, which comes a little later than the condition, and returns its words.
    pub async fn wait_for_event(&self, name: &str, deadline: Duration) -> Result<String> {
        let end = Instant::now() + deadline;
        loop {
            if let Some(messages) = self.failed_scheduling().await?.remove(name) {
                return Ok(messages.join("\n"));
            }
            if Instant::now() >= end {
                bail!("no FailedScheduling event for {name} within {deadline:?}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The `FailedScheduling` events of the namespace: pod name → messages, oldest first.
    pub async fn failed_scheduling(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let selector = ListParams::default().fields("reason=FailedScheduling");
        let mut events = self.events.list(&selector).await?.items;
        events.sort_by_key(|event| event.metadata.creation_timestamp.clone());
        let mut messages = BTreeMap::<String, Vec<String>>::new();
        for event in events {
            let pod = event.involved_object.name.unwrap_or_default();
            messages.entry(pod).or_default().extend(event.message);
        }
        Ok(messages)
    }
}

/// A pod with one container, as JSON to be changed and created.
pub fn pod(name: &str, image: &str, requests: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": image, "resources": {"requests": requests}}]},
    })
}

/// The node that a pod is bound to.
pub fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// Why the scheduler found no node for a pod, in its own words; `None` while it has not said so.
pub fn unschedulable(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|condition| condition.type_ == "PodScheduled")?;
    let refused = scheduled.status == "False" && scheduled.reason.as_deref() == Some("Unschedulable");
    refused.then(|| scheduled.message.clone().unwrap_or_default())
}

/// Whether a pod has ended and no longer holds anything on its node.
pub fn ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// The memory that a pod holds on its node, in bytes: its containers' requests and the `RuntimeClass`'s overhead.
pub fn memory_bytes(pod: &Pod) -> u64 {
    let Some(spec) = &pod.spec else { return 0 };
    let requests =
        spec.containers.iter().filter_map(|container| container.resources.as_ref()?.requests.as_ref());
    let quantities = requests.chain(&spec.overhead).filter_map(|resources| resources.get("memory"));
    quantities.map(bytes).sum()
}

/// A quantity of bytes as Kubernetes writes it; `0` for what is none.
pub fn bytes(quantity: &Quantity) -> u64 {
    const SUFFIXES: [(&str, u64); 8] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let suffix =
        SUFFIXES.iter().find_map(|(suffix, factor)| Some((quantity.0.strip_suffix(suffix)?, *factor)));
    let (number, factor) = suffix.unwrap_or((&quantity.0, 1));
    number.parse::<u64>().map_or(0, |number| number * factor)
}

fn describe(pods: &[Pod]) -> String {
    let line = |pod: &Pod| match (node_of(pod), unschedulable(pod)) {
        (Some(node), _) => format!("  {} on {node}", pod.name_any()),
        (None, Some(why)) => format!("  {} refused: {why}", pod.name_any()),
        (None, None) => format!("  {} not looked at yet", pod.name_any()),
    };
    pods.iter().map(line).collect::<Vec<_>>().join("\n")
}
