//! The `wit-extender` under test: started, killed and started again like a pod's container.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::access::probe_client;
use crate::binaries::extender_binary;
use crate::ports::free_port;
use crate::process::{Launch, Process};
use crate::work_directory::WorkDirectory;

const START_DEADLINE: Duration = Duration::from_secs(60);

/// What the extender is given.
#[derive(Debug, Clone)]
pub struct ExtenderOptions {
    /// The cluster, usually [`Access::kubeconfig`](crate::Access::kubeconfig)`("wit-extender")`.
    pub kubeconfig: PathBuf,
    /// The settings file; `apiVersion`, `kind` and `listeners` are added. Without `mode` it is `steer`.
    pub settings: Value,
    /// More environment variables.
    pub environment: Vec<(String, String)>,
}

impl ExtenderOptions {
    /// Steers, and reads images from the registries given (`127.0.0.1:PORT`) by plain HTTP.
    pub fn new(kubeconfig: impl Into<PathBuf>, registries: &[String]) -> Self {
        let settings = json!({"mode": "steer", "images": {"insecureRegistries": registries}});
        Self { kubeconfig: kubeconfig.into(), settings, environment: Vec::new() }
    }

    /// Merges more settings over those that there are.
    #[must_use]
    pub fn setting(mut self, more: Value) -> Self {
        merge(&mut self.settings, more);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running `wit-extender serve` on three loopback ports, which it keeps when it is restarted. Dropping it stops it.
#[derive(Debug)]
pub struct ExtenderProcess {
    process: Process,
    verbs: u16,
    ops: u16,
    api: u16,
}

impl ExtenderProcess {
    /// Starts it and waits until `/readyz` answers.
    pub async fn start(options: &ExtenderOptions, work: &WorkDirectory) -> Result<Self> {
        let mut extender = Self::start_unready(options, work)?;
        extender.wait_ready().await?;
        Ok(extender)
    }

    /// Starts it and does not wait.
    pub fn start_unready(options: &ExtenderOptions, work: &WorkDirectory) -> Result<Self> {
        let (verbs, ops, api) = (free_port()?, free_port()?, free_port()?);
        let file = write_settings(options, work, verbs, ops, api)?;
        let launch = Launch::new(format!("wit-extender-{verbs}"), extender_binary()?)
            .argument("serve")
            .argument("--config")
            .argument(file)
            .variable("KUBECONFIG", &options.kubeconfig);
        let launch =
            options.environment.iter().fold(launch, |launch, (name, value)| launch.variable(name, value));
        let process = Process::start(launch, &work.subdirectory("logs")?)?;
        Ok(Self { process, verbs, ops, api })
    }

    /// Waits until `/readyz` answers 200.
    pub async fn wait_ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.ops_url());
        self.process.wait_ready(&url, START_DEADLINE).await
    }

    /// Sends SIGKILL: requests in flight break, and what it only had in memory is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on the same ports and waits until it is ready.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.restart()?;
        self.wait_ready().await
    }

    /// The process, for its log, to pause it, or to see how it ends.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// What kube-scheduler's `urlPrefix` is.
    pub fn url_prefix(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.verbs)
    }

    /// Where `/metrics`, `/livez` and `/readyz` are.
    pub fn ops_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ops)
    }

    /// Where the page, `/v1/explain` and `/v1/graph` are.
    pub fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.api)
    }

    /// Its Prometheus metrics.
    pub async fn metrics(&self) -> Result<String> {
        let answer = probe_client()?.get(format!("{}/metrics", self.ops_url())).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// The sum of a metric over the series whose labels contain all of `labels` (`verb="filter"`); 0 if there is none.
    pub async fn metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let metrics = self.metrics().await?;
        let series = metrics.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
        let own = series.filter(|(found, _)| found.is_empty() || found.starts_with('{'));
        let wanted = own.filter(|(found, _)| labels.iter().all(|label| found.contains(label)));
        Ok(wanted.filter_map(|(_, value)| value.parse::<f64>().ok()).sum())
    }

    /// A JSON document of the `api` listener, such as `/v1/graph`.
    pub async fn get_json(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.api_url());
        let answer = probe_client()?.get(&url).send().await.with_context(|| format!("cannot get {url}"))?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            bail!("{url}: {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }
}

fn write_settings(
    options: &ExtenderOptions,
    work: &WorkDirectory,
    verbs: u16,
    ops: u16,
    api: u16,
) -> Result<PathBuf> {
    let address = |port: u16| format!("127.0.0.1:{port}");
    let mut settings = json!({
        "apiVersion": "wit-placement.dev/v1alpha1",
        "kind": "ExtenderConfiguration",
        "mode": "steer",
        "listeners": {"verbs": address(verbs), "ops": address(ops), "api": address(api)},
    });
    merge(&mut settings, options.settings.clone());
    work.write(&format!("wit-extender-{verbs}.yaml"), serde_saphyr::to_string(&settings)?)
}

/// Merges mappings key by key; anything else is replaced.
fn merge(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (key, value) in more {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more,
    }
}
