//! The harness itself, and the facts about kube-scheduler that the product is built on: a real control plane, and an
//! extender in this process that only records.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};
use wit_e2e::access::probe_client;
use wit_e2e::binaries::repository_root;
use wit_e2e::pods::{node_of, pod};
use wit_e2e::recorder::{pass, refuse, want_nothing};
use wit_e2e::registry::digest;
use wit_e2e::{
    Kubelet, LimitWatcher, NodeSpec, RecordedCall, RecordingExtender, Registry, RuntimeClassSpec, Scenario,
    SchedulerOptions, limits,
};

const SOON: Duration = Duration::from_secs(20);
const TWO_REPLICAS: &str = include_str!("manifests/two-replicas.yaml");

fn nodes(count: usize) -> Vec<NodeSpec> {
    (1..=count).map(|number| NodeSpec::new(format!("node-{number}"))).collect()
}

#[tokio::test]
async fn a_deployment_is_bound_by_the_plain_scheduler_and_its_pods_run() -> Result<()> {
    let scenario = Scenario::begin("plain").await?;
    let _scheduler = scenario.start_scheduler(&SchedulerOptions::without_extender()).await?;
    let _kubelet = Kubelet::start(scenario.client(), Duration::ZERO);
    scenario.create_nodes(&nodes(2)).await?;
    scenario.apply(TWO_REPLICAS).await?;
    scenario.pods().wait_bound(2, SOON).await?;
    let running =
        |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running");
    scenario.pods().wait("running", SOON, |pods| pods.iter().all(running)).await?;

    // A deleted pod goes away and is replaced although no kubelet lets it go.
    let first = scenario.pods().list().await?.remove(0).name_any();
    scenario.pods().api().delete(&first, &kube::api::DeleteParams::default()).await?;
    let replaced =
        |pods: &[Pod]| pods.len() == 2 && pods.iter().all(|pod| pod.name_any() != first && running(pod));
    scenario.pods().wait("replaced", SOON, replaced).await?;
    Ok(())
}

#[tokio::test]
async fn the_shipped_configuration_calls_the_extender_with_node_names_only() -> Result<()> {
    let scenario = Scenario::begin("wire").await?;
    let extender = RecordingExtender::start()?;
    let _scheduler =
        scenario.start_scheduler(&SchedulerOptions::with_extender(extender.url_prefix())).await?;
    scenario.create_nodes(&nodes(3)).await?;
    scenario
        .create_runtime_classes(&[RuntimeClassSpec::new("wasm", "wasmtime").overhead("memory", "32Mi")])
        .await?;
    scenario
        .apply(&TWO_REPLICAS.replace("      containers:", "      runtimeClassName: wasm\n      containers:"))
        .await?;
    scenario.pods().wait_bound(2, SOON).await?;

    for verb in ["filter", "prioritize"] {
        let calls = extender.calls_of(verb);
        let pods: BTreeSet<_> = calls.iter().map(wit_e2e::RecordedCall::pod).collect();
        assert_eq!(pods.len(), 2, "{verb} is called for each pod");
        for call in &calls {
            assert_eq!(call.body["Nodes"], Value::Null, "cache-capable: names, not objects");
            let names: BTreeSet<_> = call.node_names().into_iter().collect();
            assert_eq!(names, BTreeSet::from(["node-1", "node-2", "node-3"]), "every node is offered");
            assert_eq!(
                call.body["Pod"]["spec"]["overhead"]["memory"], "32Mi",
                "admission copied the overhead"
            );
        }
        compare_or_bless(&format!("{verb}-request.json"), &calls[0])?;
    }
    Ok(())
}

/// The fixtures of the extender's own tests are what a real scheduler sent. Names and times differ from run to run, so
/// only their shape is compared; `BLESS=1` writes them anew.
fn compare_or_bless(name: &str, call: &RecordedCall) -> Result<()> {
    let file = repository_root().join("extender/tests/wire").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(&file, pretty(&call.raw))?;
    }
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    assert_eq!(shape(&call.body), shape(&fixture), "{} is out of date: BLESS=1", file.display());
    Ok(())
}

