//! How many more instances of a shape a node takes.

use crate::filter::instance_cap;
use crate::nodes::NodeState;
use crate::objects::{PodShape, Resources};
use crate::state::ClusterState;

impl ClusterState {
    /// How many more pods of this shape the node takes: the smallest of what pods, CPU, memory (with the shim's) and
    /// the instance cap allow. 0 where the node has no host for the shape's handler.
    pub fn headroom(&self, shape: &PodShape, node: &NodeState) -> u32 {
        let Some(handler) = self.wasm_handler(shape.runtime_class.as_deref()) else { return 0 };
        if node.class().profile(handler).is_none() {
            return 0;
        }
        let each = self.usage_on(shape, node);
        let (offered, used) = (node.allocatable(), node.used());
        let times = |offered: u64, used: u64, each: u64| {
            offered
                .saturating_sub(used)
                .checked_div(each)
                .map_or(u32::MAX, |times| times.try_into().unwrap_or(u32::MAX))
        };
        let cpu = times(offered.resources.cpu_millis, used.requests.cpu_millis, each.requests.cpu_millis);
        let memory = times(offered.resources.memory_bytes, used.memory(), each.memory());
        let pods = offered.pods.saturating_sub(used.pods);
        let instances = instance_cap(self, node, handler).saturating_sub(used.instances);
        cpu.min(memory).min(pods).min(instances)
    }

    /// A shape as large as the largest of all Wasm workloads, in CPU and in memory, for a handler's first RuntimeClass
    /// in use: what the headroom metric counts in. `None` without any Wasm workload.
    pub fn largest_shape(&self) -> Option<PodShape> {
        let mut workloads = self
            .workloads()
            .filter(|workload| workload.is_wasm())
            .map(crate::workloads::WorkloadState::shape);
        let first = workloads.next()?.clone();
        Some(workloads.fold(first, |largest, shape| {
            let (a, b) = (largest.requests, shape.requests);
            let requests = Resources {
                cpu_millis: a.cpu_millis.max(b.cpu_millis),
                memory_bytes: a.memory_bytes.max(b.memory_bytes),
            };
            PodShape { requests, ..largest }
        }))
    }
}
