//! etcd, kube-apiserver and kube-controller-manager on free loopback ports.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::access::{Access, Identity};
use crate::binaries::{control_plane_binary, repository_root};
use crate::manifests;
use crate::pki::{Authority, CertificateFiles, signing_key};
use crate::ports::free_port;
use crate::process::{Launch, Process};
use crate::scheduler::{Scheduler, SchedulerOptions};
use crate::work_directory::WorkDirectory;

const START_DEADLINE: Duration = Duration::from_secs(60);

/// The controllers that turn workloads into pods and clean up after them. Those that watch over nodes are left out:
/// they would taint nodes for which no kubelet speaks.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,statefulset-controller,daemonset-controller,\
                           job-controller,garbage-collector-controller,namespace-controller,disruption-controller";

/// What may differ between control planes.
#[derive(Debug, Clone, Default)]
pub struct ControlPlaneOptions {
    /// Users beside `admin`, `scheduler` and `wit-extender`.
    pub identities: Vec<Identity>,
    /// More arguments for kube-apiserver.
    pub api_server_arguments: Vec<String>,
}

/// A running control plane without a scheduler; see [`start_scheduler`](Self::start_scheduler). Dropping it stops it.
#[derive(Debug)]
pub struct ControlPlane {
    access: Access,
    serving: CertificateFiles,
    authority: Authority,
    logs: PathBuf,
    // Ended in this order: nobody is left talking to a server that is gone.
    _controller_manager: Process,
    _api_server: Process,
    _etcd: Process,
    work: WorkDirectory,
}

impl ControlPlane {
    /// Starts everything, waits until it is ready and applies `deploy/rbac/rbac.yaml`.
    ///
    /// # Errors
    /// When a program is missing (it says how to build it) or does not become ready; the message ends with its log.
    pub async fn start(options: &ControlPlaneOptions) -> Result<Self> {
        let work = WorkDirectory::create()?;
        let logs = work.subdirectory("logs")?;
        let authority = Authority::create(&work)?;
        let serving = authority.certificate(&work, "control-plane")?;
        let etcd_port = free_port()?;
        let etcd = start_etcd(&work, &logs, etcd_port)?;

        let port = free_port()?;
        let mut identities = vec![Identity::admin(), Identity::scheduler(), Identity::extender()];
        identities.extend(options.identities.iter().cloned());
        let (access, tokens) = Access::create(&work, port, authority.file(), &identities)?;
        let launch = api_server(&work, &serving, &tokens, port, etcd_port)?;
        let launch = options.api_server_arguments.iter().fold(launch, Launch::argument);
        let mut api_server = Process::start(launch, &logs)?;
        api_server.wait_ready(&format!("{}/readyz", access.url()), START_DEADLINE).await?;

        let controller_manager = start_controller_manager(&access, &serving, &logs).await?;
        let control_plane = Self {
            access,
            serving,
            authority,
            logs,
            _controller_manager: controller_manager,
            _api_server: api_server,
            _etcd: etcd,
            work,
        };
        control_plane.prepare().await?;
        Ok(control_plane)
    }

    /// Kubeconfigs and clients.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The folder with the logs of every program that was started.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// The harness's folder, for files of a scenario.
    pub fn work(&self) -> &WorkDirectory {
        &self.work
    }

    /// The certificate authority, for servers and clients of a scenario.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Starts a kube-scheduler and waits until it has seen the cluster. Dropping it stops it; several may run when
    /// their profiles have different names.
    pub async fn start_scheduler(&self, options: &SchedulerOptions) -> Result<Scheduler> {
        Scheduler::start(options, &self.access, &self.serving, &self.work, &self.logs).await
    }

    async fn prepare(&self) -> Result<()> {
        let client = self.access.admin().await?;
        wait_for_default_namespace(&client).await?;
        let rbac = repository_root().join("deploy/rbac/rbac.yaml");
        let documents =
            std::fs::read_to_string(&rbac).with_context(|| format!("cannot read {}", rbac.display()))?;
        manifests::apply(&client, "default", &documents).await
    }
}

/// The API server makes it shortly after it says that it is ready.
async fn wait_for_default_namespace(client: &kube::Client) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    while namespaces.get_opt("default").await?.is_none() {
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Ok(())
}

fn start_etcd(work: &WorkDirectory, logs: &Path, port: u16) -> Result<Process> {
    let client_url = format!("http://127.0.0.1:{port}");
    let peer_url = format!("http://127.0.0.1:{}", free_port()?);
    let launch = Launch::new("etcd", control_plane_binary("etcd")?)
        .flag("data-dir", work.subdirectory("etcd")?)
        .flag("listen-client-urls", &client_url)
        .flag("advertise-client-urls", &client_url)
        .flag("listen-peer-urls", &peer_url)
        .flag("initial-advertise-peer-urls", &peer_url)
        .flag("initial-cluster", format!("default={peer_url}"))
        // The data is thrown away; a slow disk must not slow the tests down.
        .argument("--unsafe-no-fsync")
        .flag("log-level", "warn");
    Process::start(launch, logs)
}

fn api_server(
    work: &WorkDirectory,
    serving: &CertificateFiles,
    tokens: &Path,
    port: u16,
    etcd_port: u16,
) -> Result<Launch> {
    let (private_key, public_key) = signing_key(work)?;
    Ok(Launch::new("kube-apiserver", control_plane_binary("kube-apiserver")?)
        .flag("etcd-servers", format!("http://127.0.0.1:{etcd_port}"))
        .flag("bind-address", "127.0.0.1")
        .flag("advertise-address", "127.0.0.1")
        .flag("secure-port", port.to_string())
        .flag("tls-cert-file", &serving.certificate)
        .flag("tls-private-key-file", &serving.key)
        .flag("token-auth-file", tokens)
        .flag("authorization-mode", "RBAC")
        .flag("service-account-key-file", public_key)
        .flag("service-account-signing-key-file", private_key)
        .flag("service-account-issuer", "https://wit-e2e.invalid")
        .flag("service-cluster-ip-range", "10.0.0.0/24")
        // Nothing reaches it through the `kubernetes` Service, which may not point at loopback.
        .flag("endpoint-reconciler-type", "none")
        // No controller runs that would lift the first one's taints or make the second one's accounts.
        .flag("disable-admission-plugins", "TaintNodesByCondition,ServiceAccount"))
}

async fn start_controller_manager(
    access: &Access,
    serving: &CertificateFiles,
    logs: &Path,
) -> Result<Process> {
    let port = free_port()?;
    let launch = Launch::new("kube-controller-manager", control_plane_binary("kube-controller-manager")?)
        .flag("kubeconfig", access.kubeconfig("admin"))
        .flag("controllers", CONTROLLERS)
        .flag("leader-elect", "false")
        .flag("bind-address", "127.0.0.1")
        .flag("secure-port", port.to_string())
        .flag("tls-cert-file", &serving.certificate)
        .flag("tls-private-key-file", &serving.key)
        .flag("kube-api-qps", "500")
        .flag("kube-api-burst", "1000");
    let mut process = Process::start(launch, logs)?;
    process.wait_ready(&format!("https://127.0.0.1:{port}/healthz"), START_DEADLINE).await?;
    Ok(process)
}
