//! Folders of manifests and what is read from them: `manifests/CASE/folder` beside `manifests/CASE/expected.json`.
//! `BLESS=1` writes what is read as what is expected.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wit_placement::{Node, Pod, PodShape, Resources, RuntimeClass, Toleration, Workload};
use wit_sources::cluster::manifests::Manifests;

#[test]
fn every_folder_is_read_as_expected() {
    let mut cases: Vec<PathBuf> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 6, "the cases are not there");
    let different: Vec<_> = cases.iter().filter_map(|case| difference(case).unwrap()).collect();
    assert!(different.is_empty(), "{}\nBLESS=1 takes these over", different.join("\n"));
}

/// What is read where it is not what is expected.
fn difference(case: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let read = describe(&Manifests::read(&case.join("folder"))?);
    let text = serde_json::to_string_pretty(&read)? + "\n";
    let file = case.join("expected.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &text)?;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    Ok((text != expected).then(|| format!("{} is read as\n{text}", case.display())))
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let error = Manifests::read(Path::new("no/such/folder")).unwrap_err();
    assert_eq!(error.to_string(), "manifests no/such/folder cannot be read");
}

#[test]
fn a_file_that_is_no_text_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(folder.path().join("b.yaml"), "{apiVersion: v1, kind: Node, metadata: {name: edge-1}}")
        .unwrap();
    let manifests = Manifests::read(folder.path()).unwrap();
    assert_eq!(manifests.nodes.len(), 1);
    assert_eq!(manifests.problems.len(), 1);
    assert!(manifests.problems[0].to_string().starts_with("a.yaml: "), "{}", manifests.problems[0]);
}

fn describe(manifests: &Manifests) -> Value {
    json!({
        "nodes": manifests.nodes.iter().map(node).collect::<Vec<_>>(),
        "runtimeClasses": manifests.runtime_classes.iter().map(class).collect::<Vec<_>>(),
        "workloads": manifests.workloads.iter().map(workload).collect::<Vec<_>>(),
        "pods": manifests.pods.iter().map(pod).collect::<Vec<_>>(),
        "problems": manifests.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ignored": manifests.ignored,
    })
}

fn node(node: &Node) -> Value {
    json!({
        "name": node.name,
        "labels": node.labels,
        "allocatable": format!("{}, {} pods", resources(node.allocatable.resources), node.allocatable.pods),
        "runtimeHandlers": node.runtime_handlers,
        "instanceCap": node.instance_cap,
        "taints": node.taints.iter().map(|taint| format!("{}={}:{:?}", taint.key, taint.value, taint.effect)).collect::<Vec<_>>(),
        "unschedulable": node.unschedulable,
    })
}

fn class(class: &RuntimeClass) -> Value {
    json!({
        "name": class.name,
        "handler": class.handler,
        "nodeSelector": class.node_selector,
        "tolerations": tolerations(&class.tolerations),
        "overhead": resources(class.overhead),
    })
}

fn workload(workload: &Workload) -> Value {
    json!({ "key": workload.key.to_string(), "replicas": workload.replicas, "shape": shape(&workload.shape) })
}

fn pod(pod: &Pod) -> Value {
    json!({
        "key": pod.key.to_string(),
        "uid": pod.uid,
        "workload": pod.workload.to_string(),
        "node": pod.node,
        "finished": pod.finished,
        "gated": pod.gated,
        "shape": shape(&pod.shape),
    })
}

fn shape(shape: &PodShape) -> Value {
    json!({
        "runtimeClass": shape.runtime_class,
        "images": shape.images,
        "requests": resources(shape.requests),
        "overhead": resources(shape.overhead),
        "nodeSelector": shape.node_selector,
        "tolerations": tolerations(&shape.tolerations),
        "mode": shape.mode,
        "strict": shape.strict,
    })
}

fn tolerations(tolerations: &[Toleration]) -> Vec<String> {
    let show = |text: &Option<String>| text.clone().unwrap_or_else(|| "*".to_owned());
    let line = |toleration: &Toleration| {
        format!("{}={}:{}", show(&toleration.key), show(&toleration.value), show(&toleration.effect))
    };
    tolerations.iter().map(line).collect()
}

fn resources(resources: Resources) -> String {
    format!("{}m, {} bytes", resources.cpu_millis, resources.memory_bytes)
}
