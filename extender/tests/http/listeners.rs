//! The other two listeners: what people and Prometheus see.

use crate::support::{Server, pod};
use serde_json::json;

#[tokio::test]
async fn explain_shows_the_decision_as_taken_beside_what_it_would_be_now() {
    let server = Server::steering().await;
    server.ask("filter", &pod("gateway", 0), &["wasm-1", "linux-1"]).await;
    let explained = server.api("/v1/explain?pod=shop/gateway-0").await.json();
    assert_eq!(
        (&explained["apiVersion"], &explained["kind"]),
        (&json!("wit-placement.dev/v1alpha1"), &json!("Explanation"))
    );
    let taken = explained["taken"]["nodes"].as_array().expect("nodes");
    let outcomes: Vec<_> =
        taken.iter().map(|node| (node["node"].as_str(), node["outcome"].as_str())).collect();
    assert_eq!(outcomes, [(Some("wasm-1"), Some("returned")), (Some("linux-1"), Some("refused"))]);
    let now = explained["now"]["nodes"].as_array().expect("nodes");
    assert_eq!(now.len(), 12);
    assert!(
        explained["links"]
            .as_array()
            .is_some_and(|links| links.iter().any(|link| link["status"] == "verified"))
    );
    server.stop().await;
}

#[tokio::test]
async fn explain_names_every_rule_for_one_node() {
    let server = Server::steering().await;
    let explained = server.api("/v1/explain?pod=shop/cart-0&node=wasmedge-1").await.json();
    let nodes = explained["now"]["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), 1);
    let rules = nodes[0]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), wit_placement::reasons::REASONS.len());
    let refuses: Vec<_> =
        rules.iter().filter(|rule| rule["verdict"] == "refuses").map(|rule| &rule["code"]).collect();
    assert_eq!(refuses, ["R102"]);
    server.stop().await;
}

#[tokio::test]
async fn explain_says_what_it_does_not_know() {
    let server = Server::steering().await;
    for (path, status) in [
        ("/v1/explain?pod=shop/nobody", 404),
        ("/v1/explain?pod=shop/cart-0&node=nowhere", 404),
        ("/v1/explain?pod=cart-0", 400),
        ("/v1/explain", 400),
        ("/v2/explain", 404),
    ] {
        let reply = server.api(path).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        assert!(reply.json()["error"].is_string(), "{path}: {}", reply.body);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_graph_has_the_shops_links_verified() {
    let server = Server::steering().await;
    let graph = server.api("/v1/graph").await.json();
    let verified =
        graph["links"].as_array().expect("links").iter().filter(|link| link["status"] == "verified");
    assert_eq!(verified.count(), 6);
    assert_eq!(graph["workloads"].as_array().map(Vec::len), Some(6));
    server.stop().await;
}

#[tokio::test]
async fn the_page_leads_to_everything_else() {
    let server = Server::steering().await;
    let page = server.api("/").await;
    assert_eq!(page.status, 200);
    for target in ["/v1/graph", "/v1/explain?pod=", "/metrics", "/readyz"] {
        assert!(page.body.contains(target), "{target} in {}", page.body);
    }
    server.stop().await;
}

#[tokio::test]
async fn probes_and_metrics_answer() {
    let server = Server::steering().await;
    assert_eq!(server.ops("/livez").await.status, 200);
    assert_eq!(server.ops("/readyz").await.status, 200);
    assert!((server.metric("wit_worlds{state=\"known\"}").await - 6.0).abs() < f64::EPSILON);
    assert!((server.metric("wit_links{status=\"verified\"}").await - 6.0).abs() < f64::EPSILON);
    assert!(server.metric("wit_headroom_instances{class=\"kube-wasm-wasmtime\"}").await > 100.0);
    assert!((server.metric("wit_image_reads_total{result=\"read\"}").await - 6.0).abs() < f64::EPSILON);
    server.stop().await;
}
