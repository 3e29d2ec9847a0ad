//! The cluster as placement sees it: one value, changed by [`Event`]s, cheap to clone.
//!
//! The collections inside share structure, so a clone is an immutable snapshot for a microsecond, and what
//! decisions read per node is kept up to date event by event: a decision never walks over pods.

mod apply;
mod count;
mod images;
mod linking;
#[cfg(test)]
mod tests;
mod wanted;

use std::sync::Arc;

pub(crate) use self::count::MOST;

use wit_config::{HostCatalogue, Settings};
use wit_graph::{Component, ComponentKind, DependencyGraph, Link, NameError, WorkloadKey};

use crate::hashing::SharedMap;
use crate::hosts::{HandlerIdx, Hosts};
use crate::ledger::Ledger;
use crate::nodes::{NodeIdx, NodeState, NodeTable, Usage};
use crate::objects::{
    Event, ImageReference, Millis, NodeName, Pod, PodKey, PodShape, PodUid, RuntimeClass, World,
};
use crate::workloads::{WorkloadIdx, WorkloadState, WorkloadTable};

/// The cluster's state.
#[derive(Clone, Debug)]
pub struct ClusterState {
    pub(crate) settings: Arc<Settings>,
    pub(crate) hosts: Arc<Hosts>,
    pub(crate) nodes: NodeTable,
    pub(crate) workloads: WorkloadTable,
    pub(crate) runtime_classes: imbl::OrdMap<String, RuntimeClass>,
    pub(crate) pods: SharedMap<PodUid, Arc<PodRecord>>,
    pub(crate) pod_uids: SharedMap<PodKey, PodUid>,
    pub(crate) images: SharedMap<ImageReference, ImageState>,
    pub(crate) graph: Arc<DependencyGraph>,
    pub(crate) ledger: Ledger,
    /// Nodes that the scheduler named before the watch showed them, and since when.
    pub(crate) strangers: imbl::OrdMap<NodeName, Millis>,
    /// `RuntimeClass`es that a pod named before the watch showed them, and since when.
    pub(crate) strange_classes: imbl::OrdMap<String, Millis>,
    /// Workloads whose number of replicas still to come an event has changed; empty between events.
    pub(crate) unsettled: Vec<WorkloadIdx>,
    /// Images of pods that the scheduler asked about before the watch showed them, and since when.
    pub(crate) unclaimed: imbl::OrdMap<ImageReference, Millis>,
}

/// A pod as the state keeps it.
#[derive(Clone, Debug)]
pub(crate) struct PodRecord {
    pub(crate) pod: Pod,
    pub(crate) workload: WorkloadIdx,
    /// Where it is counted, and with what.
    pub(crate) counted: Option<(NodeIdx, Usage)>,
}

/// An image that some workload uses.
#[derive(Clone, Debug, Default)]
pub(crate) struct ImageState {
    /// `None` as long as no Wasm pod uses it.
    pub(crate) world: Option<World>,
    /// How many templates and pods of each workload name it.
    pub(crate) users: imbl::OrdMap<WorkloadIdx, u32>,
}

/// What the state's owner has to do after an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Images that became of interest and are to be read.
    pub read: Vec<ImageReference>,
    /// Images that nobody uses any more.
    pub forget: Vec<ImageReference>,
    /// Something became known that may admit a pod refused before, although nothing changed in the API server: a world,
    /// or room that a presumption had taken.
    pub may_admit: bool,
}

/// What the images of a pod are, all taken together.
#[derive(Clone, Debug)]
pub enum PodWorld {
    /// No handler of its RuntimeClass is a Wasm one, or none of its images is Wasm: none of our business.
    Ordinary,
    /// Some image is still being read, until this time at the latest.
    Reading(Millis),
    /// The pod's Wasm images, and whether there are more of which nothing is known.
    Wasm {
        /// What was read.
        components: Vec<Arc<Component>>,
        /// Images that could not be read, with why.
        unknown: Vec<(ImageReference, Arc<str>)>,
    },
}

impl ClusterState {
    /// An empty cluster.
    ///
    /// # Errors
    /// Says which interface name in the host catalogue is none.
    pub fn new(settings: Settings) -> Result<Self, NameError> {
        let hosts = Hosts::new(&HostCatalogue::bundled().merged(&settings.hosts))?;
        let graph = DependencyGraph::new(hosts.all_offers()?);
        Ok(Self {
            settings: Arc::new(settings),
            hosts: Arc::new(hosts),
            nodes: NodeTable::default(),
            workloads: WorkloadTable::default(),
            runtime_classes: imbl::OrdMap::new(),
            pods: SharedMap::default(),
            pod_uids: SharedMap::default(),
            images: SharedMap::default(),
            graph: Arc::new(graph),
            ledger: Ledger::default(),
            strangers: imbl::OrdMap::new(),
            strange_classes: imbl::OrdMap::new(),
            unsettled: Vec::new(),
            unclaimed: imbl::OrdMap::new(),
        })
    }

