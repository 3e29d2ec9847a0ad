//! What of an object a trace keeps: what placement and the scheduler decide by.
//!
//! Environments, volumes, commands and probes are left out: nothing is decided by them, and some of them are secrets.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Node, NodeSpec, NodeStatus, PodSpec, PodTemplateSpec};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The beginning of the annotations that are ours.
const OURS: &str = "wit-placement.dev/";
/// Annotations of others by which a runtime tells Wasm.
const OF_RUNTIMES: [&str; 2] = ["run.oci.handler", "module.wasm.image/variant"];

pub(super) fn of_node(node: Node) -> Node {
    let spec = node.spec.unwrap_or_default();
    let spec = NodeSpec { taints: spec.taints, unschedulable: spec.unschedulable, ..NodeSpec::default() };
    let status = node.status.unwrap_or_default();
    let has_allocatable = status.allocatable.as_ref().is_some_and(|list| !list.is_empty());
    let status = NodeStatus {
        allocatable: status.allocatable,
        capacity: status.capacity.filter(|_| !has_allocatable),
        runtime_handlers: status.runtime_handlers,
        ..NodeStatus::default()
    };
    let name = node.metadata.name.clone();
    Node {
        metadata: ObjectMeta { name, ..of_metadata(node.metadata).unwrap_or_default() },
        spec: (spec != NodeSpec::default()).then_some(spec),
        status: Some(status),
    }
}

pub(super) fn of_class(class: RuntimeClass) -> RuntimeClass {
    let metadata = ObjectMeta { name: class.metadata.name, ..ObjectMeta::default() };
    RuntimeClass { metadata, ..class }
}

/// A template, or what of a pod could have been its template.
pub(super) fn of_template(metadata: Option<ObjectMeta>, spec: Option<PodSpec>) -> PodTemplateSpec {
    PodTemplateSpec { metadata: metadata.and_then(of_metadata), spec: spec.map(of_spec) }
}

/// Labels, and the annotations that count.
fn of_metadata(metadata: ObjectMeta) -> Option<ObjectMeta> {
    let counts = |key: &String| key.starts_with(OURS) || OF_RUNTIMES.contains(&key.as_str());
    let annotations = metadata.annotations.unwrap_or_default();
    let annotations: BTreeMap<_, _> = annotations.into_iter().filter(|(key, _)| counts(key)).collect();
    let labels = metadata.labels.filter(|labels| !labels.is_empty());
    let annotations = Some(annotations).filter(|annotations| !annotations.is_empty());
    let metadata = ObjectMeta { labels, annotations, ..ObjectMeta::default() };
    (metadata != ObjectMeta::default()).then_some(metadata)
}

fn of_spec(spec: PodSpec) -> PodSpec {
    PodSpec {
        affinity: spec.affinity,
        containers: spec.containers.into_iter().map(of_container).collect(),
        init_containers: spec.init_containers.map(|list| list.into_iter().map(of_container).collect()),
        host_network: spec.host_network,
        node_selector: spec.node_selector,
        overhead: spec.overhead,
        preemption_policy: spec.preemption_policy,
        priority: spec.priority,
        priority_class_name: spec.priority_class_name,
        resources: spec.resources,
        runtime_class_name: spec.runtime_class_name,
        scheduler_name: spec.scheduler_name,
        scheduling_gates: spec.scheduling_gates,
        tolerations: spec.tolerations,
        topology_spread_constraints: spec.topology_spread_constraints,
        ..PodSpec::default()
    }
}

fn of_container(container: Container) -> Container {
    let is_empty = |resources: &k8s_openapi::api::core::v1::ResourceRequirements| {
        *resources == k8s_openapi::api::core::v1::ResourceRequirements::default()
    };
    let of_hosts = container.ports.unwrap_or_default().into_iter().filter(|port| port.host_port.is_some());
    let ports: Vec<_> = of_hosts.collect();
    Container {
        name: container.name,
        image: container.image,
        ports: Some(ports).filter(|ports| !ports.is_empty()),
        resources: container.resources.filter(|resources| !is_empty(resources)),
        restart_policy: container.restart_policy,
        ..Container::default()
    }
}
