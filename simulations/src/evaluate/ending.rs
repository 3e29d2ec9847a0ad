//! The cluster after the last step of a scenario, with nobody placed.

use std::collections::{BTreeMap, BTreeSet};

use wit_graph::WorkloadKey;
use wit_placement::{Event, Node, NodeName, Pod, PodKey, PodUid, RuntimeClass, Workload};

use crate::scenario::{Scenario, Step};

/// What is there at the end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    classes: BTreeMap<String, RuntimeClass>,
    nodes: BTreeMap<NodeName, Node>,
    /// The workloads, and whether their pods are those that the scenario lists.
    workloads: BTreeMap<WorkloadKey, (Workload, bool)>,
    pods: BTreeMap<PodKey, Pod>,
}

impl Ending {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let mut ending = Self::default();
        for (_, step) in &scenario.steps {
            ending.step(step);
        }
        for pod in ending.missing() {
            ending.pods.insert(pod.key.clone(), pod);
        }
        ending
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::RuntimeClass(class) => {
                self.classes.insert(class.name.clone(), class.clone());
            }
            Step::Node(node) => {
                self.nodes.insert(node.name.clone(), node.clone());
            }
            Step::NodeDrained(name) => {
                self.nodes.entry(name.clone()).and_modify(|node| node.unschedulable = true);
                self.evict(name);
            }
            Step::NodeGone(name) => {
                self.nodes.remove(name);
                self.evict(name);
            }
            Step::Workload { workload, listed } => {
                self.workloads.insert(workload.key.clone(), (workload.clone(), *listed));
            }
            Step::Scaled(key, replicas) => {
                self.workloads.entry(key.clone()).and_modify(|(workload, _)| workload.replicas = *replicas);
            }
            Step::WorkloadGone(key) => {
                self.workloads.remove(key);
                self.pods.retain(|_, pod| pod.workload != *key);
            }
            Step::Pod(pod) => {
                self.pods.insert(pod.key.clone(), pod.clone());
            }
            Step::PodFinished(key) => {
                if let Some(pod) = self.pods.remove(key) {
                    self.finished(&pod.workload);
                }
            }
            Step::PodDeleted(key) => {
                self.pods.remove(key);
            }
        }
    }

    /// The pods that the scenario has on the node leave it; those that nobody makes anew come again.
    fn evict(&mut self, node: &NodeName) {
        let Self { pods, workloads, .. } = self;
        let listed = |key: &WorkloadKey| workloads.get(key).is_some_and(|(_, listed)| *listed);
        pods.retain(|_, pod| {
            pod.node.as_ref() != Some(node)
                || (listed(&pod.workload) && !matches!(&*pod.workload.kind, "DaemonSet" | "Node" | "Pod"))
        });
        for pod in pods.values_mut().filter(|pod| pod.node.as_ref() == Some(node)) {
            pod.node = None;
        }
    }

    /// What has ended by itself is not made again.
    fn finished(&mut self, key: &WorkloadKey) {
        if let Some((workload, _)) = self.workloads.get_mut(key) {
            workload.replicas = workload.replicas.saturating_sub(1);
        }
    }

    /// The pods that workloads make: `NAME-0`, `NAME-1` and so on, without the names that are taken.
    fn missing(&self) -> Vec<Pod> {
        let mut there: BTreeMap<&WorkloadKey, usize> = BTreeMap::new();
        for pod in self.pods.values() {
            *there.entry(&pod.workload).or_default() += 1;
        }
        let making = self.workloads.values().filter(|(_, listed)| !listed).map(|(workload, _)| workload);
        let missing = making.flat_map(|workload| {
            let wanted = workload.replicas as usize;
            let missing = wanted.saturating_sub(there.get(&workload.key).copied().unwrap_or(0));
            (0_u32..).filter_map(|ordinal| self.free(workload, ordinal)).take(missing)
        });
        missing.collect()
    }

    /// The replica of that number, where nobody else has its name.
    fn free(&self, workload: &Workload, ordinal: u32) -> Option<Pod> {
        let WorkloadKey { namespace, name, .. } = &workload.key;
        let key = PodKey::new(namespace.as_str(), format!("{name}-{ordinal}"));
        (!self.pods.contains_key(&key)).then(|| Pod {
            uid: PodUid::new(format!("made-{}-{key}", workload.key.kind)),
            key,
            workload: workload.key.clone(),
            shape: workload.shape.clone(),
            node: None,
            finished: false,
            gated: false,
        })
    }

    /// What is there beside pods, in an order in which a state can take it in.
    pub(super) fn objects(&self) -> impl Iterator<Item = Event> {
        let classes = self.classes.values().cloned().map(Event::RuntimeClass);
        let nodes = self.nodes.values().cloned().map(Event::Node);
        let workloads = self.workloads.values().map(|(workload, _)| Event::Workload(workload.clone()));
        classes.chain(nodes).chain(workloads)
    }

    /// The pods in the order of their keys.
    pub(super) fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values()
    }

    pub(super) fn node(&self, name: &str) -> Option<&NodeName> {
        self.nodes.get_key_value(name).map(|(name, _)| name)
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
