//! What of a pod or template decides where it can and should run.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{PodSpec, PodStatus, PodTemplateSpec};
use kube::api::ObjectMeta;
use wit_graph::DeclaredLink;
use wit_placement::{ImageReference, PodMode, PodShape};

use super::affinity::required_terms;
use super::constraints::constraints;
use super::resources::{amounts, effective_requests};
use super::tolerations::tolerations;
use super::{LINKS_ANNOTATION, MODE_ANNOTATION, STRICT_ANNOTATION, annotation};
use crate::cluster::problem::{FieldPath, Problems};

/// The shape of a template; its pods' shape before admission.
pub(super) fn of_template(
    template: Option<&PodTemplateSpec>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Arc<PodShape> {
    let Some((template, spec)) = template.and_then(|template| Some((template, template.spec.as_ref()?)))
    else {
        problems.error(&at.key("spec"), "is missing");
        return Arc::default();
    };
    Arc::new(shape(template.metadata.as_ref(), spec, None, at, problems))
}

/// The shape of a pod.
pub(super) fn shape(
    metadata: Option<&ObjectMeta>,
    spec: &PodSpec,
    status: Option<&PodStatus>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> PodShape {
    let path = at.key("spec");
    PodShape {
        runtime_class: spec.runtime_class_name.clone().filter(|name| !name.is_empty()),
        images: images(spec, &path, problems),
        requests: effective_requests(spec, status, &path, problems),
        overhead: amounts(spec.overhead.as_ref(), &path.key("overhead"), problems),
        node_selector: spec.node_selector.clone().unwrap_or_default(),
        node_affinity: required_terms(spec.affinity.as_ref(), &path.key("affinity"), problems),
        tolerations: tolerations(spec.tolerations.as_ref(), &path.key("tolerations"), problems),
        priority: spec
            .priority
            .or_else(|| system_priority(spec.priority_class_name.as_deref()?))
            .unwrap_or(0),
        mode: annotation(metadata, MODE_ANNOTATION, at, problems, read_mode),
        strict: annotation(metadata, STRICT_ANNOTATION, at, problems, read_strict),
        links: annotation(metadata, LINKS_ANNOTATION, at, problems, read_links).unwrap_or_default(),
        scheduling: constraints(metadata, spec, at, problems),
    }
}

/// The value of a priority class that every cluster has; `None` of any other.
pub fn system_priority(class: &str) -> Option<i32> {
    match class {
        "system-cluster-critical" => Some(2_000_000_000),
        "system-node-critical" => Some(2_000_001_000),
        _ => None,
    }
}

fn images(spec: &PodSpec, at: &FieldPath<'_>, problems: &mut Problems) -> Vec<ImageReference> {
    let containers = at.key("containers");
    let mut image = |(index, image): (usize, Option<&str>)| {
        let image = image.filter(|image| !image.is_empty());
        if image.is_none() {
            problems.error(&containers.index(index).key("image"), "is missing");
        }
        image.map(ImageReference::new)
    };
    let images = spec.containers.iter().map(|container| container.image.as_deref());
    images.enumerate().filter_map(&mut image).collect()
}

fn read_mode(text: &str) -> Result<PodMode, &'static str> {
    match text {
        "steer" => Ok(PodMode::Steer),
        "observe" => Ok(PodMode::Observe),
        "ignore" => Ok(PodMode::Ignore),
        _ => Err("steer, observe or ignore"),
    }
}

fn read_strict(text: &str) -> Result<bool, &'static str> {
    text.parse().map_err(|_| "true or false")
}

fn read_links(text: &str) -> Result<Vec<DeclaredLink>, &'static str> {
    DeclaredLink::list(text)
        .map_err(|_| "name=weight,… with names of workloads in its namespace and weights of 0 or more")
}
