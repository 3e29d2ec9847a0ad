//! What each event does to the state.

use std::collections::BTreeSet;
use std::sync::Arc;

use wit_graph::{ComponentKind, WorkloadKey};

use super::{ClusterState, Effects, PodRecord};
use crate::hosts::NodeClass;
use crate::nodes::NodeIdx;
use crate::objects::{
    Event, ImageReference, Millis, Node, Pod, PodShape, PodUid, RuntimeClass, Workload, World,
};
use crate::workloads::{PartnerRef, WorkloadIdx};

pub(super) fn apply(state: &mut ClusterState, event: Event, now: Millis) -> Effects {
    let mut effects = Effects::default();
    match event {
        Event::Node(node) => state.node_applied(node, &mut effects),
        Event::NodeGone(name) => {
            if let Some(place) = state.nodes.place_of(name.as_str()) {
                state.nodes.set_object(place, None, NodeClass::default());
                state.nodes.free_unused(place);
            }
        }
        Event::RuntimeClass(class) => state.runtime_class_applied(class, now, &mut effects),
        Event::RuntimeClassGone(name) => {
            state.runtime_classes.remove(&name);
            state.recount_class(&name, now, &mut effects);
        }
        Event::Workload(workload) => state.workload_applied(workload, now, &mut effects),
        Event::WorkloadGone(key) => state.workload_gone(&key, &mut effects),
        Event::Pod(pod) => state.pod_applied(pod, now, &mut effects),
        Event::PodGone(uid) => state.pod_gone(&uid, &mut effects),
        Event::World(image, world) => state.world_applied(&image, world, &mut effects),
    }
    effects
}

impl ClusterState {
    fn node_applied(&mut self, node: Node, effects: &mut Effects) {
        effects.may_admit |= self.strangers.remove(&node.name).is_some();
        let class = self.hosts.classify(&node);
        let place = self.nodes.ensure(&node.name);
        if self.nodes.set_object(place, Some(Arc::new(node)), class) {
            let residents: Vec<_> =
                self.nodes.get(place).map_or_else(Vec::new, |state| state.pods.iter().cloned().collect());
            residents.iter().for_each(|uid| self.recount(uid));
        }
    }

