//! What the scenarios have in common: nodes of every kind, workloads of the shop's components, and the parts started.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use serde_json::{Value, json};
use wit_e2e::access::probe_client;
use wit_e2e::pods::unschedulable;
use wit_e2e::shop::Shop;
use wit_e2e::{
    ExtenderOptions, ExtenderProcess, NodeSpec, Pods, Registry, RuntimeClassSpec, Scenario, Scheduler,
    SchedulerOptions, manifests,
};

/// Long enough for what happens at once on a slow and busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// The `RuntimeClass` that [`Cast::start`] creates: it selects no nodes, as k3s and KWASM users have it.
pub(crate) const RUNTIME_CLASS: &str = "wasmtime";
/// The label that says which workload a pod is of.
pub(crate) const NAME_LABEL: &str = "app.kubernetes.io/name";
/// What the scheduler says of a pod whose image is being read.
pub(crate) const READING: &str = "R301 the component's world is still being read from its image";

/// What runs in a scenario beside the control plane. It is stopped in this order.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) scheduler: Scheduler,
    pub(crate) extender: ExtenderProcess,
    pub(crate) registry: Registry,
}

impl Cast {
    /// Starts a registry, the extender with these settings, and a scheduler that does not go on without it.
    pub(crate) async fn start(scenario: &Scenario, settings: Value) -> Result<Self> {
        let registry = Registry::start().await?;
        let options = scenario.extender_options(&[registry.address()]).setting(settings);
        Self::start_with(scenario, registry, &quick_to_settle(&options)).await
    }

    /// As [`Cast::start`], with a registry that is there and other options of the extender.
    pub(crate) async fn start_with(
        scenario: &Scenario,
        registry: Registry,
        options: &ExtenderOptions,
    ) -> Result<Self> {
        scenario.create_runtime_classes(&[RuntimeClassSpec::new(RUNTIME_CLASS, "wasmtime")]).await?;
        let extender = scenario.start_extender(options).await?;
        let scheduler = scenario.start_scheduler(&strict(&extender)).await?;
        Ok(Self { scheduler, extender, registry })
    }
}

/// The shipped configuration for an extender without which nothing is scheduled, and which may be slow: the machine is.
pub(crate) fn strict(extender: &ExtenderProcess) -> SchedulerOptions {
    SchedulerOptions::with_extender(extender.url_prefix()).ignorable(false).http_timeout("10s")
}

/// Nothing was bound before the extender starts, so there is nothing to wait for.
pub(crate) fn quick_to_settle(options: &ExtenderOptions) -> ExtenderOptions {
    options.clone().setting(json!({"startup": {"settleSeconds": 0}}))
}

/// A node that links components on the node that they share, as Kube-Wasm describes it.
pub(crate) fn capable(name: impl Into<String>) -> NodeSpec {
    NodeSpec::new(name).label("kube-wasm/runtime", "wasmtime").runtime_handler("wasmtime")
}

/// A node whose engine under the same handler runs core modules only, which the operator's label says.
pub(crate) fn modules_only(name: impl Into<String>) -> NodeSpec {
    NodeSpec::new(name)
        .label("wit-placement.dev/host-profile", "runwasi-wasmedge")
        .runtime_handler("wasmtime")
}

/// A node whose container runtime knows no Wasm handler.
pub(crate) fn without_handler(name: impl Into<String>) -> NodeSpec {
    NodeSpec::new(name).runtime_handler("runc")
}

/// Pushes one of the shop's components and returns its image's reference.
pub(crate) async fn push_component(registry: &Registry, name: &str) -> Result<String> {
    let pushed = registry.push_component(&format!("shop/{name}"), "1.0.0", &component(name)?).await?;
    Ok(pushed.reference)
}

/// The bytes of one of the shop's components.
pub(crate) fn component(name: &str) -> Result<Vec<u8>> {
    let shop = Shop::bundled().context("the checkout has no shop")?;
    let file = shop.components()?.remove(name).with_context(|| format!("the shop has no {name}"))?;
    Ok(std::fs::read(file)?)
}

/// A pod of a component, as JSON.
pub(crate) fn wasm_pod(name: &str, image: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": wasm_spec(image)})
}

/// A Deployment of a component, as JSON.
pub(crate) fn deployment(name: &str, image: &str, replicas: usize) -> Value {
    let labels = json!({NAME_LABEL: name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": wasm_spec(image)},
        },
    })
}

fn wasm_spec(image: &str) -> Value {
    let requests = json!({"cpu": "10m", "memory": "32Mi"});
    let container = json!({"name": "main", "image": image, "resources": {"requests": requests}});
    json!({"runtimeClassName": RUNTIME_CLASS, "containers": [container]})
}

/// Creates objects in the scenario's namespace.
pub(crate) async fn create(scenario: &Scenario, objects: impl IntoIterator<Item = Value>) -> Result<()> {
    let objects = objects.into_iter().collect();
    manifests::apply_documents(scenario.client(), scenario.namespace(), objects).await
}

/// Has every event of the extender's watch come a second late, as on a busy cluster.
pub(crate) fn with_late_watch(options: ExtenderOptions) -> ExtenderOptions {
    options.variable("WIT_TEST_WATCH_DELAY_MS", "1000")
}

/// Waits until the scheduler says of a pod that it has no node, for a reason that contains `words`; returns all it says.
pub(crate) async fn wait_refused_for(pods: &Pods, name: &str, words: &str) -> Result<String> {
    let mut message = String::new();
    let refused = |found: &[Pod]| {
        let pod = found.iter().find(|pod| pod.name_any() == name);
        message = pod.and_then(unschedulable).unwrap_or_default();
        message.contains(words)
    };
    pods.wait(&format!("{name} refused for {words:?}"), SOON, refused).await?;
    Ok(message)
}

/// Asks an extender what a scheduler asked, byte by byte, and returns its reply.
pub(crate) async fn ask(extender: &ExtenderProcess, verb: &str, body: &str) -> Result<String> {
    let url = format!("{}/{verb}", extender.url_prefix());
    let request = probe_client()?.post(url).header("content-type", "application/json").body(body.to_owned());
    Ok(request.send().await?.error_for_status()?.text().await?)
}

/// Waits until the extender knows the worlds of so many images.
pub(crate) async fn wait_worlds_known(extender: &ExtenderProcess, count: u32) -> Result<()> {
    let end = Instant::now() + SOON;
    while extender.metric("wit_worlds", &[r#"state="known""#]).await? < f64::from(count) {
        ensure!(Instant::now() < end, "the worlds of {count} images are not known after {SOON:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
