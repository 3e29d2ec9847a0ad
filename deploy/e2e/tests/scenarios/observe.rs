//! In observe mode the extender answers as if it were not there.

use anyhow::Result;
use serde_json::{Value, json};
use wit_e2e::recorder::want_nothing;
use wit_e2e::{RecordedCall, RecordingExtender, Registry, RuntimeClassSpec, Scenario, SchedulerOptions};

use crate::support::{
    RUNTIME_CLASS, SOON, ask, capable, create, deployment, modules_only, push_component, quick_to_settle,
    strict, wait_worlds_known, without_handler,
};

const WORKLOADS: [&str; 4] = ["gateway", "catalog", "pricing", "cart"];

/// Has a real scheduler place the workloads with an extender that wants nothing, and returns what it asked.
async fn questions(scenario: &Scenario, registry: &Registry) -> Result<Vec<RecordedCall>> {
    let recorder = RecordingExtender::start()?;
    let _scheduler =
        scenario.start_scheduler(&SchedulerOptions::with_extender(recorder.url_prefix())).await?;
    for name in WORKLOADS {
        create(scenario, [deployment(name, &push_component(registry, name).await?, 2)]).await?;
    }
    scenario.pods().wait_bound(2 * WORKLOADS.len(), SOON).await?;
    Ok(recorder.calls())
}

#[tokio::test]
async fn an_observing_extender_replies_like_one_that_wants_nothing() -> Result<()> {
    let scenario = Scenario::begin("observe").await?;
    let registry = Registry::start().await?;
    scenario.create_runtime_classes(&[RuntimeClassSpec::new(RUNTIME_CLASS, "wasmtime")]).await?;
    let nodes = [modules_only("modules"), without_handler("linux"), capable("wasm-1"), capable("wasm-2")];
    scenario.create_nodes(&nodes).await?;
    let questions = questions(&scenario, &registry).await?;

    let options = quick_to_settle(&scenario.extender_options(&[registry.address()]));
    let steering = scenario.start_extender(&options).await?;
    let observing = scenario.start_extender(&options.setting(json!({"mode": "observe"}))).await?;
    let mut steered = 0;
    for extender in [&steering, &observing] {
        wait_worlds_known(extender, 4).await?;
    }
    for question in &questions {
        let nothing = want_nothing()(&question.verb, &question.body);
        let reply: Value = serde_json::from_str(&ask(&observing, &question.verb, &question.raw).await?)?;
        assert_eq!(reply, nothing, "{} of {}", question.verb, question.pod());
        let reply: Value = serde_json::from_str(&ask(&steering, &question.verb, &question.raw).await?)?;
        steered += usize::from(reply != nothing);
    }
    assert_eq!(steered, questions.len(), "the same questions are answered by our rules in steer mode");

    let _scheduler = scenario.start_scheduler(&strict(&observing)).await?;
    create(&scenario, [deployment("mail", &push_component(&registry, "mail").await?, 2)]).await?;
    scenario.pods().wait_bound(2 * WORKLOADS.len() + 2, SOON).await?;
    let count = async |result: &str| observing.metric("wit_requests_total", &[result]).await;
    assert!(
        count(r#"result="observed""#).await? > questions.len() as f64,
        "the scheduler's calls are counted"
    );
    assert!(count(r#"result="decided""#).await? < 1.0, "none was decided");
    Ok(())
}
