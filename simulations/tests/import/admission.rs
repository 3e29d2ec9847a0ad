//! What admission would have done to pods and templates is done at the import.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Printed, wit_sim};

fn imported(format: &str, name: &str, text: &str) -> (Printed, Vec<Value>) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("admission-{name}"));
    fs::write(&file, text).unwrap();
    let arguments = ["import", format, file.to_str().unwrap(), "--nodes", "1"];
    let printed = wit_sim(&arguments.map(ToOwned::to_owned));
    let lines = printed.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (printed, lines)
}

fn class(name: &str, value: i32, of_all: bool) -> Value {
    json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
        "value": value, "globalDefault": of_all, "preemptionPolicy": "Never"})
}

fn deployment(name: &str, class: Option<&str>) -> Value {
    let containers = json!([{"name": "c", "image": "c"}]);
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": containers, "priorityClassName": class}}}})
}

fn pod(name: &str, more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "c", "image": "c"}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec})
}

fn written(objects: &[Value]) -> String {
    objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
}

/// The field of every template, in the order of the trace.
fn of_templates<'a>(lines: &'a [Value], field: &str) -> Vec<&'a Value> {
    let spec =
        |line: &'a Value| line.pointer("/workload/template/spec").or(line.pointer("/pod/template/spec"));
    lines.iter().filter_map(spec).map(|spec| &spec[field]).collect()
}

#[test]
fn priorities_come_from_their_classes() {
    let objects = [
        deployment("a", Some("gold")),
        deployment("b", Some("system-cluster-critical")),
        deployment("c", None),
        deployment("d", Some("unknown")),
        class("gold", 1000, false),
        class("usual", 5, true),
    ];
    for format in ["manifests", "cluster", "kwok"] {
        let (printed, lines) = imported(format, &format!("classes-{format}.yaml"), &written(&objects));
        assert!(printed.succeeded, "{printed:?}");
        let priorities = of_templates(&lines, "priority");
        assert_eq!(priorities, [&json!(1000), &json!(2_000_000_000), &json!(5), &Value::Null], "{format}");
        assert_eq!(of_templates(&lines, "preemptionPolicy")[0], "Never");
        assert!(printed.notes.contains("priorityClassName `unknown`: its value is not known"), "{printed:?}");
        assert!(!printed.notes.contains("PriorityClass\n"), "none is passed over: {printed:?}");
    }
}

#[test]
fn an_export_of_kube_scheduler_simulator_has_priority_classes_too() {
    let export = json!({"nodes": [], "pods": [pod("a", &json!({"priorityClassName": "gold"}))],
        "priorityClasses": [class("gold", 1000, false)]});
    let (_, lines) = imported("kss", "export.json", &export.to_string());
    assert_eq!(of_templates(&lines, "priority"), [&json!(1000)]);
}

#[test]
fn a_class_of_which_nothing_is_told_is_known_by_admitted_pods() {
    let admitted = pod("p", &json!({"priorityClassName": "gold", "priority": 70}));
    let (_, lines) =
        imported("cluster", "admitted.yaml", &written(&[deployment("a", Some("gold")), admitted]));
    assert_eq!(of_templates(&lines, "priority"), [&json!(70), &json!(70)]);
}

#[test]
fn a_gated_pod_comes_when_its_gate_is_open() {
    let gates = json!({"schedulingGates": [{"name": "kueue"}]});
    let line = |second: u8, event: &str, pod: Value| {
        json!({"time": format!("2026-01-01T00:00:{second:02}Z"), "event": event, "resource": pod}).to_string()
    };
    let lines = [
        line(0, "Add", pod("opened", &gates)),
        line(0, "Add", pod("held", &gates)),
        line(9, "Update", pod("opened", &json!({}))),
    ];
    let (printed, lines) = imported("kss", "gates.jsonl", &lines.join("\n"));
    assert!(printed.succeeded, "{printed:?}");
    let pods: Vec<_> = lines.iter().filter(|line| line.get("pod").is_some()).collect();
    let told: Vec<_> = pods.iter().map(|line| (&line["at"], &line["pod"]["pod"])).collect();
    assert_eq!(told, [(&json!(0), &json!("default/held")), (&json!(9000), &json!("default/opened"))]);
}

/// A pod that says by its owner alone whose it is.
fn owned(name: &str, owner: &str) -> Value {
    let mut pod = pod(name, &json!({}));
    let owners = json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": "u", "controller": true}]);
    *pod.pointer_mut("/metadata")
        .and_then(|it| it.as_object_mut())
        .unwrap()
        .entry("ownerReferences")
        .or_insert(Value::Null) = owners;
    pod
}

#[test]
fn pods_of_a_revision_are_those_of_its_deployment() {
    let replica_set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": "web-abc", "ownerReferences":
            [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
        "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "c", "image": "c"}]}}}});
    // As `kubectl get all` prints them, pods come first.
    let objects =
        [owned("web-abc-1", "web-abc"), owned("web-abc-2", "web-abc"), deployment("web", None), replica_set];
    let (printed, lines) = imported("cluster", "revision.yaml", &written(&objects));
    assert!(printed.succeeded, "{printed:?}");
    let workloads: Vec<_> = lines.iter().filter_map(|line| line.get("workload")).collect();
    assert_eq!(workloads.len(), 1, "{workloads:?}");
    assert_eq!(
        (&workloads[0]["workload"], &workloads[0]["listed"]),
        (&json!("default/Deployment/web"), &json!(true))
    );
    let owners: Vec<_> = lines.iter().filter_map(|line| line.pointer("/pod/workload")).collect();
    assert_eq!(owners, ["default/Deployment/web", "default/Deployment/web"]);
}

#[test]
fn nothing_is_no_trace() {
    for (format, text) in
        [("manifests", ""), ("cluster", ""), ("kwok", ""), ("kss", r#"{"nodes":[],"pods":[]}"#)]
    {
        let (printed, _) = imported(format, &format!("nothing-{format}.yaml"), text);
        assert!(!printed.succeeded, "{format}");
        assert!(
            printed.notes.contains("nothing to import: there is no node, workload or pod"),
            "{printed:?}"
        );
    }
}

#[test]
fn an_empty_folder_is_no_trace() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("admission-empty");
    fs::create_dir_all(&folder).unwrap();
    let printed = wit_sim(&["import", "manifests", folder.to_str().unwrap()].map(ToOwned::to_owned));
    assert!(!printed.succeeded);
    assert_eq!(printed.notes, "error: nothing to import: there is no node, workload or pod\n");
}

#[test]
fn a_trace_without_nodes_says_where_they_come_from() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("admission-no-nodes.yaml");
    fs::write(&file, deployment("a", None).to_string()).unwrap();
    let printed = wit_sim(&["import", "manifests", file.to_str().unwrap()].map(ToOwned::to_owned));
    let told = "warning: the trace has no nodes: give them with `wit-sim import … --nodes N`";
    assert!(printed.succeeded && printed.notes.contains(told), "{printed:?}");
}
