//! What commands say beside the numbers: what shims take, that nothing is Wasm, who was evicted, which file is wrong.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{folder, wit_sim};

fn written(folder: &Path, records: &[Value]) {
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "said"});
    let lines: Vec<_> = std::iter::once(&header).chain(records).map(Value::to_string).collect();
    fs::write(folder.join("trace.jsonl"), lines.join("\n")).unwrap();
}

fn node(labels: &Value, handlers: &Value) -> Value {
    let status =
        json!({"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "9"}, "runtimeHandlers": handlers});
    json!({"at": 0, "node": {"metadata": {"name": "n1", "labels": labels}, "status": status}})
}

fn pod(at: u64, name: &str, priority: i32) -> Value {
    let container = json!({"name": "c", "image": "c", "resources": {"requests": {"cpu": "2"}}});
    let template = json!({"spec": {"containers": [container], "priority": priority}});
    json!({"at": at, "pod": {"pod": format!("default/{name}"), "template": template}})
}

#[test]
fn what_shims_take_is_named_with_its_host_profile() {
    let folder = folder("said-shims");
    let class = json!({"at": 0, "runtimeClass": {"metadata": {"name": "wasm"}, "handler": "wasmtime"}});
    let node = node(&json!({"kube-wasm/runtime": "wasmtime"}), &json!([{"name": "wasmtime"}]));
    written(&folder, &[class, node, pod(0, "a", 0)]);
    let printed = wit_sim(&folder, &["replay", "FILES/trace.jsonl"]);
    let overhead = printed.out.lines().find(|line| line.starts_with("overhead: ")).unwrap_or_default();
    let told = "RuntimeClass wasm: 0m CPU and 0 MiB a pod, and ";
    assert!(overhead.contains(told), "{}", printed.out);
    assert!(overhead.contains(" MiB a pod for the shim of the host profile "), "{overhead}");
    assert!(overhead.ends_with("; kube-scheduler does not count shims"), "{overhead}");
}

#[test]
fn a_trace_without_wasm_says_that_there_is_nothing_to_do() {
    let folder = folder("said-no-wasm");
    written(&folder, &[node(&json!({}), &json!([])), pod(0, "a", 0)]);
    let alone =
        |command: &[&str]| wit_sim(&folder, command).out.contains("wit-placement leaves every pod alone");
    assert!(alone(&["replay", "FILES/trace.jsonl"]));
    assert!(alone(&["compare", "FILES/trace.jsonl", "default", "wit", "--seeds", "1"]));
    assert!(!alone(&["replay", "FILES/trace.jsonl", "--strategy", "default"]), "nobody is asked");
    assert!(!alone(&["replay", "FILES/trace.jsonl", "--runtime", "wasm"]), "all are Wasm");
}

#[test]
fn a_pod_says_who_was_evicted_for_it() {
    let folder = folder("said-evicted");
    written(&folder, &[node(&json!({}), &json!([])), pod(0, "low", 0), pod(1000, "high", 10)]);
    let run = wit_sim(&folder, &["replay", "FILES/trace.jsonl", "--strategy", "default", "--output", "json"]);
    fs::write(folder.join("run.json"), run.out).unwrap();
    let printed = wit_sim(&folder, &["explain", "FILES/run.json", "high"]);
    assert!(printed.out.contains("bound to n1"), "{}", printed.out);
    assert!(printed.out.contains("evicted for it on n1: default/low"), "{}", printed.out);
}

#[test]
fn errors_name_what_is_wrong() {
    let folder = folder("said-errors");
    written(&folder, &[node(&json!({}), &json!([])), pod(0, "a", 0)]);
    fs::write(folder.join("placement.json"), r#"{"n9":["a"]}"#).unwrap();
    let printed = wit_sim(&folder, &["evaluate", "FILES/trace.jsonl", "--placement", "FILES/placement.json"]);
    assert!(printed.notes.contains("placement.json: there is no node `n9`"), "{}", printed.notes);
    let printed = wit_sim(&folder, &["replay", "FILES/trace.jsonl", "--via-http", "127.0.0.1:1/v1"]);
    let told = "--via-http 127.0.0.1:1/v1: begins with neither http:// nor https://";
    assert!(printed.notes.contains(told), "{}", printed.notes);
}
