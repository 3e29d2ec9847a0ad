//! `wit-sim record` watches the real API server while pods are scheduled, is killed and goes on, and what it recorded replays.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use serde_json::{Value, json};
use wit_config::Settings;
use wit_e2e::binaries::simulator_binary;
use wit_e2e::process::Launch;
use wit_e2e::{NodeSpec, Process, Scenario, SchedulerOptions};
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::strategy::Name;
use wit_sim::trace::{Happening, Trace};

use crate::support::{SOON, create};

/// A recording into a file.
struct Recording {
    process: Process,
    trace: PathBuf,
}

impl Recording {
    fn start(scenario: &Scenario) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let trace = folder.join(format!("{}.jsonl", scenario.namespace()));
        let _ = fs::remove_file(&trace);
        // Those of the extender are more than enough.
        let kubeconfig = scenario.control_plane().access().kubeconfig("wit-extender");
        let launch = Launch::new("wit-sim-record", simulator_binary()?)
            .argument("record")
            .argument("--append")
            .flag("kubeconfig", kubeconfig)
            .flag("output", &trace);
        let process = Process::start(launch, scenario.control_plane().logs())?;
        Ok(Self { process, trace })
    }

    /// What is recorded, when it holds for it.
    async fn read(&mut self, holds: impl Fn(&Trace) -> bool) -> Result<Trace> {
        for _ in 0..600 {
            if let Some(trace) =
                Trace::read(fs::read(&self.trace).unwrap_or_default().as_slice()).ok().filter(&holds)
            {
                return Ok(trace);
            }
            if self.process.exit_status()?.is_some() {
                bail!("the recording has ended: {}", self.process.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("it was not recorded:\n{}{}", fs::read_to_string(&self.trace)?, self.process.log_tail())
    }
}

fn ordinary(name: &str, replicas: usize) -> Value {
    let labels = json!({"app": name});
    let container = json!({"name": "main", "image": "registry.example/web:1",
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": {
        "replicas": replicas, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}})
}

/// How many of the records are such.
fn count(trace: &Trace, is_such: impl Fn(&Happening) -> bool) -> usize {
    trace.records.iter().filter(|record| is_such(&record.happening)).count()
}

fn pods(trace: &Trace) -> usize {
    count(trace, |happening| matches!(happening, Happening::Pod(_)))
}

#[tokio::test]
async fn what_happens_in_a_cluster_is_recorded_across_a_kill_and_replays() -> Result<()> {
    let scenario = Scenario::begin("recording").await?;
    let _scheduler = scenario.start_scheduler(&SchedulerOptions::without_extender()).await?;
    scenario.create_nodes(&[NodeSpec::new("one"), NodeSpec::new("two")]).await?;
    create(&scenario, [ordinary("before", 2)]).await?;
    scenario.pods().wait_bound(2, SOON).await?;

    let mut recording = Recording::start(&scenario)?;
    let first = recording.read(|trace| pods(trace) == 2).await?;
    ensure!(first.records.iter().all(|record| record.at == 0), "what is there happens at the beginning");
    let is_bound = |it: &Happening| matches!(it, Happening::Pod(pod) if pod.node.is_some());
    assert_eq!(count(&first, is_bound), 2);
    create(&scenario, [ordinary("meanwhile", 3)]).await?;
    scenario.pods().wait_bound(5, SOON).await?;
    let second = recording.read(|trace| pods(trace) == 5).await?;
    assert_eq!(count(&second, is_bound), 2, "those that came later wait until a replay places them");

    recording.process.kill()?;
    let half = fs::read_to_string(&recording.trace)? + r#"{"at":1,"po"#;
    fs::write(&recording.trace, half)?;
    create(&scenario, [ordinary("unseen", 1)]).await?;
    scenario.pods().wait_bound(6, SOON).await?;
    recording.process.restart()?;
    recording.read(|trace| trace.unfinished.is_none() && pods(trace) == 6).await?;
    Api::<Node>::all(scenario.client().clone()).delete("two", &kube::api::DeleteParams::default()).await?;
    let is_node_gone = |it: &Happening| matches!(it, Happening::NodeDeleted(_));
    recording.read(|trace| count(trace, is_node_gone) == 1).await?;
    let status = recording.process.terminate(SOON)?;
    ensure!(status.success(), "{}", recording.process.log_tail());

    let trace = Trace::read(fs::read(&recording.trace)?.as_slice())?;
    let run = Name::Default.run(&trace.load()?, &Settings::default(), &options(Order::Listed, 0, 0))?;
    let tried = run.attempts.iter().filter(|attempt| attempt.outcome.is_bound()).count();
    ensure!(tried >= 3, "a replay places the three pods that came while it was recorded: {:?}", run.attempts);
    Ok(())
}
