//! A real kube-scheduler, configured by the very file that the project ships.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::access::{Access, probe_client};
use crate::binaries::{control_plane_binary, repository_root};
use crate::pki::CertificateFiles;
use crate::ports::free_port;
use crate::process::{Launch, Process};
use crate::work_directory::WorkDirectory;

const START_DEADLINE: Duration = Duration::from_secs(60);

/// How a scenario wants `deploy/scheduler/kube-scheduler-config.yaml` changed; everything else in it stays as shipped.
#[derive(Debug, Clone)]
pub struct SchedulerOptions {
    /// The file to start from.
    pub template: PathBuf,
    /// `extenders[0].urlPrefix`, such as `http://127.0.0.1:8080/v1`; without it the extender is left out.
    pub extender: Option<String>,
    /// `extenders[0].ignorable`, if it shall differ from the file.
    pub ignorable: Option<bool>,
    /// `extenders[0].httpTimeout`, if it shall differ from the file. A busy machine may need more than a cluster's.
    pub http_timeout: Option<String>,
    /// `profiles[0].schedulerName`, if it shall differ from the file.
    pub scheduler_name: Option<String>,
    /// Values at JSON pointers, set last: `("/percentageOfNodesToScore", 0)`.
    pub changes: Vec<(String, Value)>,
    /// kube-scheduler's `-v`.
    pub verbosity: u8,
}

impl SchedulerOptions {
    /// The shipped configuration, calling an extender at `url_prefix`.
    pub fn with_extender(url_prefix: impl Into<String>) -> Self {
        Self { extender: Some(url_prefix.into()), ..Self::without_extender() }
    }

    /// The shipped configuration, its `extenders` left out: what users have today.
    pub fn without_extender() -> Self {
        Self {
            template: repository_root().join("deploy/scheduler/kube-scheduler-config.yaml"),
            extender: None,
            ignorable: None,
            http_timeout: None,
            scheduler_name: None,
            changes: Vec::new(),
            verbosity: 2,
        }
    }

    /// Says whether scheduling goes on when the extender does not answer.
    #[must_use]
    pub fn ignorable(self, ignorable: bool) -> Self {
        Self { ignorable: Some(ignorable), ..self }
    }

    /// Sets how long the scheduler waits for a reply, as Go writes durations (`500ms`, `5s`).
    #[must_use]
    pub fn http_timeout(self, timeout: impl Into<String>) -> Self {
        Self { http_timeout: Some(timeout.into()), ..self }
    }

    /// Gives the profile a name of its own, for a second scheduler beside the default one.
    #[must_use]
    pub fn scheduler_name(self, name: impl Into<String>) -> Self {
        Self { scheduler_name: Some(name.into()), ..self }
    }

    /// Sets any value by its JSON pointer.
    #[must_use]
    pub fn change(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        self.changes.push((pointer.into(), value.into()));
        self
    }

    /// The configuration that the scheduler is given.
    ///
    /// # Errors
    /// When the template does not have what is to be changed: a test must not go on without the extender unnoticed.
    pub fn configuration(&self, kubeconfig: &Path) -> Result<Value> {
        let text = std::fs::read_to_string(&self.template)
            .with_context(|| format!("cannot read {}", self.template.display()))?;
        let mut configuration: Value = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is not YAML", self.template.display()))?;
        set(&mut configuration, "/clientConnection/kubeconfig", json!(kubeconfig))?;
        set(&mut configuration, "/leaderElection/leaderElect", json!(false))?;
        if let Some(name) = &self.scheduler_name {
            set(&mut configuration, "/profiles/0/schedulerName", json!(name))?;
        }
        match &self.extender {
            Some(url) => self.point_at_extender(&mut configuration, url)?,
            None => set(&mut configuration, "/extenders", json!([]))?,
        }
        for (pointer, value) in &self.changes {
            set(&mut configuration, pointer, value.clone())?;
        }
        Ok(configuration)
    }