    fn runtime_class_applied(&mut self, class: RuntimeClass, now: Millis, effects: &mut Effects) {
        let name = class.name.clone();
        if self.runtime_classes.insert(name.clone(), class.clone()).as_ref() != Some(&class) {
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
        let pods: Vec<_> = self
            .pods
            .iter()
            .filter(|(_, record)| named(&record.pod.shape))
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in &pods {
            self.recount(uid);
            if let Some(record) = self.pods.get(uid).cloned() {
                self.watch_images(&record.pod.shape, now, effects);
            }
        }
        effects.may_admit = true;
    }

    fn recount(&mut self, uid: &PodUid) {
        let Some(record) = self.pods.get(uid).cloned() else { return };
        let Some((node, before)) = record.counted else { return };
        let Some(usage) = self.nodes.get(node).map(|state| self.usage_on(&record.pod.shape, state)) else {
            return;
        };
        if usage == before {
            return;
        }
        // The new count comes first, so that the node is never free in between.
        self.count(uid, record.workload, node, usage);
        self.uncount(uid, record.workload, node, before);
        if let Some(state) = self.nodes.get_mut(node) {
            state.pods.insert(uid.clone());
        }
        self.pods
            .insert(uid.clone(), Arc::new(PodRecord { counted: Some((node, usage)), ..(*record).clone() }));
    }

    fn workload_applied(&mut self, workload: Workload, now: Millis, effects: &mut Effects) {
        let place = self.workloads.ensure(&workload.key);
        let before = self.workloads.get(place).and_then(|state| state.template.clone());
        if before.as_ref() == Some(&workload) {
            return;
        }
        let same_images = before.as_ref().is_some_and(|before| before.shape.images == workload.shape.images);
        if !same_images && let Some(before) = &before {
            self.release_images(&before.shape, place, effects);
        }
        if let Some(state) = self.workloads.get_mut(place) {
            state.shape = Arc::clone(&workload.shape);
            state.template = Some(workload.clone());
        }
        if !same_images {
            self.use_images(&workload.shape, place, now, effects);
        }
        self.classify_workload(place, now, effects);
        self.refresh_around(place);
    }

    fn workload_gone(&mut self, key: &WorkloadKey, effects: &mut Effects) {
        let Some(place) = self.workloads.place_of(key) else { return };
        let template = self.workloads.get_mut(place).and_then(|state| state.template.take());
        if let Some(template) = template {
            self.release_images(&template.shape, place, effects);
        }
        self.refresh_around(place);
        self.drop_if_gone(place);
    }

    fn drop_if_gone(&mut self, place: WorkloadIdx) {
        let Some(state) = self.workloads.get(place).filter(|state| state.is_gone()) else { return };
        let key = state.key.clone();
        let affected = Arc::make_mut(&mut self.graph).remove(&key);
        self.workloads.remove(place);
        self.update_partners(&affected);
    }

    /// Whether the workload is a Wasm one by now, and what follows for the graph and the images.
    fn classify_workload(&mut self, place: WorkloadIdx, now: Millis, effects: &mut Effects) {
        let Some(state) = self.workloads.get(place) else { return };
        let shape = Arc::clone(&state.shape);
        let wasm = self.wasm_handler(shape.runtime_class.as_deref()).is_some();
        if let Some(state) = self.workloads.get_mut(place) {
            state.wasm = wasm;
        }
        self.watch_images(&shape, now, effects);
        self.relink(place);
    }

    fn pod_applied(&mut self, pod: Pod, now: Millis, effects: &mut Effects) {
        if self.pods.get(&pod.uid).is_some_and(|known| known.pod == pod) {
            return;
        }
        if pod.finished {
            self.pod_gone(&pod.uid, effects);
            return;
        }
        if let Some(node) = &pod.node {
            let node = self.nodes.ensure(node);
            self.settle(&pod.uid, Some(node), effects);
        }
        let place = self.workloads.ensure(&pod.workload);
        let pod = self.share_shape(pod, place);
        // The new pod is entered before the old record of it goes, so that workload and images live on.
        self.enter_pod(place, &pod, now, effects);
        self.remove_record(&pod.uid, effects);
        let counted = pod.node.as_ref().map(|name| self.nodes.ensure(name));
        let counted = counted.and_then(|node| {
            let usage = self.nodes.get(node).map(|state| self.usage_on(&pod.shape, state))?;
            self.count(&pod.uid, place, node, usage);
            Some((node, usage))
        });
        self.pod_uids.insert(pod.key.clone(), pod.uid.clone());
        self.pods.insert(pod.uid.clone(), Arc::new(PodRecord { pod, workload: place, counted }));
    }

    /// Pods of one workload usually look alike: they share one shape in memory.
    fn share_shape(&self, mut pod: Pod, place: WorkloadIdx) -> Pod {
        if let Some(state) = self.workloads.get(place).filter(|state| state.shape == pod.shape) {
            pod.shape = Arc::clone(&state.shape);
        }
        pod
    }

    fn enter_pod(&mut self, place: WorkloadIdx, pod: &Pod, now: Millis, effects: &mut Effects) {
        let Some(state) = self.workloads.get_mut(place) else { return };
        let first = state.template.is_none() && state.pods == 0;
        let grew = state.pods + 1 > state.replicas();
        state.pods += 1;
        if first {
            state.shape = Arc::clone(&pod.shape);
        }
        self.use_images(&pod.shape, place, now, effects);
        if first {
            self.classify_workload(place, now, effects);
        }
        if grew {
            self.refresh_around(place);
        }
    }

    fn pod_gone(&mut self, uid: &PodUid, effects: &mut Effects) {
        self.settle(uid, None, effects);
        let Some(key) = self.pods.get(uid).map(|record| record.pod.key.clone()) else { return };
        self.remove_record(uid, effects);
        if self.pod_uids.get(&key) == Some(uid) {
            self.pod_uids.remove(&key);
        }
    }

    fn remove_record(&mut self, uid: &PodUid, effects: &mut Effects) {
        let Some(record) = self.pods.remove(uid) else { return };
        if let Some((node, usage)) = record.counted {
            self.uncount(uid, record.workload, node, usage);
            effects.may_admit = true;
        }
        self.release_images(&record.pod.shape, record.workload, effects);
        let shrank = self.workloads.get_mut(record.workload).is_some_and(|state| {
            let before = state.replicas();
            state.pods -= 1;
            state.replicas() != before
        });
        if shrank {
            self.refresh_around(record.workload);
        }
        self.drop_if_gone(record.workload);
    }

    /// Ends the presumption about a pod, if there is one.
    ///
    /// `bound` is where the watch showed it, if it did.
    pub(crate) fn settle(&mut self, uid: &PodUid, bound: Option<NodeIdx>, effects: &mut Effects) {
        let Some(entry) = self.ledger.remove(uid) else { return };
        effects.may_admit |= !entry.others.is_empty() || bound != Some(entry.best);
        self.uncount(uid, entry.workload, entry.best, entry.counted);
        if let Some(state) = self.workloads.get_mut(entry.workload) {
            state.presumed -= 1;
        }
        self.drop_if_gone(entry.workload);
    }

    fn world_applied(&mut self, image: &ImageReference, world: World, effects: &mut Effects) {
        let Some(state) = self.images.get_mut(image) else { return };
        let since = match &state.world {
            Some(World::Reading { since } | World::Failed { since, .. }) => Some(*since),
            Some(World::Known(_)) | None => None,
        };
        state.world = Some(match (world, since) {
            (World::Failed { result, message, definite, .. }, Some(since)) => {
                World::Failed { result, message, since, definite }
            }
            // What was read once stays known: a registry that fails later does not take it back.
            (World::Failed { .. } | World::Reading { .. }, None) => return,
            (World::Reading { .. }, Some(since)) => World::Reading { since },
            (known @ World::Known(_), _) => known,
        });
        let users: Vec<_> = state.users.keys().copied().collect();
        users.into_iter().for_each(|workload| self.relink(workload));
        effects.may_admit = true;
    }

    fn use_images(&mut self, shape: &PodShape, workload: WorkloadIdx, now: Millis, effects: &mut Effects) {
        for image in &shape.images {
            *self.images.entry(image.clone()).or_default().users.entry(workload).or_insert(0) += 1;
        }
        self.watch_images(shape, now, effects);
    }

    /// Has the images of a Wasm shape read that were not of interest before.
    fn watch_images(&mut self, shape: &PodShape, now: Millis, effects: &mut Effects) {
        if self.wasm_handler(shape.runtime_class.as_deref()).is_none() {
            return;
        }
        for image in &shape.images {
            let unread = self.images.get_mut(image).filter(|state| state.world.is_none());
            if let Some(state) = unread {
                state.world = Some(World::Reading { since: now });
                effects.read.push(image.clone());
            }
        }
    }

    fn release_images(&mut self, shape: &PodShape, workload: WorkloadIdx, effects: &mut Effects) {
        for image in &shape.images {
            let Some(state) = self.images.get_mut(image) else { continue };
            if let Some(uses) = state.users.get_mut(&workload) {
                *uses -= 1;
                if *uses == 0 {
                    state.users.remove(&workload);
                }
            }
            if state.users.is_empty() {
                self.images.remove(image);
                effects.forget.push(image.clone());
            }
        }
    }

    /// Tells the dependency graph what the workload's images are by now.
    fn relink(&mut self, place: WorkloadIdx) {
        let Some(state) = self.workloads.get(place) else { return };
        let key = state.key.clone();
        let images = if state.wasm { state.shape.images.as_slice() } else { &[] };
        let known = images.iter().filter_map(|image| match self.world(image) {
            Some(World::Known(component)) if component.kind == ComponentKind::Component => {
                Some(Arc::clone(component))
            }
            _ => None,
        });
        let components: Vec<_> = known.collect();
        let affected = Arc::make_mut(&mut self.graph).upsert(&key, &components);
        self.update_partners(&affected);
    }

    fn update_partners(&mut self, affected: &BTreeSet<WorkloadKey>) {
        let mut changed = Vec::new();
        for key in affected {
            let Some(place) = self.workloads.place_of(key) else { continue };
            let partners = self.graph.partners(key).into_iter().filter_map(|partner| {
                let workload = self.workloads.place_of(&partner.workload)?;
                Some(PartnerRef { workload, weight: partner.weight })
            });
            let partners: Arc<[_]> = partners.collect();
            let group =
                self.graph.group(key).into_iter().filter_map(|member| self.workloads.place_of(&member));
            let group: Arc<[_]> = group.filter(|member| *member != place).collect();
            if let Some(state) = self.workloads.get_mut(place) {
                (state.partners, state.group) = (partners, group);
                changed.push(place);
            }
        }
        changed.into_iter().for_each(|place| self.refresh_around(place));
    }
}
