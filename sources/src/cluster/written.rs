//! Plain values back as Kubernetes objects: what an extender or a folder of manifests is shown of a cluster that is simulated.
//!
//! [`convert`](super::convert) reads them as they were, except for what only kube-scheduler's own plugins read, for image
//! sizes on nodes, and for how requests are spread over containers: the first has them all.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wit_placement::{
    Node, NodeOperator, NodeRequirement, Pod, PodShape, Resources, RuntimeClass, TaintEffect, Toleration,
    Workload,
};

use super::convert::{INSTANCES_ANNOTATION, LINKS_ANNOTATION, MODE_ANNOTATION, STRICT_ANNOTATION};

/// A node.
pub fn node(node: &Node) -> Value {
    let mut annotations = BTreeMap::new();
    if let Some(cap) = node.instance_cap {
        annotations.insert(INSTANCES_ANNOTATION, cap.to_string());
    }
    let taints: Vec<_> = node
        .taints
        .iter()
        .map(|taint| {
            let effect = match taint.effect {
                TaintEffect::NoSchedule => "NoSchedule",
                TaintEffect::PreferNoSchedule => "PreferNoSchedule",
                TaintEffect::NoExecute => "NoExecute",
            };
            json!({"key": taint.key, "value": taint.value, "effect": effect})
        })
        .collect();
    let mut allocatable = amounts(node.allocatable.resources);
    if let Some(fields) = allocatable.as_object_mut() {
        fields.insert("pods".to_owned(), node.allocatable.pods.to_string().into());
    }
    let handlers: Vec<_> =
        node.runtime_handlers.iter().flatten().map(|handler| json!({"name": handler})).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": node.labels, "annotations": annotations},
        "spec": {"taints": taints, "unschedulable": node.unschedulable},
        "status": {"allocatable": allocatable, "runtimeHandlers": handlers},
    })
}

/// A `RuntimeClass`.
pub fn runtime_class(class: &RuntimeClass) -> Value {
    let overhead =
        (class.overhead != Resources::default()).then(|| json!({"podFixed": amounts(class.overhead)}));
    json!({
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": class.name},
        "handler": class.handler,
        "overhead": overhead,
        "scheduling": {"nodeSelector": class.node_selector, "tolerations": tolerations(&class.tolerations)},
    })
}

/// A workload; `None` of a kind that is not one of Kubernetes' own controllers.
pub fn workload(workload: &Workload) -> Option<Value> {
    let key = &workload.key;
    let (api_version, replicas) = match &*key.kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" => ("apps/v1", "replicas"),
        "DaemonSet" => ("apps/v1", ""),
        "Job" => ("batch/v1", "parallelism"),
        _ => return None,
    };
    let labels = json!({"app.kubernetes.io/name": key.name});
    let (mut metadata, pod) = template(&workload.shape);
    metadata.insert("labels".to_owned(), labels.clone());
    let mut spec = json!({
        "selector": {"matchLabels": labels},
        "template": {"metadata": metadata, "spec": pod},
    });
    if let Some(fields) = spec.as_object_mut().filter(|_| !replicas.is_empty()) {
        fields.insert(replicas.to_owned(), workload.replicas.into());
    }
    Some(json!({
        "apiVersion": api_version,
        "kind": key.kind,
        "metadata": {"name": key.name, "namespace": key.namespace},
        "spec": spec,
    }))
}

/// A pod.
pub fn pod(pod: &Pod) -> Value {
    let (mut metadata, mut spec) = template(&pod.shape);
    let owner = &pod.workload;
    metadata.insert("name".to_owned(), json!(pod.key.name));
    metadata.insert("namespace".to_owned(), json!(pod.key.namespace));
    metadata.insert("uid".to_owned(), json!(pod.uid));
    if *owner.kind != *"Pod" {
        let owner = json!({"apiVersion": "apps/v1", "kind": owner.kind, "name": owner.name, "uid": "", "controller": true});
        metadata.insert("ownerReferences".to_owned(), json!([owner]));
    }
    if let Some(fields) = spec.as_object_mut() {
        if let Some(node) = &pod.node {
            fields.insert("nodeName".to_owned(), json!(node));
        }
        if pod.gated {
            fields.insert("schedulingGates".to_owned(), json!([{"name": "wit-placement.dev/plan"}]));
        }
    }
    let phase = if pod.finished { "Succeeded" } else { "Pending" };
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": phase}})
}

/// The metadata and the specification of pods of this shape.
fn template(shape: &PodShape) -> (serde_json::Map<String, Value>, Value) {
    let mut annotations = BTreeMap::new();
    if let Some(mode) = shape.mode {
        annotations.insert(MODE_ANNOTATION, json!(mode));
    }
    if let Some(strict) = shape.strict {
        annotations.insert(STRICT_ANNOTATION, json!(strict.to_string()));
    }
    if !shape.links.is_empty() {
        let links = shape.links.iter().map(|link| format!("{}={}", link.provider, link.weight.get()));
        annotations.insert(LINKS_ANNOTATION, json!(links.collect::<Vec<_>>().join(",")));
    }
    let container = |(number, image)| {
        let requests = if number == 0 { amounts(shape.requests) } else { json!({}) };
        json!({"name": format!("c{number}"), "image": image, "resources": {"requests": requests}})
    };
    let containers: Vec<_> = shape.images.iter().enumerate().map(container).collect();
    let overhead = (shape.overhead != Resources::default()).then(|| amounts(shape.overhead));
    let mut metadata = serde_json::Map::new();
    metadata.insert("annotations".to_owned(), json!(annotations));
    let spec = json!({
        "runtimeClassName": shape.runtime_class,
        "containers": containers,
        "overhead": overhead,
        "nodeSelector": shape.node_selector,
        "affinity": affinity(&shape.node_affinity),
        "tolerations": tolerations(&shape.tolerations),
        "priority": shape.priority,
    });
    (metadata, spec)
}

