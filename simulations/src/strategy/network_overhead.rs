//! What scheduler-plugins' `NetworkOverhead` prefers: nodes from which the pods that a pod calls are cheap to reach.
//!
//! After `pkg/networkaware/networkoverhead/networkoverhead.go` at 903da7d, whose score for a node n is
//!
//! ```text
//! cost(n)  = Σ over what the workload depends on, Σ over its pods that have a node, c(n, that node)
//! c        = 0 on the same node, 1 in the same zone, the cost of the zones or regions otherwise
//! score(n) = 100 − ⌊100 · (cost(n) − least) / (most − least)⌋, 0 for all where nothing costs, 100 where all cost the same
//! ```
//!
//! As there, only what is called counts and not who calls, every dependency counts once whatever its traffic, and a binding
//! counts when the watch has shown it. What is simpler or other here:
//! - an `AppGroup`'s dependencies are the links between workloads, with the highest `maxNetworkCost` each: the filter, which
//!   refuses nodes from where most dependencies cost more than that, refuses none;
//! - a `NetworkTopology`'s costs are [`OTHER_ZONE`] and [`OTHER_REGION`] for all pairs;
//! - nodes without labels for zone and region are in one zone together. There, what is on such a node costs the most
//!   and its caller is refused elsewhere, so that nobody uses it without labels;
//! - it answers as an extender, in tens of a hundred, and finished pods do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use wit_graph::WorkloadKey;
use wit_placement::kube_scheduler::{FilterReply, NoExtender, SchedulerExtender};
use wit_placement::{ClusterState, Event, Millis, Node, NodeName, Pod, PodUid};

use super::Strategy;

/// The weight of the plugin that its documentation suggests.
pub(super) const WEIGHT: u32 = 5;
/// What it costs to reach a node of the same zone.
const SAME_ZONE: u64 = 1;
/// What it costs to reach another zone of the same region.
const OTHER_ZONE: u64 = 10;
/// What it costs to reach another region: the plugin's `MaxCost`.
const OTHER_REGION: u64 = 100;
/// The best score, as plugins count.
const BEST: u64 = 100;

/// An extender that scores as the plugin does.
#[derive(Clone, Debug)]
pub struct NetworkOverhead {
    dependencies: BTreeMap<WorkloadKey, BTreeSet<WorkloadKey>>,
    regions: BTreeMap<NodeName, Place>,
    pods: BTreeMap<PodUid, (WorkloadKey, NodeName)>,
    replicas: BTreeMap<WorkloadKey, BTreeMap<NodeName, u64>>,
    bindings: Vec<Event>,
}

/// Where a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    region: Option<String>,
    zone: Option<String>,
}

impl NetworkOverhead {
    /// An extender that knows who calls whom, and no pod yet.
    pub fn new(links: &ClusterState) -> Self {
        let workloads = links.workloads().map(wit_placement::WorkloadState::key);
        let dependencies = workloads.map(|workload| {
            let links = links.graph().imports_of(workload).filter(|link| link.draws_together());
            let providers = links.filter_map(|link| link.provider.clone());
            (workload.clone(), providers.filter(|provider| provider != workload).collect())
        });
        Self {
            dependencies: dependencies.collect(),
            regions: BTreeMap::new(),
            pods: BTreeMap::new(),
            replicas: BTreeMap::new(),
            bindings: Vec::new(),
        }
    }

    fn is_on(&mut self, pod: &Pod) {
        self.is_gone(&pod.uid);
        let Some(node) = pod.node.as_ref().filter(|_| !pod.finished) else { return };
        let replicas = self.replicas.entry(pod.workload.clone()).or_default();
        *replicas.entry(node.clone()).or_default() += 1;
        self.pods.insert(pod.uid.clone(), (pod.workload.clone(), node.clone()));
    }

    fn is_gone(&mut self, uid: &PodUid) {
        let Some((workload, node)) = self.pods.remove(uid) else { return };
        let Some(replicas) = self.replicas.get_mut(&workload) else { return };
        if let Some(count) = replicas.get_mut(&node) {
            *count -= 1;
        }
        replicas.retain(|_, count| *count > 0);
    }

    /// How many pods on each node the workload depends on.
    fn called_by(&self, workload: &WorkloadKey) -> BTreeMap<&NodeName, u64> {
        let mut called = BTreeMap::new();
        let providers = self.dependencies.get(workload).into_iter().flatten();
        for (node, count) in providers.filter_map(|provider| self.replicas.get(provider)).flatten() {
            *called.entry(node).or_default() += count;
        }
        called
    }

