//! How many pods a second a replay places on 1,000 nodes on one thread: kube-scheduler alone, the reference, and with
//! wit-placement. `cargo bench --package wit-sim`.
//!
//! 200 applications of six linked components with ten replicas each, which come in random order; each strategy three times
//! in turns, of which the fastest counts.

use std::time::Instant;

use serde_json::{Value, json};
use wit_config::Settings;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::scenario::Scenario;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

const NODES: usize = 1_000;
const APPLICATIONS: usize = 200;
const REPLICAS: usize = 10;
const TURNS: usize = 3;
/// Who imports from whom in an application.
const WORKLOADS: [(&str, &[&str]); 6] = [
    ("gateway", &["catalog", "pricing", "cart"]),
    ("checkout", &["pricing", "cart", "mail"]),
    ("catalog", &[]),
    ("pricing", &[]),
    ("cart", &[]),
    ("mail", &[]),
];

#[expect(clippy::print_stdout, reason = "the figures are what a benchmark is for")]
fn main() -> anyhow::Result<()> {
    let scenario = scenario()?;
    let pods = APPLICATIONS * WORKLOADS.len() * REPLICAS;
    let names = asked_for(&[Name::Default, Name::MostAllocated, Name::Wit]);
    let mut fastest = vec![f64::INFINITY; names.len()];
    let mut gained = vec![0.0; names.len()];
    for _ in 0..TURNS {
        for ((name, fastest), gained) in names.iter().zip(&mut fastest).zip(&mut gained) {
            let started = Instant::now();
            let run = name.run(&scenario, &Settings::default(), &options(Order::Random, 0, 0))?;
            *fastest = fastest.min(started.elapsed().as_secs_f64());
            *gained = run.affinity.gained;
        }
    }
    println!("{pods} pods of {} workloads on {NODES} nodes", APPLICATIONS * WORKLOADS.len());
    println!("{:<16} {:>8} {:>16} {:>6}", "strategy", "pods/s", "time to default", "G");
    let reference = fastest.first().copied().unwrap_or(f64::INFINITY);
    for ((name, seconds), gained) in names.into_iter().zip(fastest).zip(gained) {
        let (rate, ratio) = (pods as f64 / seconds, seconds / reference);
        println!("{:<16} {rate:>8.0} {ratio:>16.2} {gained:>6.3}", name.as_str());
    }
    Ok(())
}

/// Those of the strategies that are named behind `--`, or all.
fn asked_for(all: &[Name]) -> Vec<Name> {
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_meant = |name: &&Name| named.is_empty() || named.iter().any(|one| one == name.as_str());
    all.iter().filter(is_meant).copied().collect()
}

/// The trace as its lines would be.
fn scenario() -> anyhow::Result<Scenario> {
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "benchmark"});
    let class = json!({"metadata": {"name": "wasm"}, "handler": "wasmtime"});
    let mut lines = vec![header, json!({"at": 0, "runtimeClass": class})];
    lines.extend((0..NODES).map(node));
    for application in 0..APPLICATIONS {
        lines.extend(WORKLOADS.iter().flat_map(|(name, imports)| workload(application, name, imports)));
    }
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    Ok(Trace::read(lines.join("\n").as_bytes())?.load()?)
}

fn node(number: usize) -> Value {
    let name = format!("node-{number}");
    json!({"at": 0, "node": {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kube-wasm/runtime": "wasmtime"}},
        "status": {
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"},
            "runtimeHandlers": [{"name": "wasmtime"}],
        },
    }})
}

fn workload(application: usize, name: &str, imports: &[&str]) -> [Value; 2] {
    let interface = |name: &str| format!("shop{application}:{name}/api@1.0.0");
    let image = format!("registry.example/shop{application}/{name}:1");
    let imports: Vec<_> = imports.iter().map(|name| interface(name)).collect();
    let world = json!({"kind": "component", "imports": imports, "exports": [interface(name)]});
    let requests = json!({"cpu": "200m", "memory": "64Mi"});
    let container = json!({"name": "main", "image": image, "resources": {"requests": requests}});
    [
        json!({"at": 0, "image": {"reference": image, "world": world}}),
        json!({"at": 0, "workload": {
            "workload": format!("shop{application}/Deployment/{name}"),
            "replicas": REPLICAS,
            "template": {"spec": {"runtimeClassName": "wasm", "containers": [container]}},
        }}),
    ]
}
