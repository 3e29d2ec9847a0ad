//! Clusters for the tests of this crate: builders with sensible defaults, a state that reads images at once, and a
//! scheduler that does what kube-scheduler does with our answers.

mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wit_config::Settings;
use wit_graph::testing::world;
use wit_graph::{Component, ComponentKind, WorkloadKey};

pub(crate) use shop::{SHOP, Shop};

use crate::answers::{answer_filter, answer_prioritize};
use crate::kube_scheduler::single;
use crate::nodes::NodeIdx;
use crate::objects::{
    Allocatable, Event, ImageReference, Millis, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources,
    RuntimeClass, Workload, World,
};
use crate::request::PodRequest;
use crate::state::{ClusterState, Effects};

/// One MiB.
pub(crate) const MIB: u64 = 1 << 20;

/// A state with the images that its pods may name: what it asks to be read is told at once.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    pub(crate) state: ClusterState,
    pub(crate) now: Millis,
    images: BTreeMap<ImageReference, World>,
}

/// Random numbers that are the same every time: splitmix64.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Cluster {
    /// A cluster with the `RuntimeClass`es `wasm` (handler `wasmtime`), `wasmedge` and `spin`.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// As [`Cluster::new`], with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        change(&mut settings);
        let state = ClusterState::new(settings).unwrap();
        let mut cluster = Self { state, now: Millis(0), images: BTreeMap::new() };
        for (name, handler) in [("wasm", "wasmtime"), ("wasmedge", "wasmedge"), ("spin", "spin")] {
            cluster.apply(Event::RuntimeClass(runtime_class(name, handler)));
        }
        cluster
    }

    /// Says what an image is once somebody asks.
    pub(crate) fn image(&mut self, name: &str, component: Component) -> &mut Self {
        self.images.insert(ImageReference::new(name), World::Known(Arc::new(component)));
        self
    }

    /// Takes in an event, and the worlds of the images that become of interest by it.
    pub(crate) fn apply(&mut self, event: Event) -> Effects {
        let effects = self.state.apply(event, self.now);
        for image in &effects.read {
            if let Some(world) = self.images.get(image) {
                self.state.apply(Event::World(image.clone(), world.clone()), self.now);
            }
        }
        effects
    }

    /// Takes in several nodes.
    pub(crate) fn nodes(&mut self, nodes: impl IntoIterator<Item = Node>) -> &mut Self {
        for node in nodes {
            self.apply(Event::Node(node));
        }
        self
    }

    pub(crate) fn workload(&mut self, workload: &Workload) -> &mut Self {
        self.apply(Event::Workload(workload.clone()));
        self
    }

    pub(crate) fn pod(&mut self, pod: &Pod) -> &mut Self {
        self.apply(Event::Pod(pod.clone()));
        self
    }

    pub(crate) fn node(&self, name: &str) -> NodeIdx {
        self.state.node_place(name).unwrap_or_else(|| panic!("no node {name}"))
    }

    pub(crate) fn name_of(&self, node: NodeIdx) -> String {
        self.state.node(node).unwrap().name().to_string()
    }

    /// The nodes that Filter returns, by name; what it presumes is left out.
    pub(crate) fn filtered(&self, pod: &Pod) -> Vec<String> {
        let nodes: Vec<_> = self.state.nodes().map(|(place, _)| place).collect();
        let candidates: Vec<_> = nodes.iter().map(|node| crate::Candidate::Known(*node)).collect();
        let answer = answer_filter(&self.state, &request(pod), &candidates, self.now);
        answer.returned.iter().map(|position| self.name_of(nodes[*position])).collect()
    }

    /// The score of every node by name, as Prioritize gives it when all nodes pass.
    pub(crate) fn scores(&self, pod: &Pod) -> BTreeMap<String, u8> {
        let nodes: Vec<_> = self.state.nodes().map(|(place, _)| place).collect();
        let candidates: Vec<_> = nodes.iter().map(|node| crate::Candidate::Known(*node)).collect();
        let answer = answer_prioritize(&self.state, &request(pod), &candidates, self.now);
        let scores = answer.board.map_or_else(|| vec![0; nodes.len()], |board| board.scores);
        nodes.iter().map(|node| self.name_of(*node)).zip(scores).collect()
    }

    /// One scheduling cycle as kube-scheduler does it with us as its extender; the chosen node, and the pod is on it.
    ///
    /// The scheduler adds up to `noise` points of its other plugins.
    pub(crate) fn schedule(&mut self, pod: &Pod, noise: u64, random: &mut Random) -> Option<NodeName> {
        let chosen = self.choose(pod, noise, random)?;
        let name = self.state.node(chosen)?.name().clone();
        self.pod(&Pod { node: Some(name.clone()), ..pod.clone() });
        Some(name)
    }

    /// As [`Cluster::schedule`], up to the choice.
    pub(crate) fn choose(&mut self, pod: &Pod, noise: u64, random: &mut Random) -> Option<NodeIdx> {
        let request = request(pod);
        let nodes = self.state.nodes().filter(|(_, node)| single::unfit(&pod.shape, node).is_none());
        let feasible: Vec<_> = nodes.map(|(place, _)| place).collect();
        let candidates: Vec<_> = feasible.iter().map(|node| crate::Candidate::Known(*node)).collect();
        let answer = answer_filter(&self.state, &request, &candidates, self.now);
        answer.ledger.enter(&mut self.state, &request, self.now);
        let returned: Vec<_> = answer.returned.iter().map(|position| feasible[*position]).collect();
        if returned.len() < 2 {
            return returned.first().copied();
        }
        let candidates: Vec<_> = returned.iter().map(|node| crate::Candidate::Known(*node)).collect();
        let answer = answer_prioritize(&self.state, &request, &candidates, self.now);
        let scores = answer.board.map_or_else(|| vec![0; returned.len()], |board| board.scores);
        let chosen = returned.iter().zip(scores).max_by_key(|(node, score)| {
            let own = single::least_allocated(&pod.shape, self.state.node(**node).unwrap());
            own + u64::from(*score) * 10 * 15 + random.below(noise + 1)
        });
        let chosen = chosen.map(|(node, _)| *node);
        answer.ledger.enter(&mut self.state, &request, self.now);
        chosen
    }
}

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// A node of 4 cores, 8 GiB and 110 pods with Kube-Wasm's Wasmtime.
pub(crate) fn node(name: &str) -> Node {
    Node {
        name: NodeName::new(name),
        labels: labels(&[("kube-wasm/runtime", "wasmtime")]),
        allocatable: Allocatable {
            resources: Resources { cpu_millis: 4_000, memory_bytes: 8_192 * MIB },
            pods: 110,
        },
        runtime_handlers: handlers(&["runc", "wasmtime"]),
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    }
}

