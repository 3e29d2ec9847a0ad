//! A stand-in for the kubelets of all nodes: bound pods run and are ready, deleted ones go away.
//!
//! Without it bound pods stay `Pending` for ever, rolling updates never proceed, and a deleted pod waits for a kubelet that
//! does not exist.

use std::time::Duration;

use anyhow::Result;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt as _};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::pods::{ended, node_of};

/// The running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Kubelet {
    task: JoinHandle<()>,
}

impl Kubelet {
    /// Starts it for all nodes; a bound pod becomes ready `delay` after the stand-in has seen it.
    pub fn start(client: &Client, delay: Duration) -> Self {
        let client = client.clone();
        Self { task: tokio::spawn(run(client, delay)) }
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(client: Client, delay: Duration) {
    let pods: Api<Pod> = Api::all(client.clone());
    let mut events = std::pin::pin!(watcher::watcher(pods, watcher::Config::default()));
    while let Some(event) = events.next().await {
        let Ok(Event::InitApply(pod) | Event::Apply(pod)) = event else { continue };
        if node_of(&pod).is_some() && (pod.metadata.deletion_timestamp.is_some() || !runs(&pod)) {
            let api = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
            tokio::spawn(async move { attend(&api, &pod, delay).await });
        }
    }
}

/// The pod may be gone by now, and the test may have ended: a kubelet's failed write is no failure of the test.
async fn attend(api: &Api<Pod>, pod: &Pod, delay: Duration) -> Result<()> {
    let name = pod.name_any();
    if pod.metadata.deletion_timestamp.is_some() {
        let same = Preconditions { uid: pod.metadata.uid.clone(), ..Preconditions::default() };
        api.delete(&name, &DeleteParams::default().grace_period(0).preconditions(same)).await?;
        return Ok(());
    }
    tokio::time::sleep(delay).await;
    let conditions =
        ["Initialized", "ContainersReady", "Ready"].map(|kind| json!({"type": kind, "status": "True"}));
    let status = json!({"metadata": {"uid": pod.metadata.uid}, "status": {"phase": "Running", "conditions": conditions}});
    api.patch_status(&name, &PatchParams::default(), &Patch::Strategic(status)).await?;
    Ok(())
}

fn runs(pod: &Pod) -> bool {
    ended(pod) || pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
}
