//! What becomes of events, without a cluster.

use serde_json::{Value, json};

use super::*;
use crate::trace::{Header, RECORD, Source};

const IMAGE: &str = "registry.acme.example/bakery/oven:3";

fn object(kind: &str, name: &str, fields: &Value) -> DynamicObject {
    let api_version = match kind {
        "Deployment" => "apps/v1",
        "RuntimeClass" => "node.k8s.io/v1",
        _ => "v1",
    };
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "uid": name}});
    if ["Deployment", "Pod"].contains(&kind) {
        object["metadata"]["namespace"] = "bakery".into();
    }
    for (key, value) in fields.as_object().unwrap() {
        match (key.as_str(), value) {
            ("metadata", Value::Object(more)) => {
                object["metadata"].as_object_mut().unwrap().extend(more.clone());
            }
            _ => object[key] = value.clone(),
        }
    }
    serde_json::from_value(object).unwrap()
}

fn node(name: &str) -> DynamicObject {
    let labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/arch": "arm64", "rack": "basement"});
    let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "110"});
    let fields = json!({"metadata": {"labels": labels}, "status": {"allocatable": allocatable}});
    object("Node", name, &fields)
}

fn deployment(name: &str, replicas: u32, links: &str) -> DynamicObject {
    let template = json!({
        "metadata": {"labels": {"app": name}, "annotations": {"wit-placement.dev/links": links}},
        "spec": {"containers": [{"name": name, "image": IMAGE}], "nodeSelector": {"rack": "basement"}},
    });
    let spec =
        json!({"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template});
    object("Deployment", name, &json!({"spec": spec}))
}

fn pod(name: &str, owner: &str, node: Option<&str>) -> DynamicObject {
    let set = format!("{owner}-abc");
    let owners =
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": "s", "controller": true}]);
    let labels = json!({"app": owner, "pod-template-hash": "abc"});
    let spec = json!({"nodeName": node, "containers": [{"name": owner, "image": IMAGE}],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "rack", "labelSelector": {"matchLabels": {"app": owner}}}]}}});
    object("Pod", name, &json!({"metadata": {"labels": labels, "ownerReferences": owners}, "spec": spec}))
}

/// Every kind is listed, with these objects.
fn list(recorder: &mut Recorder, now: u64, objects: &[DynamicObject]) -> Vec<String> {
    let mut said = Vec::new();
    // Pods first: in which order lists end is not for the watches to say.
    for kind in KINDS.iter().rev() {
        said.extend(recorder.told(now, kind, Event::Init));
        for object in objects.iter().filter(|it| it.types.as_ref().is_some_and(|types| types.kind == *kind)) {
            said.extend(recorder.told(now, kind, Event::InitApply(object.clone())));
        }
        said.extend(recorder.told(now, kind, Event::InitDone));
    }
    said
}

fn shown(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| {
        let value = serde_json::to_value(record).unwrap();
        let fields = value.as_object().unwrap();
        let (what, value) = fields.iter().find(|(key, _)| *key != "at").unwrap();
        let name = ["/metadata/name", "/pod", "/workload", "/node"]
            .iter()
            .find_map(|path| value.pointer(path))
            .and_then(Value::as_str)
            .unwrap();
        let more = match what.as_str() {
            "pod" => value.get("node").and_then(Value::as_str).map(|node| format!(" on {node}")),
            "scaled" | "workload" => Some(format!(" x{}", value["replicas"])),
            _ => None,
        };
        format!("{} {what} {name}{}", record.at, more.unwrap_or_default())
    };
    records.iter().map(text).collect()
}

fn cluster() -> Vec<DynamicObject> {
    vec![
        pod("oven-abc-1", "oven", Some("attic")),
        node("attic"),
        deployment("oven", 2, "till=3"),
        deployment("till", 0, ""),
        pod("oven-abc-2", "oven", None),
    ]
}

