//! The controllers of workloads: who makes the pods that are missing, and deletes those that are too many.

mod daemon_set;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wit_graph::WorkloadKey;
use wit_placement::{ClusterState, NodeName, Pod, PodKey, PodShape, PodUid, Workload, WorkloadState};

use self::daemon_set::{Asked, Daemons};
use super::coming::Coming;

const DAEMON_SET: &str = "DaemonSet";
/// What the UIDs of pods begin with that workloads make.
const MADE: &str = "made-";

/// The workloads and what they want.
#[derive(Debug, Default)]
pub(super) struct Controllers {
    workloads: BTreeMap<WorkloadKey, Controller>,
    /// The nodes that are to have a pod each, for `DaemonSet`s that make their pods.
    daemons: BTreeMap<WorkloadKey, Daemons>,
    /// Those whose pods are to be counted.
    unsettled: BTreeSet<WorkloadKey>,
    /// How many pods were made, for their UIDs.
    made: u64,
}

#[derive(Debug)]
struct Controller {
    workload: Workload,
    listed: bool,
    gated: bool,
    /// The number in the next pod's name.
    next: u32,
}

/// What is to be done about the pods of `DaemonSet`s and their number.
#[derive(Debug, Default)]
pub(super) struct Daemonized {
    /// The pods that are missing.
    pub(super) made: Vec<Pod>,
    /// The pods that are to go.
    pub(super) leaving: Vec<PodUid>,
    /// The workloads that want another number of pods.
    pub(super) resized: Vec<Workload>,
}

impl Controllers {
    /// A workload is there, new or changed; `coming` are pods on their way, and it is told whether the trace lists its pods and
    /// whether a gate holds back those that are made. Returns what it is: of a `DaemonSet` that makes its pods the nodes say how
    /// many it wants.
    pub(super) fn set(
        &mut self,
        told: &Workload,
        (listed, gated): (bool, bool),
        state: &ClusterState,
        coming: &Coming,
    ) -> Workload {
        let key = &told.key;
        let mut workload = told.clone();
        if *key.kind == *DAEMON_SET && !listed {
            let daemons = self.daemons.entry(key.clone()).or_default();
            let there = state.workload(key).into_iter().flat_map(WorkloadState::pods);
            there.filter_map(|uid| state.pod_of(uid)).for_each(|pod| daemons.came(pod));
            coming.of(key).for_each(|pod| daemons.came(pod));
            daemons.look_at_all(state);
            workload.replicas = daemons.wanted();
        } else {
            self.daemons.remove(key);
        }
        let next = self.workloads.get(key).map_or(0, |known| known.next);
        self.workloads.insert(key.clone(), Controller { workload: workload.clone(), listed, gated, next });
        self.unsettled.insert(key.clone());
        workload
    }

    /// A node is there, changed or gone; says whether anybody has to look at it.
    pub(super) fn node_changed(&mut self, node: &NodeName) -> bool {
        for daemons in self.daemons.values_mut() {
            daemons.look_at(node);
        }
        !self.daemons.is_empty()
    }

    /// A pod comes of which the scenario tells.
    pub(super) fn came(&mut self, pod: &Pod) {
        if let Some(daemons) = self.daemons.get_mut(&pod.workload) {
            daemons.came(pod);
        }
    }

    /// Whoever wants a number of replicas: no `DaemonSet` that makes its pods.
    fn counting(&mut self, key: &WorkloadKey) -> Option<&mut Controller> {
        if self.daemons.contains_key(key) { None } else { self.workloads.get_mut(key) }
    }

    /// Gives a workload another number of replicas; returns what it is then. A `DaemonSet` that makes its pods has no such
    /// number.
    pub(super) fn scale(&mut self, key: &WorkloadKey, replicas: u32) -> Option<Workload> {
        let controller = self.counting(key)?;
        controller.workload.replicas = replicas;
        let workload = controller.workload.clone();
        self.unsettled.insert(key.clone());
        Some(workload)
    }

    pub(super) fn forget(&mut self, key: &WorkloadKey) {
        self.workloads.remove(key);
        self.daemons.remove(key);
        self.unsettled.remove(key);
    }

