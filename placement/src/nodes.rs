//! The nodes of a cluster state: their objects, what is used on them, and whose replicas they carry.

use std::collections::HashMap;
use std::sync::Arc;

use crate::counts::Counts;
use crate::hashing::Hasher;
use crate::hosts::NodeClass;
use crate::objects::{Allocatable, Node, NodeName};
use crate::pages::Pages;
pub use crate::usage::Usage;
pub(crate) use crate::usage::{Demand, Left, Wanted};
use crate::workloads::WorkloadIdx;

/// A node's place in the cluster state; stable while the node or a pod on it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeIdx(pub(crate) u32);

/// A node with what is on it.
///
/// The states of all nodes lie side by side in memory, and a decision reads the whole of them: what it needs of every
/// node is in the value itself, what it needs of few is behind a pointer.
#[derive(Clone, Debug)]
pub struct NodeState {
    pub(crate) name: NodeName,
    /// `None` for a node that only pods speak of.
    pub(crate) object: Option<Arc<Node>>,
    pub(crate) class: Arc<NodeClass>,
    pub(crate) class_idx: u32,
    pub(crate) allocatable: Allocatable,
    /// The object's instance cap.
    pub(crate) instance_cap: Option<u32>,
    used: Usage,
    /// What `used` leaves.
    left: Left,
    /// The share of CPU and memory that `used` is, averaged.
    fullness: f64,
    /// Replicas by workload, sorted.
    pub(crate) replicas: Counts<WorkloadIdx>,
    /// The partners of those replicas of which less is here than of them and replicas are still to come, sorted.
    wanted: Arc<Vec<Wanted>>,
    /// What all of those would take.
    demand: Demand,
    /// Pods that the watch shows here.
    pub(crate) pods: imbl::OrdSet<crate::objects::PodUid>,
}

/// The nodes by name and by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeTable {
    places: Arc<HashMap<NodeName, NodeIdx, Hasher>>,
    states: Pages<NodeState>,
    free: Vec<NodeIdx>,
    /// Counts the changes of which names have places, and whether there are objects for them.
    generation: u64,
    /// Counts the places that were freed.
    freed: u64,
    classes: Vec<Arc<NodeClass>>,
}

impl NodeIdx {
    pub(crate) fn position(self) -> usize {
        self.0 as usize
    }
}

impl NodeState {
    fn phantom(name: NodeName, class: Arc<NodeClass>, class_idx: u32) -> Self {
        Self {
            name,
            object: None,
            class,
            class_idx,
            allocatable: Allocatable::default(),
            instance_cap: None,
            used: Usage::default(),
            left: Left::default(),
            fullness: 1.0,
            replicas: Counts::default(),
            wanted: Arc::default(),
            demand: Demand::default(),
            pods: imbl::OrdSet::new(),
        }
    }

    /// The node's name.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// The node's object; `None` for a node that only pods speak of.
    pub fn object(&self) -> Option<&Node> {
        self.object.as_deref()
    }

    /// What pods take on the node, presumed ones counted at their best node.
    pub fn used(&self) -> Usage {
        self.used
    }

    /// What the node offers.
    pub fn allocatable(&self) -> Allocatable {
        self.allocatable
    }

    /// The node's class.
    pub fn class(&self) -> &NodeClass {
        &self.class
    }

    /// Whether the node's class is one of those that are marked, by place.
    pub(crate) fn is_of(&self, classes: &[bool]) -> bool {
        classes.get(self.class_idx as usize) == Some(&true)
    }

    /// Who is wanted here, sorted.
    pub(crate) fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// How much a workload is wanted here, if it is.
    pub(crate) fn wanted_of(&self, workload: WorkloadIdx) -> Option<&Wanted> {
        let found = self.wanted.binary_search_by_key(&workload, |wanted| wanted.workload);
        found.ok().and_then(|place| self.wanted.get(place))
    }

    /// What everyone who is wanted here would take.
    pub(crate) fn demand(&self) -> Demand {
        self.demand
    }

    /// Says who is wanted here, sorted.
    pub(crate) fn set_wanted(&mut self, wanted: Vec<Wanted>) {
        self.wanted = wanted.into();
        self.sum_demand();
    }

    /// Says how much one workload is wanted here, if it is.
    pub(crate) fn set_wanted_of(&mut self, workload: WorkloadIdx, wanted: Option<Wanted>) {
        let all = Arc::make_mut(&mut self.wanted);
        match (all.binary_search_by_key(&workload, |wanted| wanted.workload), wanted) {
            (Ok(place), Some(wanted)) => all.splice(place..=place, [wanted]).for_each(drop),
            (Ok(place), None) => drop(all.remove(place)),
            (Err(place), Some(wanted)) => all.insert(place, wanted),
            (Err(_), None) => {}
        }
        self.sum_demand();
    }

    fn sum_demand(&mut self) {
        self.demand = self.wanted.iter().map(Wanted::demand).fold(Demand::default(), Demand::plus);
    }

    /// Adds a replica that takes so much.
    pub(crate) fn add_replica(&mut self, workload: WorkloadIdx, usage: Usage) {
        self.set_used(self.used.plus(usage));
        self.replicas.add(workload);
    }

