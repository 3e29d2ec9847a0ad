//! What is told, event by event.

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::Pod;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{pod, show_all};

fn object<K: DeserializeOwned + Resource>(value: Value) -> DeserializeGuard<K> {
    serde_json::from_value(value).unwrap()
}

fn malformed(name: &str) -> DeserializeGuard<Pod> {
    let mut pod = pod(name);
    pod["spec"]["containers"] = json!("none");
    object(pod)
}

fn told<K: Watched>(changes: &mut Changes<K>, events: Vec<Event<DeserializeGuard<K>>>) -> Vec<String> {
    events.into_iter().flat_map(|event| show_all(&changes.apply(event))).collect()
}

#[test]
fn what_becomes_unreadable_keeps_what_was_told_of_it() {
    let mut changes = Changes::<Pod>::default();
    assert_eq!(told(&mut changes, vec![Event::Apply(object(pod("a")))]), ["pod shop/a"]);
    let again = vec![Event::Init, Event::InitApply(malformed("a")), Event::InitDone];
    let messages = told(&mut changes, again);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].starts_with("warning Pod shop/a: "), "{messages:?}");
    assert_eq!(told(&mut changes, vec![Event::Delete(malformed("a"))]), ["gone pod u-a"]);
}

#[test]
fn what_was_never_told_is_never_told_to_be_gone() {
    let mut changes = Changes::<Pod>::default();
    told(&mut changes, vec![Event::Init, Event::InitApply(malformed("a")), Event::InitDone]);
    assert!(told(&mut changes, vec![Event::Init, Event::InitDone]).is_empty());
    assert!(told(&mut changes, vec![Event::Delete(object(pod("b")))]).is_empty());
}

#[test]
fn a_list_that_is_begun_anew_counts_from_the_beginning() {
    let mut changes = Changes::<Pod>::default();
    told(&mut changes, vec![Event::Apply(object(pod("a"))), Event::Apply(object(pod("b")))]);
    let broken = vec![Event::Init, Event::InitApply(object(pod("a")))];
    let whole = vec![Event::Init, Event::InitApply(object(pod("b"))), Event::InitDone];
    assert_eq!(told(&mut changes, [broken, whole].concat()), ["pod shop/a", "pod shop/b", "gone pod u-a"]);
}

#[test]
fn the_same_complaint_is_made_once() {
    let mut changes = Changes::<Pod>::default();
    let misspelt = |mode: &str| {
        let mut pod = pod("a");
        pod["metadata"]["annotations"] = json!({ "wit-placement.dev/mode": mode });
        Event::Apply(object(pod))
    };
    let modes = ["stear", "stear", "ignroe", "steer", "stear"].map(misspelt);
    let messages = told(&mut changes, modes.to_vec());
    let warnings = messages.iter().filter(|message| message.starts_with("warning"));
    assert_eq!(warnings.count(), 3, "{messages:#?}");
    assert_eq!(
        messages.iter().filter(|message| *message == "pod shop/a").count(),
        5,
        "it is told all the same"
    );
}

#[test]
fn a_replica_set_that_a_deployment_adopts_is_no_workload_any_more() {
    let mut changes = Changes::<ReplicaSet>::default();
    let replica_set = |owner: &str| {
        object(json!({
            "metadata": { "name": "cart-1", "namespace": "shop", "ownerReferences": [
                { "apiVersion": "apps/v1", "kind": owner, "name": "cart", "uid": "o", "controller": true },
            ]},
            "spec": { "selector": {}, "template": { "spec": { "containers": [] } } },
        }))
    };
    let events = ["Rollout", "Deployment", "Deployment"].map(|owner| Event::Apply(replica_set(owner)));
    let expected = ["workload shop/ReplicaSet/cart-1 x1", "gone workload shop/ReplicaSet/cart-1"];
    assert_eq!(told(&mut changes, events.to_vec()), expected);
}

#[test]
fn an_object_without_a_key_is_complained_about() {
    let mut changes = Changes::<Pod>::default();
    let messages = told(&mut changes, vec![Event::Apply(object(json!({ "spec": { "containers": [] } })))]);
    assert_eq!(messages, ["warning Pod ?: metadata: has no name, namespace or UID"]);
}
