//! How many pods a second the model of kube-scheduler places by itself on 1,000 nodes, on one thread:
//! `cargo run --release -p wit-placement --example scheduling_rate [PODS]`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use wit_graph::WorkloadKey;
use wit_placement::kube_scheduler::{NoExtender, Scheduler};
use wit_placement::{
    Allocatable, ClusterState, Event, Millis, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources,
};

const NODES: u32 = 1_000;
const WORKLOADS: usize = 100;

#[expect(clippy::print_stdout, reason = "the figure is what the example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pods = std::env::args().nth(1).map_or(Ok(20_000), |text| text.parse())?;
    let mut scheduler = Scheduler::new(ClusterState::new(wit_config::Settings::default())?, 15);
    for number in 0..NODES {
        scheduler.apply(Event::Node(node(number)), Millis(0));
    }
    let shapes: Vec<_> = (0..WORKLOADS).map(shape).collect();
    let events: Vec<_> =
        (0..pods).zip(shapes.iter().enumerate().cycle()).map(|(number, shape)| pod(number, shape)).collect();
    let started = Instant::now();
    for event in events {
        scheduler.apply(event, Millis(0));
    }
    let entered = started.elapsed();
    let started = Instant::now();
    let mut placed = 0_u32;
    while let Ok(Some(attempt)) = scheduler.cycle(&mut NoExtender) {
        placed += u32::from(attempt.outcome.is_bound());
    }
    let placing = started.elapsed();
    let rate = |seconds: f64| f64::from(placed) / seconds;
    println!("{placed} of {pods} pods placed on {NODES} nodes");
    println!("entering {:.0} pods/s", rate(entered.as_secs_f64()));
    println!("scheduling {:.0} pods/s", rate(placing.as_secs_f64()));
    println!("both {:.0} pods/s", rate((entered + placing).as_secs_f64()));
    Ok(())
}

fn node(number: u32) -> Node {
    let resources = Resources { cpu_millis: 32_000, memory_bytes: 128 << 30 };
    Node {
        name: NodeName::new(format!("node-{number:04}")),
        labels: BTreeMap::from([("topology.kubernetes.io/zone".to_owned(), format!("zone-{}", number % 3))]),
        allocatable: Allocatable { resources, pods: 110 },
        runtime_handlers: None,
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    }
}

fn shape(number: usize) -> Arc<PodShape> {
    let step = number as u64 % 10 + 1;
    let requests = Resources { cpu_millis: 50 * step, memory_bytes: (32 * step) << 20 };
    Arc::new(PodShape { requests, ..PodShape::default() })
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
