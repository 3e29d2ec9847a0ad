//! What a line of a trace may be, for the JSON schema. Kubernetes' own objects have schemas of their own, which are named.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Header, Record};

/// A line of a trace: the first is its header, every other one a record.
#[derive(Clone, Debug, JsonSchema)]
#[serde(untagged)]
pub enum Line {
    /// The first line.
    Header(Box<Header>),
    /// Every other line.
    Record(Box<Record>),
}

/// An object as Kubernetes has it.
fn object(what: &str) -> Schema {
    json_schema!({"type": "object", "description": format!("As Kubernetes has it: {what}.")})
}

pub(super) fn node(_: &mut SchemaGenerator) -> Schema {
    object(
        "v1 Node, of which name, labels, annotations, taints, unschedulable, allocatable and runtimeHandlers are read",
    )
}

pub(super) fn runtime_class(_: &mut SchemaGenerator) -> Schema {
    object("node.k8s.io/v1 RuntimeClass")
}

pub(super) fn template(_: &mut SchemaGenerator) -> Schema {
    object("v1 PodTemplateSpec, the spec.template of a Deployment")
}

/// A component: its kind is enough, and its imports and exports may be names alone.
pub(super) fn world(_: &mut SchemaGenerator) -> Schema {
    let item = json_schema!({"type": ["string", "object"]});
    json_schema!({
        "type": ["object", "null"],
        "description": "What was read of the image; null where it cannot be read. Imports and exports are names of interfaces, \
                        or objects with `name`, `shape` and `items` where their types are known.",
        "required": ["kind"],
        "properties": {
            "kind": {"enum": ["component", "core-module", "wit-package", "not-wasm", "opaque"]},
            "imports": {"type": "array", "items": item},
            "exports": {"type": "array", "items": item}
        }
    })
}
