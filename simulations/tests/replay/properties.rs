//! What holds for any delays, of pods that all come at the beginning, and of workloads and nodes that change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use wit_config::Settings;
use wit_graph::{WorkloadKey, testing};
use wit_placement::{
    Allocatable, ImageReference, Millis, Node, NodeName, Pod, PodKey, PodMode, PodShape, PodUid, Resources,
    RuntimeClass, Workload, World,
};
use wit_sim::engine::{Options, Timing, run};
use wit_sim::replay::replay;
use wit_sim::scenario::{Scenario, Step};
use wit_sim::strategy::WitPlacement;

/// Three workloads in a chain.
const WORLDS: [(&str, &[&str], &[&str]); 3] =
    [("front", &["t:t/a"], &[]), ("middle", &["t:t/b"], &["t:t/a"]), ("back", &[], &["t:t/b"])];

fn node(number: usize, cap: u32) -> Step {
    let resources = Resources { cpu_millis: 8000, memory_bytes: 16 << 30 };
    Step::Node(Node {
        name: NodeName::new(format!("node-{number}")),
        labels: BTreeMap::from([("kube-wasm/runtime".into(), "wasmtime".into())]),
        allocatable: Allocatable { resources, pods: 110 },
        runtime_handlers: Some(BTreeSet::from(["wasmtime".into()])),
        instance_cap: Some(cap),
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    })
}

fn image(workload: &str) -> ImageReference {
    ImageReference::new(format!("registry.example/{workload}:1"))
}

fn shape(workload: &str, mode: Option<PodMode>) -> Arc<PodShape> {
    let shape = PodShape {
        runtime_class: Some("wasm".into()),
        images: vec![image(workload)],
        requests: Resources { cpu_millis: 10, memory_bytes: 10 << 20 },
        mode,
        ..PodShape::default()
    };
    Arc::new(shape)
}

fn pod(number: usize, workload: &str, mode: Option<PodMode>) -> Step {
    Step::Pod(Pod {
        key: PodKey::new("default", format!("{workload}-{number}")),
        uid: PodUid::new(number.to_string()),
        workload: WorkloadKey::new("default", "Deployment", workload),
        shape: shape(workload, mode),
        node: None,
        finished: false,
        gated: false,
    })
}

/// Nodes with these caps from the beginning, and then these steps.
fn on_nodes(caps: &[u32], later: impl IntoIterator<Item = (Millis, Step)>) -> Scenario {
    let class = RuntimeClass {
        name: "wasm".into(),
        handler: "wasmtime".into(),
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    };
    let mut steps = vec![(Millis(0), Step::RuntimeClass(class))];
    steps.extend(caps.iter().enumerate().map(|(number, cap)| (Millis(0), node(number, *cap))));
    steps.extend(later);
    let world = |(name, imports, exports): (&str, &[&str], &[&str])| {
        (image(name), World::Known(Arc::new(testing::world(imports, exports))))
    };
    Scenario { steps, worlds: WORLDS.map(world).into(), warnings: Vec::new() }
}

fn scenario(caps: &[u32], pods: &[usize], mode: Option<PodMode>) -> Scenario {
    let pods = pods.iter().enumerate();
    on_nodes(caps, pods.map(|(number, kind)| (Millis(0), pod(number, WORLDS[*kind].0, mode))))
}

/// A workload that makes its pods: two `Deployment`s, and a `DaemonSet`.
fn workload(kind: usize, replicas: u32) -> Workload {
    Workload { key: key(kind), replicas, shape: shape(WORLDS[kind].0, None) }
}

fn key(kind: usize) -> WorkloadKey {
    let kinds = ["Deployment", "Deployment", "DaemonSet"];
    WorkloadKey::new("default", kinds[kind], WORLDS[kind].0)
}

/// A change: of a workload and the number of its pods, or of a node with this cap.
#[derive(Clone, Copy, Debug)]
enum Change {
    Told(usize, u32),
    Scaled(usize, u32),
    WorkloadGone(usize),
    PodDeleted(usize, u32),
    Node(usize),
    NodeDrained(usize),
    NodeGone(usize),
}

impl Change {
    fn step(self, caps: &[u32]) -> Step {
        let at = |number: usize| number % caps.len();
        let name = |number| NodeName::new(format!("node-{}", at(number)));
        match self {
            Self::Told(kind, replicas) => {
                Step::Workload { workload: workload(kind, replicas), listed: false, gated: false }
            }
            Self::Scaled(kind, replicas) => Step::Scaled(key(kind), replicas),
            Self::WorkloadGone(kind) => Step::WorkloadGone(key(kind)),
            Self::PodDeleted(kind, number) => {
                let node = if kind == 2 { "node-" } else { "" };
                Step::PodDeleted(PodKey::new("default", format!("{}-{node}{number}", WORLDS[kind].0)))
            }
            Self::Node(number) => node(at(number), caps[at(number)]),
            Self::NodeDrained(number) => Step::NodeDrained(name(number)),
            Self::NodeGone(number) => Step::NodeGone(name(number)),
        }
    }
}

fn changes() -> impl Strategy<Value = Vec<(u64, Change)>> {
    let (kind, replicas, node) = (0_usize..3, 0_u32..8, 0_usize..5);
    let change = prop_oneof![
        (kind.clone(), replicas.clone()).prop_map(|(kind, replicas)| Change::Told(kind, replicas)),
        (kind.clone(), replicas.clone()).prop_map(|(kind, replicas)| Change::Scaled(kind, replicas)),
        kind.clone().prop_map(Change::WorkloadGone),
        (kind, replicas).prop_map(|(kind, number)| Change::PodDeleted(kind, number)),
        node.clone().prop_map(Change::Node),
        node.clone().prop_map(Change::NodeDrained),
        node.prop_map(Change::NodeGone),
    ];
    prop::collection::vec((0_u64..3000, change), 0..20).prop_map(|mut changes| {
        changes.sort_by_key(|(at, _)| *at);
        changes
    })
}

