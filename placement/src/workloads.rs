//! The workloads of a cluster state: how many replicas they want, where those are, and who their partners are.

use std::sync::Arc;

use wit_graph::WorkloadKey;

use crate::counts::Counts;
use crate::hashing::SharedMap;
use crate::hosts::{Capability, HandlerIdx};
use crate::nodes::{NodeIdx, NodeState};
use crate::objects::{PodShape, PodUid, Workload};

/// A workload's place in the cluster state; stable while the workload exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadIdx(u32);

/// A workload with what is known of its replicas.
#[derive(Clone, Debug)]
pub struct WorkloadState {
    pub(crate) key: WorkloadKey,
    pub(crate) template: Option<Workload>,
    /// The template's shape; without a template that of the pod with the first UID.
    pub(crate) shape: Arc<PodShape>,
    /// The Wasm handler that runs its pods; `None` for an ordinary workload.
    pub(crate) handler: Option<HandlerIdx>,
    /// Pods that have not ended.
    pub(crate) pods: imbl::OrdSet<PodUid>,
    /// Presumed placements.
    pub(crate) presumed: u32,
    /// Replicas per node, presumed ones at their best node.
    pub(crate) placed: Counts<NodeIdx>,
    /// The sum of `placed`.
    pub(crate) placed_replicas: u32,
    /// Workloads that it wants to be near, consumers and providers alike, in the order of their keys.
    pub(crate) partners: Arc<[PartnerRef]>,
    /// The connected group in the order of keys, the workload itself included; shared by its members. Empty for a
    /// workload that the dependency graph does not know.
    pub(crate) group: Arc<[WorkloadIdx]>,
    /// What becomes of its components on each node class, by place; empty for an ordinary workload.
    pub(crate) capabilities: Arc<[Capability]>,
    /// The places of the node classes whose host cannot run its components, sorted.
    pub(crate) unable_on: Vec<u32>,
    /// Whether replicas are still to come, as of the end of the last event.
    pub(crate) awaited: bool,
    /// Whether it exports an interface that others may import, which those of WASI are not: partners may come that
    /// nobody knows yet.
    pub(crate) invites: bool,
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
    places: SharedMap<WorkloadKey, WorkloadIdx>,
    /// The same in the order of keys.
    in_order: imbl::OrdMap<WorkloadKey, WorkloadIdx>,
    states: imbl::Vector<Option<Arc<WorkloadState>>>,
    free: Vec<WorkloadIdx>,
}

impl WorkloadIdx {
    pub(crate) fn position(self) -> usize {
        self.0 as usize
    }
}

impl WorkloadState {
    fn new(key: WorkloadKey) -> Self {
        Self {
            key,
            template: None,
            shape: Arc::default(),
            handler: None,
            pods: imbl::OrdSet::new(),
            presumed: 0,
            placed: Counts::default(),
            placed_replicas: 0,
            partners: Arc::default(),
            group: Arc::default(),
            capabilities: Arc::default(),
            unable_on: Vec::new(),
            awaited: false,
            invites: false,
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
        self.handler.is_some()
    }

    /// The number of replicas that shares are taken of: what the template wants, or more where more exist; at least 1.
    pub fn replicas(&self) -> u32 {
        self.wanted().max(1)
    }

    /// What the template wants, or more where more exist; 0 of a workload that is scaled to nothing, or has ended.
    pub fn wanted(&self) -> u32 {
        let pods = u32::try_from(self.pods.len()).unwrap_or(u32::MAX);
        self.template.as_ref().map_or(0, |template| template.replicas).max(pods)
    }

    /// Its pods that have not ended, in the order of their UIDs.
    pub fn pods(&self) -> impl Iterator<Item = &PodUid> {
        self.pods.iter()
    }

    /// Replicas that are on a node or presumed there.
    pub fn placed_replicas(&self) -> u32 {
        self.placed_replicas
    }

    /// Replicas that are still to be placed.
    pub(crate) fn pending(&self) -> u32 {
        self.wanted().saturating_sub(self.placed_replicas)
    }

    /// Counts a replica on a node.
    pub(crate) fn place(&mut self, node: NodeIdx) {
        self.placed.add(node);
        self.placed_replicas += 1;
    }

    /// Takes back what [`WorkloadState::place`] counted.
    pub(crate) fn displace(&mut self, node: NodeIdx) {
        self.placed.take(node);
        self.placed_replicas -= 1;
    }

    /// Replicas on a node or presumed there.
    pub(crate) fn on(&self, node: NodeIdx) -> u32 {
        self.placed.of(node)
    }

    /// The share of the replicas that `count` of them are.
    pub(crate) fn share(&self, count: u32) -> f64 {
        self.shares()(count)
    }

    /// The same for many counts.
    pub(crate) fn shares(&self) -> impl Fn(u32) -> f64 + use<> {
        let all = f64::from(self.replicas());
        move |count| f64::from(count) / all
    }

    /// Whether the host on a node can run its components, as far as is known.
    pub(crate) fn can_run_on(&self, node: &NodeState) -> bool {
        self.unable_on.binary_search(&node.class_idx).is_err()
    }

    /// Whether it has links that draw it to other workloads.
    pub(crate) fn is_linked(&self) -> bool {
        self.group.len() > 1
    }

    /// Whether it has such links, or exports what others may link to.
    pub(crate) fn may_be_linked(&self) -> bool {
        self.is_linked() || self.invites
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.template.is_none() && self.pods.is_empty() && self.presumed == 0
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

    /// The workloads of a namespace in the order of their keys.
    pub(crate) fn in_namespace(
        &self,
        namespace: &str,
    ) -> impl Iterator<Item = (WorkloadIdx, &Arc<WorkloadState>)> {
        let own = self.in_order.range(WorkloadKey::new(namespace, "", "")..);
        let own = own.take_while(move |(key, _)| *key.namespace == *namespace);
        own.filter_map(|(_, place)| self.get(*place).map(|state| (*place, state)))
    }

    /// The workloads in the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (WorkloadIdx, &Arc<WorkloadState>)> {
        self.in_order.values().filter_map(|place| self.get(*place).map(|state| (*place, state)))
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
        self.in_order.insert(key.clone(), place);
        place
    }

    pub(crate) fn remove(&mut self, workload: WorkloadIdx) {
        let Some(key) = self.get(workload).map(|state| state.key.clone()) else { return };
        self.places.remove(&key);
        self.in_order.remove(&key);
        self.states.set(workload.position(), None);
        self.free.push(workload);
    }
}

/// A share of replicas as a number of them, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count, at least 0")]
pub(crate) fn whole(replicas: f64) -> u32 {
    /// What division and multiplication may be off by.
    const NOISE: f64 = 1e-6;
    (replicas - NOISE).ceil() as u32
}
