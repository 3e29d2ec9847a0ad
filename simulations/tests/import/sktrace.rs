//! `SimKube`'s traces, encoded as its tracer does.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};
use wit_sim::trace::{Happening, Trace};

use crate::support::{Printed, wit_sim};

#[derive(Clone, Serialize)]
struct Exported {
    version: u16,
    config: Value,
    events: Vec<Value>,
    index: BTreeMap<String, BTreeMap<String, u64>>,
    pod_lifecycles: BTreeMap<(String, String), BTreeMap<u64, Vec<Lifecycle>>>,
}

#[derive(Clone, Serialize)]
enum Lifecycle {
    Empty,
    Running(i64),
    Finished(i64, i64),
}

fn deployment(replicas: u32, image: &str) -> Value {
    let container = json!({"name": "main", "image": image, "env": [{"name": "PASSWORD", "value": "secret"}],
        "resources": {"requests": {"cpu": "250m"}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {}, "template": {
            "metadata": {"labels": {"app": "cart"}},
            "spec": {"containers": [container], "nodeSelector": {"disk": "ssd"}}}}})
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [{"name": "main", "image": "job:1"}]}})
}

fn event(ts: i64, applied: &[Value], deleted: &[Value]) -> Value {
    json!({"ts": ts, "applied_objs": applied, "deleted_objs": deleted})
}

fn exported() -> Exported {
    let owner = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
    Exported {
        version: 2,
        config: json!({"trackedObjects": {}}),
        events: vec![
            event(100, &[deployment(1, "cart:1"), pod("short"), pod("long")], &[]),
            event(110, &[deployment(3, "cart:1")], &[]),
            event(110, &[deployment(3, "cart:1")], &[]),
            event(120, &[deployment(3, "cart:2"), pod("gone")], &[]),
            event(130, &[], &[deployment(3, "cart:2"), pod("gone")]),
        ],
        index: BTreeMap::new(),
        pod_lifecycles: BTreeMap::from([
            (owner("v1.Pod", "shop/short"), BTreeMap::from([(7, vec![Lifecycle::Finished(101, 115)])])),
            (owner("v1.Pod", "shop/long"), BTreeMap::from([(7, vec![Lifecycle::Running(101)])])),
            (
                owner("apps/v1.Deployment", "shop/cart"),
                BTreeMap::from([(u64::MAX, vec![Lifecycle::Empty, Lifecycle::Finished(101, 102)])]),
            ),
        ]),
    }
}

fn imported(name: &str, bytes: &[u8], more: &[&str]) -> Printed {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    let mut arguments = vec!["import".to_owned(), "sktrace".to_owned(), path.to_str().unwrap().to_owned()];
    arguments.extend(more.iter().map(|word| (*word).to_owned()));
    wit_sim(&arguments)
}

/// What happens, each with its time in seconds.
fn happenings(trace: &str) -> Vec<(u64, String)> {
    let told = |happening: &Happening| match happening {
        Happening::Workload(workload) => format!("workload {} × {}", workload.workload, workload.replicas),
        Happening::Scaled(scaled) => format!("scaled {} × {}", scaled.workload, scaled.replicas),
        Happening::WorkloadDeleted(workload) => format!("gone {}", workload.workload),
        Happening::Pod(pod) => format!("pod {}", pod.pod),
        Happening::PodFinished(pod) => format!("finished {}", pod.pod),
        Happening::PodDeleted(pod) => format!("gone {}", pod.pod),
        Happening::Node(node) => format!("node {}", node.metadata.name.as_deref().unwrap_or_default()),
        other => format!("{other:?}"),
    };
    let trace = Trace::read(trace.as_bytes()).unwrap();
    trace.records.iter().map(|record| (record.at / 1000, told(&record.happening))).collect()
}

#[test]
fn changes_become_what_happens_and_repetitions_do_not() {
    let bytes = rmp_serde::to_vec_named(&exported()).unwrap();
    let printed = imported("changes.sktrace", &bytes, &["--nodes", "1"]);
    let expected = [
        (0, "node node-1"),
        (0, "workload shop/Deployment/cart × 1"),
        (0, "pod shop/short"),
        (0, "pod shop/long"),
        (10, "scaled shop/Deployment/cart × 3"),
        (15, "finished shop/short"),
        (20, "workload shop/Deployment/cart × 3"),
        (20, "pod shop/gone"),
        (30, "gone shop/Deployment/cart"),
        (30, "gone shop/gone"),
    ];
    assert_eq!(
        happenings(&printed.out),
        expected.map(|(at, what)| (at, what.to_owned())),
        "{}",
        printed.notes
    );
    assert!(printed.out.contains(r#""nodeSelector":{"disk":"ssd"}"#), "templates keep what decides");
    assert!(!printed.out.contains("secret"), "and nothing else");
    assert!(printed.notes.contains("1 lifecycles of pods that other objects own"), "{}", printed.notes);
}

#[test]
fn every_cut_of_a_trace_is_refused_without_a_line() {
    let bytes = rmp_serde::to_vec_named(&exported()).unwrap();
    for length in (0..bytes.len()).step_by(23) {
        let printed = imported("cut.sktrace", &bytes[..length], &[]);
        assert!(!printed.succeeded && printed.out.is_empty(), "cut at {length}");
    }
}

#[test]
fn another_version_and_objects_that_make_no_sense_are_told() {
    let other = Exported { version: 3, ..exported() };
    let printed = imported("version.sktrace", &rmp_serde::to_vec_named(&other).unwrap(), &[]);
    assert!(printed.notes.contains("version: is 3, expected 2"), "{}", printed.notes);
    let mut wrong = exported();
    let mut deployment = deployment(1, "cart:1");
    deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "much".into();
    wrong.events.insert(0, event(100, &[deployment, json!({"metadata": {"name": "a"}})], &[]));
    wrong.events.push(event(1, &[], &[]));
    let printed = imported("wrong.sktrace", &rmp_serde::to_vec_named(&wrong).unwrap(), &[]);
    for place in ["Deployment shop/cart: spec.template", "events[0].applied_objs[1]: ", "events[6].ts: "] {
        assert!(printed.notes.contains(place), "{}", printed.notes);
    }
}
