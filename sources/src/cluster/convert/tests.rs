//! Pods, nodes and classes: one claim for each rule.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wit_graph::DeclaredLink;
use wit_placement::{NodeName, NodeOperator, NodeRequirement, PodMode, Resources, TaintEffect, Toleration};

use super::*;

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

fn annotations(mode: &str, strict: &str, links: &str) -> Value {
    json!({ MODE_ANNOTATION: mode, STRICT_ANNOTATION: strict, LINKS_ANNOTATION: links })
}

/// A pod `shop/cart-0` with what `fields` says on top.
fn pod_with(fields: &[(&str, Value)]) -> Value {
    let mut pod = json!({
        "metadata": { "name": "cart-0", "namespace": "shop", "uid": "u-1" },
        "spec": { "containers": [{ "name": "cart", "image": "shop/cart:1" }] },
    });
    set(&mut pod, fields);
    pod
}

fn set(object: &mut Value, fields: &[(&str, Value)]) {
    for (path, value) in fields {
        let mut at = &mut *object;
        for key in path.split('|') {
            at = &mut at[key];
        }
        *at = value.clone();
    }
}

fn read_pod(fields: &[(&str, Value)]) -> wit_placement::Pod {
    let converted = pod(&object(pod_with(fields))).unwrap();
    assert_eq!(converted.warnings, []);
    converted.value
}

