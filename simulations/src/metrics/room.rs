//! What is taken, what is left, and who can use what is left.

use std::collections::{BTreeMap, BTreeSet};

use wit_placement::kube_scheduler::refusal;
use wit_placement::{ClusterState, NodeState, PodShape, Resources, Usage, WorkloadState, instance_cap};

use crate::density::{Constraint, Demand, Room};

/// What pods take of all nodes together.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken<'a> {
    pub(super) nodes: u32,
    pub(super) nodes_used: u32,
    pub(super) used: Usage,
    offered: Resources,
    offered_pods: u64,
    /// The Wasm handlers that workloads use.
    handlers: BTreeSet<&'a str>,
    /// What the pods look like that are placed, those of nodes aside.
    placed: Vec<&'a PodShape>,
}

impl<'a> Taken<'a> {
    pub(super) fn of(state: &'a ClusterState) -> Self {
        let placed =
            state.workloads().filter(|it| it.placed_replicas() > 0 && *it.key().kind != *"DaemonSet");
        let placed = placed.map(WorkloadState::shape).collect();
        let empty = Self { handlers: handlers(state).collect(), placed, ..Self::default() };
        state.nodes().fold(empty, |mut taken, (_, node)| {
            let (offered, used) = (node.allocatable(), node.used());
            taken.nodes += 1;
            taken.nodes_used += u32::from(used.pods > 0);
            taken.used.requests = taken.used.requests + used.requests;
            taken.used.shim_memory = taken.used.shim_memory.saturating_add(used.shim_memory);
            taken.used.pods += used.pods;
            taken.used.instances += used.instances;
            taken.offered = taken.offered + offered.resources;
            taken.offered_pods += u64::from(offered.pods);
            taken
        })
    }

    pub(super) fn cpu(&self) -> Option<f64> {
        share_of(self.used.requests.cpu_millis, self.offered.cpu_millis)
    }

    pub(super) fn memory(&self) -> Option<f64> {
        share_of(self.used.memory(), self.offered.memory_bytes)
    }

    pub(super) fn pods(&self) -> Option<f64> {
        share_of(self.used.pods.into(), self.offered_pods)
    }

    /// Whether any of the pods that are placed might be on the node however empty it is, as far as cordon and taints say.
    fn is_admitted(&self, node: &NodeState) -> bool {
        let Some(node) = node.object() else { return false };
        let admits_all = !node.unschedulable && node.taints.is_empty();
        admits_all || self.placed.iter().any(|shape| refusal(shape, node).is_empty())
    }

    /// The mean of the pods that are placed; `None` where there are none.
    fn mean(&self) -> Option<Demand> {
        let pods = u64::from(self.used.pods);
        let mean = |sum: u64| sum.div_ceil(pods);
        (pods > 0).then(|| Demand {
            resources: Resources {
                cpu_millis: mean(self.used.requests.cpu_millis),
                memory_bytes: mean(self.used.memory()),
            },
            instance: self.used.instances > 0,
        })
    }
}

/// How many more pods of the mean of those that are placed fit on a node of the cluster; `None` where none is placed.
pub(super) fn headroom(state: &ClusterState, taken: &Taken<'_>) -> Option<u64> {
    state.nodes().map(|(_, node)| headroom_of(state, taken, node)).sum()
}

/// As [`headroom`], for one node.
pub(super) fn headroom_of(state: &ClusterState, taken: &Taken<'_>, node: &NodeState) -> Option<u64> {
    // A mean of nothing fits without end: the node's pods then end it.
    let fit = |mean| if taken.is_admitted(node) { left(state, taken, node).fit(mean).pods } else { 0 };
    taken.mean().map(fit)
}

/// What is left on a node.
pub(super) fn left(state: &ClusterState, taken: &Taken<'_>, node: &NodeState) -> Room {
    let instances = instances(state, taken, node);
    let (offered, used) = (node.allocatable(), node.used());
    let requested = Resources { memory_bytes: used.memory(), ..used.requests };
    Room {
        resources: offered.resources - requested,
        pods: offered.pods.saturating_sub(used.pods).into(),
        instances: instances.saturating_sub(used.instances).into(),
    }
}

