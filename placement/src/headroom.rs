//! How many more instances of a shape a node takes.

use std::collections::BTreeMap;

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

    /// For each Wasm handler in use a shape as large as the largest of its workloads, in CPU and in memory: what the
    /// headroom metric counts in.
    pub fn largest_shapes(&self) -> Vec<PodShape> {
        let mut largest: BTreeMap<&str, PodShape> = BTreeMap::new();
        for workload in self.workloads() {
            let shape = workload.shape();
            let Some(handler) = self.wasm_handler(shape.runtime_class.as_deref()) else { continue };
            let known = largest.entry(handler).or_insert_with(|| shape.clone());
            known.requests = Resources {
                cpu_millis: known.requests.cpu_millis.max(shape.requests.cpu_millis),
                memory_bytes: known.requests.memory_bytes.max(shape.requests.memory_bytes),
            };
        }
        largest.into_values().collect()
    }
}
