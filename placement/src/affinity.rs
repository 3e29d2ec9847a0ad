//! How much traffic a placement keeps on a node.
//!
//! x replicas of workload s on node m out of d; w the links' weights, which sum to one:
//!
//! - gained affinity `G = Σ_ab w_ab Σ_m min(x_am/d_a, x_bm/d_b)`: the largest share that can stay local under even load;
//! - random balancing `R = Σ_ab w_ab Σ_m (x_am/d_a)(x_bm/d_b)`: what stays local when endpoints are chosen at random;
//! - same node preferred `S = Σ_ab w_ab Σ_m (x_am/d_a)·[x_bm > 0]`, a the consumer: what stays local where Services have
//!   `trafficDistribution: PreferSameNode`, which sends a call to the node's own endpoints however few they are.
//!
//! G and R are the same read either way; S depends on which end calls. G is that of RASA ("Resource Allocation with Service
//! Affinity"); R and S follow from how kube-proxy picks an endpoint (KEP-3015 for S). Replicas on a node that cannot run them gain nothing.

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
    /// The share that stays local where the same node is preferred, 0 to 1.
    pub same_node: f64,
    /// The mean over the links of [`Affinity::same_node`], each counted once whatever its weight, 0 to 1: how far
    /// consumers have their providers beside them.
    pub satisfaction: f64,
    /// The largest load of a provider's replicas on a node where the same node is preferred, 1 being even load over all
    /// of its replicas: `max (x_am/d_a)/(x_bm/d_b)` over the links and the nodes with both. 0 where no link has both.
    pub hot_spot: f64,
    /// Replicas on nodes that cannot run them.
    pub stranded: u32,
    /// Replicas of consumers that have a replica of the link's provider on their node, summed over links.
    pub local: u32,
    /// Replicas of consumers that have none, summed over links, stranded ones among them; those without a node are left
    /// out.
    pub remote: u32,
}

/// What a placement keeps local of one link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locality<'a> {
    /// Who calls.
    pub consumer: &'a WorkloadKey,
    /// Who is called.
    pub provider: &'a WorkloadKey,
    /// The link's share of all traffic, 0 to 1.
    pub weight: f64,
    /// The share of the link's traffic that [`Affinity::gained`] counts, 0 to 1.
    pub gained: f64,
    /// The share that [`Affinity::random`] counts, 0 to 1.
    pub random: f64,
    /// The share that [`Affinity::same_node`] counts, 0 to 1.
    pub same_node: f64,
    /// As [`Affinity::hot_spot`].
    pub hot_spot: f64,
    /// As [`Affinity::local`].
    pub local: u32,
    /// As [`Affinity::remote`].
    pub remote: u32,
}

/// A workload and its replicas on each node that can run them.
type Placed<'a> = (&'a WorkloadState, BTreeMap<NodeIdx, u32>);

type Usable<'a> = BTreeMap<&'a WorkloadKey, Placed<'a>>;

impl ClusterState {
    /// The affinity of the placement as it is, presumed pods counted at their best node.
    pub fn affinity(&self, now: Millis) -> Affinity {
        let usable = self.usable_replicas(now);
        let mut affinity = Affinity::default();
        for (workload, placed) in usable.values() {
            affinity.stranded += workload.placed_replicas() - placed.values().sum::<u32>();
        }
        let links = self.localities_of(&usable);
        for link in &links {
            affinity.add(link, 1.0 / links.len() as f64);
        }
        affinity.clamp();
        affinity
    }

    /// What the placement as it is keeps local of every link, presumed pods counted at their best node; in the order of
    /// the graph's links.
    pub fn localities(&self, now: Millis) -> Vec<Locality<'_>> {
        self.localities_of(&self.usable_replicas(now))
    }

    fn localities_of<'a>(&'a self, usable: &Usable<'a>) -> Vec<Locality<'a>> {
        let edges: Vec<_> = self.graph.links().filter_map(edge).collect();
        let sum: f64 = edges.iter().map(|(_, _, weight)| weight).sum();
        let mut links = Vec::with_capacity(edges.len());
        for (consumer, provider, weight) in edges {
            let mut link = Locality::new(consumer, provider, weight / sum);
            if let (Some(from), Some(to)) = (usable.get(consumer), usable.get(provider)) {
                link.count(from, to);
            }
            links.push(link);
        }
        links
    }

    /// The workloads that Wasm handlers run or that links concern.
    fn usable_replicas(&self, now: Millis) -> Usable<'_> {
        let linked = |workload: &&WorkloadState| workload.is_wasm() || self.graph.contains(workload.key());
        let workloads = self.workloads().filter(linked);
        workloads.map(|workload| (workload.key(), (workload, self.usable(workload, now)))).collect()
    }

    /// The replicas of a workload on nodes that can run them, as far as is known.
    fn usable(&self, workload: &WorkloadState, now: Millis) -> BTreeMap<NodeIdx, u32> {
        let all = workload.placed.iter();
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
                let kept = workload.capabilities.get(node.class_idx as usize).map(|kept| kept.codes);
                let judge = || capability(self, &node.class, handler, &components, &workload.key).codes;
                !kept.unwrap_or_else(judge).refuse()
            })
        };
        all.filter(|(node, _)| able(*node)).collect()
    }
}

impl Affinity {
    /// Adds a link, which is the share `part` of all links.
    fn add(&mut self, link: &Locality<'_>, part: f64) {
        self.gained += link.weight * link.gained;
        self.random += link.weight * link.random;
        self.same_node += link.weight * link.same_node;
        self.satisfaction += part * link.same_node;
        self.hot_spot = self.hot_spot.max(link.hot_spot);
        self.local += link.local;
        self.remote += link.remote;
    }

    /// Shares of one that are added up may come out a rounding above it.
    fn clamp(&mut self) {
        for share in [&mut self.gained, &mut self.random, &mut self.same_node, &mut self.satisfaction] {
            *share = share.min(1.0);
        }
    }
}

impl<'a> Locality<'a> {
    fn new(consumer: &'a WorkloadKey, provider: &'a WorkloadKey, weight: f64) -> Self {
        let (gained, random, same_node, hot_spot) = (0.0, 0.0, 0.0, 0.0);
        Self { consumer, provider, weight, gained, random, same_node, hot_spot, local: 0, remote: 0 }
    }

    /// Counts node by node.
    fn count(&mut self, (from, x): &Placed<'_>, (to, y): &Placed<'_>) {
        self.remote += from.placed_replicas() - x.values().sum::<u32>();
        for (node, replicas) in x {
            let (a, b) = (from.share(*replicas), y.get(node).map_or(0.0, |replicas| to.share(*replicas)));
            self.gained += a.min(b);
            self.random += a * b;
            if b > 0.0 {
                self.same_node += a;
                self.hot_spot = self.hot_spot.max(a / b);
                self.local += replicas;
            } else {
                self.remote += replicas;
            }
        }
    }
}

/// A link that two workloads want to be near for.
fn edge(link: &Link) -> Option<(&WorkloadKey, &WorkloadKey, f64)> {
    let provider = link.provider.as_ref().filter(|provider| **provider != link.consumer)?;
    (link.status.serves() && link.draws_together()).then_some((&link.consumer, provider, link.weight))
}