/// The resource of which pods take the largest share on a node: with more pods of the same mix it runs out first. `None`
/// on an empty node.
pub(super) fn binding(state: &ClusterState, taken: &Taken<'_>, node: &NodeState) -> Option<Constraint> {
    let (offered, used) = (node.allocatable(), node.used());
    let shares = [
        (share(used.pods.into(), offered.pods.into()), Constraint::Pods),
        (share(used.requests.cpu_millis, offered.resources.cpu_millis), Constraint::Cpu),
        (share(used.memory(), offered.resources.memory_bytes), Constraint::Memory),
        (share(used.instances.into(), instances(state, taken, node).into()), Constraint::Instances),
    ];
    let fullest = shares.into_iter().reduce(|most, next| if next.0 > most.0 { next } else { most });
    fullest.filter(|_| used.pods > 0).map(|(_, constraint)| constraint)
}

/// How many nodes each resource binds on.
pub(super) fn binding_nodes(state: &ClusterState, taken: &Taken<'_>) -> BTreeMap<Constraint, u32> {
    let mut nodes = BTreeMap::new();
    for constraint in state.nodes().filter_map(|(_, node)| binding(state, taken, node)) {
        *nodes.entry(constraint).or_insert(0) += 1;
    }
    nodes
}

/// How many instances a node takes: the smallest cap of the handlers that workloads use.
fn instances(state: &ClusterState, taken: &Taken<'_>, node: &NodeState) -> u32 {
    let caps = taken.handlers.iter().map(|handler| instance_cap(state, node, handler));
    caps.min().unwrap_or(u32::MAX)
}

fn handlers(state: &ClusterState) -> impl Iterator<Item = &str> {
    state.workloads().filter_map(|workload| state.wasm_handler(workload.shape().runtime_class.as_deref()))
}

/// Free CPU and memory that is of no use where it is: the mean, over pods picked at random from the workloads' replicas,
/// of the share that lies on nodes where the pod does not fit. After the measure of Weng and others ("Beware of
/// Fragmentation", USENIX ATC 2023), which counts GPUs.
///
/// Only room is asked for: a node that refuses a pod for another reason is not fragmented.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Fragmentation {
    /// `None` where there is nothing free, or nobody to use it.
    pub(super) cpu: Option<f64>,
    pub(super) memory: Option<f64>,
}

impl Fragmentation {
    pub(super) fn of(state: &ClusterState, taken: &Taken<'_>) -> Self {
        let kinds = kinds(state);
        let replicas: u64 = kinds.values().sum();
        let (mut lost, mut free) = ((0.0, 0.0), Resources::default());
        for (_, node) in state.nodes() {
            let room = left(state, taken, node);
            let outside = kinds.iter().filter(|((demand, handler), _)| {
                room.fit(with_shim(state, node, *demand, *handler)).pods == 0
            });
            let outside = share(outside.map(|(_, replicas)| replicas).sum(), replicas);
            lost.0 += outside * room.resources.cpu_millis as f64;
            lost.1 += outside * room.resources.memory_bytes as f64;
            free = free + room.resources;
        }
        let of = |lost: f64, free: u64| (free > 0 && replicas > 0).then(|| lost / free as f64);
        Self { cpu: of(lost.0, free.cpu_millis), memory: of(lost.1, free.memory_bytes) }
    }
}

/// What a pod takes, and the Wasm handler whose shim comes on top of it.
type Kind<'a> = (Demand, Option<&'a str>);

/// What the workloads' pods take, with the number of replicas of each kind.
fn kinds(state: &ClusterState) -> BTreeMap<Kind<'_>, u64> {
    let mut kinds = BTreeMap::new();
    for workload in state.workloads() {
        let PodShape { runtime_class, requests, overhead, .. } = workload.shape();
        let handler = state.wasm_handler(runtime_class.as_deref());
        let demand = Demand { resources: *requests + *overhead, instance: handler.is_some() };
        let shim = handler.filter(|_| overhead.memory_bytes == 0);
        *kinds.entry((demand, shim)).or_insert(0) += u64::from(workload.wanted());
    }
    kinds
}

/// As the placement code counts: the shim's memory comes on top where the pod has no overhead of its own.
fn with_shim(state: &ClusterState, node: &NodeState, mut demand: Demand, handler: Option<&str>) -> Demand {
    let profile = handler.and_then(|handler| node.class().profile(handler));
    let host = profile.and_then(|profile| state.hosts().profile(profile));
    let shim = host.map_or(0, |host| host.memory_overhead_bytes);
    demand.resources.memory_bytes = demand.resources.memory_bytes.saturating_add(shim);
    demand
}

/// The share of one that a part is; `None` of nothing.
pub(super) fn share_of(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The share of one that a part is; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    share_of(part, whole).unwrap_or(0.0)
}
