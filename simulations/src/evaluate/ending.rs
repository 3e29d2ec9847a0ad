//! The cluster after the last step of a scenario, with nobody placed.

use std::collections::{BTreeMap, BTreeSet};

use wit_config::Settings;
use wit_graph::WorkloadKey;
use wit_placement::{ClusterState, Event, NodeName, Pod, PodKey};

use super::Placement;
use crate::engine;
use crate::scenario::{Scenario, Step};

/// What is there at the end.
#[derive(Debug)]
pub(super) struct Ending {
    /// The cluster; what its pods are on is what the scenario says.
    pub(super) state: ClusterState,
    pods: BTreeMap<PodKey, Pod>,
}

impl Ending {
    /// What the steps come to where the scheduler never places anybody.
    ///
    /// # Errors
    /// Says which interface name in the host catalogue is none.
    pub(super) fn of(scenario: &Scenario, settings: &Settings) -> anyhow::Result<Self> {
        let state = engine::unplaced(scenario, settings)?;
        let pods = state.pods().map(|pod| (pod.key.clone(), pod.clone())).collect();
        Ok(Self { state, pods })
    }

    /// Gives pods that workloads make the names that the placement has for them.
    ///
    /// How such pods are called depends on which of them were deleted or evicted on the way, and that on where they were: one
    /// that the placement names, and that the workload may have made by then, stands for one that is there and not named.
    pub(super) fn take_names(&mut self, placement: &Placement, scenario: &Scenario) {
        let made = made_at_most(scenario);
        let by_name = self.pods_by_name();
        let (mut named, mut unknown) = (BTreeSet::new(), Vec::new());
        for name in placement.pods() {
            let known: Vec<PodKey> = match name.split_once('/') {
                Some((namespace, name)) => {
                    { self.pods.get_key_value(&PodKey::new(namespace, name)).map(|(key, _)| key.clone()) }
                        .into_iter()
                        .collect()
                }
                None => by_name.get(name).into_iter().flatten().map(|key| (*key).clone()).collect(),
            };
            if known.is_empty() {
                unknown.push(name.to_owned());
            }
            named.extend(known);
        }
        let mut free: BTreeMap<WorkloadKey, Vec<PodKey>> = BTreeMap::new();
        for pod in self.pods.values().filter(|pod| engine::is_made(pod) && !named.contains(&pod.key)) {
            free.entry(pod.workload.clone()).or_default().push(pod.key.clone());
        }
        for name in unknown {
            let can_be = |key: &WorkloadKey| {
                number_of(&name, key).is_some_and(|number| made.get(key).is_some_and(|made| number < *made))
            };
            let mut workloads = free.iter_mut().filter(|(key, pods)| can_be(key) && !pods.is_empty());
            if let (Some((key, pods)), None) = (workloads.next(), workloads.next()) {
                let name = name.rsplit('/').next().unwrap_or_default();
                let new = PodKey::new(key.namespace.clone(), name);
                if let Some(pod) = pods.pop().and_then(|old| self.pods.remove(&old)) {
                    self.state.apply(Event::PodGone(pod.uid.clone()), super::NOW);
                    self.pods.insert(new.clone(), Pod { key: new, ..pod });
                }
            }
        }
    }

    /// The pods in the order of their keys.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    pub(super) fn node(&self, name: &str) -> Option<&NodeName> {
        let node = self.state.node(self.state.node_place(name)?)?;
        node.object().map(|node| &node.name)
    }

    /// The pods by their bare names.
    pub(super) fn pods_by_name(&self) -> BTreeMap<&str, BTreeSet<&PodKey>> {
        let mut names: BTreeMap<&str, BTreeSet<&PodKey>> = BTreeMap::new();
        for key in self.pods.keys() {
            names.entry(&key.name).or_default().insert(key);
        }
        names
    }

    pub(super) fn has_pod(&self, key: &PodKey) -> bool {
        self.pods.contains_key(key)
    }
}

/// The number in the pod's name where the workload could call one so: its own name and a number, in its namespace where one is
/// said.
fn number_of(pod: &str, workload: &WorkloadKey) -> Option<u64> {
    let name = match pod.split_once('/') {
        Some((namespace, _)) if *namespace != *workload.namespace => return None,
        Some((_, name)) => name,
        None => pod,
    };
    let text = name.strip_prefix(&*workload.name)?.strip_prefix('-')?;
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}

/// No workload makes more pods than this: as many as it was ever told to, once for every node that left and once for every pod
/// that was deleted; nobody knows for how many more important pods.
fn made_at_most(scenario: &Scenario) -> BTreeMap<WorkloadKey, u64> {
    let (mut told, mut losses, mut priorities) = (BTreeMap::new(), 1_u64, BTreeSet::new());
    for (_, step) in &scenario.steps {
        match step {
            Step::Workload { workload, .. } => {
                *told.entry(workload.key.clone()).or_insert(0) += u64::from(workload.replicas);
                priorities.insert(workload.shape.priority);
            }
            Step::Scaled(key, replicas) => *told.entry(key.clone()).or_insert(0) += u64::from(*replicas),
            Step::Pod(pod) => drop(priorities.insert(pod.shape.priority)),
            Step::NodeDrained(_) | Step::NodeGone(_) | Step::PodDeleted(_) => losses += 1,
            _ => {}
        }
    }
    let times = if priorities.len() > 1 { u64::MAX } else { losses };
    for made in told.values_mut() {
        *made = made.saturating_mul(times);
    }
    told
}
