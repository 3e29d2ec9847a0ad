//! Requests: what a pod asks of a node.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, ContainerStatus, PodSpec, PodStatus, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use wit_placement::Resources;

use crate::cluster::problem::{FieldPath, Problems};
use crate::cluster::quantity::{self, Unit};

/// A resource list as the Kubernetes API writes it.
pub(super) type Quantities = BTreeMap<String, Quantity>;

/// What a pod needs over its whole life, as kube-scheduler counts it, without its overhead: the larger of what its
/// containers need together with its sidecars, and of what its init containers need on their way, each together with
/// the sidecars started before it. Requests for the whole pod take the place of the sum. A container that is being
/// resized counts with the largest of what it asked for, was promised and has.
///
/// The rule: KEP-753 (sidecar containers), "Exposing pod resource requirements"; KEP-2837 (pod-level resources);
/// KEP-1287 (in-place resize).
pub(super) fn effective_requests(
    spec: &PodSpec,
    status: Option<&PodStatus>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Resources {
    let resize = Resize::new(status);
    let containers = at.key("containers");
    let mut running = Resources::default();
    for (index, container) in spec.containers.iter().enumerate() {
        let asked = container_requests(container, &containers.index(index), problems);
        running = running + resize.of(&container.name, asked);
    }
    let init_containers = at.key("initContainers");
    let (mut sidecars, mut starting) = (Resources::default(), Resources::default());
    for (index, container) in spec.init_containers.iter().flatten().enumerate() {
        let asked = container_requests(container, &init_containers.index(index), problems);
        if container.restart_policy.as_deref() == Some("Always") {
            let needed = resize.of(&container.name, asked);
            running = running + needed;
            sidecars = sidecars + needed;
            starting = larger(starting, sidecars);
        } else {
            starting = larger(starting, sidecars + asked);
        }
    }
    of_the_whole_pod(spec.resources.as_ref(), larger(running, starting), &at.key("resources"), problems)
}

/// CPU and memory of a resource list; what it does not name is zero.
pub(super) fn amounts(list: Option<&Quantities>, at: &FieldPath<'_>, problems: &mut Problems) -> Resources {
    let mut read = |name: &str, unit| amount(list, name, unit, at, problems).unwrap_or(0);
    Resources { cpu_millis: read("cpu", Unit::Millis), memory_bytes: read("memory", Unit::Whole) }
}

/// One entry of a resource list.
pub(super) fn amount(
    list: Option<&Quantities>,
    name: &str,
    unit: Unit,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<u64> {
    let Quantity(text) = list?.get(name)?;
    quantity::parse(text, unit).map_err(|error| problems.error(&at.key(name), error)).ok()
}

/// What a container asks for; a limit without a request is a request, as the API server defaults it.
fn container_requests(container: &Container, at: &FieldPath<'_>, problems: &mut Problems) -> Resources {
    let at = at.key("resources");
    let Some(requirements) = &container.resources else { return Resources::default() };
    let mut read = |name: &str, unit| requested(requirements, name, unit, &at, problems).unwrap_or(0);
    Resources { cpu_millis: read("cpu", Unit::Millis), memory_bytes: read("memory", Unit::Whole) }
}

/// The request for one resource, or else its limit.
fn requested(
    requirements: &ResourceRequirements,
    name: &str,
    unit: Unit,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<u64> {
    let named = |list: &Option<Quantities>| list.as_ref().is_some_and(|list| list.contains_key(name));
    if named(&requirements.requests) {
        return amount(requirements.requests.as_ref(), name, unit, &at.key("requests"), problems);
    }
    amount(requirements.limits.as_ref(), name, unit, &at.key("limits"), problems)
}

/// `spec.resources`: a request for the whole pod takes the place of its containers' sum; its limit does where no
/// container asks for that resource.
fn of_the_whole_pod(
    requirements: Option<&ResourceRequirements>,
    sum: Resources,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Resources {
    let Some(requirements) = requirements else { return sum };
    let mut read = |name: &str, unit, sum: u64| {
        let requests = requirements.requests.as_ref();
        let limits = requirements.limits.as_ref();
        amount(requests, name, unit, &at.key("requests"), problems)
            .or_else(|| amount(limits, name, unit, &at.key("limits"), problems).filter(|_| sum == 0))
            .unwrap_or(sum)
    };
    Resources {
        cpu_millis: read("cpu", Unit::Millis, sum.cpu_millis),
        memory_bytes: read("memory", Unit::Whole, sum.memory_bytes),
    }
}

fn larger(one: Resources, other: Resources) -> Resources {
    Resources {
        cpu_millis: one.cpu_millis.max(other.cpu_millis),
        memory_bytes: one.memory_bytes.max(other.memory_bytes),
    }
}

/// What the kubelet says about containers whose resources are changed while they run.
struct Resize<'a> {
    status: Option<&'a PodStatus>,
    infeasible: bool,
}

impl<'a> Resize<'a> {
    fn new(status: Option<&'a PodStatus>) -> Self {
        let conditions = status.into_iter().flat_map(|status| status.conditions.iter().flatten());
        let infeasible = conditions.into_iter().any(|condition| {
            condition.type_ == "PodResizePending" && condition.reason.as_deref() == Some("Infeasible")
        });
        Self { status, infeasible }
    }

    /// What the container counts with. What the kubelet reports was admitted before: if it is no quantity it is left out.
    fn of(&self, container: &str, asked: Resources) -> Resources {
        let Some(status) = self.container(container) else { return asked };
        let Some(actual) = &status.resources else { return asked };
        let mut ignored = Problems::default();
        let mut read = |list: Option<&Quantities>| amounts(list, &FieldPath::Root, &mut ignored);
        let held = larger(read(actual.requests.as_ref()), read(status.allocated_resources.as_ref()));
        if self.infeasible { held } else { larger(asked, held) }
    }

    fn container(&self, name: &str) -> Option<&'a ContainerStatus> {
        let status = self.status?;
        let statuses = status.container_statuses.iter().flatten();
        statuses.chain(status.init_container_statuses.iter().flatten()).find(|status| status.name == name)
    }
}

#[cfg(test)]
mod tests;
