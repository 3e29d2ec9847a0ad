//! What the extender's watch shows, and when.

use serde_json::{Value, json};
use wit_config::Settings;
use wit_placement::kube_scheduler::SchedulerExtender as _;
use wit_placement::{Event, Millis, NodeName};
use wit_sim::engine::{Options, Timing, run};
use wit_sim::scenario::{Scenario, Step};
use wit_sim::strategy::{Strategy as _, WitPlacement};
use wit_sim::trace::Trace;

/// A node with room for one of the pods `default/a-0`, which is there from the beginning, and `default/b-0`.
fn scenario(happenings: &[Value]) -> Scenario {
    let allocatable = json!({"cpu": "4", "memory": "256Mi", "pods": "110"});
    let status = json!({"allocatable": allocatable, "runtimeHandlers": [{"name": "wasmtime"}]});
    let metadata = json!({"name": "n1", "labels": {"kube-wasm/runtime": "wasmtime"}});
    let mut lines = vec![
        json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "watch"}),
        json!({"at": 0, "runtimeClass": {"metadata": {"name": "wasm"}, "handler": "wasmtime"}}),
        json!({"at": 0, "node": {"metadata": metadata, "status": status}}),
    ];
    for name in ["a", "b"] {
        let (image, key) = (format!("registry.example/{name}:1"), format!("default/Deployment/{name}"));
        let requests = json!({"cpu": "10m", "memory": "200Mi"});
        let container = json!({"name": "main", "image": image, "resources": {"requests": requests}});
        let template = json!({"spec": {"runtimeClassName": "wasm", "containers": [container]}});
        let workload = json!({"workload": key, "replicas": 1, "listed": true, "template": template});
        lines.push(json!({"at": 0, "image": {"reference": image, "world": {"kind": "component"}}}));
        lines.push(json!({"at": 0, "workload": workload}));
    }
    lines.push(pod(0, "a"));
    lines.extend_from_slice(happenings);
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    Trace::read(text.join("\n").as_bytes()).unwrap().load().unwrap()
}

fn pod(at: u64, name: &str) -> Value {
    json!({"at": at, "pod": {"pod": format!("default/{name}-0"), "workload": format!("default/Deployment/{name}")}})
}

#[test]
fn a_binding_that_is_shown_late_brings_no_pod_back() {
    let deleted = json!({"at": 50, "podDeleted": {"pod": "default/a-0"}});
    let scenario = scenario(&[deleted, pod(60_000, "b")]);
    let timing = Timing { binding: Millis(1000), ..Timing::default() };
    let mut extender = WitPlacement::new(Settings::default()).unwrap();
    let options = Options { timing, ..Options::default() };
    let run = run(&scenario, &Settings::default(), &options, &mut extender).unwrap();
    let placed: Vec<_> = run.state.pods().map(|pod| (pod.key.to_string(), pod.node.is_some())).collect();
    assert_eq!(placed, [("default/b-0".to_owned(), true)]);
    assert!(extender.state().pods().eq(run.state.pods()));
}

#[test]
fn what_is_presumed_about_a_pod_runs_out() {
    let scenario = scenario(&[]);
    let mut extender = WitPlacement::new(Settings::default()).unwrap();
    let mut pods = Vec::new();
    for (_, step) in &scenario.steps {
        let event = match step {
            Step::RuntimeClass(class) => Event::RuntimeClass(class.clone()),
            Step::Node(node) => Event::Node(node.clone()),
            Step::Workload { workload, .. } => Event::Workload(workload.clone()),
            Step::Pod(pod) => {
                pods.push(pod.clone());
                Event::Pod(pod.clone())
            }
            _ => continue,
        };
        extender.hear(&event);
    }
    for (image, world) in &scenario.worlds {
        extender.hear(&Event::World(image.clone(), world.clone()));
    }
    assert_eq!(extender.filter(&pods[0], &[NodeName::new("n1")]).unwrap().nodes.len(), 1);
    assert_eq!((extender.now(Millis(59_999)), extender.state().ledger_len()), (false, 1));
    assert_eq!((extender.now(Millis(60_099)), extender.state().ledger_len()), (true, 0));
}
