//! Workload templates: what pods will look like before the first of them exists.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::ObjectMeta;
use wit_graph::WorkloadKey;
use wit_placement::Workload;

use super::shape::of_template;
use super::{ConvertError, Converted, name, namespace};
use crate::cluster::problem::{FieldPath, ObjectName, Problems};

/// What the kinds of workload have in common.
struct Object<'a> {
    kind: &'static str,
    metadata: &'a ObjectMeta,
    replicas: Option<i32>,
    /// Where `replicas` was read.
    replicas_field: &'static str,
    template: Option<&'a PodTemplateSpec>,
}

/// A Deployment; without `spec.replicas` it wants one.
///
/// # Errors
/// Names the object and everything in it that cannot be read.
pub fn deployment(deployment: &Deployment) -> Result<Converted<Workload>, ConvertError> {
    let spec = deployment.spec.as_ref();
    read(&Object {
        kind: "Deployment",
        metadata: &deployment.metadata,
        replicas: spec.and_then(|spec| spec.replicas),
        replicas_field: "spec.replicas",
        template: spec.map(|spec| &spec.template),
    })
}

/// A `StatefulSet`; without `spec.replicas` it wants one.
///
/// # Errors
/// Names the object and everything in it that cannot be read.
pub fn stateful_set(stateful_set: &StatefulSet) -> Result<Converted<Workload>, ConvertError> {
    let spec = stateful_set.spec.as_ref();
    read(&Object {
        kind: "StatefulSet",
        metadata: &stateful_set.metadata,
        replicas: spec.and_then(|spec| spec.replicas),
        replicas_field: "spec.replicas",
        template: spec.map(|spec| &spec.template),
    })
}

/// A `DaemonSet`; it wants `status.desiredNumberScheduled`, or one while its controller has not said how many.
///
/// # Errors
/// Names the object and everything in it that cannot be read.
pub fn daemon_set(daemon_set: &DaemonSet) -> Result<Converted<Workload>, ConvertError> {
    read(&Object {
        kind: "DaemonSet",
        metadata: &daemon_set.metadata,
        replicas: daemon_set.status.as_ref().map(|status| status.desired_number_scheduled),
        replicas_field: "status.desiredNumberScheduled",
        template: daemon_set.spec.as_ref().map(|spec| &spec.template),
    })
}

/// A `ReplicaSet` that no Deployment owns; without `spec.replicas` it wants one. `None` for a Deployment's.
///
/// # Errors
/// Names the object and everything in it that cannot be read.
pub fn replica_set(replica_set: &ReplicaSet) -> Result<Option<Converted<Workload>>, ConvertError> {
    if owned_by_deployment(&replica_set.metadata) {
        return Ok(None);
    }
    let spec = replica_set.spec.as_ref();
    let workload = read(&Object {
        kind: "ReplicaSet",
        metadata: &replica_set.metadata,
        replicas: spec.and_then(|spec| spec.replicas),
        replicas_field: "spec.replicas",
        template: spec.and_then(|spec| spec.template.as_ref()),
    })?;
    Ok(Some(workload))
}

/// A Job; it wants `spec.parallelism`, one where that is not given, and none once it is suspended or has ended.
///
/// # Errors
/// Names the object and everything in it that cannot be read.
pub fn job(job: &Job) -> Result<Converted<Workload>, ConvertError> {
    let spec = job.spec.as_ref();
    let suspended = spec.and_then(|spec| spec.suspend).unwrap_or(false);
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ended = conditions.into_iter().any(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    let parallelism = spec.and_then(|spec| spec.parallelism);
    read(&Object {
        kind: "Job",
        metadata: &job.metadata,
        replicas: if suspended || ended { Some(0) } else { parallelism },
        replicas_field: "spec.parallelism",
        template: spec.map(|spec| &spec.template),
    })
}

/// Whether a `ReplicaSet` with this metadata is one revision of a Deployment, which is then the workload.
pub fn owned_by_deployment(metadata: &ObjectMeta) -> bool {
    let mut owners = metadata.owner_references.iter().flatten();
    owners.any(|owner| owner.controller == Some(true) && owner.kind == "Deployment")
}

fn read(object: &Object<'_>) -> Result<Converted<Workload>, ConvertError> {
    let mut problems = Problems::default();
    let name = name(object.metadata, &mut problems);
    let spec = FieldPath::Root.key("spec");
    let shape = of_template(object.template, &spec.key("template"), &mut problems);
    let value = Workload {
        key: WorkloadKey::new(namespace(object.metadata), object.kind, name),
        replicas: replicas(object, &mut problems),
        shape,
    };
    problems.finish(|| ObjectName::new(object.kind, object.metadata), value)
}

fn replicas(object: &Object<'_>, problems: &mut Problems) -> u32 {
    let wanted = object.replicas.unwrap_or(1);
    u32::try_from(wanted).unwrap_or_else(|_| {
        problems.error(&FieldPath::Root.key(object.replicas_field), format_args!("{wanted} is negative"));
        0
    })
}

#[cfg(test)]
mod tests;
