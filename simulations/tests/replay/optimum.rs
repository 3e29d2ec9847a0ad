//! Every strategy against the best there is, which brute force finds for a handful of pods.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use wit_config::Settings;
use wit_graph::{WorkloadKey, testing};
use wit_placement::{
    Allocatable, ImageReference, Millis, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources,
    RuntimeClass, Workload, World,
};
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::scenario::{Scenario, Step};
use wit_sim::statistics::mean;
use wit_sim::strategy::Name;

/// Everyone who places pods.
const EVERYONE: [Name; 8] = [
    Name::Default,
    Name::MostAllocated,
    Name::Spread,
    Name::Random,
    Name::PodAffinity,
    Name::NetworkOverhead,
    Name::Wit,
    Name::WitBatch,
];

/// A cluster and workloads so few that every placement can be tried.
#[derive(Clone, Debug)]
struct Tiny {
    /// The CPU of each node.
    nodes: Vec<u64>,
    /// The replicas of each workload, and the CPU of each.
    workloads: Vec<(u32, u64)>,
    /// Who calls whom, by their places; all the same traffic.
    links: Vec<(usize, usize)>,
}

fn tiny() -> impl Strategy<Value = Tiny> {
    let nodes = prop::collection::vec(2_u64..6, 2..4);
    let workloads = prop::collection::vec((1_u32..4, 1_u64..3), 2..5);
    (nodes, workloads, prop::collection::vec(any::<bool>(), 6)).prop_map(|(nodes, workloads, drawn)| {
        let pairs = (1..workloads.len()).flat_map(|to| (0..to).map(move |from| (from, to)));
        let mut links: Vec<_> = pairs.zip(drawn).filter(|(_, drawn)| *drawn).map(|(pair, _)| pair).collect();
        if links.is_empty() {
            links.push((0, 1));
        }
        Tiny { nodes, workloads, links }
    })
}

impl Tiny {
    /// The largest gained affinity of all placements that fit, those of a part of the pods among them.
    fn optimum(&self) -> f64 {
        let mut free = self.nodes.clone();
        let mut placed: Vec<Vec<u32>> = Vec::new();
        self.best(&mut free, &mut placed)
    }

    /// The best of what is left to place: the next workload in every way that fits.
    fn best(&self, free: &mut Vec<u64>, placed: &mut Vec<Vec<u32>>) -> f64 {
        let Some(&(replicas, cpu)) = self.workloads.get(placed.len()) else { return self.gained(placed) };
        let mut best = 0.0_f64;
        for way in ways(replicas, free.len()) {
            let fits = way.iter().zip(&*free).all(|(count, free)| u64::from(*count) * cpu <= *free);
            if !fits {
                continue;
            }
            let before = free.clone();
            free.iter_mut().zip(&way).for_each(|(free, count)| *free -= u64::from(*count) * cpu);
            placed.push(way);
            best = best.max(self.best(free, placed));
            placed.pop();
            *free = before;
        }
        best
    }

    /// G by its formula: the mean over the links of what both ends can share on each node.
    fn gained(&self, placed: &[Vec<u32>]) -> f64 {
        let share = |workload: usize, node: usize| {
            f64::from(placed[workload][node]) / f64::from(self.workloads[workload].0)
        };
        let local = |(from, to): &(usize, usize)| -> f64 {
            (0..self.nodes.len()).map(|node| share(*from, node).min(share(*to, node))).sum()
        };
        self.links.iter().map(local).sum::<f64>() / self.links.len() as f64
    }

    /// The same as a scenario.
    fn scenario(&self) -> Scenario {
        let mut steps = vec![Step::RuntimeClass(runtime_class())];
        for (number, cores) in self.nodes.iter().enumerate() {
            steps.push(Step::Node(node(number, *cores)));
        }
        for (number, (replicas, cores)) in self.workloads.iter().enumerate() {
            let Pod { workload: key, shape, .. } = pod(number, 0, *cores);
            steps.push(Step::Workload {
                workload: Workload { key, replicas: *replicas, shape },
                listed: true,
                gated: false,
            });
            steps.extend((0..*replicas).map(|replica| Step::Pod(pod(number, replica, *cores))));
        }
        let worlds = (0..self.workloads.len()).map(|number| (image(number), self.world(number)));
        let worlds = worlds.collect();
        let steps = steps.into_iter().map(|step| (Millis(0), step)).collect();
        Scenario { steps, worlds, warnings: Vec::new() }
    }

