//! A rehearsal: the server that runs in a cluster, fed from folders, and the model of kube-scheduler that asks it over
//! HTTP for every pending pod. The same pods are then placed without us.

use std::path::PathBuf;
use std::time::Duration;

use tokio::runtime::Handle;
use wit_config::Settings;
use wit_placement::kube_scheduler::report::Report;
use wit_placement::kube_scheduler::{Attempt, NoExtender, Scheduler};
use wit_placement::{Affinity, ClusterState, Event, World};
use wit_sources::cluster::manifests::Manifests;
use wit_sources::remote::RemoteExtender;

use super::over_http::OverHttp;
use crate::commands::serve::{Serving, start};
use crate::feed::ClusterSource;
use crate::owner::StateHandle;

/// How long images may take to be read before pods are placed all the same.
const READING: Duration = Duration::from_secs(30);

/// The folders that a rehearsal is fed from.
#[derive(Clone, Debug)]
pub struct Folders {
    /// Kubernetes objects.
    pub manifests: PathBuf,
    /// An OCI image layout.
    pub images: PathBuf,
}

/// What came out of a rehearsal, and the server, which still runs.
pub struct Rehearsal {
    /// The server.
    pub serving: Serving,
    /// The last attempt of every pod.
    pub attempts: Vec<Attempt>,
    /// What the placement with us keeps local.
    pub steered: Affinity,
    /// What kube-scheduler's own placement of the same pods keeps local.
    pub default: Affinity,
    /// All of it as a document.
    pub report: Report,
}

/// Hears of every attempt, with the cluster as the scheduler found it at the start.
pub type OnAttempt = Box<dyn FnMut(&ClusterState, &Attempt) + Send>;

/// Starts the server and places all pending pods.
///
/// # Errors
/// Where the folders cannot be read, an address cannot be bound, or the server does not answer.
pub async fn rehearse(
    settings: &Settings,
    folders: &Folders,
    on_attempt: OnAttempt,
) -> anyhow::Result<Rehearsal> {
    let manifests = Manifests::read(&folders.manifests)?;
    let source = ClusterSource::Manifests(folders.manifests.clone());
    let serving = start(settings, source, Some(folders.images.clone()), Duration::ZERO).await?;
    wait_until_read(&serving.state).await;
    let scheduler = scheduler(settings, &manifests, &serving.state)?;
    let mut without = scheduler.clone();
    let extender = OverHttp {
        extender: RemoteExtender::new(&format!("http://{}/v1", serving.server.addresses.verbs))?,
        state: serving.state.clone(),
        runtime: Handle::current(),
    };
    let placing = tokio::task::spawn_blocking(move || place(scheduler, extender, on_attempt));
    let (with, attempts) = placing.await??;
    let Ok(_) = without.run(&mut NoExtender, &mut |_| {});
    let now = serving.state.now();
    let (steered, default) = (with.cache().affinity(now), without.cache().affinity(now));
    let report = Report::new(with.cache(), &attempts, &steered, &default);
    Ok(Rehearsal { serving, attempts, steered, default, report })
}

/// Waits until no image is being read any more.
async fn wait_until_read(state: &StateHandle) {
    let all_read = async {
        while state.snapshot().state.worlds().any(|(_, world)| matches!(world, World::Reading { .. })) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(READING, all_read).await.is_err() {
        tracing::warn!("some images are still being read; pods that use them are refused for now");
    }
}

/// kube-scheduler with the folder's cluster in its cache and the pending pods in its queue. That it knows worlds serves
/// only to say afterwards which pods cannot run where they are.
fn scheduler(settings: &Settings, manifests: &Manifests, state: &StateHandle) -> anyhow::Result<Scheduler> {
    let mut scheduler = Scheduler::new(ClusterState::new(settings.clone())?, settings.scheduler.weight);
    let (now, snapshot) = (state.now(), state.snapshot());
    for event in manifests.events() {
        scheduler.apply(event, now);
    }
    for (image, world) in snapshot.state.worlds() {
        scheduler.apply(Event::World(image.clone(), world.clone()), now);
    }
    Ok(scheduler)
}

fn place(
    mut scheduler: Scheduler,
    mut extender: OverHttp,
    mut on_attempt: OnAttempt,
) -> anyhow::Result<(Scheduler, Vec<Attempt>)> {
    let found = scheduler.cache().clone();
    let attempts = scheduler.run(&mut extender, &mut |attempt| on_attempt(&found, attempt))?;
    Ok((scheduler, attempts))
}
