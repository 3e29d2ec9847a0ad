//! Kubernetes objects → the plain values of `wit-placement`.
//!
//! Each function reads one kind. What placement cannot do without (a quantity that is none, an image that is missing)
//! makes a [`ConvertError`] that names the object and everything that is wrong with it; what it can do without (an
//! annotation of ours that says nothing sensible) is passed over and told in [`Converted::warnings`].

mod affinity;
mod constraints;
mod node;
mod pod;
mod resources;
mod runtime_class;
mod selectors;
mod shape;
mod spread;
mod template;
mod tolerations;
mod workload;

pub use node::node;
pub use pod::{pod, workload_of};
pub use runtime_class::runtime_class;
pub use shape::system_priority;
pub use template::pod_template;
pub use workload::{daemon_set, deployment, job, owned_by_deployment, replica_set, stateful_set};

use kube::api::ObjectMeta;

use super::problem::{FieldPath, Problems};

pub use super::problem::{ConvertError, Converted};

/// The annotation on pods and templates that switches them to `steer`, `observe` or `ignore`.
pub const MODE_ANNOTATION: &str = "wit-placement.dev/mode";
/// The annotation on pods and templates that says whether missing evidence refuses a node.
pub const STRICT_ANNOTATION: &str = "wit-placement.dev/strict";
/// The annotation on pods and templates that says whom they call and how much: `name=weight,…`.
pub const LINKS_ANNOTATION: &str = "wit-placement.dev/links";
/// The annotation on nodes that caps their Wasm instances.
pub const INSTANCES_ANNOTATION: &str = "wit-placement.dev/instances";

/// The namespace of an object that names none.
pub const DEFAULT_NAMESPACE: &str = "default";

/// The object's name; a problem where it has none.
fn name(metadata: &ObjectMeta, problems: &mut Problems) -> String {
    if let Some(name) = metadata.name.as_ref().filter(|name| !name.is_empty()) {
        return name.clone();
    }
    problems.error(&FieldPath::Root.key("metadata").key("name"), "is missing");
    String::new()
}

/// The object's namespace.
fn namespace(metadata: &ObjectMeta) -> &str {
    metadata.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE)
}

/// The value of an annotation, read by `read`; where it says nothing sensible, a warning that names what it may say.
fn annotation<T>(
    metadata: Option<&ObjectMeta>,
    key: &str,
    at: &FieldPath<'_>,
    problems: &mut Problems,
    read: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    let text = metadata?.annotations.as_ref()?.get(key)?;
    match read(text) {
        Ok(value) => Some(value),
        Err(expected) => {
            let metadata = at.key("metadata");
            let annotations = metadata.key("annotations");
            problems.warn(&annotations.key(key), format_args!("\"{text}\" is ignored, expected {expected}"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
