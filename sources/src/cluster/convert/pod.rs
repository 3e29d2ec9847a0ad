//! Pods, and whose replicas they are.

use std::sync::Arc;

use k8s_openapi::api::core::v1;
use kube::api::ObjectMeta;
use wit_graph::WorkloadKey;
use wit_placement::{NodeName, Pod, PodKey, PodShape, PodUid};

use super::shape::shape;
use super::{ConvertError, Converted, name, namespace};
use crate::cluster::problem::{FieldPath, ObjectName, Problems};

/// The label by which a Deployment tells its `ReplicaSets` apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A pod.
///
/// # Errors
/// Names the pod and everything in it that cannot be read.
pub fn pod(pod: &v1::Pod) -> Result<Converted<Pod>, ConvertError> {
    let mut problems = Problems::default();
    let metadata = &pod.metadata;
    let name = name(metadata, &mut problems);
    let namespace = namespace(metadata);
    if metadata.uid.is_none() {
        problems.error(&FieldPath::Root.key("metadata").key("uid"), "is missing");
    }
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref());
    let spec = pod.spec.as_ref();
    let value = Pod {
        workload: workload_of(metadata),
        key: PodKey::new(namespace, name),
        uid: PodUid::new(metadata.uid.as_deref().unwrap_or_default()),
        shape: Arc::new(pod_shape(pod, &mut problems)),
        node: spec
            .and_then(|spec| spec.node_name.as_deref())
            .filter(|name| !name.is_empty())
            .map(NodeName::new),
        finished: matches!(phase, Some("Succeeded" | "Failed")),
        gated: spec.and_then(|spec| spec.scheduling_gates.as_ref()).is_some_and(|gates| !gates.is_empty()),
    };
    problems.finish(|| ObjectName::new("Pod", metadata), value)
}

fn pod_shape(pod: &v1::Pod, problems: &mut Problems) -> PodShape {
    let Some(spec) = &pod.spec else {
        problems.error(&FieldPath::Root.key("spec"), "is missing");
        return PodShape::default();
    };
    shape(Some(&pod.metadata), spec, pod.status.as_ref(), &FieldPath::Root, problems)
}

/// The workload whose replica a pod with this metadata is.
///
/// It is the pod's controller, except that
/// - a `ReplicaSet` that a Deployment made (its name ends with the pod's `pod-template-hash`) stands for the Deployment:
///   the `ReplicaSets` of a rolling update are one workload;
/// - a pod without a controller, or one that a node's own kubelet runs, is its own workload of kind `Pod`.
pub fn workload_of(metadata: &ObjectMeta) -> WorkloadKey {
    let namespace = namespace(metadata);
    let mut owners = metadata.owner_references.iter().flatten();
    let Some(owner) = owners.find(|owner| owner.controller == Some(true) && owner.kind != "Node") else {
        return WorkloadKey::new(namespace, "Pod", metadata.name.as_deref().unwrap_or_default());
    };
    let hash = metadata.labels.as_ref().and_then(|labels| labels.get(TEMPLATE_HASH));
    let deployment = hash.filter(|_| owner.kind == "ReplicaSet").and_then(|hash| {
        let name = owner.name.strip_suffix(hash.as_str())?.strip_suffix('-')?;
        Some(name).filter(|name| !name.is_empty())
    });
    match deployment {
        Some(deployment) => WorkloadKey::new(namespace, "Deployment", deployment),
        None => WorkloadKey::new(namespace, owner.kind.as_str(), owner.name.as_str()),
    }
}
