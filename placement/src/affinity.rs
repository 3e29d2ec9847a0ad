//! How much traffic a placement keeps on a node.
//!
//! x replicas of workload s on node m out of d; w the links' weights, which sum to one:
//!
//! - gained affinity `G = Σ_ab w_ab Σ_m min(x_am/d_a, x_bm/d_b)`: the largest share that can stay local under even load;
//! - random balancing `R = Σ_ab w_ab Σ_m (x_am/d_a)(x_bm/d_b)`: what stays local when endpoints are chosen at random.
//!
//! Replicas on a node that cannot run them gain nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use wit_graph::{Component, Link, WorkloadKey};

use crate::filter::capability;
use crate::nodes::NodeIdx;
use crate::objects::Millis;
use crate::state::{ClusterState, PodWorld};
use crate::workloads::WorkloadState;

/// The shares of traffic that a placement keeps local.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Affinity {
    /// Gained affinity, 0 to 1.
    pub gained: f64,
    /// The share under random balancing, 0 to 1.
    pub random: f64,
    /// Replicas on nodes that cannot run them.
    pub stranded: u32,
    /// Replicas of consumers that have a replica of the link's provider on their node, summed over links.
    pub local: u32,
    /// Replicas of consumers that have none, summed over links, stranded ones among them; those without a node are left
    /// out.
    pub remote: u32,
}

impl ClusterState {
    /// The affinity of the placement as it is, presumed pods counted at their best node.
    pub fn affinity(&self, now: Millis) -> Affinity {
        let mut affinity = Affinity::default();
        let mut usable: BTreeMap<&WorkloadKey, BTreeMap<NodeIdx, u32>> = BTreeMap::new();
        let linked = |workload: &&WorkloadState| workload.is_wasm() || self.graph.contains(workload.key());
        for workload in self.workloads().filter(linked) {
            let placed = self.usable(workload, now);
            affinity.stranded += workload.placed_replicas() - placed.values().sum::<u32>();
            usable.insert(workload.key(), placed);
        }
        let edges: Vec<_> = self.graph.links().filter_map(edge).collect();
        let sum: f64 = edges.iter().map(|(_, _, weight)| weight).sum();
        for (consumer, provider, weight) in edges {
            let (Some(from), Some(to)) = (self.workload(consumer), self.workload(provider)) else { continue };
            let (Some(x), Some(y)) = (usable.get(from.key()), usable.get(to.key())) else { continue };
            affinity.remote += from.placed_replicas() - x.values().sum::<u32>();
            for (node, replicas) in x {
                let (a, b) = (from.share(*replicas), y.get(node).map_or(0.0, |replicas| to.share(*replicas)));
                affinity.gained += weight / sum * a.min(b);
                affinity.random += weight / sum * a * b;
                *(if b > 0.0 { &mut affinity.local } else { &mut affinity.remote }) += replicas;
            }
        }
        // Shares of one that are added up may come out a rounding above it.
        affinity.gained = affinity.gained.min(1.0);
        affinity.random = affinity.random.min(1.0);
        affinity
    }

    /// The replicas of a workload on nodes that can run them, as far as is known.
    fn usable(&self, workload: &WorkloadState, now: Millis) -> BTreeMap<NodeIdx, u32> {
        let all = workload.placed.iter().map(|(node, replicas)| (*node, *replicas));
        let handler = self.wasm_handler(workload.shape.runtime_class.as_deref());
        let (Some(handler), PodWorld::Wasm { components, .. }) =
            (handler, self.pod_world(&workload.shape, now))
        else {
            return all.collect();
        };
        let components: Vec<&Component> = components.iter().map(AsRef::as_ref).collect();
        let mut classes: BTreeMap<u32, bool> = BTreeMap::new();
        let mut able = |node: NodeIdx| {
            let Some(node) = self.nodes.get(node) else { return true };
            *classes.entry(node.class_idx).or_insert_with(|| {
                !capability(self, &node.class, handler, &components, &workload.key).codes.refuse()
            })
        };
        all.filter(|(node, _)| able(*node)).collect()
    }
}

/// A link that two workloads want to be near for.
fn edge(link: &Link) -> Option<(&WorkloadKey, &WorkloadKey, f64)> {
    let provider = link.provider.as_ref().filter(|provider| **provider != link.consumer)?;
    (link.status.serves() && link.draws_together()).then_some((&link.consumer, provider, link.weight))
}
