//! Which pods are elsewhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use wit_graph::WorkloadKey;
use wit_placement::NodeName;

use super::why::Account;
use super::{MovedPod, MovedWorkload};
use crate::documents::{PlacedPod, Run};

/// The pods of two runs, held against each other.
#[derive(Default)]
pub(super) struct Pods {
    pub(super) unmoved: u32,
    pub(super) moved: Vec<MovedWorkload>,
    pub(super) pending_only_in_one: Vec<String>,
    pub(super) pending_only_in_other: Vec<String>,
    pub(super) only_in_one: Vec<String>,
    pub(super) only_in_other: Vec<String>,
}

pub(super) fn compare(one: &Run, other: &Run) -> Pods {
    let (ones, mut others) = (by_name(one), by_name(other));
    let mut pods = Pods::default();
    let mut moved: BTreeMap<&WorkloadKey, Vec<MovedPod>> = BTreeMap::new();
    for (name, here) in ones {
        let Some(there) = others.remove(name) else {
            pods.only_in_one.push(name.to_owned());
            continue;
        };
        match (&here.node, &there.node) {
            (here, there) if here == there => {
                pods.unmoved += 1;
                continue;
            }
            (None, _) => pods.pending_only_in_one.push(name.to_owned()),
            (_, None) => pods.pending_only_in_other.push(name.to_owned()),
            _ => {}
        }
        let account = |run: &Run, elsewhere: &Option<NodeName>| {
            run.decision(name).map(|decision| Account::of(decision, elsewhere.as_ref()))
        };
        moved.entry(&here.workload).or_default().push(MovedPod {
            pod: name.to_owned(),
            one: here.node.clone(),
            other: there.node.clone(),
            why_one: account(one, &there.node),
            why_other: account(other, &here.node),
        });
    }
    pods.only_in_other = others.into_keys().map(ToOwned::to_owned).collect();
    pods.moved = moved.into_iter().map(|(workload, pods)| MovedWorkload::of(workload, pods)).collect();
    pods.moved.sort_by_key(|workload| Reverse((workload.replicas, workload.pods.len())));
    pods
}

fn by_name(run: &Run) -> BTreeMap<&str, &PlacedPod> {
    run.placements.iter().map(|placed| (placed.pod.as_str(), placed)).collect()
}

impl MovedWorkload {
    fn of(workload: &WorkloadKey, pods: Vec<MovedPod>) -> Self {
        let mut more: BTreeMap<Option<&NodeName>, i64> = BTreeMap::new();
        for pod in &pods {
            *more.entry(pod.one.as_ref()).or_default() += 1;
            *more.entry(pod.other.as_ref()).or_default() -= 1;
        }
        let replicas: i64 = more.into_values().filter(|more| *more > 0).sum();
        Self { workload: workload.clone(), replicas: u32::try_from(replicas).unwrap_or(u32::MAX), pods }
    }
}
