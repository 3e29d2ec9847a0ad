//! Where the best node is full, the next best by gain is good enough: co-location is preferred, not required.

use anyhow::Result;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;
use wit_e2e::affinity::Placement;
use wit_e2e::pods::node_of;
use wit_e2e::{Pods, Scenario};

use crate::support::{Cast, NAME_LABEL, SOON, capable, create, deployment, push_component};

const INSTANCES: &str = "wit-placement.dev/instances";
const PROVIDERS: [&str; 3] = ["catalog", "pricing", "cart"];

async fn set_cap(scenario: &Scenario, node: &str, cap: usize) -> Result<()> {
    let nodes: Api<Node> = Api::all(scenario.client().clone());
    let patch = Patch::Merge(json!({"metadata": {"annotations": {INSTANCES: cap.to_string()}}}));
    nodes.patch(node, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// Two replicas of each provider on `most`, one on `some`: the caps leave no other choice.
async fn place_providers(scenario: &Scenario, cast: &Cast) -> Result<()> {
    let nodes = ["most", "some"].map(|name| capable(name).annotation(INSTANCES, "0"));
    scenario.create_nodes(&nodes).await?;
    for (place, name) in PROVIDERS.into_iter().enumerate() {
        set_cap(scenario, "most", 2 * (place + 1)).await?;
        set_cap(scenario, "some", place + 1).await?;
        let image = push_component(&cast.registry, name).await?;
        create(scenario, [deployment(name, &image, 3)]).await?;
        scenario.pods().wait_bound(3 * (place + 1), SOON).await?;
    }
    let placement = Placement::by_label(&scenario.pods().list().await?, NAME_LABEL);
    let links = PROVIDERS.map(|provider| ("gateway", provider, 1.0));
    assert_eq!(placement.nodes_of("catalog").len(), 2, "{placement:?}");
    assert!(placement.lonely_consumers(&links).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_consumer_whose_best_node_is_full_goes_to_the_next_best() -> Result<()> {
    let scenario = Scenario::begin("full").await?;
    let cast = Cast::start(&scenario, json!({})).await?;
    place_providers(&scenario, &cast).await?;
    scenario.create_nodes(&[capable("none-1"), capable("none-2")]).await?;
    set_cap(&scenario, "some", 10).await?;
    let image = push_component(&cast.registry, "gateway").await?;
    create(&scenario, [deployment("gateway", &image, 1)]).await?;
    let pods = scenario.pods();
    pods.wait_bound(10, SOON).await?;
    assert_eq!(node_of_gateway(&pods).await?, "some", "`most` has no room left");

    // With room there, it is where the same consumer wants to be.
    set_cap(&scenario, "most", 10).await?;
    let gateway = node_name(&pods).await?;
    pods.delete(&gateway).await?;
    let is_another = |pod: &Pod| node_of(pod).is_some() && pod.metadata.name.as_deref() != Some(&gateway);
    let replaced = |found: &[Pod]| found.len() == 10 && found.iter().all(is_another);
    pods.wait("the gateway replaced", SOON, replaced).await?;
    assert_eq!(node_of_gateway(&pods).await?, "most");
    Ok(())
}

async fn node_of_gateway(pods: &Pods) -> Result<String> {
    let placement = Placement::by_label(&pods.list().await?, NAME_LABEL);
    Ok(placement.nodes_of("gateway").into_iter().collect::<Vec<_>>().join(", "))
}

async fn node_name(pods: &Pods) -> Result<String> {
    let names = pods.list().await?.into_iter().filter_map(|pod| pod.metadata.name);
    Ok(names.into_iter().find(|name| name.starts_with("gateway")).unwrap_or_default())
}
