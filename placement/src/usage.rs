//! What pods take on a node, what is left of it, and what those that are still to come would take.

use crate::objects::Resources;
use crate::workloads::WorkloadIdx;

/// What pods take on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Requests, `spec.overhead` included.
    pub requests: Resources,
    /// The memory of shim processes that no request and no overhead counts, in bytes.
    pub shim_memory: u64,
    /// Pods.
    pub pods: u32,
    /// Wasm instances.
    pub instances: u32,
}

/// What is left on a node of what it offers. Instances are not among it: how many there may be depends on the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) pods: u32,
}

/// A workload with replicas still to come whose partners on a node have a larger share of their replicas there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) workload: WorkloadIdx,
    /// The largest share of a partner's replicas on the node.
    pub(crate) level: f64,
    /// How many more of its replicas there make its share as large.
    pub(crate) missing: u32,
    /// What each of those would take there.
    pub(crate) each: Usage,
}

/// What replicas still to come would take on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) cpu_millis: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) pods: u64,
    /// Replicas beside those, whose host is not there.
    pub(crate) unable: u64,
}

impl Default for Usage {
    fn default() -> Self {
        Self::NONE
    }
}

impl Usage {
    pub(crate) const NONE: Self = Self {
        requests: Resources { cpu_millis: 0, memory_bytes: 0 },
        shim_memory: 0,
        pods: 0,
        instances: 0,
    };

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            shim_memory: self.shim_memory.saturating_add(other.shim_memory),
            pods: self.pods.saturating_add(other.pods),
            instances: self.instances.saturating_add(other.instances),
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests - other.requests,
            shim_memory: self.shim_memory.saturating_sub(other.shim_memory),
            pods: self.pods.saturating_sub(other.pods),
            instances: self.instances.saturating_sub(other.instances),
        }
    }

    /// Requested memory and the shims' memory, in bytes.
    pub fn memory(&self) -> u64 {
        self.requests.memory_bytes.saturating_add(self.shim_memory)
    }
}

impl Demand {
    /// So many pods that take as much as this each.
    pub(crate) fn of(each: Usage, coming: u64) -> Self {
        Self {
            cpu_millis: each.requests.cpu_millis.saturating_mul(coming),
            memory_bytes: each.memory().saturating_mul(coming),
            pods: coming,
            unable: 0,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            pods: self.pods + other.pods,
            unable: self.unable + other.unable,
        }
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_sub(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
            pods: self.pods.saturating_sub(other.pods),
            unable: self.unable.saturating_sub(other.unable),
        }
    }
}

impl Left {
    /// The share of a demand that fits into it.
    pub(crate) fn share_for(&self, demand: &Demand) -> f64 {
        let pairs = [
            (self.cpu_millis, demand.cpu_millis),
            (self.memory_bytes, demand.memory_bytes),
            (u64::from(self.pods), demand.pods),
        ];
        if pairs.iter().all(|(left, demand)| left >= demand) {
            return 1.0;
        }
        let short = pairs.into_iter().filter(|(left, demand)| left < demand);
        short.map(|(left, demand)| left as f64 / demand as f64).fold(1.0, f64::min)
    }
}

impl Wanted {
    /// What those that are missing would take.
    pub(crate) fn demand(&self) -> Demand {
        Demand::of(self.each, u64::from(self.missing))
    }
}