/// A trace of these records.
fn trace(records: Vec<Record>) -> Trace {
    let source = Source { format: RECORD.to_owned(), name: "cluster".to_owned(), sha256: None };
    let trace = Trace { header: Header::new("recording", vec![source]), records, unfinished: None };
    let mut bytes = Vec::new();
    trace.write(&mut bytes).unwrap();
    let read = Trace::read(bytes.as_slice()).unwrap();
    read.load().unwrap();
    read
}

#[test]
fn what_is_there_happens_at_the_beginning_and_changes_when_they_come() {
    let mut recorder = Recorder::default();
    assert_eq!(list(&mut recorder, 700, &cluster()), [""; 0]);
    recorder.told(950, "Pod", Event::Apply(pod("oven-abc-2", "oven", Some("attic"))));
    recorder.told(1000, "Deployment", Event::Apply(deployment("till", 1, "")));
    recorder.told(1300, "Pod", Event::Apply(pod("till-abc-1", "till", None)));
    recorder.told(1700, "Pod", Event::Delete(pod("oven-abc-1", "oven", Some("attic"))));
    recorder.told(1700, "Node", Event::Apply(node("attic")));
    let records = recorder.take();
    assert_eq!(
        shown(&records),
        [
            "0 node attic",
            "0 workload bakery/Deployment/oven x2",
            "0 workload bakery/Deployment/till x0",
            "0 pod bakery/oven-abc-1 on attic",
            "0 pod bakery/oven-abc-2",
            "300 scaled bakery/Deployment/till x1",
            "600 pod bakery/till-abc-1",
            "1000 podDeleted bakery/oven-abc-1",
        ]
    );
    assert_eq!(recorder.take(), []);
    trace(records);
}

#[test]
fn nothing_is_recorded_before_every_kind_was_listed() {
    let mut recorder = Recorder::default();
    recorder.told(5, "Node", Event::Init);
    recorder.told(5, "Node", Event::InitApply(node("attic")));
    recorder.told(5, "Node", Event::InitDone);
    assert!(!recorder.is_complete() && recorder.take().is_empty());
}

#[test]
fn what_vanished_while_a_watch_was_interrupted_is_gone_and_a_pod_made_again_is_another() {
    let mut recorder = Recorder::default();
    list(&mut recorder, 0, &cluster());
    recorder.take();
    let mut again = pod("oven-abc-2", "oven", None);
    again.metadata.uid = Some("another".to_owned());
    recorder.told(50, "Pod", Event::Init);
    recorder.told(50, "Pod", Event::InitApply(again));
    recorder.told(50, "Pod", Event::InitDone);
    let expected =
        ["50 podDeleted bakery/oven-abc-2", "50 pod bakery/oven-abc-2", "50 podDeleted bakery/oven-abc-1"];
    assert_eq!(shown(&recorder.take()), expected);
}

#[test]
fn a_gated_pod_arrives_when_its_last_gate_is_gone() {
    let mut recorder = Recorder::default();
    list(&mut recorder, 0, &cluster());
    recorder.take();
    let mut gated = pod("oven-abc-3", "oven", None);
    gated.data["spec"]["schedulingGates"] = json!([{"name": "wit-placement.dev/plan"}]);
    recorder.told(10, "Pod", Event::Apply(gated));
    assert_eq!(recorder.take(), []);
    recorder.told(90, "Pod", Event::Apply(pod("oven-abc-3", "oven", None)));
    assert_eq!(shown(&recorder.take()), ["90 pod bakery/oven-abc-3"]);
}

