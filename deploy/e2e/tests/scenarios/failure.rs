//! The extender is killed: what that means is the operator's choice.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use wit_e2e::pods::node_of;
use wit_e2e::{LimitWatcher, Registry, Scenario, limits};

use crate::support::{
    Cast, SOON, capable, create, deployment, modules_only, push_component, strict, wait_refused_for,
    wasm_pod, with_late_watch,
};

const NODES: usize = 15;
const CAP: usize = 10;

/// Its watch is a second late, and what it had presumed is gone: the settle time after the restart makes up for both.
#[tokio::test]
async fn an_extender_that_is_killed_in_a_burst_loses_no_pod_and_overfills_no_node() -> Result<()> {
    let scenario = Scenario::begin("killed").await?;
    let registry = Registry::start().await?;
    let image = push_component(&registry, "catalog").await?;
    let options = with_late_watch(scenario.extender_options(&[registry.address()]));
    let mut cast = Cast::start_with(&scenario, registry, &options).await?;
    let node = |number| {
        capable(format!("wasm-{number}")).annotation("wit-placement.dev/instances", &CAP.to_string())
    };
    scenario.create_nodes(&(1..=NODES).map(node).collect::<Vec<_>>()).await?;
    let watcher = LimitWatcher::start(scenario.client(), vec![limits::max_pods(CAP, |_| true)]).await?;

    create(&scenario, [deployment("catalog", &image, NODES * CAP)]).await?;
    let bound = |pods: &[_]| pods.iter().filter(|pod| node_of(pod).is_some()).count();
    let pods = scenario.pods();
    pods.wait("some pods bound", SOON, |pods| bound(pods) >= 10).await?;
    cast.extender.kill()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let without = bound(&pods.list().await?);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bound(&pods.list().await?), without, "without the extender nothing is bound");
    assert!(without < NODES * CAP, "it was killed in the middle");
    println!("{without} of {} pods were bound when the extender was killed", NODES * CAP);
    cast.extender.restart().await?;
    pods.wait_bound(NODES * CAP, Duration::from_secs(90)).await?;
    assert_eq!(watcher.violations()?, []);
    Ok(())
}

#[tokio::test]
async fn an_ignorable_extender_that_is_killed_lets_scheduling_go_on_without_our_rules() -> Result<()> {
    let scenario = Scenario::begin("ignorable").await?;
    let mut cast = Cast::start(&scenario, json!({})).await?;
    let image = push_component(&cast.registry, "catalog").await?;
    drop(cast.scheduler);
    cast.scheduler = scenario.start_scheduler(&strict(&cast.extender).ignorable(true)).await?;
    scenario.create_nodes(&[modules_only("modules")]).await?;
    let pods = scenario.pods();
    pods.create(&wasm_pod("before", &image)).await?;
    wait_refused_for(&pods, "before", "R102").await?;

    cast.extender.kill()?;
    pods.create(&wasm_pod("meanwhile", &image)).await?;
    assert_eq!(pods.wait_for_node("meanwhile", SOON).await?, "modules", "where it cannot run");
    cast.extender.restart().await?;
    pods.create(&wasm_pod("after", &image)).await?;
    wait_refused_for(&pods, "after", "R102").await?;
    Ok(())
}