/// JSON over several lines and nothing else changed: keys stay in the order in which the scheduler wrote them.
fn pretty(raw: &str) -> String {
    let (mut text, mut depth, mut quoted, mut escaped) = (String::new(), 0, false, false);
    let mut characters = raw.trim().chars().peekable();
    while let Some(character) = characters.next() {
        let closes = !quoted && matches!(character, '}' | ']');
        if closes {
            depth -= 1;
        }
        if closes && !text.ends_with(['{', '[']) {
            text.extend(["\n".to_owned(), "  ".repeat(depth)]);
        }
        text.push(character);
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        match character {
            '{' | '[' if !quoted => depth += 1,
            ':' if !quoted => text.push(' '),
            _ => {}
        }
        let empty = matches!(characters.peek(), Some('}' | ']'));
        if !quoted && matches!(character, '{' | '[' | ',') && !empty {
            text.extend(["\n".to_owned(), "  ".repeat(depth)]);
        }
    }
    text + "\n"
}

/// The JSON pointers of every value and its type.
fn shape(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| shape(value).into_iter().map(move |rest| format!("/{key}{rest}")))
            .collect(),
        Value::Array(items) => items.iter().flat_map(shape).map(|rest| format!("/*{rest}")).collect(),
        Value::String(_) => BTreeSet::from([" string".to_owned()]),
        Value::Number(_) => BTreeSet::from([" number".to_owned()]),
        Value::Bool(_) => BTreeSet::from([" boolean".to_owned()]),
        Value::Null => BTreeSet::from([" null".to_owned()]),
    }
}

#[tokio::test]
async fn a_refused_pod_is_woken_by_a_condition_on_its_own_status() -> Result<()> {
    let scenario = Scenario::begin("woken").await?;
    let extender = RecordingExtender::start()?;
    extender.answer(Box::new(|verb, body| match verb {
        "filter" => refuse(body, "R000: the image is being read"),
        _ => json!([]),
    }));
    let _scheduler =
        scenario.start_scheduler(&SchedulerOptions::with_extender(extender.url_prefix())).await?;
    scenario.create_nodes(&nodes(2)).await?;
    let pods = scenario.pods();
    pods.create(&pod("waiting", "registry.example/web/website:2.4.1", &json!({"cpu": "100m"}))).await?;
    let message = pods.wait_refused("waiting", SOON).await?;
    assert!(
        message.contains("2 R000: the image is being read"),
        "the reason is shown with its count: {message}"
    );
    let events = pods.wait_for_event("waiting", SOON).await?;
    assert!(events.contains("R000: the image is being read"), "{events}");

    // Nothing that happens outside wakes it: the extender would now let it pass, and it waits all the same.
    extender.answer(want_nothing());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(node_of(&pods.list().await?[0]), None, "nothing has woken the pod");

    // The extender's own restricted token may patch the status, as the service account of deploy/rbac.
    let restricted = scenario.control_plane().access().client("wit-extender").await?;
    let patched = Instant::now();
    let condition = json!({"conditions": [{"type": "wit-placement.dev/WorldRead", "status": "True"}]});
    wit_e2e::Pods::new(&restricted, scenario.namespace()).patch_status("waiting", &condition).await?;
    pods.wait_for_node("waiting", SOON).await?;
    let waited = patched.elapsed();
    assert!(waited < Duration::from_secs(1), "bound {waited:?} after the patch");
    Ok(())
}

#[tokio::test]
async fn the_restricted_user_may_read_and_may_not_write() -> Result<()> {
    let scenario = Scenario::begin("rights").await?;
    scenario.create_nodes(&nodes(1)).await?;
    scenario.pods().create(&pod("one", "registry.example/web/website:2.4.1", &json!({}))).await?;
    let restricted = scenario.control_plane().access().client("wit-extender").await?;
    let pods = wit_e2e::Pods::new(&restricted, scenario.namespace());
    assert_eq!(pods.list().await?.len(), 1);
    assert!(pods.delete("one").await.is_err(), "it may not delete pods");
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::all(restricted);
    assert!(secrets.list(&kube::api::ListParams::default()).await.is_err(), "it may not read secrets");
    Ok(())
}