fn warnings<T>(converted: &Converted<T>) -> Vec<String> {
    converted.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn a_pod_is_what_its_fields_say() {
    let pod = read_pod(&[
        ("spec|runtimeClassName", json!("wasm")),
        ("spec|nodeName", json!("edge-1")),
        ("spec|priority", json!(7)),
        ("spec|overhead", json!({ "memory": "25Mi", "cpu": "5m" })),
        ("spec|nodeSelector", json!({ "zone": "a" })),
        ("spec|initContainers", json!([{ "name": "init", "image": "shop/init:1" }])),
        ("metadata|annotations", annotations("observe", "true", "cart=12.5, mail")),
    ]);
    assert_eq!(pod.key.to_string(), "shop/cart-0");
    assert_eq!(&*pod.uid.0, "u-1");
    assert_eq!(pod.node, Some(NodeName::new("edge-1")));
    assert!(!pod.finished && !pod.gated);
    let shape = &*pod.shape;
    assert_eq!(shape.runtime_class.as_deref(), Some("wasm"));
    assert_eq!(shape.priority, 7);
    assert_eq!(shape.overhead, Resources { cpu_millis: 5, memory_bytes: 25 << 20 });
    assert_eq!(shape.requests, Resources::default(), "overhead is kept apart");
    assert_eq!(shape.node_selector.get("zone").map(String::as_str), Some("a"));
    assert_eq!(shape.images.iter().map(ToString::to_string).collect::<Vec<_>>(), ["shop/cart:1"]);
    assert_eq!((shape.mode, shape.strict), (Some(PodMode::Observe), Some(true)));
    assert_eq!(shape.links, DeclaredLink::list("cart=12.5,mail=1").unwrap());
}

#[test]
fn phases_and_gates_say_whether_a_pod_holds_room() {
    for (phase, finished) in
        [("Pending", false), ("Running", false), ("Unknown", false), ("Succeeded", true), ("Failed", true)]
    {
        assert_eq!(read_pod(&[("status|phase", json!(phase))]).finished, finished, "{phase}");
    }
    assert!(!read_pod(&[("spec|schedulingGates", json!([]))]).gated);
    assert!(read_pod(&[("spec|schedulingGates", json!([{ "name": "wit-placement.dev/plan" }]))]).gated);
    assert_eq!(read_pod(&[("spec|nodeName", json!(""))]).node, None);
}

#[test]
fn a_replica_knows_its_workload() {
    let owner = |kind: &str, name: &str, controller: bool| json!([{ "apiVersion": "v1", "kind": kind, "name": name, "uid": "o", "controller": controller }]);
    let cases = [
        (owner("ReplicaSet", "cart-7d9f", true), Some("7d9f"), "shop/Deployment/cart"),
        (owner("ReplicaSet", "cart-old-7d9f", true), Some("7d9f"), "shop/Deployment/cart-old"),
        (owner("ReplicaSet", "cart-7d9f", true), None, "shop/ReplicaSet/cart-7d9f"),
        (owner("ReplicaSet", "cart", true), Some("7d9f"), "shop/ReplicaSet/cart"),
        (owner("ReplicaSet", "-7d9f", true), Some("7d9f"), "shop/ReplicaSet/-7d9f"),
        (owner("StatefulSet", "cart", true), None, "shop/StatefulSet/cart"),
        (owner("Job", "report-7d9f", true), Some("7d9f"), "shop/Job/report-7d9f"),
        (owner("Node", "edge-1", true), None, "shop/Pod/cart-0"),
        (owner("StatefulSet", "cart", false), None, "shop/Pod/cart-0"),
        (Value::Null, Some("7d9f"), "shop/Pod/cart-0"),
    ];
    for (owners, hash, expected) in cases {
        let labels = hash.map_or(Value::Null, |hash| json!({ "pod-template-hash": hash }));
        let pod = read_pod(&[("metadata|ownerReferences", owners.clone()), ("metadata|labels", labels)]);
        assert_eq!(pod.workload.to_string(), expected, "{owners} {hash:?}");
    }
}

#[test]
fn required_node_affinity_is_read_term_by_term() {
    let affinity = |terms: Value| {
        let path =
            "spec|affinity|nodeAffinity|requiredDuringSchedulingIgnoredDuringExecution|nodeSelectorTerms";
        read_pod(&[(path, terms)]).shape.node_affinity.clone()
    };
    let terms = affinity(json!([
        { "matchExpressions": [
            { "key": "zone", "operator": "In", "values": ["a", "b"] },
            { "key": "gpu", "operator": "DoesNotExist" },
        ]},
        {},
        { "matchFields": [{ "key": "metadata.name", "operator": "NotIn", "values": ["edge-1"] }] },
        { "matchExpressions": [{ "key": "cores", "operator": "Gt", "values": ["4"] }] },
    ]));
    let shown: Vec<Vec<String>> = terms.iter().map(|term| term.iter().map(show).collect()).collect();
    assert_eq!(
        shown,
        [
            vec!["zone In a,b", "gpu DoesNotExist "],
            vec!["field metadata.name NotIn edge-1"],
            vec!["cores Gt 4"]
        ]
    );
    let nowhere = affinity(json!([{}]));
    assert_eq!(nowhere.len(), 1, "terms that match no node are not the same as no terms");
    assert_eq!(show(&nowhere[0][0]), "field metadata.name In ");
    assert!(matches!(nowhere[0][0].operator, NodeOperator::In));
}

fn show(requirement: &NodeRequirement) -> String {
    let field = if requirement.field { "field " } else { "" };
    format!("{field}{} {:?} {}", requirement.key, requirement.operator, requirement.values.join(","))
}

#[test]
fn tolerations_without_a_key_value_or_effect_are_wide() {
    let pod = read_pod(&[(
        "spec|tolerations",
        json!([
            { "operator": "Exists" },
            { "key": "edge", "operator": "Exists", "effect": "NoSchedule" },
            { "key": "edge", "value": "true" },
            { "key": "edge", "operator": "Equal", "effect": "" },
        ]),
    )]);
    let toleration = |key: Option<&str>, value: Option<&str>, effect: Option<&str>| Toleration {
        key: key.map(Into::into),
        value: value.map(Into::into),
        effect: effect.map(Into::into),
    };
    assert_eq!(
        pod.shape.tolerations,
        [
            toleration(None, None, None),
            toleration(Some("edge"), None, Some("NoSchedule")),
            toleration(Some("edge"), Some("true"), None),
            toleration(Some("edge"), Some(""), None),
        ]
    );
}

#[test]
fn what_placement_can_do_without_is_passed_over_with_a_warning() {
    let converted = pod(&object(pod_with(&[
        ("metadata|annotations", annotations("stear", "yes", "cart=-1")),
        ("spec|tolerations", json!([{ "key": "cost", "operator": "Lt", "value": "5" }])),
    ])))
    .unwrap();
    let shape = &converted.value.shape;
    assert_eq!((shape.mode, shape.strict, shape.tolerations.len()), (None, None, 0));
    assert_eq!(
        warnings(&converted),
        [
            "spec.tolerations[0].operator: \"Lt\" is ignored, expected Exists or Equal",
            "metadata.annotations[wit-placement.dev/mode]: \"stear\" is ignored, expected steer, observe or ignore",
            "metadata.annotations[wit-placement.dev/strict]: \"yes\" is ignored, expected true or false",
            "metadata.annotations[wit-placement.dev/links]: \"cart=-1\" is ignored, expected name=weight,… with names of \
             workloads in its namespace and weights of 0 or more",
        ]
    );
}

#[test]
fn everything_that_is_wrong_with_a_pod_is_told_at_once() {
    let path = "spec|affinity|nodeAffinity|requiredDuringSchedulingIgnoredDuringExecution|nodeSelectorTerms";
    let error = pod(&object(pod_with(&[
        (
            "spec|containers",
            json!([{ "name": "a" }, { "name": "b", "image": "b", "resources": { "limits": { "cpu": "8Mb" } } }]),
        ),
        (path, json!([{ "matchExpressions": [{ "key": "zone", "operator": "Is" }] }])),
        ("metadata|uid", Value::Null),
    ])))
    .unwrap_err();
    assert_eq!(error.object.to_string(), "Pod shop/cart-0");
    let fields: Vec<_> = error.problems.iter().map(|problem| problem.field.as_str()).collect();
    let operator = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution\
                    .nodeSelectorTerms[0].matchExpressions[0].operator";
    assert_eq!(
        fields,
        ["metadata.uid", "spec.containers[0].image", "spec.containers[1].resources.limits.cpu", operator]
    );
    let nothing = pod(&object(json!({ "metadata": { "generateName": "cart-" } }))).unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "Pod cart-?: metadata.name: is missing; metadata.uid: is missing; spec: is missing"
    );
}

