//! Nodes.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{self, NodeStatus};
use wit_placement::{Allocatable, ImageReference, Node, NodeImage, NodeName};

use super::resources::{amount, amounts};
use super::tolerations::taints;
use super::{ConvertError, Converted, INSTANCES_ANNOTATION, annotation, name};
use crate::cluster::problem::{FieldPath, ObjectName, Problems};
use crate::cluster::quantity::Unit;

/// A node.
///
/// # Errors
/// Names the node and everything in it that cannot be read.
pub fn node(node: &v1::Node) -> Result<Converted<Node>, ConvertError> {
    let mut problems = Problems::default();
    let metadata = &node.metadata;
    let spec = node.spec.as_ref();
    let value = Node {
        name: NodeName::new(name(metadata, &mut problems)),
        labels: metadata.labels.clone().unwrap_or_default(),
        allocatable: allocatable(node.status.as_ref(), &mut problems),
        runtime_handlers: node.status.as_ref().and_then(runtime_handlers),
        instance_cap: annotation(
            Some(metadata),
            INSTANCES_ANNOTATION,
            &FieldPath::Root,
            &mut problems,
            |text| text.parse().map_err(|_| "a whole number of instances"),
        ),
        taints: taints(
            spec.and_then(|spec| spec.taints.as_ref()),
            &FieldPath::Root.key("spec").key("taints"),
            &mut problems,
        ),
        unschedulable: spec.and_then(|spec| spec.unschedulable).unwrap_or(false),
        images: node.status.as_ref().map(images).unwrap_or_default(),
    };
    problems.finish(|| ObjectName::new("Node", metadata), value)
}

/// `status.allocatable`, or `status.capacity` where it is not given, as the API server defaults it.
fn allocatable(status: Option<&NodeStatus>, problems: &mut Problems) -> Allocatable {
    let Some(status) = status else { return Allocatable::default() };
    let given = status.allocatable.as_ref().filter(|list| !list.is_empty());
    let (list, key) = match given {
        Some(list) => (Some(list), "allocatable"),
        None => (status.capacity.as_ref(), "capacity"),
    };
    let path = FieldPath::Root.key("status");
    let path = path.key(key);
    let pods = amount(list, "pods", Unit::Whole, &path, problems).unwrap_or(0);
    Allocatable { resources: amounts(list, &path, problems), pods: u32::try_from(pods).unwrap_or(u32::MAX) }
}

/// The images that the kubelet lists; it lists no more than 50 unless it is told to.
fn images(status: &NodeStatus) -> Vec<NodeImage> {
    let image = |image: &v1::ContainerImage| NodeImage {
        names: image.names.iter().flatten().map(|name| ImageReference::new(name.as_str())).collect(),
        size_bytes: image.size_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0),
    };
    status.images.iter().flatten().map(image).collect()
}

/// The handlers that the node's container runtime reports. The default handler has an empty name and names nothing.
fn runtime_handlers(status: &NodeStatus) -> Option<BTreeSet<String>> {
    let handlers = status.runtime_handlers.as_ref().filter(|handlers| !handlers.is_empty())?;
    let names = handlers.iter().filter_map(|handler| handler.name.clone());
    Some(names.filter(|name| !name.is_empty()).collect())
}
