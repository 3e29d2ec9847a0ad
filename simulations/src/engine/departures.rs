//! How pods leave: with their node, with their workload, or by themselves.

use wit_graph::WorkloadKey;
use wit_placement::{Event, NodeName, Pod, PodKey, PodUid};

use super::Simulation;
use crate::strategy::Strategy;

impl Simulation<'_> {
    pub(super) fn node_drained<S: Strategy>(&mut self, name: &NodeName, strategy: &mut S) {
        let cache = self.scheduler.cache();
        let place = cache.node_place(name.as_str()).and_then(|place| cache.node(place));
        if let Some(mut node) = place.and_then(|node| node.object()).cloned() {
            node.unschedulable = true;
            self.happens(Event::Node(node), strategy);
        }
        self.evict(name, strategy);
    }

    pub(super) fn evict<S: Strategy>(&mut self, node: &NodeName, strategy: &mut S) {
        for uid in self.pods_where(|pod| pod.node.as_ref() == Some(node)) {
            self.evict_pod(&uid, strategy);
        }
    }

    /// A pod has to go; somebody makes another in its place, or it comes again.
    pub(super) fn evict_pod<S: Strategy>(&mut self, uid: &PodUid, strategy: &mut S) {
        let evicted = self.scheduler.cache().pod_of(uid).cloned();
        self.pod_gone(uid, strategy);
        self.course.moves += 1;
        self.arriving.extend(evicted.and_then(|pod| self.controllers.again(&pod)));
        self.gather();
    }

    /// Deletes the replicas that a workload has too many.
    pub(super) fn shrink<S: Strategy>(&mut self, key: &WorkloadKey, strategy: &mut S) {
        for uid in self.controllers.superfluous(key, self.scheduler.cache()) {
            self.pod_gone(&uid, strategy);
        }
    }

    pub(super) fn pod_leaves<S: Strategy>(&mut self, key: &PodKey, finished: bool, strategy: &mut S) {
        self.arriving.retain(|pod| pod.key != *key);
        let Some(pod) = self.scheduler.cache().pod(key).cloned() else { return };
        if finished && let Some(workload) = self.controllers.finished(&pod.workload) {
            self.happens(Event::Workload(workload), strategy);
        }
        self.pod_gone(&pod.uid, strategy);
        self.gather();
    }

    pub(super) fn pod_gone<S: Strategy>(&mut self, uid: &PodUid, strategy: &mut S) {
        self.course.never_bound += u64::from(self.waiting.remove(uid).is_some());
        if let Some(pod) = self.scheduler.cache().pod_of(uid) {
            self.controllers.lost(&pod.workload);
        }
        self.happens(Event::PodGone(uid.clone()), strategy);
    }

    pub(super) fn pods_where(&self, is_meant: impl Fn(&Pod) -> bool) -> Vec<PodUid> {
        self.scheduler.cache().pods().filter(|pod| is_meant(pod)).map(|pod| pod.uid.clone()).collect()
    }
}