/// A node `edge-1` with this spec and status.
fn read_node(fields: &[(&str, Value)]) -> Converted<wit_placement::Node> {
    let mut value = json!({ "metadata": { "name": "edge-1", "labels": { "zone": "a" } } });
    set(&mut value, fields);
    node(&object(value)).unwrap()
}

#[test]
fn a_node_offers_what_is_allocatable_or_else_its_capacity() {
    let large = json!({ "cpu": "4", "memory": "8Gi", "pods": "110" });
    let small = json!({ "cpu": "3500m", "memory": "7Gi", "pods": "100" });
    let shown = |fields: &[(&str, Value)]| {
        let offer = read_node(fields).value.allocatable;
        (offer.resources.cpu_millis, offer.resources.memory_bytes >> 30, offer.pods)
    };
    let both = [("status|capacity", large.clone()), ("status|allocatable", small)];
    assert_eq!(shown(&both), (3500, 7, 100));
    assert_eq!(shown(&[("status|capacity", large.clone())]), (4000, 8, 110));
    assert_eq!(shown(&[("status|capacity", large), ("status|allocatable", json!({}))]), (4000, 8, 110));
    assert_eq!(shown(&[]), (0, 0, 0));
}

#[test]
fn an_empty_list_of_handlers_says_nothing() {
    let handlers = |list: Value| read_node(&[("status|runtimeHandlers", list)]).value.runtime_handlers;
    assert_eq!(handlers(Value::Null), None);
    assert_eq!(handlers(json!([])), None);
    let named = handlers(json!([{ "name": "" }, { "name": "wasmtime" }, { "features": {} }]));
    assert_eq!(named, Some(BTreeSet::from(["wasmtime".to_owned()])));
    assert_eq!(handlers(json!([{ "name": "" }])), Some(BTreeSet::new()), "only the default handler");
}

