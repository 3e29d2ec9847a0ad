//! A pod whose image is late is woken: when its world is known, and at its deadline.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use wit_e2e::pods::node_of;
use wit_e2e::{Gate, Registry, Scenario};

use crate::support::{
    Cast, READING, SOON, capable, push_component, quick_to_settle, wait_refused_for, wasm_pod,
};

/// From what ends the wait to bound, on a scheduler that has nothing else to do.
const AT_MOST: Duration = Duration::from_secs(1);
/// A busy machine gets this many.
const CHANCES: usize = 3;
const DEADLINE: Duration = Duration::from_secs(5);

/// A cluster with one node, an idle scheduler, and a registry behind gates.
struct Stage {
    scenario: Scenario,
    cast: Cast,
    gates: Vec<Gate>,
}

impl Stage {
    async fn set(name: &str) -> Result<Self> {
        let scenario = Scenario::begin(name).await?;
        let registry = Registry::start().await?;
        let mut gates = Vec::new();
        for _ in 0..CHANCES {
            gates.push(Gate::start(&registry.address()).await?);
        }
        push_component(&registry, "catalog").await?;
        let addresses: Vec<_> = gates.iter().map(Gate::address).collect();
        let settings = json!({"reading": {"deadlineSeconds": DEADLINE.as_secs()}});
        let options = quick_to_settle(&scenario.extender_options(&addresses).setting(settings));
        let cast = Cast::start_with(&scenario, registry, &options).await?;
        scenario.create_nodes(&[capable("wasm-1")]).await?;
        Ok(Self { scenario, cast, gates })
    }

    /// Has a pod wait for the image behind a shut gate until `end`, which gets the gate and when the pod was created and
    /// says when the wait ended. Returns how long after that the pod was bound, in the first try in time or the last.
    async fn wait_until(&self, end: impl AsyncFn(&Gate, Instant) -> Instant) -> Result<Duration> {
        let pods = self.scenario.pods();
        let mut waited = Duration::MAX;
        for (chance, gate) in self.gates.iter().enumerate() {
            let (name, image) = (format!("late-{chance}"), format!("{}/shop/catalog:1.0.0", gate.address()));
            let created = Instant::now();
            pods.create(&wasm_pod(&name, &image)).await?;
            wait_refused_for(&pods, &name, READING).await?;
            let ended = end(gate, created).await;
            pods.wait_for_node(&name, SOON).await?;
            waited = ended.elapsed();
            if waited <= AT_MOST {
                break;
            }
        }
        let woken = self.cast.extender.metric("wit_wakes_total", &[r#"result="woken""#]).await?;
        assert!(woken >= 1.0, "it was woken, and not by chance");
        Ok(waited)
    }

    async fn is_bound(&self, name: &str) -> bool {
        let pods = self.scenario.pods().list().await.unwrap_or_default();
        pods.iter().any(|pod| pod.metadata.name.as_deref() == Some(name) && node_of(pod).is_some())
    }
}

#[tokio::test]
async fn a_pod_is_bound_within_a_second_once_its_world_is_known() -> Result<()> {
    let stage = Stage::set("known").await?;
    let waited = stage.wait_until(async |gate, created| {
        // Long enough for the scheduler to have nothing left to do, and before the deadline.
        tokio::time::sleep_until((created + Duration::from_secs(3)).into()).await;
        gate.open();
        Instant::now()
    });
    let waited = waited.await?;
    println!("bound after {waited:.2?}");
    assert!(waited <= AT_MOST, "{waited:?}");
    Ok(())
}

#[tokio::test]
async fn a_pod_whose_image_hangs_is_bound_within_a_second_of_its_deadline() -> Result<()> {
    let stage = Stage::set("deadline").await?;
    let waited = stage.wait_until(async |_, created| {
        tokio::time::sleep_until((created + DEADLINE).into()).await;
        assert!(!stage.is_bound("late-0").await, "it was not bound before");
        created + DEADLINE
    });
    let waited = waited.await?;
    println!("bound after {waited:.2?}");
    assert!(waited <= AT_MOST, "{waited:?}");
    Ok(())
}
