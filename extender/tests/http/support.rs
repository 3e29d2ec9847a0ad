//! A server fed from the bundled shop, on free loopback ports.

use std::time::Duration;

use serde_json::{Value, json};
use wit_config::{Mode, Settings};
use wit_extender::commands::serve::{Serving, start};
use wit_extender::feed::ClusterSource;
use wit_extender::shop::Shop;
use wit_placement::World;

/// A running server with the shop's cluster behind it.
pub(crate) struct Server {
    serving: Serving,
    client: reqwest::Client,
    _shop: Shop,
}

/// A reply: its status and its body.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Server {
    /// A server in mode steer.
    pub(crate) async fn steering() -> Self {
        Self::start(|settings| settings.mode = Mode::Steer).await
    }

    /// A server with changed settings, ready and with all images read.
    pub(crate) async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        wit_extender::telemetry::choose_tls();
        let shop = Shop::unpack().expect("the shop unpacks");
        let mut settings = Settings::default();
        let listeners = &mut settings.listeners;
        for listener in [&mut listeners.verbs, &mut listeners.ops, &mut listeners.api] {
            *listener = ([127, 0, 0, 1], 0).into();
        }
        change(&mut settings);
        let source = ClusterSource::Manifests(shop.manifests());
        let serving =
            start(&settings, source, Some(shop.images()), Duration::ZERO).await.expect("the server starts");
        while serving.state.snapshot().state.worlds().any(|(_, world)| matches!(world, World::Reading { .. }))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { serving, client: reqwest::Client::new(), _shop: shop }
    }

    /// Posts a body to a verb.
    pub(crate) async fn post(&self, verb: &str, body: impl Into<reqwest::Body>) -> Reply {
        let url = format!("http://{}/v1/{verb}", self.serving.server.addresses.verbs);
        let request = self.client.post(url).header("content-type", "application/json").body(body);
        Reply::of(request.send().await.expect("the server answers")).await
    }

    /// Asks a verb about a pod and nodes by name.
    pub(crate) async fn ask(&self, verb: &str, pod: &Value, nodes: &[&str]) -> Value {
        let body = json!({ "Pod": pod, "Nodes": null, "NodeNames": nodes });
        let reply = self.post(verb, body.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()
    }

    /// Gets a path of `api`.
    pub(crate) async fn api(&self, path: &str) -> Reply {
        self.get(format!("http://{}{path}", self.serving.server.addresses.api)).await
    }

    /// Gets a path of `ops`.
    pub(crate) async fn ops(&self, path: &str) -> Reply {
        self.get(format!("http://{}{path}", self.serving.server.addresses.ops)).await
    }

    async fn get(&self, url: String) -> Reply {
        Reply::of(self.client.get(url).send().await.expect("the server answers")).await
    }

    /// The value of a metric's series.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let page = self.ops("/metrics").await.body;
        let line = page.lines().find(|line| line.starts_with(&format!("{series} ")));
        let value = line.and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok());
        value.unwrap_or_else(|| panic!("no series {series} in\n{page}"))
    }

    /// Stops the server.
    pub(crate) async fn stop(self) {
        self.serving.server.stop().await;
    }
}

impl Reply {
    async fn of(response: reqwest::Response) -> Self {
        Self { status: response.status().as_u16(), body: response.text().await.expect("a whole body") }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }
}

/// A pod of the shop as the scheduler sends it.
pub(crate) fn pod(workload: &str, number: u32) -> Value {
    let class = if ["gateway", "pricing", "mail"].contains(&workload) { "wasm" } else { "wasmtime" };
    json!({
        "metadata": {
            "name": format!("{workload}-{number}"), "namespace": "shop", "uid": format!("manifest/shop/{workload}-{number}"),
            "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "Deployment", "name": workload, "uid": "u", "controller": true }],
        },
        "spec": {
            "runtimeClassName": class,
            "containers": [{
                "name": "main", "image": format!("registry.example/shop/{workload}:1.0.0"),
                "resources": { "requests": { "cpu": "50m", "memory": "32Mi" } },
            }],
        },
    })
}

/// An ordinary pod.
pub(crate) fn ordinary() -> Value {
    json!({
        "metadata": { "name": "web-0", "namespace": "web", "uid": "web-0-uid" },
        "spec": { "containers": [{ "name": "web", "image": "nginx" }] },
    })
}
