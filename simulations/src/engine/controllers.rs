//! The controllers of workloads: who makes the pods that are missing, and deletes those that are too many.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use wit_graph::WorkloadKey;
use wit_placement::{ClusterState, NodeName, Pod, PodKey, PodUid, Workload};

/// The workloads and what they want.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    workloads: BTreeMap<WorkloadKey, Controller>,
    /// Those whose pods are to be counted.
    unsettled: BTreeSet<WorkloadKey>,
    /// How many pods were made, for their UIDs.
    made: u64,
}

#[derive(Debug)]
struct Controller {
    workload: Workload,
    listed: bool,
    /// The number in the next pod's name.
    next: u32,
}

impl Controllers {
    pub(super) fn set(&mut self, workload: &Workload, listed: bool) {
        let key = workload.key.clone();
        let next = self.workloads.get(&key).map_or(0, |known| known.next);
        self.workloads.insert(key.clone(), Controller { workload: workload.clone(), listed, next });
        self.unsettled.insert(key);
    }

    /// Gives a workload another number of replicas; returns what it is then.
    pub(super) fn scale(&mut self, key: &WorkloadKey, replicas: u32) -> Option<Workload> {
        let controller = self.workloads.get_mut(key)?;
        controller.workload.replicas = replicas;
        self.unsettled.insert(key.clone());
        Some(controller.workload.clone())
    }

    pub(super) fn forget(&mut self, key: &WorkloadKey) {
        self.workloads.remove(key);
        self.unsettled.remove(key);
    }

    /// A pod of the workload has ended by itself, and is not to be made again; returns what the workload is then.
    pub(super) fn finished(&mut self, key: &WorkloadKey) -> Option<Workload> {
        let controller = self.workloads.get_mut(key)?;
        controller.workload.replicas = controller.workload.replicas.saturating_sub(1);
        Some(controller.workload.clone())
    }

    /// An evicted pod as it comes again, where the trace and not a controller says which pods there are: it waits for a node.
    pub(super) fn again(&mut self, pod: &Pod) -> Option<Pod> {
        self.workloads
            .get(&pod.workload)
            .filter(|controller| controller.listed && comes_again(&pod.workload))?;
        self.made += 1;
        Some(Pod { uid: PodUid::new(format!("again-{:09}", self.made)), node: None, ..pod.clone() })
    }

    /// A pod of the workload is gone.
    pub(super) fn lost(&mut self, key: &WorkloadKey) {
        self.unsettled.insert(key.clone());
    }

    /// The pods that are missing, `arriving` counted as there.
    pub(super) fn missing(&mut self, state: &ClusterState, arriving: &[Pod]) -> Vec<Pod> {
        let mut made = Vec::new();
        for key in std::mem::take(&mut self.unsettled) {
            let Some(controller) = self.workloads.get_mut(&key).filter(|controller| !controller.listed)
            else {
                continue;
            };
            let there = state.workload(&key).map_or(0, |workload| workload.pods().count());
            let coming = arriving.iter().filter(|pod| pod.workload == key).count();
            let wanted = controller.workload.replicas as usize;
            for _ in there + coming..wanted {
                self.made += 1;
                made.push(controller.pod(state, self.made));
            }
        }
        made
    }

    /// The pods of a workload that are too many: those without a node first, then those of which most are on one node,
    /// then the youngest, as a `ReplicaSet` chooses them. None where the trace says which pods there are.
    pub(super) fn superfluous(&self, key: &WorkloadKey, state: &ClusterState) -> Vec<PodUid> {
        let Some(controller) = self.workloads.get(key).filter(|controller| !controller.listed) else {
            return Vec::new();
        };
        let Some(workload) = state.workload(key) else { return Vec::new() };
        let mut pods: Vec<&Pod> = workload.pods().filter_map(|uid| state.pod_of(uid)).collect();
        let mut together: BTreeMap<&NodeName, usize> = BTreeMap::new();
        for node in pods.iter().filter_map(|pod| pod.node.as_ref()) {
            *together.entry(node).or_default() += 1;
        }
        let crowd = |pod: &Pod| pod.node.as_ref().and_then(|node| together.get(node)).copied().unwrap_or(0);
        pods.sort_by_key(|pod| (pod.node.is_some(), Reverse(crowd(pod)), Reverse(pod.uid.clone())));
        let too_many = pods.len().saturating_sub(controller.workload.replicas as usize);
        pods.iter().take(too_many).map(|pod| pod.uid.clone()).collect()
    }
}

/// Whether a pod that is evicted comes again on another node: not those of a node (`DaemonSet`s, static pods), and not those
/// of nobody.
pub(crate) fn comes_again(workload: &WorkloadKey) -> bool {
    !matches!(&*workload.kind, "DaemonSet" | "Node" | "Pod")
}

impl Controller {
    /// A new replica under a name that no pod has.
    fn pod(&mut self, state: &ClusterState, made: u64) -> Pod {
        let Workload { key, shape, .. } = &self.workload;
        loop {
            let name = PodKey::new(&*key.namespace, format!("{}-{}", key.name, self.next));
            self.next += 1;
            if state.pod(&name).is_none() {
                let uid = PodUid::new(format!("made-{made:09}"));
                let (workload, shape) = (key.clone(), shape.clone());
                break Pod { key: name, uid, workload, shape, node: None, finished: false, gated: false };
            }
        }
    }
}