/// As [`node`], with plain runwasi behind the same handler.
pub(crate) fn runwasi_node(name: &str) -> Node {
    Node { labels: BTreeMap::new(), ..node(name) }
}

/// As [`node`], without Wasm.
pub(crate) fn linux_node(name: &str) -> Node {
    Node { labels: BTreeMap::new(), runtime_handlers: handlers(&["runc"]), ..node(name) }
}

/// As [`node`], with an engine behind the same handler that runs core modules only.
pub(crate) fn modules_node(name: &str) -> Node {
    Node { labels: labels(&[("wit-placement.dev/host-profile", "runwasi-wasmedge")]), ..node(name) }
}

pub(crate) fn labels(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
    labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "the type of the field")]
pub(crate) fn handlers(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

pub(crate) fn runtime_class(name: &str, handler: &str) -> RuntimeClass {
    RuntimeClass {
        name: name.to_owned(),
        handler: handler.to_owned(),
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    }
}

/// What a pod with this image under the `RuntimeClass` `wasm` looks like: 100m and 64 MiB.
pub(crate) fn shape(image: &str) -> PodShape {
    PodShape {
        runtime_class: Some("wasm".to_owned()),
        images: vec![ImageReference::new(image)],
        requests: Resources { cpu_millis: 100, memory_bytes: 64 * MIB },
        ..PodShape::default()
    }
}

/// The Deployment `shop/name`, whose image has the same name.
pub(crate) fn workload(name: &str, replicas: u32) -> Workload {
    Workload { key: key(name), replicas, shape: Arc::new(shape(name)) }
}

pub(crate) fn key(name: &str) -> WorkloadKey {
    WorkloadKey::new("shop", "Deployment", name)
}

/// A pending replica of a workload.
pub(crate) fn pod_of(workload: &Workload, ordinal: u32) -> Pod {
    let name = format!("{}-{ordinal}", workload.key.name);
    Pod {
        key: PodKey::new("shop", name.as_str()),
        uid: PodUid::new(format!("uid-{name}")),
        workload: workload.key.clone(),
        shape: Arc::clone(&workload.shape),
        node: None,
        finished: false,
        gated: false,
    }
}

/// The same pod on a node.
pub(crate) fn on(pod: &Pod, node: &str) -> Pod {
    Pod { node: Some(NodeName::new(node)), ..pod.clone() }
}

/// The pod as the scheduler sends it.
pub(crate) fn request(pod: &Pod) -> PodRequest {
    PodRequest {
        key: pod.key.clone(),
        uid: pod.uid.clone(),
        workload: pod.workload.clone(),
        shape: Arc::clone(&pod.shape),
    }
}

/// An image of another kind than a component.
pub(crate) fn image_of_kind(kind: ComponentKind) -> Component {
    Component { kind, ..world(&[], &[&format!("test:kind/{kind}")]) }
}
