//! What each event does to the state.

use std::sync::Arc;

use wit_graph::WorkloadKey;

use super::{ClusterState, Effects, PodRecord};
use crate::hosts::NodeClass;
use crate::nodes::{NodeIdx, Usage};
use crate::objects::{Event, Millis, Node, NodeName, Pod, PodShape, PodUid, RuntimeClass, Workload};
use crate::workloads::WorkloadIdx;

pub(super) fn apply(state: &mut ClusterState, event: Event, now: Millis) -> Effects {
    let mut effects = Effects::default();
    match event {
        Event::Node(node) => state.node_applied(node, &mut effects),
        Event::NodeGone(name) => state.node_gone(&name),
        Event::RuntimeClass(class) => state.runtime_class_applied(class, now, &mut effects),
        Event::RuntimeClassGone(name) => {
            state.runtime_classes.remove(&name);
            state.recount_class(&name, now, &mut effects);
        }
        Event::Workload(workload) => state.workload_applied(workload, now, &mut effects),
        Event::WorkloadGone(key) => state.workload_gone(&key, now, &mut effects),
        Event::Pod(pod) => state.pod_applied(pod, now, &mut effects),
        Event::PodGone(uid) => state.pod_gone(&uid, now, &mut effects),
        Event::World(image, world) => state.world_applied(&image, world, &mut effects),
    }
    state.settle_pending();
    effects
}

impl ClusterState {
    fn node_applied(&mut self, node: Node, effects: &mut Effects) {
        let was_strange = self.strangers.remove(&node.name).is_some();
        let class = self.hosts.classify(&node);
        let classes = self.nodes.classes().len();
        let place = self.nodes.ensure(&node.name);
        let known = self.nodes.get(place).and_then(|state| state.object.as_deref());
        let same_room = known.is_some_and(|known| {
            known.allocatable == node.allocatable && known.instance_cap == node.instance_cap
        });
        let other_class = self.nodes.set_object(place, Some(Arc::new(node)), class);
        if self.nodes.classes().len() > classes {
            self.judge_all_workloads();
        }
        if other_class {
            self.recount_residents(place);
        }
        // The scheduler may have seen the change before us and been refused by what we knew then.
        effects.may_admit |= was_strange || other_class || !same_room;
    }

    fn node_gone(&mut self, name: &NodeName) {
        let Some(place) = self.nodes.place_of(name.as_str()) else { return };
        if self.nodes.set_object(place, None, NodeClass::default()) {
            self.recount_residents(place);
        }
        self.nodes.free_unused(place);
    }

    /// What the node's class decides: what its pods take there, and which of their partners can come.
    fn recount_residents(&mut self, place: NodeIdx) {
        let residents: Vec<_> =
            self.nodes.get(place).map_or_else(Vec::new, |state| state.pods.iter().cloned().collect());
        for uid in &residents {
            self.recount(uid);
        }
        self.refresh_wanted(place);
    }

    fn runtime_class_applied(&mut self, class: RuntimeClass, now: Millis, effects: &mut Effects) {
        if self.runtime_classes.get(&class.name) != Some(&class) {
            let name = class.name.clone();
            self.strange_classes.remove(&name);
            self.runtime_classes.insert(name.clone(), class);
            self.recount_class(&name, now, effects);
        }
    }

    /// Takes another look at everything that runs under a `RuntimeClass`, whose handler may be another one now.
    fn recount_class(&mut self, name: &str, now: Millis, effects: &mut Effects) {
        let named = |shape: &PodShape| shape.runtime_class.as_deref() == Some(name);
        let workloads: Vec<_> =
            self.workloads.iter().filter(|(_, state)| named(&state.shape)).map(|(place, _)| place).collect();
        for workload in workloads {
            self.classify_workload(workload, now, effects);
        }
        let pods = self.pods.iter().filter(|(_, record)| named(&record.pod.shape));
        let mut pods: Vec<_> = pods.map(|(uid, _)| uid.clone()).collect();
        pods.sort_unstable();
        for uid in &pods {
            self.recount(uid);
            if let Some(record) = self.pods.get(uid).cloned() {
                self.watch_images(&record.pod.shape, now, effects);
            }
        }
        effects.may_admit = true;
    }

    /// Counts a pod anew where what it takes on its node may have become something else.
    fn recount(&mut self, uid: &PodUid) {
        let Some(record) = self.pods.get(uid).cloned() else { return };
        let Some((node, before)) = record.counted else { return };
        let Some(usage) = self.nodes.get(node).map(|state| self.usage_on(&record.pod.shape, state)) else {
            return;
        };
        if usage == before {
            return;
        }
        self.take_back(record.workload, node, before);
        self.count(record.workload, node, usage);
        self.pods
            .insert(uid.clone(), Arc::new(PodRecord { counted: Some((node, usage)), ..(*record).clone() }));
    }

