//! A cluster that is too small for what arrives: the same pods wait, for every kind of reason.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use wit_e2e::Scenario;
use wit_sim::strategy::Name;
use wit_sim::trace::{Happening, Trace};

use crate::shop::shop;
use crate::stage::{Driver, Stage};
use crate::verdict::simulate;

const SEED: u64 = 0;

/// Two nodes of three Wasm instances each, which only wit-placement counts, and one of two pods for what is not Wasm.
fn nodes() -> [Value; 3] {
    let node = |name: &str, pods: &str, labels: Value, handlers: Value| {
        let metadata =
            json!({"name": name, "labels": labels, "annotations": {"wit-placement.dev/instances": "3"}});
        let amounts = json!({"cpu": "4", "memory": "8Gi", "pods": pods});
        let status = json!({"allocatable": amounts, "capacity": amounts, "runtimeHandlers": handlers});
        json!({"at": 0, "node": {"metadata": metadata, "status": status}})
    };
    let handlers = json!([{"name": "runc"}, {"name": "wasmtime"}]);
    [
        node("wasm-1", "110", json!({"kube-wasm/runtime": "wasmtime"}), handlers.clone()),
        node("wasm-2", "110", json!({"kube-wasm/runtime": "wasmtime"}), handlers),
        node("linux-1", "2", json!({"linux": "only"}), json!([{"name": "runc"}])),
    ]
}

fn workload(name: &str, replicas: u32, class: Option<&str>, selector: &Value) -> Value {
    let container = json!({
        "name": "main",
        "image": format!("registry.example/shop/{name}:1.0.0"),
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    });
    let spec = json!({"runtimeClassName": class, "nodeSelector": selector, "containers": [container]});
    let key = format!("small/Deployment/{name}");
    json!({"at": 0, "workload": {"workload": key, "replicas": replicas, "template": {"spec": spec}}})
}

/// Of the shop two components that need nobody, with eight pods for six places; one whose providers are nowhere; and four pods
/// that are not Wasm for two places.
fn trace(shop: &Trace) -> Result<Trace> {
    let (wasm, anywhere) = (Some("wasm"), json!({}));
    let mut lines =
        vec![json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "small"})];
    lines.push(json!({"at": 0, "runtimeClass": {"metadata": {"name": "wasm"}, "handler": "wasmtime"}}));
    lines.extend(nodes());
    lines.extend([
        workload("cart", 4, wasm, &anywhere),
        workload("mail", 4, wasm, &anywhere),
        workload("gateway", 1, wasm, &anywhere),
        workload("web", 4, None, &json!({"linux": "only"})),
    ]);
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let mut trace = Trace::read(text.join("\n").as_bytes()).context("a trace")?;
    let images = shop.records.iter().filter(|record| matches!(record.happening, Happening::Image(_)));
    trace.records.splice(0..0, images.cloned());
    Ok(trace)
}

#[tokio::test]
async fn the_same_pods_wait_where_there_is_too_little_of_everything() -> Result<()> {
    let (shop, mut components) = shop()?;
    let trace = trace(&shop)?;
    components.retain(|image, _| ["cart", "mail", "gateway"].iter().any(|name| image.contains(name)));
    let scenario = Scenario::begin("small").await?;
    let stage = Stage::new(&trace, &components).await?;
    let simulated = simulate(&trace, Name::Wit, SEED)?;
    let waiting = |name: &str| simulated.pending.iter().filter(|pod| pod.contains(name)).count();
    let wasm = waiting("cart") + waiting("mail");
    assert_eq!((wasm, waiting("gateway"), waiting("web")), (2, 1, 2), "{:?}", simulated.pending);
    let played = stage.play(&scenario, &simulated.arrivals, Driver::Wit).await?;
    println!("waiting: {:?}", simulated.pending);
    assert_eq!(played.pending(), simulated.pending);
    Ok(())
}