#[test]
fn an_owner_of_which_only_pods_tell_grows_with_them() {
    let mut recorder = Recorder::default();
    list(&mut recorder, 0, &[node("attic"), pod("mill-abc-1", "mill", None)]);
    let mut records = recorder.take();
    recorder.told(10, "Pod", Event::Apply(pod("mill-abc-2", "mill", Some("not-yet-told"))));
    records.extend(recorder.take());
    recorder.told(20, "Deployment", Event::Apply(deployment("mill", 5, "")));
    records.extend(recorder.take());
    let expected = [
        "0 workload bakery/Deployment/mill x1",
        "0 node attic",
        "0 pod bakery/mill-abc-1",
        "10 pod bakery/mill-abc-2",
        "10 scaled bakery/Deployment/mill x2",
        "20 workload bakery/Deployment/mill x5",
    ];
    assert_eq!(shown(&records), expected);
    trace(records);
}

#[test]
fn an_object_that_cannot_be_read_is_told_of_once() {
    let mut recorder = Recorder::default();
    list(&mut recorder, 0, &cluster());
    let mut wrong = pod("oven-abc-9", "oven", None);
    wrong.data["spec"]["containers"][0]["resources"] = json!({"requests": {"memory": "8Mb"}});
    let said = recorder.told(5, "Pod", Event::Apply(wrong.clone()));
    assert!(said.len() == 1 && said[0].contains("bakery/oven-abc-9"), "{said:?}");
    assert_eq!(recorder.told(6, "Pod", Event::Apply(wrong)), [""; 0]);
}

#[test]
fn going_on_records_the_difference_and_later_times() {
    for names in [None, Some(Names::new("salt", []))] {
        let mut recorder = Recorder::new(names.clone());
        list(&mut recorder, 0, &cluster());
        recorder.told(40, "Deployment", Event::Apply(deployment("till", 1, "")));
        let mut before = trace(recorder.take());
        let mut now = cluster();
        now[3] = deployment("till", 1, "");
        let mut unchanged = Recorder::after(&before, names.clone());
        list(&mut unchanged, 9, &now);
        assert_eq!(unchanged.take(), [], "{names:?}");
        let mut changed = Recorder::after(&before, names.clone());
        now.pop();
        now.push(node("cellar"));
        list(&mut changed, 9, &now);
        changed.told(12, "Node", Event::Delete(node("attic")));
        let records = changed.take();
        let whats: Vec<_> = records.iter().map(|it| it.at).collect();
        assert_eq!(whats, [41, 41, 44], "a node, a pod that is gone, a node that is gone: {records:?}");
        before.records.extend(records);
        trace(before.records);
    }
}

#[test]
fn hashed_names_leave_no_name_and_still_match() {
    let names = Names::new("salt", []);
    let mut recorder = Recorder::new(Some(names.clone()));
    list(&mut recorder, 0, &cluster());
    recorder.told(10, "Pod", Event::Delete(pod("oven-abc-1", "oven", None)));
    let mut plain = Recorder::default();
    list(&mut plain, 0, &cluster());
    plain.told(10, "Pod", Event::Delete(pod("oven-abc-1", "oven", None)));
    let (records, plain) = (recorder.take(), plain.take());
    let text =
        records.iter().map(|record| serde_json::to_string(record).unwrap()).collect::<Vec<_>>().join("\n");
    for name in ["oven", "till", "attic", "basement", "bakery", "acme", "registry"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    let links = format!(r#""wit-placement.dev/links":"{}=3""#, names.hashed("till"));
    let provider = format!("{}/Deployment/{}", names.hashed("bakery"), names.hashed("till"));
    assert!(text.contains(&links) && text.contains(&provider), "{text}");
    assert!(text.contains(r#""kubernetes.io/arch":"arm64""#), "{text}");
    assert_eq!(records.len(), plain.len());
    let (hashed, plain) = (trace(records).load().unwrap(), trace(plain).load().unwrap());
    assert_eq!(hashed.steps.len(), plain.steps.len());
    let other = Names::new("another salt", ["rack".to_owned()]);
    assert_ne!(other.hashed("till"), names.hashed("till"));
    let mut kept = Recorder::new(Some(other));
    list(&mut kept, 0, &cluster());
    assert!(kept.take().iter().any(|it| serde_json::to_string(it).unwrap().contains(r#""rack":"basement""#)));
}