    /// Removes a replica that took so much.
    pub(crate) fn remove_replica(&mut self, workload: WorkloadIdx, usage: Usage) {
        self.set_used(self.used.minus(usage));
        self.replicas.take(workload);
    }

    fn set_used(&mut self, used: Usage) {
        self.used = used;
        self.left = self.left_beside(used);
        self.fullness = self.fullness_with(used);
    }

    /// What pods leave on the node, presumed ones counted at their best node.
    pub(crate) fn left(&self) -> Left {
        self.left
    }

    /// What is left where so much is used.
    pub(crate) fn left_beside(&self, used: Usage) -> Left {
        let Allocatable { resources, pods } = self.allocatable;
        Left {
            cpu_millis: resources.cpu_millis.saturating_sub(used.requests.cpu_millis),
            memory_bytes: resources.memory_bytes.saturating_sub(used.memory()),
            pods: pods.saturating_sub(used.pods),
        }
    }

    /// The share of CPU and memory that is taken, averaged.
    pub(crate) fn fullness(&self) -> f64 {
        self.fullness
    }

    /// The share of CPU and memory that is taken where so much is used, averaged.
    pub(crate) fn fullness_with(&self, used: Usage) -> f64 {
        let share = |used: u64, of: u64| if of == 0 { 1.0 } else { used as f64 / of as f64 };
        let offered = self.allocatable.resources;
        let cpu = share(used.requests.cpu_millis, offered.cpu_millis);
        f64::midpoint(cpu, share(used.memory(), offered.memory_bytes))
    }
}

impl NodeTable {
    pub(crate) fn place_of(&self, name: &str) -> Option<NodeIdx> {
        self.places.get(name).copied()
    }

    pub(crate) fn get(&self, node: NodeIdx) -> Option<&NodeState> {
        self.states.get(node.position())
    }

    pub(crate) fn get_mut(&mut self, node: NodeIdx) -> Option<&mut NodeState> {
        self.states.get_mut(node.position())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (NodeIdx, &NodeState)> {
        let place = |position| NodeIdx(u32::try_from(position).unwrap_or(u32::MAX));
        self.states.iter().map(move |(position, state)| (place(position), state))
    }

    /// One more than the largest place in use: the length of an array with one element per node.
    pub(crate) fn capacity(&self) -> usize {
        self.states.len()
    }

    /// Another number where another name has a place, or a place another object or none; other changes leave it as it is.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Another number where a place may be another node's by now.
    pub(crate) fn freed(&self) -> u64 {
        self.freed
    }

    pub(crate) fn classes(&self) -> &[Arc<NodeClass>] {
        &self.classes
    }

    /// The place of the node of that name, made where there is none yet.
    pub(crate) fn ensure(&mut self, name: &NodeName) -> NodeIdx {
        if let Some(place) = self.place_of(name.as_str()) {
            return place;
        }
        let (class, class_idx) = self.class(NodeClass::default());
        let state = NodeState::phantom(name.clone(), class, class_idx);
        let place = if let Some(place) = self.free.pop() {
            self.states.set(place.position(), Some(state));
            place
        } else {
            NodeIdx(u32::try_from(self.states.push(state)).unwrap_or(u32::MAX))
        };
        self.generation += 1;
        Arc::make_mut(&mut self.places).insert(name.clone(), place);
        place
    }

    /// Gives the node's object its place; returns whether the node's class changed.
    pub(crate) fn set_object(&mut self, place: NodeIdx, object: Option<Arc<Node>>, class: NodeClass) -> bool {
        let (class, class_idx) = self.class(class);
        let Some(state) = self.states.get_mut(place.position()) else { return false };
        if state.object.is_some() != object.is_some() {
            self.generation += 1;
        }
        state.allocatable = object.as_ref().map(|node| node.allocatable).unwrap_or_default();
        state.instance_cap = object.as_ref().and_then(|node| node.instance_cap);
        state.object = object;
        state.set_used(state.used);
        let changed = state.class_idx != class_idx;
        (state.class, state.class_idx) = (class, class_idx);
        changed
    }

    /// Frees the place of a node that neither the API server nor a pod speaks of.
    pub(crate) fn free_unused(&mut self, place: NodeIdx) {
        let Some(state) = self.get(place) else { return };
        if state.object.is_some() || state.used.pods > 0 {
            return;
        }
        let name = state.name.clone();
        Arc::make_mut(&mut self.places).remove(&name);
        self.states.set(place.position(), None);
        self.generation += 1;
        self.freed += 1;
        self.free.push(place);
    }

    fn class(&mut self, class: NodeClass) -> (Arc<NodeClass>, u32) {
        let known = self.classes.iter().position(|known| **known == class);
        let position = known.unwrap_or_else(|| {
            self.classes.push(Arc::new(class));
            self.classes.len() - 1
        });
        let shared = self.classes.get(position).cloned().unwrap_or_default();
        (shared, u32::try_from(position).unwrap_or(u32::MAX))
    }
}