    fn cost(&self, node: &NodeName, called: &BTreeMap<&NodeName, u64>) -> u64 {
        called.iter().map(|(other, count)| count * self.cost_between(node, other)).sum()
    }

    fn cost_between(&self, one: &NodeName, other: &NodeName) -> u64 {
        if one == other {
            return 0;
        }
        let [one, other] = [one, other].map(|node| self.regions.get(node));
        match (one, other) {
            (Some(one), Some(other)) if one.region != other.region => OTHER_REGION,
            (Some(one), Some(other)) if one.zone != other.zone => OTHER_ZONE,
            (Some(_), Some(_)) => SAME_ZONE,
            _ => OTHER_REGION,
        }
    }
}

impl Place {
    fn of(node: &Node) -> Self {
        let label = |name: &str| node.labels.get(name).cloned();
        Self { region: label("topology.kubernetes.io/region"), zone: label("topology.kubernetes.io/zone") }
    }
}

/// The plugin's scores for costs, in tens.
fn scores(costs: &[u64]) -> Vec<u8> {
    let (least, most) = (costs.iter().min().copied().unwrap_or(0), costs.iter().max().copied().unwrap_or(0));
    let score = |cost: u64| match (most, most - least) {
        (0, _) => 0,
        (_, 0) => BEST,
        (_, range) => BEST - BEST * (cost - least) / range,
    };
    costs.iter().map(|cost| u8::try_from((score(*cost) + 5) / 10).unwrap_or(10)).collect()
}

impl Strategy for NetworkOverhead {
    fn now(&mut self, _now: Millis) -> bool {
        false
    }

    fn hear(&mut self, event: &Event) -> bool {
        match event {
            Event::Node(node) => {
                self.regions.insert(node.name.clone(), Place::of(node));
            }
            Event::NodeGone(name) => {
                self.regions.remove(name);
            }
            Event::Pod(pod) => self.is_on(pod),
            Event::PodGone(uid) => self.is_gone(uid),
            _ => {}
        }
        false
    }

    fn bindings(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.bindings)
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        BTreeSet::new()
    }
}

impl SchedulerExtender for NetworkOverhead {
    type Error = Infallible;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        NoExtender.filter(pod, nodes)
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        let called = self.called_by(&pod.workload);
        let costs: Vec<u64> = nodes.iter().map(|node| self.cost(node, &called)).collect();
        Ok(nodes.iter().cloned().zip(scores(&costs)).collect())
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        self.bindings.push(Event::Pod(pod.clone()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(region: &str, zone: &str) -> Place {
        Place { region: Some(region.to_owned()), zone: Some(zone.to_owned()) }
    }

    fn called(counts: &[(&NodeName, u64)]) -> BTreeMap<NodeName, u64> {
        counts.iter().map(|(node, count)| ((*node).clone(), *count)).collect()
    }

    #[test]
    fn a_call_costs_more_the_farther_it_goes() {
        let names = ["here", "beside", "zone", "region", "unlabelled"].map(NodeName::new);
        let places = [place("r", "a"), place("r", "a"), place("r", "b"), place("s", "c"), Place::default()];
        let extender = NetworkOverhead {
            dependencies: BTreeMap::new(),
            regions: names.iter().cloned().zip(places).collect(),
            pods: BTreeMap::new(),
            replicas: BTreeMap::new(),
            bindings: Vec::new(),
        };
        let [here, beside, zone, region, unlabelled] = &names;
        let cost = |counts: &[(&NodeName, u64)]| {
            let called = called(counts);
            extender.cost(here, &called.iter().map(|(node, count)| (node, *count)).collect())
        };
        assert_eq!([here, beside, zone, region].map(|node| cost(&[(node, 1)])), [0, 1, 10, 100]);
        assert_eq!(cost(&[(unlabelled, 1)]), 100);
        assert_eq!(cost(&[(beside, 3), (region, 2)]), 203);
    }

    #[test]
    fn the_cheapest_node_has_the_best_score_and_no_cost_is_no_preference() {
        assert_eq!(scores(&[0, 0]), [0, 0]);
        assert_eq!(scores(&[7, 7]), [10, 10]);
        assert_eq!(scores(&[1, 4, 3]), [10, 0, 3]);
        assert_eq!(scores(&[]), Vec::<u8>::new());
    }
}
