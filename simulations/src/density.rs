//! How many nodes so many pods need: the arithmetic under every claim about density.
//!
//! A node takes as many pods of a kind as the scarcest of its resources allows, counted in whole pods, and so many pods
//! need `N = ⌈n / min(⌊M/m⌋, ⌊C/c⌋, P)⌉` nodes. Which resource that is matters as much as the number: pods of a tenth of
//! the memory do not need a tenth of the nodes where the limit on pods or the CPU binds.
//!
//! ```
//! use wit_placement::Resources;
//! use wit_sim::density::{Constraint, Demand, Room};
//!
//! // 2 vCPU and 4 GiB less what the system takes, 110 pods less ten of the system's.
//! let node = Room { pods: 100, ..Room::of(Resources { cpu_millis: 1_930, memory_bytes: 2_972 << 20 }) };
//! let container = Demand::of(Resources { cpu_millis: 100, memory_bytes: 240 << 20 });
//! let component = Demand::of(Resources { cpu_millis: 10, memory_bytes: 22 << 20 });
//! assert_eq!((node.fit(container).pods, node.fit(container).binding), (12, Constraint::Memory));
//! assert_eq!((node.fit(component).pods, node.fit(component).binding), (100, Constraint::Pods));
//! assert_eq!((node.fit(container).nodes_for(500), node.fit(component).nodes_for(500)), (Some(42), Some(5)));
//! ```

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use wit_placement::Resources;

/// What can run out on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Constraint {
    /// The number of pods that the kubelet takes.
    Pods,
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
    /// The number of Wasm instances that the host takes.
    Instances,
}

/// What a node has, or has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// CPU and memory.
    pub resources: Resources,
    /// Pods.
    pub pods: u64,
    /// Wasm instances.
    pub instances: u64,
}

/// What a pod takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Demand {
    /// CPU and memory, overhead included.
    pub resources: Resources,
    /// Whether it is a Wasm instance.
    pub instance: bool,
}

/// How many pods of a kind fit, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fit {
    /// How many.
    pub pods: u64,
    /// The scarcest of all; of several the first, in the order of [`Constraint`].
    pub binding: Constraint,
}

impl Constraint {
    /// The word for people and for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Instances => "instances",
        }
    }
}

impl Room {
    /// Room that nothing but CPU and memory limits.
    pub fn of(resources: Resources) -> Self {
        Self { resources, pods: u64::MAX, instances: u64::MAX }
    }

    /// How many pods of this kind fit.
    pub fn fit(&self, each: Demand) -> Fit {
        let times = |room: u64, each: u64| room.checked_div(each).unwrap_or(u64::MAX);
        let (room, demand) = (self.resources, each.resources);
        let limits = [
            (self.pods, Constraint::Pods),
            (times(room.cpu_millis, demand.cpu_millis), Constraint::Cpu),
            (times(room.memory_bytes, demand.memory_bytes), Constraint::Memory),
            (times(self.instances, u64::from(each.instance)), Constraint::Instances),
        ];
        let scarcest = limits.into_iter().min();
        scarcest.map_or(Fit { pods: 0, binding: Constraint::Pods }, |(pods, binding)| Fit { pods, binding })
    }

    fn amount(&self, constraint: Constraint) -> u64 {
        match constraint {
            Constraint::Pods => self.pods,
            Constraint::Cpu => self.resources.cpu_millis,
            Constraint::Memory => self.resources.memory_bytes,
            Constraint::Instances => self.instances,
        }
    }

    /// Takes a pod in where it fits.
    fn take(&mut self, pod: Demand) -> bool {
        let fits = self.fit(pod).pods > 0;
        if fits {
            self.resources = self.resources - pod.resources;
            self.pods -= 1;
            self.instances -= u64::from(pod.instance);
        }
        fits
    }
}

impl Demand {
    /// A pod that is no Wasm instance.
    pub fn of(resources: Resources) -> Self {
        Self { resources, instance: false }
    }
}

impl Fit {
    /// The nodes that so many pods need; `None` where not even one fits.
    pub fn nodes_for(self, pods: u64) -> Option<u64> {
        (self.pods > 0).then(|| pods.div_ceil(self.pods))
    }
}

/// The least number of nodes that these pods can need, and the resource that says so: pods are cut as finely as it takes,
/// and the nodes with the most of the resource come first. `None` where all nodes together do not suffice.
pub fn least_nodes(pods: &[Demand], nodes: &[Room]) -> Option<(usize, Constraint)> {
    let wanted = [
        (Constraint::Pods, pods.len() as u64),
        (Constraint::Cpu, sum(pods, |pod| pod.resources.cpu_millis)),
        (Constraint::Memory, sum(pods, |pod| pod.resources.memory_bytes)),
        (Constraint::Instances, sum(pods, |pod| pod.instance.into())),
    ];
    let mut least: Option<(usize, Constraint)> = None;
    for (constraint, wanted) in wanted {
        let mut offered: Vec<u64> = nodes.iter().map(|room| room.amount(constraint)).collect();
        offered.sort_unstable_by_key(|amount| Reverse(*amount));
        let needed = how_many(&offered, wanted)?;
        if least.is_none_or(|(most, _)| needed > most) {
            least = Some((needed, constraint));
        }
    }
    least
}

/// The nodes that first-fit-decreasing uses: pods with the most CPU first, each on the first node with room for it, nodes
/// with the most CPU first. `None` where a pod finds none.
pub fn packed_nodes(pods: &[Demand], nodes: &[Room]) -> Option<usize> {
    let (mut pods, mut rooms) = (pods.to_vec(), nodes.to_vec());
    pods.sort_by_key(|pod| Reverse(pod.resources.cpu_millis));
    rooms.sort_by_key(|room| Reverse(room.resources.cpu_millis));
    let mut used = 0;
    for pod in pods {
        let place = rooms.iter_mut().position(|room| room.take(pod))?;
        used = used.max(place + 1);
    }
    Some(used)
}

fn sum(pods: &[Demand], amount: fn(&Demand) -> u64) -> u64 {
    pods.iter().map(amount).fold(0, u64::saturating_add)
}

/// How many of the amounts, taken in their order, make up what is wanted.
fn how_many(offered: &[u64], wanted: u64) -> Option<usize> {
    let mut got = 0_u64;
    let mut needed = 0;
    while got < wanted {
        got = got.saturating_add(*offered.get(needed)?);
        needed += 1;
    }
    Some(needed)
}