    fn point_at_extender(&self, configuration: &mut Value, url: &str) -> Result<()> {
        set(configuration, "/extenders/0/urlPrefix", json!(url))?;
        if let Some(ignorable) = self.ignorable {
            set(configuration, "/extenders/0/ignorable", json!(ignorable))?;
        }
        if let Some(timeout) = &self.http_timeout {
            set(configuration, "/extenders/0/httpTimeout", json!(timeout))?;
        }
        Ok(())
    }
}

/// Sets a key whose parent exists.
fn set(configuration: &mut Value, pointer: &str, value: Value) -> Result<()> {
    let (parent, key) =
        pointer.rsplit_once('/').with_context(|| format!("{pointer} is not a JSON pointer"))?;
    match configuration.pointer_mut(parent) {
        Some(Value::Object(fields)) => fields.insert(key.to_owned(), value),
        _ => bail!("the scheduler's configuration has no mapping at {parent:?} to set {key:?} in"),
    };
    Ok(())
}

/// A running kube-scheduler. Dropping it stops it.
#[derive(Debug)]
pub struct Scheduler {
    process: Process,
    url: String,
}

impl Scheduler {
    pub(crate) async fn start(
        options: &SchedulerOptions,
        access: &Access,
        serving: &CertificateFiles,
        work: &WorkDirectory,
        logs: &Path,
    ) -> Result<Self> {
        let port = free_port()?;
        let configuration = options.configuration(&access.kubeconfig("scheduler"))?;
        let file = work.write(&format!("scheduler-{port}.yaml"), serde_saphyr::to_string(&configuration)?)?;
        let launch = Launch::new(format!("kube-scheduler-{port}"), control_plane_binary("kube-scheduler")?)
            .flag("config", file)
            .flag("bind-address", "127.0.0.1")
            .flag("secure-port", port.to_string())
            .flag("tls-cert-file", &serving.certificate)
            .flag("tls-private-key-file", &serving.key)
            .flag("authorization-always-allow-paths", "/healthz,/readyz,/livez,/metrics")
            .flag("v", options.verbosity.to_string());
        let process = Process::start(launch, logs)?;
        let mut scheduler = Self { process, url: format!("https://127.0.0.1:{port}") };
        scheduler.wait_ready().await?;
        Ok(scheduler)
    }

    /// Ends the scheduler and starts it again with the same configuration; it remembers nothing.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.restart()?;
        self.wait_ready().await
    }

    /// The process, for its log or to pause it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Its Prometheus metrics.
    pub async fn metrics(&self) -> Result<String> {
        let answer = probe_client()?.get(format!("{}/metrics", self.url)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    async fn wait_ready(&mut self) -> Result<()> {
        self.process.wait_ready(&format!("{}/readyz", self.url), START_DEADLINE).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_change_only_what_a_test_machine_needs_changed() {
        let fed =
            SchedulerOptions::with_extender("http://127.0.0.1:1/v1").configuration(Path::new("/k")).unwrap();
        let shipped = std::fs::read_to_string(SchedulerOptions::without_extender().template).unwrap();
        let mut expected: Value = serde_saphyr::from_str(&shipped).unwrap();
        expected["extenders"][0]["urlPrefix"] = json!("http://127.0.0.1:1/v1");
        expected["clientConnection"]["kubeconfig"] = json!("/k");
        expected["leaderElection"]["leaderElect"] = json!(false);
        assert_eq!(fed, expected);
    }

    #[test]
    fn a_change_without_a_place_is_an_error() {
        let options = SchedulerOptions::without_extender().change("/extenders/0/weight", 1);
        let error = options.configuration(Path::new("/k")).unwrap_err();
        assert!(error.to_string().contains("/extenders/0"), "{error}");
    }

    #[test]
    fn the_shipped_weight_and_address_are_those_that_the_settings_assume() {
        let shipped = std::fs::read_to_string(SchedulerOptions::without_extender().template).unwrap();
        let shipped: Value = serde_saphyr::from_str(&shipped).unwrap();
        let (extender, settings) = (&shipped["extenders"][0], wit_config::Settings::default());
        assert_eq!(extender["weight"], json!(settings.scheduler.weight));
        assert_eq!(extender["urlPrefix"], json!(format!("http://{}/v1", settings.listeners.verbs)));
    }
}