#[test]
fn a_node_holds_images_by_all_their_names() {
    let list =
        json!([{ "names": ["shop/cart:1", "shop/cart@sha256:0"], "sizeBytes": 1024 }, { "names": null }]);
    let images = read_node(&[("status|images", list)]).value.images;
    let names: Vec<_> = images[0].names.iter().map(ToString::to_string).collect();
    assert_eq!(
        (names, images[0].size_bytes),
        (vec!["shop/cart:1".into(), "shop/cart@sha256:0".into()], 1024)
    );
    assert_eq!((images[1].names.len(), images[1].size_bytes), (0, 0));
}

#[test]
fn taints_and_cordons_are_read() {
    let node = read_node(&[
        ("spec|unschedulable", json!(true)),
        (
            "spec|taints",
            json!([
                { "key": "edge", "effect": "NoSchedule" },
                { "key": "edge", "value": "x", "effect": "PreferNoSchedule" },
                { "key": "gone", "effect": "NoExecute" },
            ]),
        ),
    ]);
    let taints = node.value.taints.iter().map(|taint| (taint.value.as_str(), taint.effect));
    let expected =
        [("", TaintEffect::NoSchedule), ("x", TaintEffect::PreferNoSchedule), ("", TaintEffect::NoExecute)];
    assert_eq!(taints.collect::<Vec<_>>(), expected);
    assert!(node.value.unschedulable);
}

#[test]
fn the_instance_cap_is_a_number_or_a_warning() {
    let annotated =
        |text: &str| read_node(&[("metadata|annotations", json!({ INSTANCES_ANNOTATION: text }))]);
    assert_eq!(annotated("20").value.instance_cap, Some(20));
    let lots = annotated("lots");
    assert_eq!(lots.value.instance_cap, None);
    assert_eq!(
        warnings(&lots),
        [
            "metadata.annotations[wit-placement.dev/instances]: \"lots\" is ignored, expected a whole number of instances"
        ]
    );
}

#[test]
fn everything_that_is_wrong_with_a_node_is_told_at_once() {
    let error = node(&object(json!({
        "metadata": { "name": "edge-1" },
        "spec": { "taints": [{ "key": "a", "effect": "Sometimes" }] },
        "status": { "allocatable": { "cpu": "four", "memory": "-1Gi", "pods": "110" } },
    })))
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Node edge-1: status.allocatable.cpu: \"four\" is not a quantity: it has no number; \
         status.allocatable.memory: \"-1Gi\" is negative; \
         spec.taints[0].effect: \"Sometimes\" is none of NoSchedule, PreferNoSchedule or NoExecute"
    );
}

#[test]
fn a_class_is_its_handler_and_what_admission_takes_from_it() {
    let class = runtime_class(&object(json!({
        "metadata": { "name": "wasm" },
        "handler": "wasmtime",
        "overhead": { "podFixed": { "memory": "25Mi" } },
        "scheduling": {
            "nodeSelector": { "kube-wasm/runtime": "wasmtime" },
            "tolerations": [{ "key": "wasm", "operator": "Exists" }],
        },
    })))
    .unwrap()
    .value;
    assert_eq!((class.name.as_str(), class.handler.as_str()), ("wasm", "wasmtime"));
    assert_eq!(class.overhead, Resources { cpu_millis: 0, memory_bytes: 25 << 20 });
    assert_eq!(class.node_selector.get("kube-wasm/runtime").map(String::as_str), Some("wasmtime"));
    assert_eq!(class.tolerations.len(), 1);
    let error = runtime_class(&object(json!({ "metadata": { "name": "wasm" }, "handler": "" }))).unwrap_err();
    assert_eq!(error.to_string(), "RuntimeClass wasm: handler: is missing");
}
