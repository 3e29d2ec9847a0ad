//! Pods that are not Wasm are left exactly as they were.

use anyhow::Result;
use serde_json::{Value, json};
use wit_e2e::pods::pod;
use wit_e2e::{RuntimeClassSpec, Scenario};

use crate::support::{Cast, SOON, ask, capable, create, modules_only, without_handler};

const TWO_REPLICAS: &str = include_str!("../manifests/two-replicas.yaml");

#[tokio::test]
async fn ordinary_pods_pass_everywhere_and_are_not_scored() -> Result<()> {
    let scenario = Scenario::begin("ordinary").await?;
    let cast = Cast::start(&scenario, json!({})).await?;
    scenario.create_runtime_classes(&[RuntimeClassSpec::new("sandbox", "kata")]).await?;
    scenario.create_nodes(&[capable("wasm"), modules_only("modules"), without_handler("linux")]).await?;
    scenario.apply(TWO_REPLICAS).await?;
    let mut sandboxed = pod("sandboxed", "registry.example/web/reports:1.0.0", &json!({}));
    sandboxed["spec"]["runtimeClassName"] = json!("sandbox");
    create(&scenario, [sandboxed]).await?;
    scenario.pods().wait_bound(3, SOON).await?;

    let count = async |labels: &[&str]| cast.extender.metric("wit_requests_total", labels).await;
    for verb in [r#"verb="filter""#, r#"verb="prioritize""#] {
        assert!(count(&[verb, r#"result="ordinary""#]).await? >= 3.0, "{verb}: every pod was asked about");
        for result in [r#"result="decided""#, r#"result="observed""#, r#"result="error""#] {
            assert!(count(&[verb, result]).await? < 1.0, "{verb}: {result}");
        }
    }
    for idle in ["wit_refusals_total", "wit_image_reads_total", "wit_ledger_entries", "wit_worlds"] {
        assert!(cast.extender.metric(idle, &[]).await? < 1.0, "{idle} stays at zero");
    }
    Ok(())
}

/// What is not looked at cannot cost anything: of an ordinary pod only its `runtimeClassName` is read, and the list of
/// nodes comes back as the very text that was sent.
#[tokio::test]
async fn the_reply_about_an_ordinary_pod_is_an_echo() -> Result<()> {
    let scenario = Scenario::begin("echo").await?;
    let cast = Cast::start(&scenario, json!({})).await?;
    let names = r#"[ "nobody-knows-me" ,"x",  "x" ]"#;
    let pod = r#"{"metadata": 7, "spec": {"containers": "none", "runtimeClassName": null}, "status": []}"#;
    let body = format!(r#"{{"Pod": {pod}, "Nodes": null, "NodeNames": {names}}}"#);
    let reply = ask(&cast.extender, "filter", &body).await?;
    assert!(reply.contains(&format!(r#""NodeNames":{names}"#)), "{reply}");
    let reply: Value = serde_json::from_str(&reply)?;
    for empty in ["FailedNodes", "FailedAndUnresolvableNodes"] {
        assert_eq!(reply[empty], json!({}));
    }
    assert_eq!(ask(&cast.extender, "prioritize", &body).await?, "[]");
    Ok(())
}
