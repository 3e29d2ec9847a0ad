//! Scenarios of one test binary share a control plane and take turns: starting one takes longer than most of them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::api::{DeleteParams, ListParams};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::access::Identity;
use crate::control_plane::{ControlPlane, ControlPlaneOptions};
use crate::delay::DelayedAccess;
use crate::extender::{ExtenderOptions, ExtenderProcess};
use crate::manifests;
use crate::objects::{self, NodeSpec, RuntimeClassSpec};
use crate::pods::Pods;
use crate::scheduler::{Scheduler, SchedulerOptions};

/// Never dropped; the kernel ends its programs together with the test binary (see [`crate::process`]).
static SHARED: Mutex<Option<ControlPlane>> = Mutex::const_new(None);

const CLEANING_DEADLINE: Duration = Duration::from_secs(60);

/// One scenario's turn on the control plane: an empty cluster and a namespace of its own.
///
/// The extender, the scheduler and the watchers that a test starts should be dropped before the scenario is, which Rust
/// does by itself when they are declared after it.
pub struct Scenario {
    control_plane: MappedMutexGuard<'static, ControlPlane>,
    client: Client,
    namespace: String,
}

impl std::fmt::Debug for Scenario {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scenario").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Scenario {
    /// Waits for its turn, starts the control plane if this is the first, and empties the cluster.
    pub async fn begin(name: &str) -> Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let control_plane = shared_control_plane().await?;
        let client = control_plane.access().admin().await?;
        empty_cluster(&client).await.with_context(|| format!("cannot clean up before {name}"))?;
        let namespace = format!("{name}-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        objects::create_namespace(&client, &namespace).await?;
        say_where_the_logs_are(&control_plane);
        Ok(Self { control_plane, client, namespace })
    }

    /// The control plane.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.control_plane
    }

    /// A client that may do everything.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The scenario's namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The pods of the scenario's namespace.
    pub fn pods(&self) -> Pods {
        Pods::new(&self.client, &self.namespace)
    }

    /// Applies YAML documents, into the scenario's namespace unless they name another.
    pub async fn apply(&self, yaml: &str) -> Result<()> {
        manifests::apply(&self.client, &self.namespace, yaml).await
    }

    /// Creates nodes.
    pub async fn create_nodes(&self, nodes: &[NodeSpec]) -> Result<()> {
        objects::create_nodes(&self.client, nodes).await
    }

    /// Creates `RuntimeClasses`.
    pub async fn create_runtime_classes(&self, classes: &[RuntimeClassSpec]) -> Result<()> {
        objects::create_runtime_classes(&self.client, classes).await
    }

    /// Starts a kube-scheduler.
    pub async fn start_scheduler(&self, options: &SchedulerOptions) -> Result<Scheduler> {
        self.control_plane.start_scheduler(options).await
    }

    /// What `wit-extender` needs to serve this cluster with its own restricted rights and to read from `registries`.
    pub fn extender_options(&self, registries: &[String]) -> ExtenderOptions {
        ExtenderOptions::new(self.control_plane.access().kubeconfig("wit-extender"), registries)
    }

    /// The same, but what the API server says reaches the extender `delay` late. Keep the first while the extender runs.
    pub async fn delayed_extender_options(
        &self,
        registries: &[String],
        delay: Duration,
    ) -> Result<(DelayedAccess, ExtenderOptions)> {
        let (access, work) = (self.control_plane.access(), self.control_plane.work());
        let delayed = DelayedAccess::start(access, "wit-extender", delay, work).await?;
        let options = ExtenderOptions::new(delayed.kubeconfig(), registries);
        Ok((delayed, options))
    }

    /// Starts `wit-extender` and waits until it is ready.
    pub async fn start_extender(&self, options: &ExtenderOptions) -> Result<ExtenderProcess> {
        ExtenderProcess::start(options, self.control_plane.work()).await
    }

    /// Removes every workload, pod, node and `RuntimeClass`, so that one test can go through several orders or variants.
    pub async fn empty(&self) -> Result<()> {
        empty_cluster(&self.client).await
    }
}

/// The test runner shows this where a test fails.
#[expect(clippy::print_stderr, reason = "a failed test must say where to look")]
fn say_where_the_logs_are(control_plane: &ControlPlane) {
    eprintln!("logs of the control plane: {}", control_plane.logs().display());
}

/// Takes the turn, and starts the control plane if nobody has yet.
async fn shared_control_plane() -> Result<MappedMutexGuard<'static, ControlPlane>> {
    let mut shared = SHARED.lock().await;
    if shared.is_none() {
        let options = ControlPlaneOptions { identities: vec![Identity::newcomer()], ..Default::default() };
        *shared = Some(ControlPlane::start(&options).await?);
    }
    MutexGuard::try_map(shared, Option::as_mut).ok().context("the control plane was just started")
}

/// Removes all workloads, then their pods without asking a kubelet, then nodes and `RuntimeClasses`. Empty namespaces stay:
/// their names are not used again.
async fn empty_cluster(client: &Client) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let names = namespaces.list(&ListParams::default()).await?.items;
    let names: Vec<String> =
        names.iter().map(ResourceExt::name_any).filter(|name| !name.starts_with("kube-")).collect();
    try_join_all(names.iter().map(|name| remove_workloads(client, name))).await?;
    remove_pods(client, &names).await?;
    remove_all(Api::<Node>::all(client.clone())).await?;
    remove_all(Api::<RuntimeClass>::all(client.clone())).await
}

async fn remove_workloads(client: &Client, namespace: &str) -> Result<()> {
    remove_in::<Deployment>(client, namespace).await?;
    remove_in::<StatefulSet>(client, namespace).await?;
    remove_in::<DaemonSet>(client, namespace).await?;
    remove_in::<Job>(client, namespace).await
}

/// A controller that has not heard yet may make one more, so this goes on until none is left.
async fn remove_pods(client: &Client, namespaces: &[String]) -> Result<()> {
    let all: Api<Pod> = Api::all(client.clone());
    let replica_sets: Api<ReplicaSet> = Api::all(client.clone());
    let end = Instant::now() + CLEANING_DEADLINE;
    loop {
        for namespace in namespaces {
            remove_in::<ReplicaSet>(client, namespace).await?;
            remove_in::<Pod>(client, namespace).await?;
        }
        let left = all.list_metadata(&ListParams::default()).await?.items.len()
            + replica_sets.list_metadata(&ListParams::default()).await?.items.len();
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("{left} pods and ReplicaSets are left after {CLEANING_DEADLINE:?}");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn remove_in<K>(client: &Client, namespace: &str) -> Result<()>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + DeserializeOwned
        + std::fmt::Debug,
{
    remove_all(Api::<K>::namespaced(client.clone(), namespace)).await
}

async fn remove_all<K>(api: Api<K>) -> Result<()>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    api.delete_collection(&DeleteParams::background().grace_period(0), &ListParams::default()).await?;
    Ok(())
}
