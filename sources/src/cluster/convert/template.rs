//! Templates that no workload object holds: those of traces.

use std::sync::Arc;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use wit_placement::PodShape;

use super::shape::of_template;
use super::{ConvertError, Converted};
use crate::cluster::problem::{FieldPath, ObjectName, Problems};

/// What pods of a template look like before admission; `owner` is whom problems are told of.
///
/// # Errors
/// Everything in the template that cannot be read.
pub fn pod_template(
    owner: ObjectName,
    template: &PodTemplateSpec,
) -> Result<Converted<Arc<PodShape>>, ConvertError> {
    let mut problems = Problems::default();
    let shape = of_template(Some(template), &FieldPath::Root.key("template"), &mut problems);
    problems.finish(|| owner, shape)
}
