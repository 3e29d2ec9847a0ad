//! What admission changes and what it refuses.

use std::collections::BTreeMap;

use super::*;

fn class() -> RuntimeClass {
    RuntimeClass {
        name: "wasm".into(),
        handler: "wasmtime".into(),
        node_selector: labels(&[("kube-wasm/runtime", "wasmtime")]),
        tolerations: vec![toleration(Some("wasm"), None, Some("NoSchedule"))],
        overhead: Resources { cpu_millis: 10, memory_bytes: 25 << 20 },
    }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn toleration(key: Option<&str>, value: Option<&str>, effect: Option<&str>) -> Toleration {
    Toleration { key: key.map(Into::into), value: value.map(Into::into), effect: effect.map(Into::into) }
}

fn wasm_pod() -> PodShape {
    PodShape { runtime_class: Some("wasm".into()), ..PodShape::default() }
}

#[test]
fn a_class_gives_its_overhead_node_selector_and_tolerations() {
    let mut pod = wasm_pod();
    pod.node_selector = labels(&[("zone", "a")]);
    pod.tolerations = vec![toleration(Some("edge"), Some("true"), None)];
    let admitted = apply_admission(&pod, Some(&class())).unwrap();
    assert_eq!(admitted.overhead, class().overhead);
    assert_eq!(admitted.node_selector, labels(&[("kube-wasm/runtime", "wasmtime"), ("zone", "a")]));
    assert_eq!(admitted.tolerations, [pod.tolerations, class().tolerations].concat());
}

#[test]
fn admission_twice_is_admission_once() {
    let once = apply_admission(&wasm_pod(), Some(&class())).unwrap();
    assert_eq!(apply_admission(&once, Some(&class())).unwrap(), once);
}

#[test]
fn a_pod_without_a_class_is_left_alone() {
    let pod = PodShape { node_selector: labels(&[("zone", "a")]), ..PodShape::default() };
    assert_eq!(apply_admission(&pod, None).unwrap(), pod);
    assert_eq!(apply_admission(&pod, Some(&class())).unwrap(), pod);
}

#[test]
fn what_the_api_server_refuses_is_refused() {
    let missing = apply_admission(&wasm_pod(), None).unwrap_err();
    assert_eq!(missing.to_string(), "RuntimeClass \"wasm\" does not exist");

    let mut other_node = wasm_pod();
    other_node.node_selector = labels(&[("kube-wasm/runtime", "spin")]);
    let conflict = apply_admission(&other_node, Some(&class())).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "nodeSelector kube-wasm/runtime=spin conflicts with kube-wasm/runtime=wasmtime of RuntimeClass \"wasm\""
    );

    let mut heavier = wasm_pod();
    heavier.overhead = Resources { cpu_millis: 1, memory_bytes: 1 };
    assert_eq!(apply_admission(&heavier, Some(&class())), Err(AdmissionError::Overhead("wasm".into())));
}

#[test]
fn a_class_without_overhead_leaves_the_pods_own() {
    let mut pod = wasm_pod();
    pod.overhead = Resources { cpu_millis: 1, memory_bytes: 1 };
    let light = RuntimeClass { overhead: Resources::default(), ..class() };
    assert_eq!(apply_admission(&pod, Some(&light)).unwrap().overhead, pod.overhead);
}

#[test]
fn of_tolerations_that_cover_each_other_the_wider_stays() {
    let everything = toleration(None, None, None);
    let key = toleration(Some("a"), None, None);
    let value = toleration(Some("a"), Some("1"), Some("NoSchedule"));
    let other = toleration(Some("b"), Some("1"), None);
    let cases = [
        (vec![key.clone()], vec![value.clone()], vec![key.clone()]),
        (vec![value.clone()], vec![key.clone()], vec![key.clone()]),
        (vec![value.clone(), other.clone()], vec![value.clone()], vec![value.clone(), other.clone()]),
        (vec![value, other.clone(), key.clone()], vec![everything.clone()], vec![everything]),
        (vec![key.clone()], vec![other.clone()], vec![key, other]),
    ];
    for (pod, class, expected) in cases {
        assert_eq!(merge_tolerations(&pod, &class), expected, "{pod:?} {class:?}");
    }
}