    /// Takes in what happened.
    pub fn apply(&mut self, event: Event, now: Millis) -> Effects {
        apply::apply(self, event, now)
    }

    /// The settings that decisions follow.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The host catalogue.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The dependency graph over the Wasm workloads.
    pub fn graph(&self) -> &DependencyGraph {
        &self.graph
    }

    /// The nodes in a stable order.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIdx, &NodeState)> {
        self.nodes.iter().filter(|(_, state)| state.object.is_some())
    }

    /// The place of a node by name.
    pub fn node_place(&self, name: &str) -> Option<NodeIdx> {
        self.nodes.place_of(name)
    }

    /// A node by its place.
    pub fn node(&self, node: NodeIdx) -> Option<&NodeState> {
        self.nodes.get(node)
    }

    /// The workloads in the order of their keys.
    pub fn workloads(&self) -> impl Iterator<Item = &WorkloadState> {
        self.workloads.iter().map(|(_, state)| &**state)
    }

    /// A workload by key.
    pub fn workload(&self, key: &WorkloadKey) -> Option<&WorkloadState> {
        self.workloads.get(self.workloads.place_of(key)?).map(Arc::as_ref)
    }

    /// The pods, in no certain order.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.pods.values().map(|record| &record.pod)
    }

    /// A pod by namespace and name.
    pub fn pod(&self, key: &PodKey) -> Option<&Pod> {
        self.pods.get(self.pod_uids.get(key)?).map(|record| &record.pod)
    }

    /// A pod by UID.
    pub fn pod_of(&self, uid: &PodUid) -> Option<&Pod> {
        self.pods.get(uid).map(|record| &record.pod)
    }

    /// The links and unserved imports of a workload, as consumer and as provider.
    pub fn links_of(&self, workload: &WorkloadKey) -> impl Iterator<Item = &Link> {
        self.graph.links_of(workload)
    }

    /// What is known of an image.
    pub fn world(&self, image: &ImageReference) -> Option<&World> {
        self.images.get(image).and_then(|state| state.world.as_ref())
    }

    /// The images of Wasm workloads with what is known of them, in no certain order.
    pub fn worlds(&self) -> impl Iterator<Item = (&ImageReference, &World)> {
        self.images.iter().filter_map(|(image, state)| Some((image, state.world.as_ref()?)))
    }

    /// How many placements are presumed.
    pub fn ledger_len(&self) -> usize {
        self.ledger.len()
    }

    /// Whether the ledger presumes where the pod is, and where.
    pub fn presumed_node(&self, uid: &PodUid) -> Option<NodeIdx> {
        self.ledger.get(uid).map(|entry| entry.best)
    }

    /// A `RuntimeClass` by name.
    pub fn runtime_class(&self, name: &str) -> Option<&RuntimeClass> {
        self.runtime_classes.get(name)
    }

    /// The Wasm handler that runs pods of this shape; `None` for an ordinary pod.
    pub fn wasm_handler(&self, runtime_class: Option<&str>) -> Option<&str> {
        let class = self.runtime_classes.get(runtime_class?)?;
        self.hosts.is_wasm_handler(&class.handler).then_some(class.handler.as_str())
    }

    /// As [`ClusterState::wasm_handler`], the handler's place in the catalogue.
    pub(crate) fn handler_of(&self, runtime_class: Option<&str>) -> Option<HandlerIdx> {
        self.hosts.handler_idx(&self.runtime_classes.get(runtime_class?)?.handler)
    }

    /// What the images of a pod of this shape are at `now`.
    pub fn pod_world(&self, shape: &PodShape, now: Millis) -> PodWorld {
        if self.wasm_handler(shape.runtime_class.as_deref()).is_none() {
            return PodWorld::Ordinary;
        }
        let (mut components, mut unknown, mut reading) = (Vec::new(), Vec::new(), None::<Millis>);
        for image in &shape.images {
            let deadline = |since: Millis| since.after(self.settings.reading.deadline);
            match self.world(image) {
                Some(World::Known(component)) if component.kind == ComponentKind::NotWasm => {}
                Some(World::Known(component)) => components.push(Arc::clone(component)),
                Some(World::Reading { since } | World::Failed { since, definite: false, .. })
                    if now < deadline(*since) =>
                {
                    reading = reading.max(Some(deadline(*since)));
                }
                Some(World::Failed { message, .. }) => unknown.push((image.clone(), Arc::clone(message))),
                Some(World::Reading { .. }) => {
                    unknown.push((image.clone(), "it was not read in time".into()));
                }
                // The request came before the watch, which starts the reading and its time.
                None => reading = reading.max(Some(deadline(now))),
            }
        }
        match reading {
            Some(until) => PodWorld::Reading(until),
            None if components.is_empty() && unknown.is_empty() => PodWorld::Ordinary,
            None => PodWorld::Wasm { components, unknown },
        }
    }
}