#[tokio::test]
async fn a_delayed_watch_tells_a_second_late() -> Result<()> {
    const DELAY: Duration = Duration::from_secs(1);
    let scenario = Scenario::begin("delayed").await?;
    let (_delayed, options) = scenario.delayed_extender_options(&[], DELAY).await?;
    let kubeconfig = Kubeconfig::read_from(&options.kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let nodes_late: Api<Node> = Api::all(kube::Client::try_from(config)?);
    let mut events = std::pin::pin!(nodes_late.watch(&WatchParams::default(), "0").await?);
    let created = Instant::now();
    scenario.create_nodes(&nodes(1)).await?;
    let created_within = created.elapsed();
    while !matches!(events.next().await.transpose()?, Some(WatchEvent::Added(_)) | None) {}
    let late = created.elapsed();
    assert!(created_within < DELAY && late >= DELAY && late < 2 * DELAY, "{late:?} late");
    Ok(())
}

#[tokio::test]
async fn an_extender_that_does_not_answer_stops_scheduling_unless_it_is_ignorable() -> Result<()> {
    let scenario = Scenario::begin("ignorable").await?;
    scenario.create_nodes(&nodes(1)).await?;
    let nobody = format!("http://127.0.0.1:{}/v1", wit_e2e::ports::free_port()?);
    let pods = scenario.pods();
    {
        let _waits =
            scenario.start_scheduler(&SchedulerOptions::with_extender(&nobody).ignorable(false)).await?;
        pods.create(&pod("one", "registry.example/web/website:2.4.1", &json!({}))).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(node_of(&pods.list().await?[0]), None, "pods wait for the extender");
    }
    let _goes_on =
        scenario.start_scheduler(&SchedulerOptions::with_extender(&nobody).ignorable(true)).await?;
    pods.wait_for_node("one", SOON).await?;
    Ok(())
}

#[tokio::test]
async fn the_limit_watcher_sees_a_node_that_was_overfull_for_a_moment() -> Result<()> {
    let scenario = Scenario::begin("limits").await?;
    let extender = RecordingExtender::start_with(Box::new(|verb, _| match verb {
        "filter" => pass(&["node-1"]),
        _ => json!([]),
    }))?;
    let _scheduler =
        scenario.start_scheduler(&SchedulerOptions::with_extender(extender.url_prefix())).await?;
    scenario.create_nodes(&nodes(2)).await?;
    let concerned = |pod: &Pod| pod.name_any() != "exempt";
    let rules = vec![
        limits::max_pods(1, concerned),
        limits::max_memory([("node-1".to_owned(), 100 << 20)].into(), |_| 0),
        limits::only_on(BTreeSet::from(["node-1".to_owned()]), concerned),
    ];
    let watcher = LimitWatcher::start(scenario.client(), rules).await?;
    let pods = scenario.pods();
    for name in ["one", "two"] {
        pods.create(&pod(name, "registry.example/web/website:2.4.1", &json!({"memory": "64Mi"}))).await?;
    }
    pods.wait_bound(2, SOON).await?;
    pods.delete("two").await?;
    pods.wait_bound(1, SOON).await?;
    let violations = watcher.violations()?;
    let what: BTreeSet<_> = violations.iter().map(|violation| violation.what.as_str()).collect();
    assert_eq!(what, BTreeSet::from(["2 instances, at most 1", "134217728 bytes, at most 104857600"]));
    assert!(violations.iter().all(|violation| violation.node == "node-1"));
    Ok(())
}

#[tokio::test]
async fn the_registry_serves_what_was_pushed_and_can_be_made_to_lie() -> Result<()> {
    let registry = Registry::start().await?;
    // The smallest component and the smallest module: a header alone.
    let component = b"\0asm\x0d\0\x01\0";
    let pushed = registry.push_component("shop/gateway", "1.0.0", component).await?;
    assert_eq!(pushed.reference, format!("{}/shop/gateway:1.0.0", registry.address()));

    let get = async |path: &str| -> Result<String> {
        let url = format!("http://{}/v2/shop/gateway/{path}", registry.address());
        let accepted = "application/vnd.oci.image.manifest.v1+json";
        Ok(probe_client()?
            .get(url)
            .header("accept", accepted)
            .send()
            .await?
            .error_for_status()?
            .text()
            .await?)
    };
    let manifest: Value = serde_json::from_str(&get(&format!("manifests/{}", pushed.digest)).await?)?;
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["layers"][0]["digest"], digest(component));
    let config = get(&format!("blobs/{}", manifest["config"]["digest"].as_str().unwrap_or_default())).await?;
    let config: Value = serde_json::from_str(&config)?;
    assert_eq!(config["component"], json!({"imports": [], "exports": [], "target": null}));
    assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));

    registry.replace_blob(&digest(component), b"other!!!")?;
    assert_eq!(get(&format!("blobs/{}", digest(component))).await?, "other!!!");
    Ok(())
}