/// How many pods each workload wants in the end, and which nodes there are.
fn wanted(nodes: usize, changes: &[(u64, Change)]) -> (BTreeMap<WorkloadKey, usize>, BTreeSet<NodeName>) {
    let mut there: BTreeSet<usize> = (0..nodes).collect();
    let mut workloads: BTreeMap<usize, u32> = BTreeMap::new();
    for (_, change) in changes {
        match *change {
            Change::Told(kind, replicas) => drop(workloads.insert(kind, replicas)),
            Change::Scaled(kind, replicas) => {
                workloads.entry(kind).and_modify(|wanted| *wanted = replicas);
            }
            Change::WorkloadGone(kind) => drop(workloads.remove(&kind)),
            Change::Node(number) => drop(there.insert(number % nodes)),
            Change::NodeGone(number) => drop(there.remove(&(number % nodes))),
            Change::PodDeleted(..) | Change::NodeDrained(_) => {}
        }
    }
    let count = |kind: usize, replicas: u32| if kind == 2 { there.len() } else { replicas as usize };
    let workloads = workloads.into_iter().map(|(kind, replicas)| (key(kind), count(kind, replicas)));
    let nodes = there.iter().map(|number| NodeName::new(format!("node-{number}")));
    (workloads.collect(), nodes.collect())
}

fn delays() -> impl Strategy<Value = Options> {
    let (arrival, reading, binding) = (0_u64..200, 0_u64..2000, 0_u64..2000);
    (arrival, reading, binding).prop_map(|delays| {
        let (arrival, reading, binding) = (Millis(delays.0), Millis(delays.1), Millis(delays.2));
        Options { timing: Timing { arrival, reading, binding }, ..Options::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A cap that only the extender counts is kept although it sees bindings late, and no room is left that a pod waits for.
    #[test]
    fn no_node_exceeds_its_cap_and_no_pod_waits_beside_room(
        caps in prop::collection::vec(1_u32..6, 1..6),
        pods in prop::collection::vec(0_usize..3, 1..25),
        options in delays(),
    ) {
        let mut pods = pods;
        pods.extend([1, 2]); // Whoever imports has a provider.
        let (pods, room) = (pods, caps.iter().sum::<u32>() as usize);
        let run = replay(&scenario(&caps, &pods, None), &Settings::default(), &options).unwrap().steered;
        for (place, cap) in run.state.nodes().map(|(_, node)| node).zip(&caps) {
            prop_assert!(place.used().instances <= *cap, "{} of {cap}", place.used().instances);
        }
        let placed = run.attempts.iter().filter(|attempt| attempt.outcome.is_bound()).count();
        prop_assert_eq!((placed, run.attempts.len()), (room.min(pods.len()), pods.len()));
    }

    /// Whatever leaves while pods are on their way and bindings are still to be shown.
    #[test]
    fn every_workload_gets_the_pods_that_it_wants_and_the_extender_sees_them(
        caps in prop::collection::vec(1_u32..6, 1..6),
        replicas in prop::array::uniform3(0_u32..8),
        changes in changes(),
        options in delays(),
    ) {
        let mut all: Vec<_> = (0..3).map(|kind| (0, Change::Told(kind, replicas[kind]))).collect();
        all.extend(changes);
        let steps = all.iter().map(|(at, change)| (Millis(*at), change.step(&caps)));
        let scenario = on_nodes(&caps, steps);
        let mut extender = WitPlacement::new(Settings::default()).unwrap();
        let run = run(&scenario, &Settings::default(), &options, &mut extender).unwrap();
        let pods = |pods: Vec<&Pod>| -> BTreeMap<PodUid, Pod> {
            pods.into_iter().map(|pod| (pod.uid.clone(), pod.clone())).collect()
        };
        let there = pods(run.state.pods().collect());
        prop_assert_eq!(&there, &pods(extender.state().pods().collect()));
        let (wanted, nodes) = wanted(caps.len(), &all);
        for kind in 0..3 {
            let count = there.values().filter(|pod| pod.workload == key(kind)).count();
            prop_assert_eq!(count, wanted.get(&key(kind)).copied().unwrap_or(0), "{}", key(kind));
        }
        prop_assert!(there.values().filter_map(|pod| pod.node.as_ref()).all(|node| nodes.contains(node)));
        for (_, place) in run.state.nodes() {
            prop_assert!(place.object().is_none_or(|node| Some(place.used().instances) <= node.instance_cap));
        }
    }

    #[test]
    fn the_same_input_gives_the_same_report(
        caps in prop::collection::vec(1_u32..6, 1..6),
        pods in prop::collection::vec(0_usize..3, 0..25),
        options in delays(),
    ) {
        let once = || replay(&scenario(&caps, &pods, None), &Settings::default(), &options).unwrap().report();
        prop_assert_eq!(once(), once());
    }
}

#[test]
fn pods_that_are_not_steered_are_placed_as_by_kube_scheduler_alone() {
    for mode in [PodMode::Observe, PodMode::Ignore] {
        let scenario = scenario(&[1, 1, 1], &[0, 1, 2, 0, 1, 2], Some(mode));
        let replay = replay(&scenario, &Settings::default(), &Options::default()).unwrap();
        assert_eq!(replay.steered.attempts, replay.default.attempts);
    }
}
