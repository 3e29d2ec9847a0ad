//! What a template says to schedulers beside what placement reads: gates, whose pods they are, and classes of priority.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use wit_sources::cluster::convert::system_priority;

/// Schedulers whose pods a replay places as they would be placed: the default one, and the profile of our examples.
const OURS: [&str; 2] = ["default-scheduler", "wit-scheduler"];
/// The beginning of gates that wit-placement opens itself.
const OUR_GATES: &str = "wit-placement.dev/";

/// Whether a scheduling gate holds the pods back that nobody opens in a replay.
pub(crate) fn is_gated(template: &PodTemplateSpec) -> bool {
    let gates = template.spec.as_ref().and_then(|spec| spec.scheduling_gates.as_ref());
    gates.is_some_and(|gates| gates.iter().any(|gate| !gate.name.starts_with(OUR_GATES)))
}

/// What of it a replay cannot do as it would be done.
pub(super) fn warnings(template: &PodTemplateSpec) -> impl Iterator<Item = String> {
    let spec = template.spec.as_ref();
    let scheduler = spec.and_then(|spec| spec.scheduler_name.as_deref());
    let scheduler = scheduler.filter(|name| !name.is_empty() && !OURS.contains(name)).map(|name| {
        let told = "another scheduler places such pods; a replay places them as kube-scheduler would";
        format!("schedulerName `{name}`: {told}")
    });
    let class = spec.filter(|spec| spec.priority.is_none());
    let class = class.and_then(|spec| spec.priority_class_name.as_deref());
    let class = class.filter(|name| !name.is_empty() && system_priority(name).is_none()).map(|name| {
        let told =
            "its value is not known, and the priority is 0: set `priority`, or import the PriorityClass too";
        format!("priorityClassName `{name}`: {told}")
    });
    scheduler.into_iter().chain(class)
}
