use serde_json::json;
use wit_config::API_VERSION;

use super::*;
use crate::cli::Output;
use crate::trace::Trace;

/// A node of 2 cores, 4 GiB and ten pods.
fn node(name: &str) -> serde_json::Value {
    let allocatable = json!({"cpu": "2", "memory": "4Gi", "pods": "10"});
    json!({"node": {"metadata": {"name": name}, "status": {"allocatable": allocatable}}})
}

fn workload(name: &str, replicas: u32, cpu: &str, links: &str, listed: bool) -> serde_json::Value {
    let annotations = if links.is_empty() { json!({}) } else { json!({"wit-placement.dev/links": links}) };
    let containers =
        json!([{"name": "c", "image": "c", "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}}}]);
    let template = json!({"metadata": {"annotations": annotations}, "spec": {"containers": containers}});
    let workload = format!("web/Deployment/{name}");
    json!({"workload": {"workload": workload, "replicas": replicas, "listed": listed, "template": template}})
}

fn pod(name: &str, workload: &str) -> serde_json::Value {
    json!({"pod": {"pod": name, "workload": format!("web/Deployment/{workload}")}})
}

/// The scenario of these happenings, one after another.
fn scenario(happenings: impl IntoIterator<Item = serde_json::Value>) -> Scenario {
    let mut lines = vec![json!({"apiVersion": API_VERSION, "kind": "Trace", "name": "test"}).to_string()];
    for (at, mut happening) in happenings.into_iter().enumerate() {
        happening["at"] = at.into();
        lines.push(happening.to_string());
    }
    Trace::read(lines.join("\n").as_bytes()).unwrap().load().unwrap()
}

/// As RASA's clusters are: services with listed containers, and traffic between them.
fn rasa_like() -> Scenario {
    scenario([
        node("10.0.0.1"),
        node("10.0.0.2"),
        workload("front", 2, "600m", "back=3", true),
        workload("back", 3, "300m", "", true),
        pod("web/Container0", "front"),
        pod("web/Container1", "front"),
        pod("web/Container2", "back"),
        pod("web/Container3", "back"),
        pod("web/Container4", "back"),
    ])
}

fn evaluated(scenario: &Scenario, placement: &serde_json::Value) -> Result<Evaluation, String> {
    // From text, since a value has lost what was there twice.
    let placement = serde_json::from_str(&placement.to_string()).unwrap();
    evaluate(scenario, &placement, &Settings::default()).map_err(|error| error.to_string())
}

fn close(one: impl Into<Option<f64>>, other: f64) -> bool {
    let one = one.into().unwrap_or(f64::NAN);
    (one - other).abs() < 1e-9
}

#[test]
fn a_placement_in_rasas_form_is_evaluated() {
    let placement = json!({
        "10.0.0.1": ["Container0", "Container2", "Container3"],
        "10.0.0.2": ["web/Container1", "Container4"],
    });
    let Evaluation { feasible, metrics, binding, details, .. } = evaluated(&rasa_like(), &placement).unwrap();
    assert!(feasible && metrics.placed == 5 && metrics.pending == 0);
    assert!(close(metrics.gained_affinity, 0.5 + 1.0 / 3.0) && close(metrics.random_balancing, 0.5));
    assert!(close(metrics.prefer_same_node, 1.0) && close(metrics.hot_spot, 1.5));
    assert_eq!(binding, BTreeMap::from([(Constraint::Cpu, 2)]));
    assert_eq!(details.nodes.iter().map(|node| node.pods).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn what_the_placement_does_not_name_is_pending() {
    let Evaluation { feasible, metrics, details, .. } =
        evaluated(&rasa_like(), &json!({"10.0.0.1": ["Container0"]})).unwrap();
    assert!(feasible && metrics.placed == 1 && metrics.pending == 4);
    assert_eq!((details.pending[0].reason.as_str(), details.pending[0].pods), (NOT_NAMED, 4));
}

#[test]
fn everything_that_does_not_fit_the_trace_is_told() {
    let mut trace = rasa_like().pods().map(|pod| pod.key.to_string()).collect::<Vec<_>>();
    trace.push("other/Container0".to_owned());
    let twins = trace.iter().map(|name| pod(name, "front")).collect::<Vec<_>>();
    let cluster = [node("n1"), node("n2"), workload("front", 6, "1m", "", true)];
    let scenario = scenario(cluster.into_iter().chain(twins));
    let placement = json!({
        "n1": ["Container1", "Container1", "web/nobody", "nobody", "Container0"],
        "n2": ["web/Container1", "other/Container0"],
        "n3": ["Container2", "nowhere"],
    });
    let expected = [
        "node `n1`: pod `web/Container1` is named twice",
        "node `n1`: there is no pod `web/nobody`",
        "node `n1`: there is no pod `nobody`",
        "node `n1`: which pod is `Container0`? There are `other/Container0` and `web/Container0`",
        "node `n2`: pod `web/Container1` is on node `n1` too",
        "there is no node `n3`",
        "node `n3`: there is no pod `nowhere`",
    ];
    assert_eq!(evaluated(&scenario, &placement).unwrap_err(), expected.join("\n"));
}

#[test]
fn a_node_that_is_there_twice_keeps_both_lists() {
    let placement: Placement = serde_json::from_str(r#"{"n": ["a"], "n": ["a"]}"#).unwrap();
    let scenario = scenario([node("n"), workload("a", 1, "1m", "", true), pod("web/a", "a")]);
    let error = evaluate(&scenario, &placement, &Settings::default()).unwrap_err().to_string();
    assert_eq!(error, "node `n`: pod `web/a` is named twice");
}

#[test]
fn a_placement_that_could_not_be_says_why() {
    let mut tainted = node("tainted");
    tainted["node"]["spec"] = json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]});
    let scenario = scenario([node("full"), tainted, workload("site", 5, "500m", "", false)]);
    let placement = json!({"full": ["site-0", "site-1", "site-2", "site-3", "site-4"]});
    let Evaluation { feasible, over_capacity, refused, .. } = evaluated(&scenario, &placement).unwrap();
    let over = &over_capacity[0];
    assert!(!feasible && refused.is_empty() && over_capacity.len() == 1);
    assert_eq!((over.resource, over.requested, over.allocatable), (Constraint::Cpu, 2_500, 2_000));
    let Evaluation { feasible, refused, .. } = evaluated(&scenario, &json!({"tainted": ["site-0"]})).unwrap();
    assert!(!feasible && refused[0].reason.contains("taint"), "{refused:?}");
}

#[test]
fn what_is_enormous_is_too_much_all_the_same() {
    let mut large = node("large");
    large["node"]["status"]["allocatable"]["memory"] = "8Ei".into();
    let mut site = workload("site", 3, "1m", "", false);
    site["workload"]["template"]["spec"]["containers"][0]["resources"]["requests"]["memory"] = "7Ei".into();
    let scenario = scenario([large, site]);
    assert!(evaluated(&scenario, &json!({"large": ["site-0"]})).unwrap().feasible);
    let Evaluation { feasible, over_capacity, .. } =
        evaluated(&scenario, &json!({"large": ["site-0", "site-1", "site-2"]})).unwrap();
    assert!(!feasible && over_capacity[0].resource == Constraint::Memory, "{over_capacity:?}");
}

#[test]
fn the_cluster_is_as_it_is_after_the_last_record() {
    let scenario = scenario([
        node("stays"),
        node("goes"),
        workload("site", 1, "1m", "", false),
        workload("gone", 1, "1m", "", false),
        json!({"scaled": {"workload": "web/Deployment/site", "replicas": 3}}),
        pod("web/site-1", "site"),
        json!({"workloadDeleted": {"workload": "web/Deployment/gone"}}),
        json!({"nodeFailed": {"node": "goes"}}),
    ]);
    let evaluation = evaluated(&scenario, &json!({"stays": ["site-0", "site-1", "site-2"]})).unwrap();
    assert_eq!((evaluation.metrics.nodes, evaluation.metrics.placed, evaluation.metrics.pending), (1, 3, 0));
    let error = evaluated(&scenario, &json!({"goes": ["gone-0"]})).unwrap_err();
    assert_eq!(error, "there is no node `goes`\nnode `goes`: there is no pod `gone-0`");
}

#[test]
fn the_document_has_the_numbers_at_its_top() {
    let evaluation = evaluated(&rasa_like(), &json!({"10.0.0.1": ["Container0", "Container2"]})).unwrap();
    let json = render(&evaluation, Output::Json).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["apiVersion"], &json["kind"]), (&API_VERSION.into(), &"Evaluation".into()));
    assert!(close(json["gainedAffinity"].as_f64().unwrap(), 1.0 / 3.0));
    assert_eq!(
        (&json["nodesUsed"], &json["feasible"], &json["binding"]["cpu"]),
        (&1.into(), &true.into(), &1.into())
    );
    assert_eq!(serde_json::from_value::<Evaluation>(json).unwrap(), evaluation);
}

#[test]
fn people_read_under_which_routing_a_share_holds() {
    let evaluation = evaluated(&rasa_like(), &json!({"10.0.0.1": ["Container0", "Container2"]})).unwrap();
    let text = render(&evaluation, Output::Text).unwrap();
    let line = text.lines().find(|line| line.starts_with("S, same node preferred")).unwrap();
    assert!(
        line.contains("50.0 %") && line.ends_with("Services with `trafficDistribution: PreferSameNode`"),
        "{line}"
    );
    assert!(text.contains("pending:\n  3 the placement does not name it (first web/Container1)\n"), "{text}");
    assert!(text.ends_with("feasible: yes; 3 of 5 pods are not placed\n"));
}