    fn world(&self, number: usize) -> World {
        let interface = |number: &usize| format!("t:t/w{number}");
        let calls = self.links.iter().filter(|(from, _)| *from == number).map(|(_, to)| interface(to));
        let calls: Vec<String> = calls.collect();
        let imports: Vec<&str> = calls.iter().map(String::as_str).collect();
        World::Known(Arc::new(testing::world(&imports, &[&interface(&number)])))
    }

    fn gained_by(&self, name: Name, order: Order, seed: u64, settings: &Settings) -> f64 {
        name.run(&self.scenario(), settings, &options(order, seed, 0)).unwrap().affinity.gained
    }
}

/// Every way to put at most so many replicas on so many nodes.
fn ways(replicas: u32, nodes: usize) -> Vec<Vec<u32>> {
    let mut ways = vec![Vec::new()];
    for _ in 0..nodes {
        let longer = |way: Vec<u32>| {
            let left = replicas - way.iter().sum::<u32>();
            (0..=left).map(move |count| way.iter().copied().chain([count]).collect())
        };
        ways = ways.into_iter().flat_map(longer).collect();
    }
    ways
}

fn runtime_class() -> RuntimeClass {
    RuntimeClass {
        name: "wasm".into(),
        handler: "wasmtime".into(),
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    }
}

fn node(number: usize, cores: u64) -> Node {
    let resources = Resources { cpu_millis: cores * 1000, memory_bytes: 1 << 40 };
    Node {
        name: NodeName::new(format!("node-{number}")),
        labels: BTreeMap::from([("kube-wasm/runtime".into(), "wasmtime".into())]),
        allocatable: Allocatable { resources, pods: 110 },
        runtime_handlers: Some(BTreeSet::from(["wasmtime".into()])),
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    }
}

fn image(number: usize) -> ImageReference {
    ImageReference::new(format!("registry.example/w{number}:1"))
}

fn pod(number: usize, replica: u32, cores: u64) -> Pod {
    let shape = PodShape {
        runtime_class: Some("wasm".into()),
        images: vec![image(number)],
        requests: Resources { cpu_millis: cores * 1000, memory_bytes: 1 << 20 },
        ..PodShape::default()
    };
    Pod {
        key: PodKey::new("default", format!("w{number}-{replica}")),
        uid: PodUid::new(format!("{number}-{replica}")),
        workload: WorkloadKey::new("default", "Deployment", format!("w{number}")),
        shape: Arc::new(shape),
        node: None,
        finished: false,
        gated: false,
    }
}

/// Over 187 drawn clusters of a link that can be local, without the cap on a workload's replicas on one node, `default` reached
/// 0.55 of the best on average, `wit` 0.73 and `wit-batch` 0.88; with the cap of one half `wit` reached 0.71.
#[test]
fn pods_that_come_one_by_one_reach_a_good_share_of_the_best() {
    let mut runner = TestRunner::deterministic();
    let settings = Settings::default().with_values([("placement.blastRadius", "1")]).unwrap();
    let mut shares: BTreeMap<Name, Vec<f64>> = BTreeMap::new();
    for _ in 0..100 {
        let tiny = tiny().new_tree(&mut runner).unwrap().current();
        let optimum = tiny.optimum();
        if optimum > 0.0 {
            for name in [Name::Default, Name::Wit, Name::WitBatch] {
                let gained = tiny.gained_by(name, Order::Random, 1, &settings);
                shares.entry(name).or_default().push(gained / optimum);
            }
        }
    }
    let mean = |name| mean(&shares[&name]).unwrap();
    let [default, wit, batch] = [Name::Default, Name::Wit, Name::WitBatch].map(mean);
    assert!(wit >= 0.65 && wit >= default + 0.1, "wit {wit}, default {default}");
    assert!(batch >= 0.8 && batch > wit, "wit-batch {batch}, wit {wit}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_strategy_is_better_than_the_best(tiny in tiny(), seed in 0_u64..1000) {
        let (optimum, settings) = (tiny.optimum(), Settings::default());
        for name in EVERYONE {
            for order in [Order::Random, Order::Grouped, Order::Interleaved] {
                let gained = tiny.gained_by(name, order, seed, &settings);
                prop_assert!(gained <= optimum + 1e-9, "{}: {gained} of {optimum}", name.as_str());
            }
        }
    }
}
