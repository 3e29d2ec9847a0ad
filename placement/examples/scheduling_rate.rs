//! How many pods a second the model of kube-scheduler places by itself on 1,000 nodes, on one thread:
//! `cargo run --release -p wit-placement --example scheduling_rate [PODS]`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wit_graph::WorkloadKey;
use wit_placement::kube_scheduler::{NoExtender, Profile, Scheduler};
use wit_placement::{
    Allocatable, ClusterState, Constraints, Event, LabelSelector, Millis, Node, NodeName, Pod, PodAffinity,
    PodKey, PodShape, PodTerm, PodUid, PreferredPods, Resources, TopologySpread,
};

const NODES: u32 = 1_000;
const WORKLOADS: usize = 100;

#[expect(clippy::print_stdout, reason = "the figures are what the example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pods = std::env::args().nth(1).map_or(Ok(20_000), |text| text.parse())?;
    println!("pods/s on {NODES} nodes (entering the queue, scheduling)");
    for (kind, shape) in [("plain", plain as fn(usize) -> PodShape), ("with affinity and spreading", wishful)]
    {
        let (entering, scheduling) = rates(pods, shape)?;
        println!("{entering:>8.0} {scheduling:>8.0} {kind}");
    }
    Ok(())
}

fn rates(pods: u32, shape: fn(usize) -> PodShape) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let profile = Profile { tells_unfit_of_bound: false, ..Profile::default() };
    let cache = ClusterState::new(wit_config::Settings::default())?;
    let mut scheduler = Scheduler::with_profile(cache, profile);
    for number in 0..NODES {
        scheduler.apply(Event::Node(node(number)), Millis(0));
    }
    let shapes: Vec<_> = (0..WORKLOADS).map(|number| Arc::new(shape(number))).collect();
    let shapes = shapes.iter().enumerate().cycle();
    let events: Vec<_> = (0..pods).zip(shapes).map(|(number, shape)| pod(number, shape)).collect();
    let started = Instant::now();
    for event in events {
        scheduler.apply(event, Millis(0));
    }
    let entering = started.elapsed();
    let started = Instant::now();
    let mut placed = 0_u32;
    while let Ok(Some(attempt)) = scheduler.cycle(&mut NoExtender) {
        placed += u32::from(attempt.outcome.is_bound());
    }
    let scheduling = started.elapsed();
    let rate = |time: Duration| f64::from(placed) / time.as_secs_f64();
    Ok((rate(entering), rate(scheduling)))
}

fn node(number: u32) -> Node {
    let resources = Resources { cpu_millis: 32_000, memory_bytes: 128 << 30 };
    Node {
        name: NodeName::new(format!("node-{number:04}")),
        labels: BTreeMap::from([
            ("kubernetes.io/hostname".to_owned(), format!("node-{number:04}")),
            ("topology.kubernetes.io/zone".to_owned(), format!("zone-{}", number % 3)),
        ]),
        allocatable: Allocatable { resources, pods: 110 },
        runtime_handlers: None,
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    }
}

fn plain(number: usize) -> PodShape {
    let step = number as u64 % 10 + 1;
    let requests = Resources { cpu_millis: 50 * step, memory_bytes: (32 * step) << 20 };
    PodShape { requests, ..PodShape::default() }
}

/// A pod that would rather be beside those of the next workload, not beside its own, and evenly over the zones.
fn wishful(number: usize) -> PodShape {
    let app = |number: usize| format!("app-{}", number % WORKLOADS);
    let selector = |number: usize| Some(LabelSelector::labels([("app", &*app(number))]));
    let wish = |number: usize| {
        let topology_key = "kubernetes.io/hostname".into();
        let term = PodTerm { selector: selector(number), topology_key, ..PodTerm::default() };
        PodAffinity { preferred: vec![PreferredPods { weight: 10, term }], ..PodAffinity::default() }
    };
    let spread = TopologySpread {
        topology_key: "topology.kubernetes.io/zone".into(),
        selector: selector(number),
        ..TopologySpread::default()
    };
    let scheduling = Constraints {
        labels: BTreeMap::from([("app".to_owned(), app(number))]),
        pod_affinity: wish(number + 1),
        pod_anti_affinity: wish(number),
        topology_spread: vec![spread],
        ..Constraints::default()
    };
    PodShape { scheduling: Arc::new(scheduling), ..plain(number) }
}

fn pod(number: u32, (workload, shape): (usize, &Arc<PodShape>)) -> Event {
    let name = format!("service-{workload}");
    Event::Pod(Pod {
        key: PodKey::new("default", format!("{name}-{number}")),
        uid: PodUid::new(format!("uid-{number}")),
        workload: WorkloadKey::new("default", "Deployment", name),
        shape: Arc::clone(shape),
        node: None,
        finished: false,
        gated: false,
    })
}