    fn workload_applied(&mut self, workload: Workload, now: Millis, effects: &mut Effects) {
        let place = self.workloads.ensure(&workload.key);
        let before = self.workloads.get(place).and_then(|state| state.template.clone());
        if before.as_ref() == Some(&workload) {
            return;
        }
        // The new images are in use before the old ones go, so that what both have is not read again.
        self.use_images(&workload.shape, place, now, effects);
        if let Some(before) = &before {
            self.release_images(&before.shape, place, effects);
        }
        if let Some(state) = self.workloads.get_mut(place) {
            state.template = Some(workload);
        }
        self.reshape(place, now, effects);
        if before.map(|before| before.replicas) != self.template_replicas(place) {
            self.refresh_around(place);
        }
    }

    fn template_replicas(&self, place: WorkloadIdx) -> Option<u32> {
        self.workloads.get(place)?.template.as_ref().map(|template| template.replicas)
    }

    fn workload_gone(&mut self, key: &WorkloadKey, now: Millis, effects: &mut Effects) {
        let Some(place) = self.workloads.place_of(key) else { return };
        let template = self.workloads.get_mut(place).and_then(|state| state.template.take());
        self.reshape(place, now, effects);
        if let Some(template) = template {
            self.release_images(&template.shape, place, effects);
        }
        self.refresh_around(place);
        self.drop_if_gone(place, effects);
    }

    fn drop_if_gone(&mut self, place: WorkloadIdx, effects: &mut Effects) {
        let Some(state) = self.workloads.get(place).filter(|state| state.is_gone()) else { return };
        let key = state.key.clone();
        self.leave_graph(&key, effects);
        self.workloads.remove(place);
    }

    /// Gives the workload the shape of its template, else that of the pod with the first UID, else none.
    fn reshape(&mut self, place: WorkloadIdx, now: Millis, effects: &mut Effects) {
        let Some(state) = self.workloads.get(place) else { return };
        let of_template = state.template.as_ref().map(|template| &template.shape);
        let of_pod = || self.pods.get(state.pods.get_min()?).map(|record| &record.pod.shape);
        let shape = of_template.or_else(of_pod).cloned().unwrap_or_default();
        if Arc::ptr_eq(&shape, &state.shape) {
            return;
        }
        let differs = shape != state.shape;
        if let Some(state) = self.workloads.get_mut(place) {
            state.shape = shape;
        }
        if differs {
            self.classify_workload(place, now, effects);
        }
    }

    /// Whether the workload is a Wasm one by now, and what follows for the graph and the images.
    fn classify_workload(&mut self, place: WorkloadIdx, now: Millis, effects: &mut Effects) {
        let Some(state) = self.workloads.get(place) else { return };
        let shape = Arc::clone(&state.shape);
        let handler = self.handler_of(shape.runtime_class.as_deref());
        if handler != state.handler
            && let Some(state) = self.workloads.get_mut(place)
        {
            state.handler = handler;
        }
        self.watch_images(&shape, now, effects);
        self.relink(place, effects);
        self.refresh_around(place);
    }

    fn pod_applied(&mut self, pod: Pod, now: Millis, effects: &mut Effects) {
        let known = self.pods.get(&pod.uid);
        if known.is_some_and(|known| known.pod == pod) {
            return;
        }
        if pod.finished {
            self.pod_gone(&pod.uid, now, effects);
            return;
        }
        if let Some(known) = known.filter(|known| known.pod.differs_only_in_place(&pod)).cloned() {
            self.pod_moved(&known, pod, effects);
            return;
        }
        if let Some(old) = self.pod_uids.get(&pod.key).filter(|uid| **uid != pod.uid).cloned() {
            // Only one pod has the name at a time: the end of the other is still to come, or was missed.
            self.pod_gone(&old, now, effects);
        }
        if let Some(node) = &pod.node {
            self.settle(&pod.uid, self.nodes.place_of(node.as_str()), effects);
        }
        let place = self.workloads.ensure(&pod.workload);
        let replicas = self.replicas(place);
        // The new pod is entered before the old record of it goes, so that workload and images live on.
        if let Some(state) = self.workloads.get_mut(place) {
            state.pods.insert(pod.uid.clone());
        }
        self.use_images(&pod.shape, place, now, effects);
        self.replace_record(self.share_shape(pod, place), place, now, effects);
        self.reshape(place, now, effects);
        if self.replicas(place) != replicas {
            self.refresh_around(place);
        }
        self.note_pending(place);
    }

    /// The watch shows where a pod is of which everything else is known.
    fn pod_moved(&mut self, known: &PodRecord, pod: Pod, effects: &mut Effects) {
        let (uid, place) = (pod.uid.clone(), known.workload);
        let node = pod.node.as_ref().and_then(|name| self.nodes.place_of(name.as_str()));
        let usage = node.and_then(|node| self.nodes.get(node)).map(|state| self.usage_on(&pod.shape, state));
        let counted = node.zip(usage);
        let counted = if known.counted.is_none() && self.is_presumed(&uid, place, counted) {
            self.confirm(&uid, place, effects);
            counted
        } else {
            if let Some(node) = &pod.node {
                self.settle(&uid, self.nodes.place_of(node.as_str()), effects);
            }
            self.count_instead(Some(known), &pod, place, effects)
        };
        let pod = Pod { shape: Arc::clone(&known.pod.shape), ..pod };
        self.pods.insert(uid, Arc::new(PodRecord { pod, workload: place, counted }));
        self.note_pending(place);
    }

