//! How pods leave: with their node, with their workload, or by themselves.

use wit_graph::WorkloadKey;
use wit_placement::{Event, NodeName, Pod, PodKey, PodUid};

use super::Simulation;
use super::controllers::{Daemonized, belongs_to_its_node};
use crate::strategy::Strategy;

impl Simulation<'_> {
    pub(super) fn node_drained<S: Strategy>(&mut self, name: &NodeName, strategy: &mut S) {
        let cache = self.scheduler.cache();
        let place = cache.node_place(name.as_str()).and_then(|place| cache.node(place));
        if let Some(mut node) = place.and_then(|node| node.object()).cloned() {
            node.unschedulable = true;
            self.happens(Event::Node(node), strategy);
            self.node_changed(name);
        }
        let goes = |pod: &Pod| pod.node.as_ref() == Some(name) && !belongs_to_its_node(&pod.workload);
        for uid in self.pods_where(goes) {
            self.evict_pod(&uid, strategy);
        }
    }

    pub(super) fn evict<S: Strategy>(&mut self, node: &NodeName, strategy: &mut S) {
        for uid in self.pods_where(|pod| pod.node.as_ref() == Some(node)) {
            self.evict_pod(&uid, strategy);
        }
    }

    /// A node is another, or gone: whoever has a pod for each looks at it.
    pub(super) fn node_changed(&mut self, name: &NodeName) {
        if self.controllers.node_changed(name) {
            self.gather();
        }
    }

    /// Deletes the pods of `DaemonSet`s whose nodes do not want them any more; returns those that nodes lack.
    pub(super) fn follow_nodes<S: Strategy>(&mut self, strategy: &mut S) -> Vec<Pod> {
        let Daemonized { made, leaving, resized } =
            self.controllers.daemonized(self.scheduler.cache(), &self.coming);
        for uid in leaving {
            self.pod_gone(&uid, strategy);
        }
        for workload in resized {
            self.happens(Event::Workload(workload), strategy);
        }
        made
    }

    /// A pod has to go; somebody makes another in its place, or it comes again.
    pub(super) fn evict_pod<S: Strategy>(&mut self, uid: &PodUid, strategy: &mut S) {
        let evicted = self.scheduler.cache().pod_of(uid).cloned();
        self.pod_gone(uid, strategy);
        self.course.moves += 1;
        if let Some(again) = evicted.and_then(|pod| self.controllers.again(&pod)) {
            self.coming.add(again);
        }
        self.gather();
    }

    /// Deletes the replicas that a workload has too many.
    pub(super) fn shrink<S: Strategy>(&mut self, key: &WorkloadKey, strategy: &mut S) {
        for uid in self.controllers.superfluous(key, self.scheduler.cache(), &self.coming) {
            self.pod_gone(&uid, strategy);
        }
    }

    /// The trace says that the pod of this name ends, or is deleted; one that is still on its way does not come.
    pub(super) fn pod_leaves<S: Strategy>(&mut self, key: &PodKey, finished: bool, strategy: &mut S) {
        let there = self.scheduler.cache().pod(key);
        let Some(pod) = self.coming.named(key).or(there).cloned() else { return };
        if finished && let Some(workload) = self.controllers.finished(&pod.workload) {
            self.happens(Event::Workload(workload), strategy);
        }
        self.pod_gone(&pod.uid, strategy);
        self.gather();
    }

    /// A pod is no more, or will not come; of one on its way nobody has heard.
    pub(super) fn pod_gone<S: Strategy>(&mut self, uid: &PodUid, strategy: &mut S) {
        if let Some(pod) = self.coming.remove(uid) {
            self.controllers.lost(&pod);
            return;
        }
        self.course.never_bound += u64::from(self.waiting.remove(uid).is_some());
        if let Some(pod) = self.scheduler.cache().pod_of(uid) {
            self.controllers.lost(pod);
        }
        self.happens(Event::PodGone(uid.clone()), strategy);
    }

    /// The pods that are meant, in the order of their UIDs.
    pub(super) fn pods_where(&self, is_meant: impl Fn(&Pod) -> bool) -> Vec<PodUid> {
        let pods = self.scheduler.cache().pods().filter(|pod| is_meant(pod));
        let mut pods: Vec<PodUid> = pods.map(|pod| pod.uid.clone()).collect();
        pods.sort_unstable();
        pods
    }
}
