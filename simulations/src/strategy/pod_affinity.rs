//! What a user can write by hand today: preferred pod affinity to the workloads that are called.

use std::sync::Arc;

use wit_graph::{Partner, WorkloadKey};
use wit_placement::{
    ClusterState, LabelOperator, LabelRequirement, LabelSelector, Pod, PodShape, PodTerm, PreferredPods,
    Workload,
};

use crate::scenario::{Scenario, Step};

/// The label by which pods of a workload are found.
const LABEL: &str = "wit-placement.dev/workload";
/// Where a pod is near: on the same node.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// The weight of a workload's heaviest link.
const HEAVIEST: f64 = 100.0;

/// The scenario with a label on every pod and node, and the wishes of linked workloads.
pub(super) fn wishing(scenario: &Scenario, links: &ClusterState) -> Scenario {
    let mut wishing = scenario.clone();
    for (_, step) in &mut wishing.steps {
        match step {
            Step::Node(node) => {
                let hostname = node.name.to_string();
                node.labels.entry(HOSTNAME.to_owned()).or_insert(hostname);
            }
            Step::Workload { workload: Workload { key, shape, .. }, .. } => {
                *shape = Arc::new(with_wishes(shape, key, links));
            }
            Step::Pod(Pod { workload, shape, .. }) => {
                *shape = Arc::new(with_wishes(shape, workload, links));
            }
            _ => {}
        }
    }
    wishing
}

fn with_wishes(shape: &PodShape, workload: &WorkloadKey, links: &ClusterState) -> PodShape {
    let partners = links.graph().partners(workload);
    let heaviest = partners.iter().map(|partner| partner.weight).fold(0.0, f64::max);
    let mut shape = shape.clone();
    let scheduling = Arc::make_mut(&mut shape.scheduling);
    scheduling.labels.insert(LABEL.to_owned(), label(workload));
    let wishes =
        partners.iter().filter(|partner| partner.weight > 0.0).map(|partner| wish(partner, heaviest));
    scheduling.pod_affinity.preferred.extend(wishes);
    shape
}

fn wish(partner: &Partner, heaviest: f64) -> PreferredPods {
    let requirement = LabelRequirement {
        key: LABEL.to_owned(),
        operator: LabelOperator::In,
        values: vec![label(&partner.workload)],
    };
    let term = PodTerm {
        selector: Some(LabelSelector { requirements: vec![requirement] }),
        topology_key: HOSTNAME.to_owned(),
        ..PodTerm::default()
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of one hundred")]
    let weight = (partner.weight / heaviest * HEAVIEST).round().max(1.0) as u32;
    PreferredPods { weight, term }
}

fn label(workload: &WorkloadKey) -> String {
    format!("{}.{}", workload.kind, workload.name)
}
