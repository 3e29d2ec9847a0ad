//! `wit-sim validate`: everything is told at once, with its line.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Printed, wit_sim};

const HEADER: &str = r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"t"}"#;

fn validated(name: &str, lines: &[String]) -> Printed {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("validate-{name}.jsonl"));
    let text: Vec<&str> = std::iter::once(HEADER).chain(lines.iter().map(String::as_str)).collect();
    fs::write(&file, text.join("\n")).unwrap();
    wit_sim(&["validate".to_owned(), file.to_str().unwrap().to_owned()])
}

fn workload(name: &str, links: &str, spec: &Value) -> String {
    let template = json!({"metadata": {"annotations": {"wit-placement.dev/links": links}}, "spec": spec});
    let workload = format!("shop/Deployment/{name}");
    json!({"at": 0, "workload": {"workload": workload, "replicas": 1, "template": template}}).to_string()
}

fn containers() -> Value {
    json!({"containers": [{"name": "c", "image": "c"}]})
}

#[test]
fn links_to_nobody_and_links_that_are_none_are_named() {
    let printed = validated(
        "links",
        &[workload("front", "back=2,nobody=1", &containers()), workload("back", "=", &containers())],
    );
    assert!(printed.succeeded, "{printed:?}");
    let told = "line 2: the annotation wit-placement.dev/links leads to `nobody`, and no workload of the namespace `shop`";
    assert!(printed.out.contains(told), "{}", printed.out);
    assert!(!printed.out.contains("leads to `back`"), "{}", printed.out);
    assert!(printed.out.contains("line 3: ") && printed.out.contains("\"=\" is ignored"), "{}", printed.out);
}

#[test]
fn fields_and_classes_that_there_are_not_are_named() {
    let mut spec = containers();
    spec["conatiners"] = json!([]);
    spec["containers"][0]["resources"] = json!({"request": {"cpu": 1}, "limits": {"cpu": 2}});
    spec["runtimeClassName"] = json!("spin");
    let node = json!({"at": 0, "node": {"metadata": {"name": "n", "creationTimestamp": null}, "spce": {}}});
    let printed = validated("fields", &[workload("front", "back", &spec), node.to_string()]);
    assert!(printed.succeeded, "{printed:?}");
    for told in [
        "line 2: workload.template.spec.conatiners: is no field of Kubernetes",
        "line 2: workload.template.spec.containers[0].resources.request: is no field",
        "line 2: runtimeClassName `spin`: the trace has no such RuntimeClass",
        "line 3: node.spce: is no field",
    ] {
        assert!(printed.out.contains(told), "{told}: {}", printed.out);
    }
    assert!(!printed.out.contains("creationTimestamp"), "{}", printed.out);
}

#[test]
fn what_is_wrong_with_lines_and_with_what_they_mean_is_told_together() {
    let lines = [
        r#"{"at":0,"node":{"metadata":{"name":"n1"},"status":{"allocatable":[]}}}"#,
        "",
        r#"{"at":0,"nodeFailed":{"node":"n1"}}"#,
        r#"{"at":0,"nodeFailed":{"node":"n2"}}"#,
        r#"{"at":0"#,
        r#"{"at":0,"scaled":{"workload":"shop/Deployment/web","replicas":4000000000}}"#,
    ];
    let printed = validated("together", &lines.map(ToOwned::to_owned));
    assert!(!printed.succeeded, "{printed:?}");
    for told in [
        "line 2: ",
        "line 5: nodeFailed.node: there is no node `n2`",
        "line 6: ",
        "line 7: scaled.workload: there is no workload",
        "line 7: scaled.replicas: 4000000000 replicas are more than 1000000",
    ] {
        assert!(printed.notes.contains(told), "{told}: {}", printed.notes);
    }
    // The node may be that of the line that cannot be read.
    assert!(!printed.notes.contains("line 4: "), "{}", printed.notes);
}

#[test]
fn a_slip_of_the_finger_makes_no_four_thousand_million_pods() {
    let mut line: Value = serde_json::from_str(&workload("web", "", &containers())).unwrap();
    line["workload"]["replicas"] = json!(4_000_000_000_u64);
    let printed = validated("replicas", &[line.to_string()]);
    let told = "line 2: workload.replicas: 4000000000 replicas are more than 1000000";
    assert!(!printed.succeeded && printed.notes.contains(told), "{}", printed.notes);
}

/// What an import of this dump with three nodes more prints.
fn imported(name: &str, dump: &str) -> Printed {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("validate-{name}.yaml"));
    fs::write(&file, dump).unwrap();
    let words = ["import", "cluster", file.to_str().unwrap(), "--nodes", "3"];
    wit_sim(&words.map(ToOwned::to_owned))
}

#[test]
fn a_pod_on_a_node_that_nobody_knows_waits_and_is_told() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop}, \
        spec: {nodeName: gone, containers: [{name: c, image: c}]}}";
    let printed = imported("stray", pod);
    assert!(printed.succeeded && !printed.out.contains("gone"), "{printed:?}");
    assert!(printed.notes.contains("pod shop/web: its node gone, of which nothing is told"), "{printed:?}");
}

#[test]
fn nodes_that_are_added_have_the_labels_of_a_kubelet() {
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: c, image: c}]}}";
    let printed = imported("labels", pod);
    let labels =
        r#""kubernetes.io/arch":"amd64","kubernetes.io/hostname":"node-3","kubernetes.io/os":"linux""#;
    assert!(printed.out.contains(labels), "{}", printed.out);
}

#[test]
fn an_import_that_could_not_be_simulated_is_refused() {
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 2000000000, \
        selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: c}]}}}}";
    let printed = imported("many", deployment);
    assert!(!printed.succeeded && printed.out.is_empty(), "{printed:?}");
    assert!(printed.notes.contains("2000000000 replicas are more than 1000000"), "{}", printed.notes);
}

#[test]
fn what_a_replay_cannot_do_as_the_cluster_would_is_told() {
    let spec = |name: &str, fields: Value| {
        let mut spec = containers();
        spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        workload(name, "", &spec)
    };
    let lines = [
        spec("a", json!({"priorityClassName": "gold", "schedulerName": "volcano"})),
        spec("b", json!({"priorityClassName": "gold", "priority": 7, "schedulerName": "default-scheduler"})),
        spec("c", json!({"priorityClassName": "system-node-critical"})),
    ];
    let printed = validated("schedulers", &lines);
    let warnings: Vec<_> = printed.out.lines().filter(|line| line.contains("warning: line")).collect();
    assert_eq!(warnings.len(), 2, "{}", printed.out);
    assert!(warnings[0].contains("line 2: priorityClassName `gold`: its value is not known"), "{warnings:?}");
    assert!(warnings[1].contains("line 2: schedulerName `volcano`: another scheduler"), "{warnings:?}");
}

#[test]
fn a_workload_need_not_say_how_many_replicas_it_wants() {
    let template = json!({"spec": containers()});
    let daemons = json!({"at": 0, "workload": {"workload": "shop/DaemonSet/agent", "template": template}});
    let printed = validated("replicas", &[daemons.to_string()]);
    assert!(printed.succeeded, "{printed:?}");
}

#[test]
fn where_a_line_ends_too_early_no_field_is_made_up() {
    let printed = validated("cut", &[r#"{"at":0,"node":{"metadata":"#.to_owned()]);
    assert!(printed.notes.contains(": line 2: ") && !printed.notes.contains('?'), "{}", printed.notes);
}
