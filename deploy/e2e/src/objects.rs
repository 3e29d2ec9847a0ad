//! What a scenario puts into the cluster: nodes, `RuntimeClasses` and namespaces. Anything else is YAML; see [`crate::manifests`].

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use k8s_openapi::api::core::v1::{
    Namespace, Node, NodeCondition, NodeRuntimeHandler, NodeSpec as KubernetesNodeSpec, NodeStatus, Taint,
};
use k8s_openapi::api::node::v1::{Overhead, RuntimeClass, Scheduling};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

const AT_ONCE: usize = 16;

/// A node as a kubelet would register it: ready, untainted, with what it can take.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    /// Its name.
    pub name: String,
    /// `status.allocatable`: `cpu`, `memory`, `pods` and extended resources, as Kubernetes writes quantities.
    pub allocatable: BTreeMap<String, String>,
    /// `metadata.labels`, beside `kubernetes.io/hostname`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// Names in `status.runtimeHandlers`; `None` leaves the field out, as kubelets before 1.30 do.
    pub runtime_handlers: Option<Vec<String>>,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
}

impl NodeSpec {
    /// Four cores, 16 GiB, 110 pods, and no word about runtime handlers.
    pub fn new(name: impl Into<String>) -> Self {
        let allocatable = [("cpu", "4"), ("memory", "16Gi"), ("pods", "110")];
        Self {
            name: name.into(),
            allocatable: allocatable.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            runtime_handlers: None,
            taints: Vec::new(),
        }
    }

    /// Sets one allocatable resource, such as `("memory", "2Gi")`.
    #[must_use]
    pub fn allocatable(mut self, resource: &str, quantity: impl Into<String>) -> Self {
        self.allocatable.insert(resource.to_owned(), quantity.into());
        self
    }

    /// Adds a label.
    #[must_use]
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Lists one more runtime handler; a kubelet also lists the default one, whose name is empty.
    #[must_use]
    pub fn runtime_handler(mut self, name: &str) -> Self {
        self.runtime_handlers.get_or_insert_with(|| vec![String::new()]).push(name.to_owned());
        self
    }

    /// The Kubernetes object.
    pub fn to_object(&self) -> Node {
        let mut labels = self.labels.clone();
        labels.insert("kubernetes.io/hostname".to_owned(), self.name.clone());
        let allocatable: BTreeMap<_, _> =
            self.allocatable.iter().map(|(name, value)| (name.clone(), Quantity(value.clone()))).collect();
        let handler = |name: &String| NodeRuntimeHandler { name: Some(name.clone()), features: None };
        Node {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                labels: Some(labels),
                annotations: Some(self.annotations.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(KubernetesNodeSpec {
                taints: Some(self.taints.clone()),
                ..KubernetesNodeSpec::default()
            }),
            status: Some(NodeStatus {
                capacity: Some(allocatable.clone()),
                allocatable: Some(allocatable),
                conditions: Some(vec![ready()]),
                runtime_handlers: self
                    .runtime_handlers
                    .as_ref()
                    .map(|names| names.iter().map(handler).collect()),
                ..NodeStatus::default()
            }),
        }
    }
}

fn ready() -> NodeCondition {
    NodeCondition {
        type_: "Ready".to_owned(),
        status: "True".to_owned(),
        reason: Some("WitE2e".to_owned()),
        ..NodeCondition::default()
    }
}

/// A `RuntimeClass`.
#[derive(Debug, Clone)]
pub struct RuntimeClassSpec {
    /// Its name, which pods give as `runtimeClassName`.
    pub name: String,
    /// What it asks the node's container runtime for.
    pub handler: String,
    /// `scheduling.nodeSelector`, which admission merges into pods; empty as k3s and KWASM users have it.
    pub node_selector: BTreeMap<String, String>,
    /// `overhead.podFixed`, which admission copies to pods.
    pub overhead: BTreeMap<String, String>,
}

impl RuntimeClassSpec {
    /// A `RuntimeClass` without node selector or overhead.
    pub fn new(name: impl Into<String>, handler: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            handler: handler.into(),
            node_selector: BTreeMap::new(),
            overhead: BTreeMap::new(),
        }
    }

    /// Adds a label that nodes must have.
    #[must_use]
    pub fn node_selector(mut self, key: &str, value: &str) -> Self {
        self.node_selector.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Adds what each pod costs beside its containers.
    #[must_use]
    pub fn overhead(mut self, resource: &str, quantity: &str) -> Self {
        self.overhead.insert(resource.to_owned(), quantity.to_owned());
        self
    }

    /// The Kubernetes object.
    pub fn to_object(&self) -> RuntimeClass {
        let fixed =
            || self.overhead.iter().map(|(name, value)| (name.clone(), Quantity(value.clone()))).collect();
        RuntimeClass {
            metadata: ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() },
            handler: self.handler.clone(),
            overhead: (!self.overhead.is_empty()).then(|| Overhead { pod_fixed: Some(fixed()) }),
            scheduling: (!self.node_selector.is_empty())
                .then(|| Scheduling { node_selector: Some(self.node_selector.clone()), tolerations: None }),
        }
    }
}

/// Creates nodes, several at a time.
pub async fn create_nodes(client: &Client, nodes: &[NodeSpec]) -> Result<()> {
    let api: Api<Node> = Api::all(client.clone());
    let parameters = PostParams::default();
    stream::iter(nodes.iter().map(NodeSpec::to_object))
        .map(|node| {
            let (api, parameters) = (&api, &parameters);
            async move { api.create(parameters, &node).await }
        })
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| async { Ok(()) })
        .await
        .context("cannot create the nodes")
}

/// Creates `RuntimeClasses`.
pub async fn create_runtime_classes(client: &Client, classes: &[RuntimeClassSpec]) -> Result<()> {
    let api: Api<RuntimeClass> = Api::all(client.clone());
    for class in classes {
        api.create(&PostParams::default(), &class.to_object()).await?;
    }
    Ok(())
}

/// Creates a namespace.
pub async fn create_namespace(client: &Client, name: &str) -> Result<()> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata, ..Namespace::default() };
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    Ok(())
}
