//! Limits that only the extender counts hold at every moment, although binding is asynchronous and its watch is late.

use std::time::{Duration, Instant};

use anyhow::Result;
use k8s_openapi::api::core::v1::Pod;
use wit_e2e::pods::{node_of, unschedulable};
use wit_e2e::{LimitWatcher, Registry, Scenario, limits};

use crate::support::{Cast, capable, create, deployment, push_component, quick_to_settle, with_late_watch};

const PODS: usize = 300;
const CAP: usize = 20;
/// Nodes with memory for more pods than their cap allows.
const ROOMY: usize = 12;
/// Nodes with memory for [`FITTING`] pods.
const TIGHT: usize = 4;
const FITTING: u64 = 10;
const ROOM: usize = 280;
const MIB: u64 = 1 << 20;
/// What a pod requests, and what its shim takes beside that, which no request counts.
const REQUEST: u64 = 32 * MIB;
const SHIM: u64 = 25 * MIB;

#[tokio::test]
async fn a_burst_fills_the_nodes_to_their_limits_and_never_beyond() -> Result<()> {
    assert_eq!(ROOMY * CAP + TIGHT * usize::try_from(FITTING)?, ROOM);
    let scenario = Scenario::begin("density").await?;
    let registry = Registry::start().await?;
    let image = push_component(&registry, "catalog").await?;
    let options = quick_to_settle(&scenario.extender_options(&[registry.address()]));
    let cast = Cast::start_with(&scenario, registry, &with_late_watch(options)).await?;
    let tight_memory = FITTING * (REQUEST + SHIM) + REQUEST;
    let capped = |name: String| capable(name).annotation("wit-placement.dev/instances", &CAP.to_string());
    let roomy = (1..=ROOMY).map(|number| capped(format!("roomy-{number}")));
    let tight = (1..=TIGHT)
        .map(|number| capped(format!("tight-{number}")).allocatable("memory", tight_memory.to_string()));
    scenario.create_nodes(&roomy.chain(tight).collect::<Vec<_>>()).await?;
    let memory = (1..=TIGHT).map(|number| (format!("tight-{number}"), tight_memory)).collect();
    let rules = vec![limits::max_pods(CAP, |_| true), limits::max_memory(memory, |_| SHIM)];
    let watcher = LimitWatcher::start(scenario.client(), rules).await?;

    let began = Instant::now();
    create(&scenario, [deployment("catalog", &image, PODS)]).await?;
    let pods = scenario.pods().wait_settled(ROOM, PODS - ROOM, Duration::from_secs(120)).await?;
    let (took, events) = (began.elapsed().as_secs_f64(), watcher.events());
    println!("{ROOM} pods bound and {} refused after {took:.1} s; {events} events", PODS - ROOM);
    for pod in pods.iter().filter(|pod| node_of(pod).is_none()) {
        assert_says_why(pod);
    }
    assert_eq!(watcher.violations()?, []);
    assert!(cast.extender.metric("wit_refusals_total", &[r#"code="R204""#]).await? >= 1.0);
    Ok(())
}

fn assert_says_why(pod: &Pod) {
    let message = unschedulable(pod).unwrap_or_default();
    let by_cap = format!("{ROOMY} R204 the node has reached its cap of Wasm instances");
    let by_memory =
        format!("{TIGHT} R203 the node has not enough memory left for the component and its shim");
    assert!(message.contains(&by_cap) && message.contains(&by_memory), "{message}");
}
