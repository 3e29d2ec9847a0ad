//! Watches against a fake API server, by scenario. The clock is virtual: pauses between attempts take no time.

use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{Instant, timeout};

use super::*;
use crate::cluster::fake::{Answer, COLLECTIONS, FakeApi, event, listed, pod, show};

const PODS: &str = "/api/v1/pods";

/// Everything that is told until it is quiet for ten minutes.
async fn told(receiver: &mut Receiver<ClusterMessage>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Ok(Some(message)) = timeout(Duration::from_secs(600), receiver.recv()).await {
        messages.push(show(&message));
    }
    messages
}

async fn told_by(api: &FakeApi, options: &Options) -> Vec<String> {
    let (sender, mut receiver) = channel(16);
    let _handle = watch(api.client(), options, sender);
    told(&mut receiver).await
}

fn count(messages: &[String], message: &str) -> usize {
    messages.iter().filter(|other| *other == message).count()
}

#[tokio::test(start_paused = true)]
async fn an_empty_cluster_is_in_sync_once() {
    assert_eq!(told_by(&FakeApi::empty(), &Options::default()).await, ["synced"]);
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_told() {
    let api = FakeApi::empty();
    let template = json!({ "spec": { "containers": [{ "name": "main", "image": "shop/cart:1" }] } });
    let workload = |kind: &str, group: &str| {
        json!({
            "apiVersion": format!("{group}/v1"), "kind": kind,
            "metadata": { "name": "cart", "namespace": "shop", "resourceVersion": "11" },
            "spec": { "selector": {}, "serviceName": "", "template": template },
        })
    };
    let named = |name: &str| json!({ "name": name, "resourceVersion": "11" });
    let objects = [
        ("/api/v1/nodes", json!({ "apiVersion": "v1", "kind": "Node", "metadata": named("edge-1") })),
        (
            "/apis/node.k8s.io/v1/runtimeclasses",
            json!({ "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": named("wasm"), "handler": "wasmtime" }),
        ),
        ("/apis/apps/v1/deployments", workload("Deployment", "apps")),
        ("/apis/apps/v1/statefulsets", workload("StatefulSet", "apps")),
        ("/apis/apps/v1/daemonsets", workload("DaemonSet", "apps")),
        ("/apis/apps/v1/replicasets", workload("ReplicaSet", "apps")),
        ("/apis/batch/v1/jobs", workload("Job", "batch")),
        (PODS, pod("cart-0")),
    ];
    for (path, object) in &objects {
        api.on(path, [Answer::Watch(vec![event("ADDED", object), listed()])]);
    }
    let mut messages = told_by(&api, &Options::default()).await;
    assert_eq!(messages.pop().as_deref(), Some("synced"), "after everything that was there");
    messages.sort();
    let workloads = ["DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"];
    let mut expected = vec!["class wasm".to_owned(), "node edge-1".into(), "pod shop/cart-0".into()];
    expected.extend(workloads.map(|kind| format!("workload shop/{kind}/cart x1")));
    assert_eq!(messages, expected);
}

#[tokio::test(start_paused = true)]
async fn a_malformed_object_is_skipped_with_a_warning_that_names_it() {
    let api = FakeApi::empty();
    let mut malformed = pod("bad");
    malformed["spec"]["containers"] = json!("none");
    let mut wrong = pod("wrong");
    wrong["spec"]["containers"][0]["resources"] = json!({ "requests": { "memory": "8Mb" } });
    let events = [&malformed, &wrong, &pod("good")].map(|object| event("ADDED", object));
    api.on(PODS, [Answer::Watch([events.to_vec(), vec![listed()]].concat())]);
    let messages = told_by(&api, &Options::default()).await;
    assert_eq!(messages.len(), 4, "{messages:#?}");
    assert!(messages[0].starts_with("warning Pod shop/bad: "), "{messages:#?}");
    assert!(
        messages[1]
            .starts_with("warning Pod shop/wrong: spec.containers[0].resources.requests.memory: \"8Mb\"")
    );
    assert_eq!(messages[2..], ["pod shop/good", "synced"]);
}

#[tokio::test(start_paused = true)]
async fn what_vanished_while_the_watch_was_broken_is_told_to_be_gone() {
    let api = FakeApi::empty();
    let added = |name: &str| event("ADDED", &pod(name));
    let expired = json!({ "kind": "Status", "status": "Failure", "code": 410, "reason": "Expired", "message": "too old" });
    api.on(
        PODS,
        [
            Answer::Watch(vec![added("a"), added("b"), listed()]),
            Answer::Watch(vec![added("c"), event("DELETED", &pod("a")), event("ERROR", &expired)]),
            Answer::Watch(vec![added("b"), listed()]),
        ],
    );
    let messages = told_by(&api, &Options::default()).await;
    let pods: Vec<_> = messages.iter().filter(|message| *message != "synced").collect();
    assert_eq!(
        pods,
        ["pod shop/a", "pod shop/b", "pod shop/c", "gone pod u-a", "pod shop/b", "gone pod u-c"]
    );
    assert_eq!(count(&messages, "synced"), 1, "the second list is no second start");
}

#[tokio::test(start_paused = true)]
async fn lists_are_read_in_pages_where_the_server_does_not_stream_them() {
    let refused =
        Answer::status(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden");
    let page = |items: &[Value], next: &str| {
        let metadata = json!({ "resourceVersion": "10", "continue": next });
        Answer::Json(200, json!({ "apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items }))
    };
    let api = FakeApi::empty();
    for path in COLLECTIONS {
        api.on(path, [refused.clone(), page(&[], "")]);
    }
    api.on(PODS, [refused, page(&[pod("a")], "more"), page(&[pod("b")], "")]);
    let messages = told_by(&api, &Options::default()).await;
    assert_eq!(messages, ["pod shop/a", "pod shop/b", "synced"]);
    let pages =
        api.requests().into_iter().filter(|request| request.starts_with("GET /api/v1/pods?&limit=500"));
    assert_eq!(pages.count(), 2, "{:#?}", api.requests());
}

#[tokio::test(start_paused = true)]
async fn pages_can_be_asked_for() {
    let api = FakeApi::default();
    let options = Options { paged_lists: true, ..Options::default() };
    told_by(&api, &options).await;
    let requests = api.requests();
    assert_eq!(requests.len(), COLLECTIONS.len());
    assert!(requests.iter().all(|request| !request.contains("watch")), "{requests:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_list_a_kind_the_start_never_ends_and_warnings_say_why() {
    let api = FakeApi::empty();
    let forbidden = Answer::status(403, "Forbidden", "jobs.batch is forbidden");
    api.on("/apis/batch/v1/jobs", [forbidden.clone(), forbidden]);
    let messages = told_by(&api, &Options::default()).await;
    assert_eq!(count(&messages, "synced"), 0);
    assert_eq!(messages.len(), 2, "{messages:#?}");
    let why = |message: &String| {
        message.starts_with("warning watch of jobs: ") && message.contains("jobs.batch is forbidden")
    };
    assert!(messages.iter().all(why), "{messages:#?}");
}

#[tokio::test(start_paused = true)]
async fn messages_can_be_delivered_late_and_in_order() {
    let api = FakeApi::empty();
    let events = ["a", "b"].map(|name| event("ADDED", &pod(name)));
    api.on(PODS, [Answer::Watch([events.to_vec(), vec![listed()]].concat())]);
    let (sender, mut receiver) = channel(1);
    let start = Instant::now();
    let options = Options { delay: Some(Duration::from_secs(1)), ..Options::default() };
    let _handle = watch(api.client(), &options, sender);
    let mut messages = Vec::new();
    for _ in 0..3 {
        messages.push(show(&receiver.recv().await.unwrap()));
        assert!(start.elapsed() >= Duration::from_secs(1));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "the delay does not add up");
    assert_eq!(messages, ["pod shop/a", "pod shop/b", "synced"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_when_its_handle_is_dropped() {
    let (sender, mut receiver) = channel(16);
    drop(watch(FakeApi::empty().client(), &Options::default(), sender));
    assert!(receiver.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_nobody_hears_ends_by_itself() {
    let (sender, receiver) = channel(16);
    drop(receiver);
    let api = FakeApi::default();
    for path in COLLECTIONS {
        let nameless = json!({ "apiVersion": "v1", "kind": "Any", "metadata": {} });
        api.on(path, [Answer::Watch(vec![event("ADDED", &nameless), listed()])]);
    }
    let handle = watch(api.client(), &Options::default(), sender);
    timeout(Duration::from_secs(600), handle.ended()).await.unwrap();
}
