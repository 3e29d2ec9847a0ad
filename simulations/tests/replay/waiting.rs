//! Pods that wait: behind a gate, or for longer than anybody looks.

use serde_json::{Value, json};
use wit_config::Settings;
use wit_placement::Millis;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::documents::{Assumptions, Run};
use wit_sim::engine;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

fn run(records: &[Value]) -> engine::Run {
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "waiting"});
    let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "10"});
    let node = json!({"at": 0, "node": {"metadata": {"name": "n1"}, "status": {"allocatable": allocatable}}});
    let text: Vec<String> = [header, node].iter().chain(records).map(Value::to_string).collect();
    let scenario = Trace::read(text.join("\n").as_bytes()).unwrap().load().unwrap();
    Name::Default.run(&scenario, &Settings::default(), &options(Order::Listed, 0, 0)).unwrap()
}

fn pod(at: u64, name: &str, cpu: &str, gate: Option<&str>) -> Value {
    let container = json!({"name": "c", "image": "c", "resources": {"requests": {"cpu": cpu}}});
    let gates: Vec<_> = gate.iter().map(|gate| json!({"name": gate})).collect();
    let template = json!({"spec": {"containers": [container], "schedulingGates": gates}});
    json!({"at": at, "pod": {"pod": format!("default/{name}"), "template": template}})
}

#[test]
fn a_gate_holds_pods_back_unless_it_is_ours() {
    let container = json!({"name": "c", "image": "c"});
    let spec = json!({"containers": [container], "schedulingGates": [{"name": "kueue"}]});
    let workload = json!({"workload": "default/Deployment/made", "replicas": 2, "template": {"spec": spec}});
    let records = [
        json!({"at": 0, "workload": workload}),
        pod(0, "gated", "1", Some("kueue")),
        pod(0, "planned", "1", Some("wit-placement.dev/plan")),
    ];
    let run = Run::of("default", Assumptions::default(), &run(&records));
    let placed: Vec<_> = run.placements.iter().map(|it| (it.pod.as_str(), it.node.is_some())).collect();
    let expected = [("gated", false), ("made-0", false), ("made-1", false), ("planned", true)]
        .map(|(name, is)| (format!("default/{name}"), is));
    assert_eq!(placed, expected.each_ref().map(|(name, is)| (name.as_str(), *is)));
    assert_eq!(run.details.pending[0].reason, "a scheduling gate holds it back");
    assert_eq!(run.details.pending[0].pods, 3);
}

#[test]
fn nobody_retries_for_years_while_nothing_changes() {
    let years = 1_800_000_000_000;
    let run = run(&[pod(0, "large", "100", None), pod(years, "late", "1", None)]);
    assert_eq!(run.ended, Millis(years));
    let tries: Vec<_> = run.turns.iter().map(|turns| turns.count).collect();
    assert!(tries.iter().all(|tries| *tries < 10), "{tries:?}");
    assert!(run.attempts.iter().any(|attempt| attempt.outcome.is_bound()));
}
