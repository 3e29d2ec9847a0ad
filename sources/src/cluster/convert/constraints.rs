//! What only kube-scheduler's own plugins read of a pod: labels, wishes for nodes and neighbours, spreading, preemption.
//!
//! Placement does without it, so what says nothing sensible is passed over with a warning and never hides the pod.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Affinity, PodAffinityTerm, PodSpec, WeightedPodAffinityTerm};
use kube::api::ObjectMeta;
use wit_placement::{
    Constraints, ImageReference, PodAffinity, PodTerm, PreemptionPolicy, PreferredNodes, PreferredPods,
};

use super::affinity::read_term;
use super::selectors::{label_selector, namespace_selector, with_label_keys};
use super::spread::spread_constraints;
use crate::cluster::problem::{FieldPath, Problems};

type Labels = BTreeMap<String, String>;

/// The constraints of a pod or template at `at`.
pub(super) fn constraints(
    metadata: Option<&ObjectMeta>,
    spec: &PodSpec,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Arc<Constraints> {
    let labels = metadata.and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let path = at.key("spec");
    let affinity = path.key("affinity");
    let init_containers = spec.init_containers.iter().flatten();
    let constraints = Constraints {
        init_images: init_containers
            .filter_map(|one| one.image.as_deref())
            .map(ImageReference::new)
            .collect(),
        preferred_nodes: preferred_nodes(spec.affinity.as_ref(), &affinity, problems),
        pod_affinity: pod_affinity(spec.affinity.as_ref(), &labels, &affinity, problems),
        pod_anti_affinity: pod_anti_affinity(spec.affinity.as_ref(), &labels, &affinity, problems),
        topology_spread: spread_constraints(spec, &labels, &path, problems),
        preemption: preemption(spec.preemption_policy.as_deref(), &path, problems),
        labels,
    };
    Arc::new(constraints)
}

fn preferred_nodes(
    affinity: Option<&Affinity>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<PreferredNodes> {
    let node = affinity.and_then(|affinity| affinity.node_affinity.as_ref());
    let terms = node.and_then(|node| node.preferred_during_scheduling_ignored_during_execution.as_ref());
    let path = at.key("nodeAffinity");
    let path = path.key("preferredDuringSchedulingIgnoredDuringExecution");
    let mut preferred = Vec::new();
    for (index, one) in terms.into_iter().flatten().enumerate() {
        let term = read_term(&one.preference, &path.index(index).key("preference"), problems);
        if let Some(weight) = weight(one.weight, &path.index(index), problems) {
            preferred.push(PreferredNodes { weight, term });
        }
    }
    preferred
}

fn pod_affinity(
    affinity: Option<&Affinity>,
    labels: &Labels,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> PodAffinity {
    let Some(pods) = affinity.and_then(|affinity| affinity.pod_affinity.as_ref()) else {
        return PodAffinity::default();
    };
    let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
    let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
    terms(required, preferred, labels, &at.key("podAffinity"), problems)
}

fn pod_anti_affinity(
    affinity: Option<&Affinity>,
    labels: &Labels,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> PodAffinity {
    let Some(pods) = affinity.and_then(|affinity| affinity.pod_anti_affinity.as_ref()) else {
        return PodAffinity::default();
    };
    let required = pods.required_during_scheduling_ignored_during_execution.as_deref();
    let preferred = pods.preferred_during_scheduling_ignored_during_execution.as_deref();
    terms(required, preferred, labels, &at.key("podAntiAffinity"), problems)
}

fn terms(
    required: Option<&[PodAffinityTerm]>,
    preferred: Option<&[WeightedPodAffinityTerm]>,
    labels: &Labels,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> PodAffinity {
    let mut affinity = PodAffinity::default();
    let path = at.key("requiredDuringSchedulingIgnoredDuringExecution");
    for (index, term) in required.into_iter().flatten().enumerate() {
        affinity.required.push(pod_term(term, labels, &path.index(index), problems));
    }
    let path = at.key("preferredDuringSchedulingIgnoredDuringExecution");
    for (index, one) in preferred.into_iter().flatten().enumerate() {
        let at = path.index(index);
        let term = pod_term(&one.pod_affinity_term, labels, &at.key("podAffinityTerm"), problems);
        if let Some(weight) = weight(one.weight, &at, problems) {
            affinity.preferred.push(PreferredPods { weight, term });
        }
    }
    affinity
}

fn pod_term(term: &PodAffinityTerm, labels: &Labels, at: &FieldPath<'_>, problems: &mut Problems) -> PodTerm {
    let selector = label_selector(term.label_selector.as_ref(), &at.key("labelSelector"), problems);
    let selector = with_label_keys(selector, term.match_label_keys.as_deref(), labels, true);
    let selector = with_label_keys(selector, term.mismatch_label_keys.as_deref(), labels, false);
    let namespaces = term.namespace_selector.as_ref();
    PodTerm {
        selector,
        namespaces: term.namespaces.clone().unwrap_or_default(),
        namespace_selector: namespace_selector(namespaces, &at.key("namespaceSelector"), problems),
        topology_key: term.topology_key.clone(),
    }
}

/// A weight of 1 to 100; what is none takes its term with it.
fn weight(weight: i32, at: &FieldPath<'_>, problems: &mut Problems) -> Option<u32> {
    let weight_in_range = u32::try_from(weight).ok().filter(|weight| (1..=100).contains(weight));
    if weight_in_range.is_none() {
        problems
            .warn(&at.key("weight"), format_args!("{weight} is ignored with its term, expected 1 to 100"));
    }
    weight_in_range
}

fn preemption(policy: Option<&str>, at: &FieldPath<'_>, problems: &mut Problems) -> PreemptionPolicy {
    match policy {
        None | Some("" | "PreemptLowerPriority") => PreemptionPolicy::LowerPriority,
        Some("Never") => PreemptionPolicy::Never,
        Some(other) => {
            let expected = "expected PreemptLowerPriority or Never";
            problems.warn(&at.key("preemptionPolicy"), format_args!("\"{other}\" is ignored, {expected}"));
            PreemptionPolicy::default()
        }
    }
}

#[cfg(test)]
mod tests;
