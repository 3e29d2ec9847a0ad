//! `RuntimeClass`es.

use k8s_openapi::api::node::v1;
use wit_placement::RuntimeClass;

use super::resources::amounts;
use super::tolerations::tolerations;
use super::{ConvertError, Converted, name};
use crate::cluster::problem::{FieldPath, ObjectName, Problems};

/// A `RuntimeClass`.
///
/// # Errors
/// Names the class and everything in it that cannot be read.
pub fn runtime_class(class: &v1::RuntimeClass) -> Result<Converted<RuntimeClass>, ConvertError> {
    let mut problems = Problems::default();
    let root = FieldPath::Root;
    if class.handler.is_empty() {
        problems.error(&root.key("handler"), "is missing");
    }
    let scheduling = class.scheduling.as_ref();
    let overhead = class.overhead.as_ref().and_then(|overhead| overhead.pod_fixed.as_ref());
    let value = RuntimeClass {
        name: name(&class.metadata, &mut problems),
        handler: class.handler.clone(),
        node_selector: scheduling.and_then(|scheduling| scheduling.node_selector.clone()).unwrap_or_default(),
        tolerations: tolerations(
            scheduling.and_then(|scheduling| scheduling.tolerations.as_ref()),
            &root.key("scheduling").key("tolerations"),
            &mut problems,
        ),
        overhead: amounts(overhead, &root.key("overhead").key("podFixed"), &mut problems),
    };
    problems.finish(|| ObjectName::new("RuntimeClass", &class.metadata), value)
}