    /// A pod of the workload has ended by itself, and is not to be made again; returns what the workload is then.
    /// A `DaemonSet` makes it again all the same.
    pub(super) fn finished(&mut self, key: &WorkloadKey) -> Option<Workload> {
        let controller = self.counting(key)?;
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
    pub(super) fn lost(&mut self, pod: &Pod) {
        match self.daemons.get_mut(&pod.workload) {
            Some(daemons) => daemons.lost(pod),
            None => {
                self.unsettled.insert(pod.workload.clone());
            }
        }
    }

    /// What `DaemonSet`s have to do for the nodes that changed.
    pub(super) fn daemonized(&mut self, state: &ClusterState, coming: &Coming) -> Daemonized {
        let mut done = Daemonized::default();
        let is_taken = &|key: &PodKey| state.pod(key).is_some() || coming.named(key).is_some();
        for (key, daemons) in &mut self.daemons {
            let Some(controller) = self.workloads.get_mut(key) else { continue };
            let Asked { missing, leaving } = daemons.settle(&controller.workload, state);
            done.leaving.extend(leaving);
            for (node, shape) in missing {
                self.made += 1;
                let pod = controller.daemon(&node, shape, is_taken, self.made);
                daemons.came(&pod);
                done.made.push(pod);
            }
            if daemons.wanted() != controller.workload.replicas {
                controller.workload.replicas = daemons.wanted();
                done.resized.push(controller.workload.clone());
            }
        }
        done
    }

    /// The pods that are missing, `coming` counted as there.
    pub(super) fn missing(&mut self, state: &ClusterState, coming: &Coming) -> Vec<Pod> {
        let mut made = Vec::new();
        let is_taken = &|key: &PodKey| state.pod(key).is_some() || coming.named(key).is_some();
        for key in std::mem::take(&mut self.unsettled) {
            let Some(controller) = self.workloads.get_mut(&key).filter(|controller| !controller.listed)
            else {
                continue;
            };
            if self.daemons.contains_key(&key) {
                continue;
            }
            let there = state.workload(&key).map_or(0, |workload| workload.pods().count());
            let wanted = controller.workload.replicas as usize;
            for _ in there + coming.of(&key).count()..wanted {
                self.made += 1;
                made.push(controller.pod(is_taken, self.made));
            }
        }
        made
    }

    /// The pods of a workload that are too many: those on their way first, then those without a node, then those of which most
    /// are on one node, then the youngest, as a `ReplicaSet` chooses them. None where the trace says which pods there are.
    pub(super) fn superfluous(
        &self,
        key: &WorkloadKey,
        state: &ClusterState,
        coming: &Coming,
    ) -> Vec<PodUid> {
        let making = |controller: &&Controller| !controller.listed && !self.daemons.contains_key(key);
        let Some(controller) = self.workloads.get(key).filter(making) else { return Vec::new() };
        let Some(workload) = state.workload(key) else { return Vec::new() };
        let mut pods: Vec<&Pod> = workload.pods().filter_map(|uid| state.pod_of(uid)).collect();
        let mut together: BTreeMap<&NodeName, usize> = BTreeMap::new();
        for node in pods.iter().filter_map(|pod| pod.node.as_ref()) {
            *together.entry(node).or_default() += 1;
        }
        let crowd = |pod: &Pod| pod.node.as_ref().and_then(|node| together.get(node)).copied().unwrap_or(0);
        pods.sort_by_key(|pod| (pod.node.is_some(), Reverse(crowd(pod)), Reverse(pod.uid.clone())));
        let mut on_their_way: Vec<&Pod> = coming.of(key).collect();
        on_their_way.reverse();
        let too_many =
            (on_their_way.len() + pods.len()).saturating_sub(controller.workload.replicas as usize);
        on_their_way.into_iter().chain(pods).take(too_many).map(|pod| pod.uid.clone()).collect()
    }
}

/// Whether a workload made the pod under a name with a number.
pub(crate) fn is_made(pod: &Pod) -> bool {
    pod.uid.0.starts_with(MADE) && !belongs_to_its_node(&pod.workload)
}

/// Whether a pod that is evicted comes again on another node: not those of a node (`DaemonSet`s, static pods), and not those
/// of nobody.
fn comes_again(workload: &WorkloadKey) -> bool {
    !belongs_to_its_node(workload) && *workload.kind != *"Pod"
}

/// Whether the pods are there for their node: those of `DaemonSet`s, and static ones. Who drains a node leaves them there.
pub(super) fn belongs_to_its_node(workload: &WorkloadKey) -> bool {
    *workload.kind == *DAEMON_SET || *workload.kind == *"Node"
}

impl Controller {
    /// A new replica under a name that no pod has.
    fn pod(&mut self, is_taken: impl Fn(&PodKey) -> bool, made: u64) -> Pod {
        let WorkloadKey { namespace, name, .. } = &self.workload.key;
        loop {
            let key = PodKey::new(namespace.clone(), format!("{name}-{}", self.next));
            self.next += 1;
            if !is_taken(&key) {
                break self.made(key, Arc::clone(&self.workload.shape), made);
            }
        }
    }

    /// The pod for a node, which is named after it.
    fn daemon(
        &mut self,
        node: &NodeName,
        shape: Arc<PodShape>,
        is_taken: impl Fn(&PodKey) -> bool,
        made: u64,
    ) -> Pod {
        let WorkloadKey { namespace, name, .. } = &self.workload.key;
        let mut key = PodKey::new(Arc::clone(namespace), format!("{name}-{node}"));
        while is_taken(&key) {
            key = PodKey::new(Arc::clone(namespace), format!("{name}-{node}-{}", self.next));
            self.next += 1;
        }
        self.made(key, shape, made)
    }

    fn made(&self, key: PodKey, shape: Arc<PodShape>, made: u64) -> Pod {
        let uid = PodUid::new(format!("{MADE}{made:09}"));
        let workload = self.workload.key.clone();
        Pod { key, uid, workload, shape, node: None, finished: false, gated: self.gated }
    }
}
