//! Images are hostile, missing or late: none delays another.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::json;
use wit_e2e::pods::node_of;
use wit_e2e::registry::digest;
use wit_e2e::{Gate, Registry, Scenario};

use crate::support::{
    Cast, READING, SOON, capable, component, push_component, quick_to_settle, wait_refused_for, wasm_pod,
};

const WASM_LAYER: &str = "application/wasm";
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// How long a pod may wait for its image.
const DEADLINE: Duration = Duration::from_secs(6);
/// More images that hang than there are readers.
const HANGING: usize = 8;
/// A component that imports a function under an interface's name: valid, and the end of some parsers.
const FUNCTION_AS_INTERFACE: &[u8] =
    b"\0asm\x0d\0\x01\0\x07\x05\x01\x40\0\x01\0\x0a\x0a\x01\0\x05a:b/c\x01\0";

/// Pushes layers under a Wasm artifact's manifest, whatever they are.
async fn push(registry: &Registry, name: &str, layers: &[&[u8]]) -> Result<()> {
    let digests: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
    let config = json!({"architecture": "wasm", "os": "wasip2", "layerDigests": digests});
    let layers: Vec<_> = layers.iter().map(|layer| (WASM_LAYER, *layer)).collect();
    registry.push_image(name, "1.0.0", WASM_CONFIG, &config, &layers).await?;
    Ok(())
}

/// Pushes images that are not what they should be: name → the word by which the metric counts them.
async fn push_hostile(registry: &Registry) -> Result<[(&'static str, &'static str); 7]> {
    let (catalog, other, lie) = (component("catalog")?, component("mail")?, component("cart")?);
    // A custom section of 128 KiB of zeros: as valid as the component itself.
    let large = [&catalog, [0, 0x81, 0x80, 0x08, 0].as_slice(), &vec![0; 1 << 17]].concat();
    push(registry, "too-large", &[&large]).await?;
    registry.push_linux_image("not-wasm", "1.0.0").await?;
    push(registry, "two-layers", &[&catalog, &other]).await?;
    push(registry, "truncated", &[catalog.get(..catalog.len() / 2).context("short")?]).await?;
    push(registry, "panicking", &[FUNCTION_AS_INTERFACE]).await?;
    push(registry, "lying", &[&lie]).await?;
    let backwards: Vec<u8> = lie.iter().rev().copied().collect();
    registry.replace_blob(&digest(&lie), &backwards)?;
    Ok([
        ("missing", "missing"),
        ("too-large", "too-large"),
        ("not-wasm", "not-wasm"),
        ("two-layers", "unsupported"),
        ("truncated", "unreadable"),
        ("panicking", "read"),
        ("lying", "corrupt"),
    ])
}

/// Starts an extender that gives up early, on two nodes.
async fn start(scenario: &Scenario, registry: Registry, hanging: &Gate) -> Result<Cast> {
    let settings = json!({
        "reading": {"deadlineSeconds": DEADLINE.as_secs()},
        "images": {"maxBytes": "100Ki", "maxManifestBytes": "100Ki", "timeoutSeconds": 2},
    });
    let options = scenario.extender_options(&[registry.address(), hanging.address()]).setting(settings);
    let cast = Cast::start_with(scenario, registry, &quick_to_settle(&options)).await?;
    scenario.create_nodes(&[capable("wasm-1"), capable("wasm-2")]).await?;
    Ok(cast)
}

/// Whether all pods are bound whose image hangs, or all others.
fn are_bound(pods: &[Pod], hang: bool) -> bool {
    let concerned = pods.iter().filter(|pod| pod.name_any().starts_with("hanging") == hang);
    concerned.into_iter().all(|pod| node_of(pod).is_some())
}

#[tokio::test]
async fn images_that_cannot_be_read_delay_nothing_else() -> Result<()> {
    let scenario = Scenario::begin("images").await?;
    let registry = Registry::start().await?;
    let hanging = Gate::start(&registry.address()).await?;
    let results = push_hostile(&registry).await?;
    let good = push_component(&registry, "catalog").await?;
    let cast = start(&scenario, registry, &hanging).await?;

    let pods = scenario.pods();
    let created = Instant::now();
    for number in 1..=HANGING {
        let image = format!("{}/hanging-{number}:1.0.0", hanging.address());
        pods.create(&wasm_pod(&format!("hanging-{number}"), &image)).await?;
    }
    for (name, _) in results {
        pods.create(&wasm_pod(name, &format!("{}/{name}:1.0.0", cast.registry.address()))).await?;
    }
    pods.create(&wasm_pod("good", &good)).await?;
    pods.wait("all others bound", DEADLINE, |pods| are_bound(pods, false)).await?;
    println!("all others bound after {:.1} s", created.elapsed().as_secs_f64());
    wait_refused_for(&pods, "hanging-1", READING).await?;
    pods.wait("those that hang bound", SOON, |pods| are_bound(pods, true)).await?;
    assert!(created.elapsed() >= DEADLINE, "bound {:?} after they were created", created.elapsed());
    assert_counted(&cast, &results).await
}

async fn assert_counted(cast: &Cast, results: &[(&str, &str)]) -> Result<()> {
    for (name, result) in results.iter().chain(&[("hanging", "timeout")]) {
        let label = format!("result={result:?}");
        let reads = cast.extender.metric("wit_image_reads_total", &[&label]).await?;
        assert!(reads >= 1.0, "{name} is counted as {result}");
    }
    let ordinary = [r#"verb="filter""#, r#"result="ordinary""#];
    assert!(cast.extender.metric("wit_requests_total", &ordinary).await? >= 1.0, "not Wasm is ordinary");
    Ok(())
}
