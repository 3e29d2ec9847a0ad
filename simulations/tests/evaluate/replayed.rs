//! A placement that a replay made is worth what the replay says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use wit_config::Settings;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::engine::Run;
use wit_sim::evaluate::{Placement, evaluate};
use wit_sim::metrics::Metrics;
use wit_sim::scenario::Scenario;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

fn node(name: &str) -> Value {
    let allocatable = json!({"cpu": "2", "memory": "4Gi", "pods": "8"});
    json!({"node": {"metadata": {"name": name}, "status": {"allocatable": allocatable}}})
}

fn workload(key: &str, replicas: u32, links: &str, listed: bool) -> Value {
    let requests = json!({"cpu": "300m", "memory": "200Mi"});
    let containers = json!([{"name": "c", "image": "c", "resources": {"requests": requests}}]);
    let annotations = if links.is_empty() { json!({}) } else { json!({"wit-placement.dev/links": links}) };
    let template = json!({"metadata": {"annotations": annotations}, "spec": {"containers": containers}});
    json!({"workload": {"workload": key, "replicas": replicas, "listed": listed, "template": template}})
}

fn scaled(name: &str, replicas: u32) -> Value {
    json!({"scaled": {"workload": format!("web/Deployment/{name}"), "replicas": replicas}})
}

/// Three nodes, two linked workloads that make their pods, one whose pods are listed, and a `DaemonSet`; then these happenings,
/// each at a second of its own.
fn scenario(happenings: &[Value]) -> Scenario {
    let mut lines = vec![json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "t"})];
    let mut at_once = vec![node("n1"), node("n2"), node("n3")];
    at_once.extend([
        workload("web/Deployment/front", 3, "back=2,list=1", false),
        workload("web/Deployment/back", 4, "", false),
        workload("web/Deployment/list", 3, "back=1", true),
        workload("web/DaemonSet/agent", 0, "", false),
    ]);
    let listed =
        |number| json!({"pod": {"pod": format!("web/list-{number}"), "workload": "web/Deployment/list"}});
    at_once.extend((0..3).map(listed));
    let later = happenings.iter().cloned().enumerate().map(|(second, it)| (second as u64 + 1, it));
    for (second, mut happening) in at_once.into_iter().map(|it| (0, it)).chain(later) {
        happening["at"] = json!(second * 1000);
        lines.push(happening);
    }
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    Trace::read(text.join("\n").as_bytes()).unwrap().load().unwrap()
}

/// Where the pods of a run are at its end, as people write it.
fn placement(run: &Run) -> Placement {
    let mut nodes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in run.state.pods() {
        if let Some(node) = &pod.node {
            nodes.entry(node.to_string()).or_default().push(pod.key.to_string());
        }
    }
    serde_json::from_value(json!(nodes)).unwrap()
}

/// What the end of a replay is worth by itself, and by its placement alone.
fn both(happenings: &[Value], strategy: Name) -> (Metrics, Metrics) {
    let (scenario, settings) = (scenario(happenings), Settings::default());
    let run = strategy.run(&scenario, &settings, &options(Order::Random, 7, 0)).unwrap();
    let evaluation = evaluate(&scenario, &placement(&run), &settings).unwrap();
    (Metrics::of(&run.state, run.ended), evaluation.metrics)
}

#[test]
fn what_scales_finishes_fails_and_joins_ends_the_same() {
    let finished = json!({"podFinished": {"pod": "web/front-0"}});
    let ended = json!({"podFinished": {"pod": "web/list-1"}});
    let deleted = json!({"podDeleted": {"pod": "web/back-2"}});
    let failed = json!({"nodeFailed": {"node": "n1"}});
    let drained = json!({"nodeDrained": {"node": "n2"}});
    let gone = json!({"workloadDeleted": {"workload": "web/Deployment/back"}});
    let traces: [&[Value]; 6] = [
        &[],
        &[finished, deleted, ended.clone(), scaled("front", 1)],
        &[scaled("back", 1), scaled("back", 6), scaled("back", 2)],
        &[failed.clone(), scaled("front", 2), node("n4"), scaled("front", 5)],
        &[drained, scaled("back", 1), ended, failed],
        &[scaled("back", 20), gone, workload("web/Deployment/back", 2, "front=1", false)],
    ];
    for happenings in traces {
        for strategy in [Name::Default, Name::Wit] {
            let (replayed, evaluated) = both(happenings, strategy);
            assert_eq!(replayed, evaluated, "{strategy:?}: {happenings:?}");
        }
    }
}

fn happening() -> impl Strategy<Value = Value> {
    prop_oneof![
        (0_u32..9).prop_map(|replicas| scaled("front", replicas)),
        (0_u32..9).prop_map(|replicas| scaled("back", replicas)),
        (0_u32..3).prop_map(|number| json!({"podFinished": {"pod": format!("web/list-{number}")}})),
        (0_u32..3).prop_map(|number| json!({"podDeleted": {"pod": format!("web/list-{number}")}})),
        (0_u32..9).prop_map(|number| json!({"podDeleted": {"pod": format!("web/back-{number}")}})),
        Just(node("n1")),
        Just(node("n4")),
        Just(json!({"nodeDrained": {"node": "n2"}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_replay_and_its_placement_are_worth_the_same(
        before in prop::collection::vec(happening(), 0..6),
        fails in any::<bool>(),
        after in prop::collection::vec(happening(), 0..6),
    ) {
        let mut happenings = before;
        happenings.extend(fails.then(|| json!({"nodeFailed": {"node": "n3"}})));
        happenings.extend(after);
        let (replayed, evaluated) = both(&happenings, Name::Wit);
        prop_assert_eq!(replayed, evaluated);
    }
}
