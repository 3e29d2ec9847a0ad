//! The limits that only we count hold whatever the scheduler makes of our answers, and however late the watch tells.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;
use wit_graph::testing::world;

use crate::answers::{answer_filter, answer_prioritize};
use crate::nodes::NodeIdx;
use crate::objects::{Allocatable, Event, Node, Pod, PodKey, PodShape, PodUid, Resources, Workload};
use crate::request::Candidate;
use crate::testing::{Cluster, MIB, Random, Shop, key, node, pod_of, request, shape};

/// What the shim of the test's host takes beside each pod.
const SHIM: u64 = 25 * MIB;

/// A scheduler that chooses as badly as the protocol allows, and a watch that tells late.
struct Adversary {
    cluster: Cluster,
    random: Random,
    /// Where pods really are.
    bound: BTreeMap<PodUid, (Pod, NodeIdx)>,
    /// Events that the watch has not told yet.
    late: VecDeque<Event>,
    /// How many it holds back at most.
    lag: usize,
}

impl Adversary {
    /// What bound pods really take on a node: instances, and memory with the shims'.
    fn taken(&self, node: NodeIdx) -> (u32, u64) {
        let here = self.bound.values().filter(|(_, on)| *on == node).map(|(pod, _)| &pod.shape);
        here.fold((0, 0), |(instances, memory), shape| {
            let shim = if shape.overhead.memory_bytes == 0 { SHIM } else { 0 };
            (instances + 1, memory + (shape.requests + shape.overhead).memory_bytes + shim)
        })
    }

    /// The nodes that the scheduler itself lets through: by requests and pods, which it counts at once.
    fn feasible(&self, pod: &Pod) -> Vec<NodeIdx> {
        let fits = |node: &NodeIdx| {
            let requested: u64 =
                self.bound.values().filter(|(_, on)| on == node).map(|(pod, _)| memory(pod)).sum();
            let offered = self.cluster.state.node(*node).unwrap().allocatable().resources.memory_bytes;
            requested + memory(pod) <= offered
        };
        self.cluster.state.nodes().map(|(place, _)| place).filter(fits).collect()
    }

    /// One cycle: the pod is bound, or refused, or given up half-way.
    fn schedule(&mut self, pod: &Pod) -> bool {
        let (request, now) = (request(pod), self.cluster.now);
        let mut nodes = self.feasible(pod);
        self.random.shuffle(&mut nodes);
        let answer = answer_filter(&self.cluster.state, &request, &candidates(&nodes), now);
        answer.ledger.enter(&mut self.cluster.state, &request, now);
        nodes = answer.returned.iter().map(|position| nodes[*position]).collect();
        if nodes.is_empty() {
            return false;
        }
        if self.random.below(12) == 0 {
            // Some other plugin gave up on the pod: it comes back later.
            return false;
        }
        if nodes.len() > 1 {
            let answer = answer_prioritize(&self.cluster.state, &request, &candidates(&nodes), now);
            if let Some(board) = &answer.board {
                // 1,200 points of the default plugins against 150 for each of ours.
                let most = board.scores.iter().max().copied().unwrap_or(0);
                let could_win = |score: u8| u64::from(most - score) * 150 <= 1_200;
                let kept = nodes.iter().zip(&board.scores).filter(|(_, score)| could_win(**score));
                nodes = kept.map(|(node, _)| *node).collect();
            }
            answer.ledger.enter(&mut self.cluster.state, &request, now);
        }
        let node = nodes[self.random.index(nodes.len())];
        if self.random.below(12) == 0 {
            // The binding failed.
            return false;
        }
        self.bind(pod, node);
        true
    }