    /// Counts a pod where it is instead of what was counted for it before; says what that is.
    fn count_instead(
        &mut self,
        before: Option<&PodRecord>,
        pod: &Pod,
        place: WorkloadIdx,
        effects: &mut Effects,
    ) -> Option<(NodeIdx, Usage)> {
        let freed = before.and_then(|before| Some((before.workload, before.counted?)));
        if let Some((workload, (node, usage))) = freed {
            self.uncount_pod(&pod.uid, workload, node, usage);
        }
        let counted = self.count_on(pod, place);
        effects.may_admit |= freed.is_some_and(|(_, freed)| Some(freed) != counted);
        counted
    }

    /// Counts a pod on the node that it names, if it names one.
    fn count_on(&mut self, pod: &Pod, workload: WorkloadIdx) -> Option<(NodeIdx, Usage)> {
        let classes = self.nodes.classes().len();
        let node = self.nodes.ensure(pod.node.as_ref()?);
        if self.nodes.classes().len() > classes {
            self.judge_all_workloads();
        }
        let usage = self.nodes.get(node).map(|state| self.usage_on(&pod.shape, state))?;
        self.count_pod(&pod.uid, workload, node, usage);
        Some((node, usage))
    }

    /// Enters a pod's record, and takes out what was counted for an earlier one.
    fn replace_record(&mut self, pod: Pod, place: WorkloadIdx, now: Millis, effects: &mut Effects) {
        let uid = pod.uid.clone();
        let old = self.pods.remove(&uid);
        let counted = self.count_instead(old.as_deref(), &pod, place, effects);
        self.pod_uids.insert(pod.key.clone(), uid.clone());
        self.pods.insert(uid.clone(), Arc::new(PodRecord { pod, workload: place, counted }));
        if let Some(old) = old {
            self.release_images(&old.pod.shape, old.workload, effects);
            if old.workload != place {
                self.leave_workload(&uid, old.workload, now, effects);
            }
        }
    }

    /// Pods of one workload usually look alike: they share one shape in memory, that of the template or, where pods have
    /// labels that the template has not (`pod-template-hash`), that of another pod.
    fn share_shape(&self, mut pod: Pod, place: WorkloadIdx) -> Pod {
        let Some(state) = self.workloads.get(place) else { return pod };
        let of_pod = state.pods.get_min().and_then(|uid| self.pods.get(uid)).map(|record| &record.pod.shape);
        if let Some(shape) = [Some(&state.shape), of_pod].into_iter().flatten().find(|it| **it == pod.shape) {
            pod.shape = Arc::clone(shape);
        }
        pod
    }

    fn replicas(&self, place: WorkloadIdx) -> u32 {
        self.workloads.get(place).map_or(0, |state| state.replicas())
    }

    fn pod_gone(&mut self, uid: &PodUid, now: Millis, effects: &mut Effects) {
        self.settle(uid, None, effects);
        let Some(record) = self.pods.remove(uid) else { return };
        if self.pod_uids.get(&record.pod.key) == Some(uid) {
            self.pod_uids.remove(&record.pod.key);
        }
        if let Some((node, usage)) = record.counted {
            self.uncount_pod(uid, record.workload, node, usage);
            effects.may_admit = true;
        }
        self.release_images(&record.pod.shape, record.workload, effects);
        self.leave_workload(uid, record.workload, now, effects);
    }

    /// Takes a pod out of the number of its workload's replicas.
    fn leave_workload(&mut self, uid: &PodUid, place: WorkloadIdx, now: Millis, effects: &mut Effects) {
        let replicas = self.replicas(place);
        if let Some(state) = self.workloads.get_mut(place) {
            state.pods.remove(uid);
        }
        self.reshape(place, now, effects);
        if self.replicas(place) != replicas {
            self.refresh_around(place);
        }
        self.note_pending(place);
        self.drop_if_gone(place, effects);
    }

    /// Ends the presumption about a pod, if there is one.
    ///
    /// `bound` is where the watch showed it, if it did.
    pub(crate) fn settle(&mut self, uid: &PodUid, bound: Option<NodeIdx>, effects: &mut Effects) {
        let Some(entry) = self.ledger.remove(uid) else { return };
        effects.may_admit |= entry.may_be_elsewhere() || bound != Some(entry.best);
        self.uncount(entry.workload, entry.best, entry.counted);
        if let Some(state) = self.workloads.get_mut(entry.workload) {
            state.presumed -= 1;
        }
        self.drop_if_gone(entry.workload, effects);
    }
}
