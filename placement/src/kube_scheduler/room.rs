//! Room on nodes and what pods ask of it, in whole numbers.

use crate::objects::{Allocatable, PodShape, Resources};

/// What scoring assumes of a pod that does not say (`pkg/scheduler/util/pod_resources.go`): a tenth of a core…
const ASSUMED_CPU_MILLIS: u64 = 100;
/// …and 200 MiB.
const ASSUMED_MEMORY_BYTES: u64 = 200 << 20;
/// More than any node offers. Requests are cut to it, so that a sum is exact unless what is on a node fills it twice over.
const MOST: Resources = Resources { cpu_millis: 1 << 63, memory_bytes: 1 << 63 };

/// What a pod asks of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ask {
    /// Requests, overhead included.
    pub(super) requests: Resources,
    /// The same for scoring: what is not asked for is assumed.
    pub(super) assumed: Resources,
}

/// A node's room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// What it offers.
    pub(super) offered: Resources,
    /// What its pods request.
    pub(super) requested: Resources,
    /// What scoring assumes that they request.
    pub(super) assumed: Resources,
    /// How many pods it takes.
    pub(super) pods: u32,
    /// How many are there.
    pub(super) resident: u32,
}

/// The room on every node, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Rooms {
    of: Vec<Room>,
    /// How often each was changed, side by side: they are looked at more often than what they count.
    versions: Vec<u32>,
}

impl Ask {
    pub(super) fn of(shape: &PodShape) -> Self {
        let cut = |asked: Resources| Resources {
            cpu_millis: asked.cpu_millis.min(MOST.cpu_millis),
            memory_bytes: asked.memory_bytes.min(MOST.memory_bytes),
        };
        let or = |asked: u64, default: u64| if asked == 0 { default } else { asked };
        let (own, overhead) = (cut(shape.requests), cut(shape.overhead));
        let assumed = Resources {
            cpu_millis: or(own.cpu_millis, ASSUMED_CPU_MILLIS),
            memory_bytes: or(own.memory_bytes, ASSUMED_MEMORY_BYTES),
        };
        Self { requests: own + overhead, assumed: assumed + overhead }
    }
}

impl Room {
    /// The room changes what it offers.
    pub(super) fn offer(&mut self, allocatable: Allocatable) {
        (self.offered, self.pods) = (allocatable.resources, allocatable.pods);
    }

    /// A pod comes.
    pub(super) fn take(&mut self, ask: &Ask) {
        self.requested = self.requested + ask.requests;
        self.assumed = self.assumed + ask.assumed;
        self.resident += 1;
    }

    /// A pod goes.
    pub(super) fn give_back(&mut self, ask: &Ask) {
        self.requested = self.requested - ask.requests;
        self.assumed = self.assumed - ask.assumed;
        self.resident = self.resident.saturating_sub(1);
    }
}

impl Rooms {
    /// Another node.
    pub(super) fn push(&mut self) {
        self.of.push(Room::default());
        self.versions.push(0);
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.of.len()
    }

    /// The room on a node.
    pub(super) fn at(&self, node: u32) -> Room {
        self.of.get(node as usize).copied().unwrap_or_default()
    }

    /// Counts the changes of a node's room; 0 before the first.
    pub(super) fn version(&self, node: u32) -> u32 {
        self.versions.get(node as usize).copied().unwrap_or_default()
    }

    /// Changes the room on a node.
    pub(super) fn change(&mut self, node: u32, change: impl FnOnce(&mut Room)) {
        let node = node as usize;
        if let (Some(room), Some(version)) = (self.of.get_mut(node), self.versions.get_mut(node)) {
            change(room);
            *version = version.wrapping_add(1).max(1);
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    fn resources((cpu_millis, memory_bytes): (u64, u64)) -> Resources {
        Resources { cpu_millis, memory_bytes }
    }

    pub(in super::super) fn ask(cpu_millis: u64, memory_bytes: u64) -> Ask {
        let requests = resources((cpu_millis, memory_bytes));
        Ask { requests, assumed: requests }
    }

    pub(in super::super) fn room(offered: (u64, u64), used: (u64, u64)) -> Room {
        let (offered, requested) = (resources(offered), resources(used));
        Room { offered, requested, assumed: requested, pods: 110, resident: 1 }
    }
}