    fn bind(&mut self, pod: &Pod, node: NodeIdx) {
        let name = self.cluster.state.node(node).unwrap().name().clone();
        self.bound.insert(pod.uid.clone(), (pod.clone(), node));
        self.late.push_back(Event::Pod(Pod { node: Some(name), ..pod.clone() }));
        self.check();
        while self.late.len() > self.lag {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if let Some(event) = self.late.pop_front() {
            self.cluster.apply(event);
        }
    }

    /// A bound pod goes away, which the watch tells late too; the pod that is created in its place.
    fn replace_one(&mut self) -> Option<Pod> {
        let uid = self.bound.keys().nth(self.random.index(self.bound.len().max(1))).cloned()?;
        let (pod, _) = self.bound.remove(&uid)?;
        let uid_again = PodUid::new(format!("{}-again", uid.0));
        self.late.push_back(Event::PodGone(uid));
        let pod = Pod { key: PodKey::new("shop", &*uid_again.0), uid: uid_again, ..pod };
        self.late.push_back(Event::Pod(pod.clone()));
        Some(pod)
    }

    fn check(&self) {
        for (place, node) in self.cluster.state.nodes() {
            let (instances, memory) = self.taken(place);
            let cap = node.object().unwrap().instance_cap.unwrap_or(u32::MAX);
            assert!(instances <= cap, "{}: {instances} instances, at most {cap}", node.name());
            let offered = node.allocatable().resources.memory_bytes;
            assert!(memory <= offered, "{}: {memory} bytes of {offered}", node.name());
        }
    }
}

fn memory(pod: &Pod) -> u64 {
    (pod.shape.requests + pod.shape.overhead).memory_bytes
}

fn candidates(nodes: &[NodeIdx]) -> Vec<Candidate> {
    nodes.iter().map(|node| Candidate::Known(*node)).collect()
}

fn capped(name: &str, cap: u32, mebibytes: u64) -> Node {
    let resources = Resources { cpu_millis: 64_000, memory_bytes: mebibytes * MIB };
    Node { instance_cap: Some(cap), allocatable: Allocatable { resources, pods: 500 }, ..node(name) }
}

/// The shop and workloads without links, some with an overhead of their own, some large.
fn pods(cluster: Cluster, random: &mut Random) -> (Cluster, Vec<Pod>) {
    let mut shop = Shop::new(cluster, [4; 6]);
    let mut pods = shop.pods();
    for (name, mebibytes, overhead) in [("lone", 64, 0), ("large", 300, 0), ("counted", 64, 30)] {
        shop.cluster.image(name, world(&[], &["wasi:cli/run@0.2.3"]));
        let mut shape: PodShape = shape(name);
        shape.requests.memory_bytes = mebibytes * MIB;
        shape.overhead.memory_bytes = overhead * MIB;
        let workload = Workload { key: key(name), replicas: 8, shape: Arc::new(shape) };
        shop.cluster.workload(&workload);
        pods.extend((0..8).map(|ordinal| pod_of(&workload, ordinal)));
    }
    for pod in &pods {
        shop.cluster.pod(pod);
    }
    random.shuffle(&mut pods);
    (shop.cluster, pods)
}

proptest! {
    #[test]
    fn no_node_is_ever_overfilled(
        seed in any::<u64>(),
        lag in 0_usize..60,
        exact_below in 0_u32..10,
        caps in prop::collection::vec((1_u32..9, 200_u64..2_000), 2..7),
    ) {
        let mut random = Random(seed);
        let mut cluster = Cluster::with(|settings| {
            settings.placement.exact_below = exact_below;
            settings.placement.blast_radius = 1.0;
        });
        let nodes = caps.iter().enumerate();
        cluster.nodes(nodes.map(|(number, (cap, mebibytes))| capped(&format!("node-{number}"), *cap, *mebibytes)));
        let (cluster, mut waiting) = pods(cluster, &mut random);
        let mut adversary = Adversary { cluster, random, bound: BTreeMap::new(), late: VecDeque::new(), lag };
        for _ in 0..3 {
            waiting.retain(|pod| !adversary.schedule(pod));
            for _ in 0..adversary.random.below(6) {
                waiting.extend(adversary.replace_one());
            }
        }
    }
}

/// The density scenario: room for exactly 280 of 300 pods, by a cap of 20 on ten nodes and by memory on the others; a
/// burst, and a watch that lags behind.
#[test]
fn of_three_hundred_pods_exactly_those_are_placed_that_fit() {
    for (seed, lag) in [(1, 0), (2, 40), (3, 150), (4, 299)] {
        let mut cluster = Cluster::new();
        cluster.nodes((0..10).map(|number| capped(&format!("cap-{number}"), 20, 16_384)));
        // 64 MiB and the shim's 25 MiB: 16 pods and some change.
        cluster.nodes((0..5).map(|number| capped(&format!("memory-{number}"), 20, 16 * 89 + 40)));
        cluster.image("burst", world(&[], &["wasi:cli/run@0.2.3"]));
        let burst = Workload { key: key("burst"), replicas: 300, shape: Arc::new(shape("burst")) };
        cluster.workload(&burst);
        let mut waiting: Vec<Pod> = (0..300).map(|ordinal| pod_of(&burst, ordinal)).collect();
        let bound = BTreeMap::new();
        let mut adversary = Adversary { cluster, random: Random(seed), bound, late: VecDeque::new(), lag };
        let mut rounds = 0;
        while adversary.bound.len() < 280 {
            rounds += 1;
            assert!(rounds < 60, "{} are placed", adversary.bound.len());
            waiting.retain(|pod| !adversary.schedule(pod));
            for _ in 0..lag / 2 {
                adversary.tell();
            }
        }
        waiting.retain(|pod| !adversary.schedule(pod));
        assert_eq!((adversary.bound.len(), waiting.len()), (280, 20), "lag of {lag}");
        println!("a lag of {lag} events: {rounds} rounds");
    }
}
