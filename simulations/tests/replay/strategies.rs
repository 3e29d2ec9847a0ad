//! What strategies depend on, and what not.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wit_config::Settings;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::scenario::Scenario;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

/// A large and a small node, and a workload of this kind with six pods.
fn scenario(kind: &str) -> Scenario {
    let node = |name: &str, cpu: &str| {
        let allocatable = json!({"cpu": cpu, "memory": "64Gi", "pods": "110"});
        let metadata = json!({"name": name, "labels": {"kubernetes.io/hostname": name}});
        json!({"at": 0, "node": {"metadata": metadata, "status": {"allocatable": allocatable}}})
    };
    let requests = json!({"cpu": "500m", "memory": "64Mi"});
    let container = json!({"name": "main", "image": "c", "resources": {"requests": requests}});
    let template = json!({"spec": {"containers": [container]}});
    let key = format!("default/{kind}/web");
    let workload = json!({"at": 0, "workload": {"workload": key, "replicas": 6, "template": template}});
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "strategies"});
    let lines = [header, node("large", "64"), node("small", "4"), workload];
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    Trace::read(text.join("\n").as_bytes()).unwrap().load().unwrap()
}

fn settings(key: &str, value: &str) -> Settings {
    Settings::default().with_values([(key, value)]).unwrap()
}

/// The node of each pod.
fn placed(strategy: Name, scenario: &Scenario, settings: &Settings) -> BTreeMap<String, String> {
    let run = strategy.run(scenario, settings, &options(Order::Listed, 3, 0)).unwrap();
    run.state.pods().map(|pod| (pod.key.to_string(), pod.node.as_ref().unwrap().to_string())).collect()
}

#[test]
fn the_scheduler_spreads_by_default_where_it_is_told_to_what_it_would_spread() {
    let on_small = |kind: &str, spreads: &str| {
        let settings = settings("scheduler.defaultTopologySpread", spreads);
        placed(Name::Default, &scenario(kind), &settings).values().filter(|node| *node == "small").count()
    };
    assert_eq!(on_small("Deployment", "false"), 0, "the large node is always the emptier one");
    for kind in ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"] {
        assert!(on_small(kind, "true") > 1, "{kind}");
    }
    assert_eq!(on_small("Job", "true"), 0, "the scheduler knows no selector of a Job");
}

#[test]
fn spread_and_random_do_not_depend_on_the_weight_of_the_extender() {
    for strategy in [Name::Spread, Name::Random] {
        let placed =
            |weight| placed(strategy, &scenario("Deployment"), &settings("scheduler.weight", weight));
        assert_eq!(placed("1"), placed("15"), "{strategy:?}");
        assert!(placed("1").values().any(|node| node == "small"), "{strategy:?}");
    }
}
