//! The pods on their way: somebody made them, and they have not arrived yet.

use std::collections::{BTreeMap, BTreeSet};

use wit_graph::WorkloadKey;
use wit_placement::{Pod, PodKey, PodUid};

/// The pods on their way, by their UIDs, names and workloads.
#[derive(Debug, Default)]
pub(super) struct Coming {
    pods: BTreeMap<PodUid, Pod>,
    names: BTreeMap<PodKey, BTreeSet<PodUid>>,
    workloads: BTreeMap<WorkloadKey, BTreeSet<PodUid>>,
    /// Those that nobody has put in line yet, in the order in which they came; some of them may have left.
    unlined: Vec<PodUid>,
}

impl Coming {
    /// Another pod, which is to be put in line.
    pub(super) fn add(&mut self, pod: Pod) {
        let uid = &pod.uid;
        self.names.entry(pod.key.clone()).or_default().insert(uid.clone());
        self.workloads.entry(pod.workload.clone()).or_default().insert(uid.clone());
        self.unlined.push(uid.clone());
        self.pods.insert(uid.clone(), pod);
    }

    /// The pod has arrived, or will not; `None` where it was not on its way.
    pub(super) fn remove(&mut self, uid: &PodUid) -> Option<Pod> {
        let pod = self.pods.remove(uid)?;
        drop_from(&mut self.names, &pod.key, uid);
        drop_from(&mut self.workloads, &pod.workload, uid);
        Some(pod)
    }

    /// Those that are to be put in line, in the order in which they came.
    pub(super) fn take_unlined(&mut self) -> Vec<Pod> {
        let uids = std::mem::take(&mut self.unlined);
        uids.iter().filter_map(|uid| self.pods.get(uid)).cloned().collect()
    }

    /// Whether the pod is on its way.
    pub(super) fn has(&self, uid: &PodUid) -> bool {
        self.pods.contains_key(uid)
    }

    /// The pod of this name that was made first.
    pub(super) fn named(&self, key: &PodKey) -> Option<&Pod> {
        self.pods.get(self.names.get(key)?.first()?)
    }

    /// The pods of the workload, in the order of their UIDs.
    pub(super) fn of(&self, workload: &WorkloadKey) -> impl Iterator<Item = &Pod> {
        self.workloads.get(workload).into_iter().flatten().filter_map(|uid| self.pods.get(uid))
    }
}

fn drop_from<K: Ord>(index: &mut BTreeMap<K, BTreeSet<PodUid>>, key: &K, uid: &PodUid) {
    if let Some(uids) = index.get_mut(key) {
        uids.remove(uid);
        if uids.is_empty() {
            index.remove(key);
        }
    }
}
