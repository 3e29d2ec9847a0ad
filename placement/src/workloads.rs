//! The workloads of a cluster state: how many replicas they want, where those are, and who their partners are.

use std::collections::BTreeMap;
use std::sync::Arc;

use wit_graph::WorkloadKey;

use crate::nodes::NodeIdx;
use crate::objects::{PodShape, Workload};

/// A workload's place in the cluster state; stable while the workload exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadIdx(u32);

/// A workload with what is known of its replicas.
#[derive(Clone, Debug)]
pub struct WorkloadState {
    pub(crate) key: WorkloadKey,
    pub(crate) template: Option<Workload>,
    /// The template's shape, or that of a pod where no template is known.
    pub(crate) shape: Arc<PodShape>,
    /// Whether its pods are run by a Wasm handler.
    pub(crate) wasm: bool,
    /// Pods that have not ended.
    pub(crate) pods: u32,
    /// Presumed placements.
    pub(crate) presumed: u32,
    /// Replicas per node, presumed ones at their best node.
    pub(crate) placed: BTreeMap<NodeIdx, u32>,
    /// Linked workloads in both directions.
    pub(crate) partners: Arc<[PartnerRef]>,
    /// The other members of the connected group.
    pub(crate) group: Arc<[WorkloadIdx]>,
}

/// A linked workload.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PartnerRef {
    pub(crate) workload: WorkloadIdx,
    pub(crate) weight: f64,
}

/// The workloads by key and by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkloadTable {
    places: imbl::OrdMap<WorkloadKey, WorkloadIdx>,
    states: imbl::Vector<Option<Arc<WorkloadState>>>,
    free: Vec<WorkloadIdx>,
}

impl WorkloadIdx {
    fn position(self) -> usize {
        self.0 as usize
    }
}

impl WorkloadState {
    fn new(key: WorkloadKey) -> Self {
        Self {
            key,
            template: None,
            shape: Arc::default(),
            wasm: false,
            pods: 0,
            presumed: 0,
            placed: BTreeMap::new(),
            partners: Arc::default(),
            group: Arc::default(),
        }
    }

    /// Its namespace, kind and name.
    pub fn key(&self) -> &WorkloadKey {
        &self.key
    }

    /// What its pods look like.
    pub fn shape(&self) -> &PodShape {
        &self.shape
    }

    /// Whether its pods are run by a Wasm handler.
    pub fn is_wasm(&self) -> bool {
        self.wasm
    }

    /// The number of replicas that shares are taken of: what the template wants, or more where more exist; at least 1.
    pub fn replicas(&self) -> u32 {
        self.template.as_ref().map_or(0, |template| template.replicas).max(self.pods).max(1)
    }

    /// Replicas that are on a node or presumed there.
    pub fn placed_replicas(&self) -> u32 {
        self.placed.values().sum()
    }

    pub(crate) fn on(&self, node: NodeIdx) -> u32 {
        self.placed.get(&node).copied().unwrap_or(0)
    }

    /// The share of the replicas that `count` of them are.
    pub(crate) fn share(&self, count: u32) -> f64 {
        f64::from(count) / f64::from(self.replicas())
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.template.is_none() && self.pods == 0 && self.presumed == 0
    }
}

impl WorkloadTable {
    pub(crate) fn place_of(&self, key: &WorkloadKey) -> Option<WorkloadIdx> {
        self.places.get(key).copied()
    }

    pub(crate) fn get(&self, workload: WorkloadIdx) -> Option<&Arc<WorkloadState>> {
        self.states.get(workload.position()).and_then(Option::as_ref)
    }

    pub(crate) fn get_mut(&mut self, workload: WorkloadIdx) -> Option<&mut WorkloadState> {
        self.states.get_mut(workload.position()).and_then(Option::as_mut).map(Arc::make_mut)
    }

    /// The workloads in the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (WorkloadIdx, &Arc<WorkloadState>)> {
        self.places.values().filter_map(|place| self.get(*place).map(|state| (*place, state)))
    }

    pub(crate) fn ensure(&mut self, key: &WorkloadKey) -> WorkloadIdx {
        if let Some(place) = self.place_of(key) {
            return place;
        }
        let state = Some(Arc::new(WorkloadState::new(key.clone())));
        let place = if let Some(place) = self.free.pop() {
            self.states.set(place.position(), state);
            place
        } else {
            self.states.push_back(state);
            WorkloadIdx(u32::try_from(self.states.len() - 1).unwrap_or(u32::MAX))
        };
        self.places.insert(key.clone(), place);
        place
    }

    pub(crate) fn remove(&mut self, workload: WorkloadIdx) {
        let Some(key) = self.get(workload).map(|state| state.key.clone()) else { return };
        self.places.remove(&key);
        self.states.set(workload.position(), None);
        self.free.push(workload);
    }
}
