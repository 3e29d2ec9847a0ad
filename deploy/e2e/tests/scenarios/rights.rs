//! Without the right to wake pods the extender still works: a refused pod is then placed when the scheduler tries it again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use wit_e2e::binaries::repository_root;
use wit_e2e::pods::{node_of, pod};
use wit_e2e::{ExtenderOptions, Gate, Registry, Scenario, manifests};

use crate::support::{
    Cast, SOON, capable, create, push_component, quick_to_settle, wait_refused_for, wasm_pod,
};

/// Gives the newcomer the rights of `deploy/rbac/rbac.yaml`, those to write left out.
async fn allow_reading(scenario: &Scenario) -> Result<()> {
    let yaml = std::fs::read_to_string(repository_root().join("deploy/rbac/rbac.yaml"))?;
    let documents = manifests::documents(&yaml)?;
    let role = documents.iter().find(|document| document["kind"] == json!("ClusterRole"));
    let mut rules = role.and_then(|role| role["rules"].as_array()).context("rbac.yaml has no rules")?.clone();
    let all = rules.len();
    rules.retain(|rule| rule["verbs"] == json!(["get", "list", "watch"]));
    ensure!(rules.len() + 1 == all, "one rule allows to write");
    let metadata = json!({"name": "wit-e2e-newcomer"});
    let api_version = "rbac.authorization.k8s.io/v1";
    let role =
        json!({"apiVersion": api_version, "kind": "ClusterRole", "metadata": metadata, "rules": rules});
    let user = json!({"kind": "User", "name": "wit-e2e-newcomer", "apiGroup": "rbac.authorization.k8s.io"});
    let binding: Value = json!({
        "apiVersion": api_version,
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "subjects": [user],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "wit-e2e-newcomer"},
    });
    create(scenario, [role, binding]).await
}

#[tokio::test]
async fn an_extender_that_may_only_read_places_pods_later() -> Result<()> {
    let scenario = Scenario::begin("rights").await?;
    allow_reading(&scenario).await?;
    let registry = Registry::start().await?;
    let gate = Gate::start(&registry.address()).await?;
    push_component(&registry, "catalog").await?;
    let kubeconfig = scenario.control_plane().access().kubeconfig("newcomer");
    let options = ExtenderOptions::new(kubeconfig, &[registry.address(), gate.address()]);
    let cast = Cast::start_with(&scenario, registry, &quick_to_settle(&options)).await?;
    scenario.create_nodes(&[capable("wasm-1")]).await?;
    let pods = scenario.pods();
    pods.create(&wasm_pod("late", &format!("{}/shop/catalog:1.0.0", gate.address()))).await?;
    wait_refused_for(&pods, "late", "R301").await?;

    gate.open();
    let end = Instant::now() + SOON;
    while cast.extender.metric("wit_wakes_total", &[r#"result="forbidden""#]).await? < 1.0 {
        ensure!(Instant::now() < end, "the failed wake-up is not counted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(node_of(&pods.list().await?[0]), None, "nothing has woken the pod");
    // Any event in the cluster makes the scheduler try it again.
    pods.create(&pod("other", "registry.example/web/website:2.4.1", &json!({}))).await?;
    assert_eq!(pods.wait_for_node("late", SOON).await?, "wasm-1");
    Ok(())
}
