//! What holds for any arrivals and any delays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use wit_config::Settings;
use wit_graph::{WorkloadKey, testing};
use wit_placement::{
    Allocatable, ImageReference, Millis, Node, NodeName, Pod, PodKey, PodMode, PodShape, PodUid, Resources,
    RuntimeClass, World,
};
use wit_sim::engine::{Options, Timing};
use wit_sim::replay::replay;
use wit_sim::scenario::{Scenario, Step};

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
    })
}

fn image(workload: &str) -> ImageReference {
    ImageReference::new(format!("registry.example/{workload}:1"))
}

fn pod(number: usize, workload: &str, mode: Option<PodMode>) -> Step {
    let shape = PodShape {
        runtime_class: Some("wasm".into()),
        images: vec![image(workload)],
        requests: Resources { cpu_millis: 10, memory_bytes: 10 << 20 },
        mode,
        ..PodShape::default()
    };
    Step::Pod(Pod {
        key: PodKey::new("default", format!("{workload}-{number}")),
        uid: PodUid::new(number.to_string()),
        workload: WorkloadKey::new("default", "Deployment", workload),
        shape: Arc::new(shape),
        node: None,
        finished: false,
        gated: false,
    })
}

fn scenario(caps: &[u32], pods: &[usize], mode: Option<PodMode>) -> Scenario {
    let class = RuntimeClass {
        name: "wasm".into(),
        handler: "wasmtime".into(),
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    };
    let mut steps = vec![Step::RuntimeClass(class)];
    steps.extend(caps.iter().enumerate().map(|(number, cap)| node(number, *cap)));
    steps.extend(
        pods.iter().enumerate().map(|(number, kind)| pod(number, WORLDS.get(*kind).unwrap().0, mode)),
    );
    let world = |(name, imports, exports): (&str, &[&str], &[&str])| {
        (image(name), World::Known(Arc::new(testing::world(imports, exports))))
    };
    let steps = steps.into_iter().map(|step| (Millis(0), step)).collect();
    Scenario { steps, worlds: WORLDS.map(world).into(), warnings: Vec::new() }
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
        let run = replay(&scenario(&caps, &pods, None), &Settings::default(), options).unwrap().steered;
        for (place, cap) in run.state.nodes().map(|(_, node)| node).zip(&caps) {
            prop_assert!(place.used().instances <= *cap, "{} of {cap}", place.used().instances);
        }
        let placed = run.attempts.iter().filter(|attempt| attempt.outcome.is_bound()).count();
        prop_assert_eq!((placed, run.attempts.len()), (room.min(pods.len()), pods.len()));
    }

    #[test]
    fn the_same_input_gives_the_same_report(
        caps in prop::collection::vec(1_u32..6, 1..6),
        pods in prop::collection::vec(0_usize..3, 0..25),
        options in delays(),
    ) {
        let once = || replay(&scenario(&caps, &pods, None), &Settings::default(), options).unwrap().report();
        prop_assert_eq!(once(), once());
    }
}

#[test]
fn pods_that_are_not_steered_are_placed_as_by_kube_scheduler_alone() {
    for mode in [PodMode::Observe, PodMode::Ignore] {
        let scenario = scenario(&[1, 1, 1], &[0, 1, 2, 0, 1, 2], Some(mode));
        let replay = replay(&scenario, &Settings::default(), Options::default()).unwrap();
        assert_eq!(replay.steered.attempts, replay.default.attempts);
    }
}
