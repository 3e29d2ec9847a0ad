//! What kube-scheduler gets to hear, request by request: the real server on loopback, fed from the shop.

use crate::support::{Server, ordinary, pod};
use serde_json::{Value, json};

const NODES: [&str; 5] = ["wasm-1", "wasm-2", "runwasi-1", "wasmedge-1", "linux-1"];

fn names(reply: &Value) -> Vec<&str> {
    reply["NodeNames"].as_array().expect("NodeNames").iter().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn nodes_that_cannot_run_a_component_are_refused_with_a_reason_each() {
    let server = Server::steering().await;
    let reply = server.ask("filter", &pod("checkout", 0), &NODES).await;
    assert_eq!(names(&reply), ["wasm-1", "wasm-2"]);
    let refused = &reply["FailedAndUnresolvableNodes"];
    assert!(refused["linux-1"].as_str().is_some_and(|reason| reason.starts_with("R101 ")), "{reply}");
    assert!(refused["wasmedge-1"].as_str().is_some_and(|reason| reason.starts_with("R102 ")), "{reply}");
    let open = refused["runwasi-1"].as_str().unwrap_or_default();
    assert!(open.starts_with("R104 ") && open.contains("shop:cart/carts@0.1.0"), "{reply}");
    assert_eq!((&reply["Error"], &reply["FailedNodes"]), (&json!(""), &json!({})));
    server.stop().await;
}

#[tokio::test]
async fn a_partner_scores_ten_where_its_consumer_was_presumed_before_any_watch_told() {
    let server = Server::steering().await;
    let nodes = ["wasm-1", "wasm-2", "wasm-3"];
    server.ask("filter", &pod("gateway", 0), &nodes).await;
    let scores = server.ask("prioritize", &pod("gateway", 0), &nodes).await;
    let best =
        scores.as_array().and_then(|all| all.iter().find(|one| one["Score"] == 10)).expect("a best node");
    server.ask("filter", &pod("cart", 0), &nodes).await;
    let scores = server.ask("prioritize", &pod("cart", 0), &nodes).await;
    let of_cart: Vec<_> = scores.as_array().into_iter().flatten().filter(|one| one["Score"] == 10).collect();
    assert_eq!(of_cart.len(), 1, "{scores}");
    assert_eq!(of_cart[0]["Host"], best["Host"]);
    assert!((server.metric("wit_ledger_entries").await - 2.0).abs() < f64::EPSILON);
    server.stop().await;
}

#[tokio::test]
async fn ordinary_pods_pass_everywhere_and_are_not_scored() {
    let server = Server::steering().await;
    let reply = server.ask("filter", &ordinary(), &NODES).await;
    assert_eq!(names(&reply), NODES);
    assert_eq!(server.ask("prioritize", &ordinary(), &NODES).await, json!([]));
    let counted = server.metric("wit_requests_total{result=\"ordinary\",verb=\"filter\"}").await;
    assert!((counted - 1.0).abs() < f64::EPSILON);
    server.stop().await;
}

#[tokio::test]
async fn observe_answers_as_if_we_were_not_there_and_remembers_what_it_would_have_done() {
    let server = Server::start(|_| {}).await;
    let reply = server.ask("filter", &pod("checkout", 0), &NODES).await;
    assert_eq!(names(&reply), NODES);
    assert_eq!(server.ask("prioritize", &pod("checkout", 0), &NODES).await, json!([]));
    assert!(server.metric("wit_ledger_entries").await.abs() < f64::EPSILON);
    let explained = server.api("/v1/explain?pod=shop/checkout-0&node=linux-1").await.json();
    assert_eq!(explained["mode"], "observe");
    assert_eq!(explained["taken"]["nodes"][0]["outcome"], "refused", "{explained}");
    server.stop().await;
}

#[tokio::test]
async fn whole_nodes_come_back_as_they_were_sent() {
    let server = Server::steering().await;
    let item = |name: &str| json!({ "metadata": { "name": name }, "spec": { "odd": [1.50, "é"] } });
    let body = json!({
        "Pod": pod("cart", 0),
        "Nodes": { "metadata": {}, "items": [item("wasm-1"), item("linux-1")] },
        "NodeNames": null,
    });
    let reply = server.post("filter", body.to_string()).await.json();
    assert_eq!(reply["Nodes"]["items"], json!([item("wasm-1")]));
    assert_eq!(reply["NodeNames"], Value::Null);
    let ordinary = json!({ "Pod": ordinary(), "Nodes": { "items": [item("x")] }, "NodeNames": null });
    let reply = server.post("filter", ordinary.to_string()).await.json();
    assert_eq!(reply["Nodes"]["items"], json!([item("x")]));
    server.stop().await;
}

#[tokio::test]
async fn lower_case_keys_are_understood() {
    let server = Server::steering().await;
    let body = json!({ "pod": pod("cart", 0), "nodes": null, "nodenames": ["wasm-1", "linux-1"] });
    assert_eq!(names(&server.post("filter", body.to_string()).await.json()), ["wasm-1"]);
    server.stop().await;
}

#[tokio::test]
async fn without_any_node_the_answer_is_empty_and_no_error() {
    let server = Server::steering().await;
    for pod in [pod("cart", 0), ordinary()] {
        let body = json!({ "Pod": pod, "Nodes": null, "NodeNames": null }).to_string();
        let reply = server.post("filter", body.clone()).await;
        assert_eq!((reply.status, reply.json()["NodeNames"].clone()), (200, json!([])), "{}", reply.body);
        assert_eq!(server.post("prioritize", body).await.json(), json!([]));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_pod_without_containers_is_an_ordinary_one() {
    let server = Server::steering().await;
    let mut bare = pod("cart", 0);
    bare["spec"]["containers"] = json!([]);
    assert_eq!(names(&server.ask("filter", &bare, &NODES).await), NODES);
    server.stop().await;
}

#[tokio::test]
async fn a_node_that_nobody_has_shown_us_is_refused_for_a_bounded_time_only() {
    let deadline = std::time::Duration::from_millis(50);
    let server = Server::start(|settings| {
        settings.mode = wit_config::Mode::Steer;
        settings.reading.deadline = deadline;
    })
    .await;
    let stranger = ["nobody-knows-me"];
    let reply = server.ask("filter", &pod("cart", 0), &stranger).await;
    let reason = reply["FailedAndUnresolvableNodes"]["nobody-knows-me"].as_str().unwrap_or_default();
    assert!(reason.starts_with("R302 "), "{reply}");
    tokio::time::sleep(deadline * 2).await;
    assert_eq!(names(&server.ask("filter", &pod("cart", 0), &stranger).await), stranger);
    server.stop().await;
}

#[tokio::test]
async fn an_image_that_is_not_there_is_soon_unknown_and_holds_nobody_else_up() {
    let server = Server::steering().await;
    let mut missing = pod("cart", 7);
    missing["spec"]["containers"][0]["image"] = json!("registry.example/shop/nothing:1.0.0");
    let reply = server.ask("filter", &missing, &["wasm-1"]).await;
    let reason = reply["FailedAndUnresolvableNodes"]["wasm-1"].as_str().unwrap_or_default();
    assert!(reason.starts_with("R301 "), "{reply}");
    assert_eq!(names(&server.ask("filter", &pod("cart", 0), &["wasm-1"]).await), ["wasm-1"]);
    while names(&server.ask("filter", &missing, &["wasm-1"]).await).is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!((server.metric("wit_image_reads_total{result=\"missing\"}").await - 1.0).abs() < f64::EPSILON);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_told_so_and_counted() {
    let server = Server::steering().await;
    let unnamed = json!({ "Pod": pod("cart", 0), "Nodes": { "items": [{}] }, "NodeNames": null }).to_string();
    let numbers = json!({ "Pod": pod("cart", 0), "NodeNames": [1, 2] }).to_string();
    let no_uid = json!({ "Pod": { "metadata": { "name": "x" }, "spec": { "runtimeClassName": "wasm", "containers": [] } }, "NodeNames": [] });
    let bodies =
        ["", "{", "[]", "null", "{\"Pod\":3}", "{\"NodeNames\":[]}", &unnamed, &numbers, &no_uid.to_string()];
    for body in bodies {
        for verb in ["filter", "prioritize"] {
            let reply = server.post(verb, body.to_owned()).await;
            assert_eq!(reply.status, 400, "{body}: {}", reply.body);
            assert!(reply.json()["error"].as_str().is_some_and(|error| error.len() > 20), "{}", reply.body);
        }
    }
    let counted = server.metric("wit_requests_total{result=\"error\",verb=\"filter\"}").await;
    assert!((counted - bodies.len() as f64).abs() < f64::EPSILON, "{counted}");
    server.stop().await;
}

#[tokio::test]
async fn twenty_megabytes_are_answered_and_more_than_the_bound_is_refused_in_words() {
    let server = Server::start(|settings| {
        settings.mode = wit_config::Mode::Steer;
        settings.requests.max_body_bytes = 24 << 20;
    })
    .await;
    let filler = "x".repeat(20 << 20);
    let mut large = pod("cart", 0);
    large["metadata"]["annotations"] = json!({ "filler": filler });
    assert_eq!(names(&server.ask("filter", &large, &["wasm-1"]).await), ["wasm-1"]);
    large["metadata"]["annotations"]["more"] = json!("y".repeat(8 << 20));
    let body = json!({ "Pod": large, "NodeNames": ["wasm-1"] }).to_string();
    let reply = server.post("filter", body).await;
    assert_eq!(reply.status, 413);
    assert!(
        reply.json()["error"].as_str().is_some_and(|error| error.contains("maxBodyBytes")),
        "{}",
        reply.body
    );
    server.stop().await;
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer_byte_for_byte() {
    let server = Server::steering().await;
    let body = json!({ "Pod": pod("checkout", 0), "Nodes": null, "NodeNames": NODES }).to_string();
    let first = server.post("filter", body.clone()).await.body;
    for _ in 0..5 {
        assert_eq!(server.post("filter", body.clone()).await.body, first);
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_of_a_real_scheduler_are_understood() {
    let server = Server::steering().await;
    for verb in ["filter", "prioritize"] {
        let file = format!("{}/tests/wire/{verb}-request.json", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read_to_string(file).expect("a captured request");
        let reply = server.post(verb, body).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
    }
    server.stop().await;
}
