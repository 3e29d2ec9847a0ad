//! The pods on their way: somebody made them, and they have not arrived yet. How they get in line, and arrive.

use std::collections::{BTreeMap, BTreeSet};

use wit_graph::WorkloadKey;
use wit_placement::{Event, Millis, Pod, PodKey, PodUid};

use super::{Happening, Simulation};
use crate::arrivals;
use crate::strategy::Strategy;

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

impl Simulation<'_> {
    /// Plans that workloads make their pods once everything of this time was told.
    pub(super) fn gather(&mut self) {
        if !std::mem::replace(&mut self.gathering, true) {
            self.timeline.plan_after(Millis(0), Happening::Gathered);
        }
    }

    pub(super) fn gathered<S: Strategy>(&mut self, strategy: &mut S) {
        self.gathering = false;
        let of_nodes = self.follow_nodes(strategy);
        let missing = self.controllers.missing(self.scheduler.cache(), &self.coming);
        missing.into_iter().chain(of_nodes).for_each(|pod| self.coming.add(pod));
        let pods = self.coming.take_unlined();
        let mut wait = Millis(0);
        let pods = match &*self.options.batch {
            [] => self.options.order.arrange(pods, &mut self.draws),
            pairs => arrivals::batch(pods, pairs),
        };
        for pod in pods {
            self.timeline.plan_after(wait, Happening::Arrives(pod.uid));
            wait.0 = wait.0.saturating_add(self.options.timing.arrival.0);
        }
    }

    pub(super) fn arrives<S: Strategy>(&mut self, pod: Pod, strategy: &mut S) {
        if pod.node.is_none() {
            self.waiting.insert(pod.uid.clone(), self.timeline.now());
        }
        self.happens(Event::Pod(pod), strategy);
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
