//! Linked workloads land together: the shop as Deployments, in ten shuffled orders of creation.

use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};
use wit_e2e::affinity::{Link, Placement};
use wit_e2e::shop::Shop;
use wit_e2e::{Pods, Registry, Scenario, SchedulerOptions, manifests};

use crate::support::{NAME_LABEL, SOON, quick_to_settle, strict};

/// Who calls whom in `extender/shop/README.md`, all alike.
const LINKS: [Link<'static>; 6] = [
    ("gateway", "catalog", 1.0),
    ("gateway", "pricing", 1.0),
    ("gateway", "cart", 1.0),
    ("checkout", "pricing", 1.0),
    ("checkout", "cart", 1.0),
    ("checkout", "mail", 1.0),
];
const ORDERS: u64 = 10;
/// The first orders again without the extender: they differ little from each other.
const DEFAULT_ORDERS: u64 = 4;
/// Six components with three replicas each.
const COMPONENTS: usize = 18;

/// The objects of the shop, images in the registry: what is there before, and the Deployments.
struct Stage {
    before: Vec<Value>,
    deployments: Vec<Value>,
}

impl Stage {
    async fn new(registry: &Registry) -> Result<Self> {
        let shop = Shop::bundled().ok_or_else(|| anyhow::anyhow!("the checkout has no shop"))?;
        let documents = shop.push_images(registry).await?;
        let (deployments, before) =
            documents.into_iter().partition(|document| document["kind"] == json!("Deployment"));
        Ok(Self { before, deployments })
    }

    /// Creates everything anew, the Deployments in the order that the seed gives, and waits until all have nodes.
    async fn play(&self, scenario: &Scenario, seed: u64) -> Result<Placement> {
        scenario.empty().await?;
        let client = scenario.client();
        manifests::apply_documents(client, "shop", self.before.clone()).await?;
        for deployment in shuffled(&self.deployments, seed) {
            manifests::apply_documents(client, "shop", vec![deployment]).await?;
        }
        let pods = Pods::new(client, "shop").wait_bound(COMPONENTS, SOON).await?;
        Ok(Placement::by_label(&pods, NAME_LABEL))
    }
}

/// Fisher and Yates' shuffle, its choices made by a linear congruential generator (Knuth's MMIX constants).
fn shuffled(items: &[Value], seed: u64) -> Vec<Value> {
    let mut state = seed;
    let mut items = items.to_vec();
    for last in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let choice = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
        items.swap(last, choice);
    }
    items
}

#[tokio::test]
async fn linked_workloads_share_nodes_whatever_the_order_in_which_they_come() -> Result<()> {
    let scenario = Scenario::begin("shop").await?;
    let registry = Registry::start().await?;
    let stage = Stage::new(&registry).await?;
    let options = quick_to_settle(&scenario.extender_options(&[registry.address()]));
    let (mut gained, mut lonely) = (Vec::new(), Vec::new());
    {
        let extender = scenario.start_extender(&options).await?;
        let _scheduler = scenario.start_scheduler(&strict(&extender)).await?;
        for seed in 0..ORDERS {
            let began = Instant::now();
            let placement = stage.play(&scenario, seed).await?;
            let affinity = placement.gained_affinity(&LINKS);
            println!("order {seed}: G = {affinity:.3} after {:.1} s", began.elapsed().as_secs_f64());
            gained.push(affinity);
            lonely.extend(
                placement.lonely_consumers(&LINKS).iter().map(|what| format!("order {seed}: {what}")),
            );
        }
    }
    assert!(lonely.is_empty() && gained.iter().all(|affinity| *affinity >= 0.9), "{gained:.3?} {lonely:#?}");
    let _scheduler = scenario.start_scheduler(&SchedulerOptions::without_extender()).await?;
    let mut default = Vec::new();
    for seed in 0..DEFAULT_ORDERS {
        default.push(stage.play(&scenario, seed).await?.gained_affinity(&LINKS));
    }
    println!("without the extender: G = {default:.3?}");
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    assert!(mean(&default) < mean(&gained) / 2.0, "{default:?} without, {gained:?} with");
    Ok(())
}