fn affinity(terms: &[Vec<NodeRequirement>]) -> Option<Value> {
    if terms.is_empty() {
        return None;
    }
    let terms: Vec<_> = terms
        .iter()
        .map(|term| {
            let of =
                |field| -> Vec<_> { term.iter().filter(|one| one.field == field).map(requirement).collect() };
            json!({"matchExpressions": of(false), "matchFields": of(true)})
        })
        .collect();
    let required = json!({"nodeSelectorTerms": terms});
    Some(json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}))
}

fn requirement(requirement: &NodeRequirement) -> Value {
    let operator = match requirement.operator {
        NodeOperator::In => "In",
        NodeOperator::NotIn => "NotIn",
        NodeOperator::Exists => "Exists",
        NodeOperator::DoesNotExist => "DoesNotExist",
        NodeOperator::Gt => "Gt",
        NodeOperator::Lt => "Lt",
    };
    json!({"key": requirement.key, "operator": operator, "values": requirement.values})
}

fn tolerations(tolerations: &[Toleration]) -> Vec<Value> {
    let written = tolerations.iter().map(|Toleration { key, value, effect }| {
        let operator = if value.is_some() { "Equal" } else { "Exists" };
        json!({"key": key, "operator": operator, "value": value, "effect": effect})
    });
    written.collect()
}

fn amounts(resources: Resources) -> Value {
    json!({"cpu": format!("{}m", resources.cpu_millis), "memory": resources.memory_bytes.to_string()})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use serde::de::DeserializeOwned;
    use wit_graph::{DeclaredLink, Weight, WorkloadKey};
    use wit_placement::{Allocatable, ImageReference, NodeName, PodKey, PodMode, PodUid, Taint};

    use super::*;
    use crate::cluster::convert;

    fn object<T: DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("an object of Kubernetes")
    }

    fn labels(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    fn toleration() -> Toleration {
        Toleration { key: Some("edge".into()), value: None, effect: Some("NoSchedule".into()) }
    }

    fn resources() -> Resources {
        Resources { cpu_millis: 150, memory_bytes: 48 << 20 }
    }

    fn shape() -> PodShape {
        let requirement = |key: &str, operator, values: &[&str], field| NodeRequirement {
            key: key.into(),
            operator,
            values: values.iter().map(ToString::to_string).collect(),
            field,
        };
        PodShape {
            runtime_class: Some("wasm".into()),
            images: ["registry.example/a:1", "registry.example/b:1"].map(ImageReference::new).into(),
            requests: resources(),
            overhead: Resources { cpu_millis: 0, memory_bytes: 15 << 20 },
            node_selector: labels("kube-wasm/runtime", "wasmtime"),
            node_affinity: vec![vec![
                requirement("disk", NodeOperator::In, &["ssd"], false),
                requirement("metadata.name", NodeOperator::NotIn, &["n1"], true),
            ]],
            tolerations: vec![toleration()],
            priority: 7,
            mode: Some(PodMode::Observe),
            strict: Some(true),
            links: vec![DeclaredLink {
                provider: "cart".into(),
                weight: Weight::new(2.5).expect("a weight"),
            }],
            ..PodShape::default()
        }
    }

    #[test]
    fn a_node_and_a_class_are_read_as_they_were() {
        let written = Node {
            name: NodeName::new("n1"),
            labels: labels("zone", "a"),
            allocatable: Allocatable { resources: resources(), pods: 110 },
            runtime_handlers: Some(BTreeSet::from(["wasmtime".to_owned()])),
            instance_cap: Some(12),
            taints: vec![Taint { key: "edge".into(), value: "yes".into(), effect: TaintEffect::NoExecute }],
            unschedulable: true,
            images: Vec::new(),
        };
        assert_eq!(convert::node(&object(node(&written))).expect("a node").value, written);
        let class = RuntimeClass {
            name: "wasm".into(),
            handler: "wasmtime".into(),
            node_selector: labels("kube-wasm/runtime", "wasmtime"),
            tolerations: vec![toleration()],
            overhead: resources(),
        };
        assert_eq!(convert::runtime_class(&object(runtime_class(&class))).expect("a class").value, class);
    }

    #[test]
    fn a_workload_and_its_pod_are_read_as_they_were_but_for_what_plugins_read() {
        let key = WorkloadKey::new("shop", "StatefulSet", "checkout");
        let plain = |shape: &PodShape| PodShape { scheduling: Arc::default(), ..shape.clone() };
        let written = Workload { key: key.clone(), replicas: 3, shape: Arc::new(shape()) };
        let read = convert::stateful_set(&object(workload(&written).expect("one of Kubernetes' own")));
        let read = read.expect("a workload").value;
        assert_eq!((&read.key, read.replicas, plain(&read.shape)), (&key, 3, shape()));
        let written = Pod {
            key: PodKey::new("shop", "checkout-0"),
            uid: PodUid::new("4"),
            workload: key,
            shape: Arc::new(shape()),
            node: Some(NodeName::new("n1")),
            finished: false,
            gated: false,
        };
        let read = convert::pod(&object(pod(&written))).expect("a pod").value;
        assert_eq!(Pod { shape: Arc::new(plain(&read.shape)), ..read }, written);
        assert_eq!(
            workload(&Workload { key: WorkloadKey::new("shop", "SpinApp", "cart"), ..read_any() }),
            None
        );
    }

    fn read_any() -> Workload {
        Workload { key: WorkloadKey::new("", "", ""), replicas: 1, shape: Arc::default() }
    }
}
