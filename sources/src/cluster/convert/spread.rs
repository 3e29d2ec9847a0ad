//! Topology spread constraints.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, TopologySpreadConstraint};
use wit_placement::TopologySpread;

use super::selectors::{label_selector, with_label_keys};
use crate::cluster::problem::{FieldPath, Problems};

/// The constraints of a pod's spec at `at`; what is none is left out with a warning.
pub(super) fn spread_constraints(
    spec: &PodSpec,
    labels: &BTreeMap<String, String>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<TopologySpread> {
    let path = at.key("topologySpreadConstraints");
    let list = spec.topology_spread_constraints.iter().flatten().enumerate();
    list.filter_map(|(index, one)| read(one, labels, &path.index(index), problems)).collect()
}

fn read(
    constraint: &TopologySpreadConstraint,
    labels: &BTreeMap<String, String>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<TopologySpread> {
    let required = match constraint.when_unsatisfiable.as_str() {
        "DoNotSchedule" => true,
        "ScheduleAnyway" => false,
        other => {
            let expected = "expected DoNotSchedule or ScheduleAnyway";
            let message = format!("\"{other}\" is ignored with its constraint, {expected}");
            problems.warn(&at.key("whenUnsatisfiable"), message);
            return None;
        }
    };
    let Some(max_skew) = at_least_one(constraint.max_skew) else {
        let message = format!("{} is ignored with its constraint, expected 1 or more", constraint.max_skew);
        problems.warn(&at.key("maxSkew"), message);
        return None;
    };
    let selector = label_selector(constraint.label_selector.as_ref(), &at.key("labelSelector"), problems);
    let affinity = constraint.node_affinity_policy.as_deref();
    let taints = constraint.node_taints_policy.as_deref();
    Some(TopologySpread {
        max_skew,
        topology_key: constraint.topology_key.clone(),
        required,
        min_domains: constraint.min_domains.and_then(at_least_one).unwrap_or(1),
        selector: with_label_keys(selector, constraint.match_label_keys.as_deref(), labels, true),
        honours_affinity: honours(affinity, true, &at.key("nodeAffinityPolicy"), problems),
        honours_taints: honours(taints, false, &at.key("nodeTaintsPolicy"), problems),
    })
}

fn at_least_one(number: i32) -> Option<u32> {
    u32::try_from(number).ok().filter(|number| *number > 0)
}

fn honours(policy: Option<&str>, default: bool, at: &FieldPath<'_>, problems: &mut Problems) -> bool {
    match policy {
        None => default,
        Some("Honor") => true,
        Some("Ignore") => false,
        Some(other) => {
            problems.warn(at, format_args!("\"{other}\" is ignored, expected Honor or Ignore"));
            default
        }
    }
}
