//! A component waits rather than land where it cannot run.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;
use wit_e2e::{LimitWatcher, Pods, Registry, RuntimeClassSpec, Scenario, limits};

use crate::support::{
    Cast, SOON, capable, create, modules_only, push_component, quick_to_settle, wait_refused_for, wasm_pod,
    with_late_watch, without_handler,
};

const MODULES_ONLY: &str =
    "R102 the node's Wasm runtime runs core modules only, and the image is a component";
const NOT_SEEN: &str = "1 R302 the node has just joined and its runtime is not known yet";
const NO_HANDLER: &str = "R101 the node's container runtime does not have the pod's runtime handler";

/// A component that waits: nodes that cannot run it, and one that could and is full.
async fn start(scenario: &Scenario) -> Result<Cast> {
    let registry = Registry::start().await?;
    let image = push_component(&registry, "catalog").await?;
    let options = quick_to_settle(&scenario.extender_options(&[registry.address()]));
    let cast = Cast::start_with(scenario, registry, &with_late_watch(options)).await?;
    let nodes = [modules_only("modules-1"), without_handler("linux"), capable("full")];
    scenario.create_nodes(&nodes).await?;
    let resources = json!({"requests": {"cpu": "4"}});
    let container =
        json!({"name": "main", "image": "registry.example/web/search-index:3.2.0", "resources": resources});
    let spec = json!({"nodeName": "full", "containers": [container]});
    let filler = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "filler"}, "spec": spec});
    create(scenario, [filler, wasm_pod("catalog", &image)]).await?;
    Ok(cast)
}

/// The extender's watch is a second late, so that the scheduler offers nodes which the extender has not seen yet.
#[tokio::test]
async fn a_component_waits_for_a_node_that_can_run_it_and_says_why() -> Result<()> {
    let scenario = Scenario::begin("capability").await?;
    let able = BTreeSet::from(["full", "capable"].map(str::to_owned));
    let watcher = LimitWatcher::start(scenario.client(), vec![limits::only_on(able, |_| true)]).await?;
    let _cast = start(&scenario).await?;
    let pods = scenario.pods();
    let message = wait_refused_for(&pods, "catalog", MODULES_ONLY).await?;
    assert!(message.contains(NO_HANDLER) && message.contains("1 Insufficient cpu"), "{message}");
    wait_for_event_about(&pods, MODULES_ONLY).await?;

    scenario.create_nodes(&[modules_only("modules-2")]).await?;
    wait_refused_for(&pods, "catalog", NOT_SEEN).await?;
    // The watch shows it in the end, and the pod still waits.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    scenario.create_nodes(&[capable("capable")]).await?;
    let joined = Instant::now();
    assert_eq!(pods.wait_for_node("catalog", SOON).await?, "capable");
    println!("bound {:.1} s after a capable node joined", joined.elapsed().as_secs_f64());
    assert_eq!(watcher.violations()?, []);
    Ok(())
}

/// Whoever installs a `RuntimeClass` and its first component together must not be served by an extender that has not heard
/// of the class and takes the pod for an ordinary one.
#[tokio::test]
async fn a_component_of_a_brand_new_class_never_lands_where_it_cannot_run() -> Result<()> {
    let scenario = Scenario::begin("class").await?;
    let registry = Registry::start().await?;
    let image = push_component(&registry, "catalog").await?;
    let options = quick_to_settle(&scenario.extender_options(&[registry.address()]));
    let _cast = Cast::start_with(&scenario, registry, &with_late_watch(options)).await?;
    scenario.create_nodes(&[modules_only("modules")]).await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let mut pod = wasm_pod("catalog", &image);
    pod["spec"]["runtimeClassName"] = json!("brand-new");
    scenario.create_runtime_classes(&[RuntimeClassSpec::new("brand-new", "wasmtime")]).await?;
    let pods = scenario.pods();
    pods.create(&pod).await?;
    wait_refused_for(&pods, "catalog", "R303 the pod's RuntimeClass is new and not known yet").await?;
    wait_refused_for(&pods, "catalog", MODULES_ONLY).await?;
    scenario.create_nodes(&[capable("capable")]).await?;
    assert_eq!(pods.wait_for_node("catalog", SOON).await?, "capable");
    Ok(())
}

/// Events come a little later than conditions, and the first one may still be about the image being read.
async fn wait_for_event_about(pods: &Pods, words: &str) -> Result<()> {
    let end = Instant::now() + SOON;
    loop {
        let events = pods.wait_for_event("catalog", SOON).await?;
        if events.contains(words) {
            return Ok(());
        }
        ensure!(Instant::now() < end, "no event says {words:?}: {events}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
