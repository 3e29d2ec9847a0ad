//! What the owner of the state is fed from: a cluster and registries, or folders.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use tracing::{debug, warn};
use wit_config::Settings;
use wit_sources::cluster::conditions::{self, WakeOutcome};
use wit_sources::cluster::manifests::{INTERVAL, follow};
use wit_sources::cluster::watch::Options;
use wit_sources::cluster::{ClusterMessage, WatchHandle, watch};
use wit_sources::images::{ImageReader, ImageStore, Layout, Registry};

use crate::metrics::Metrics;
use crate::owner::{CHANNEL, Inputs};
use crate::waiting::Wake;

/// The environment variable that delivers every event of the watch so many milliseconds late: end-to-end tests use it.
pub const WATCH_DELAY: &str = "WIT_TEST_WATCH_DELAY_MS";
/// How many pods are woken at the same time.
const WAKES_AT_ONCE: usize = 16;
/// How often a pod is tried to be woken, and how long after the first failure it is tried again.
const WAKE_ATTEMPTS: u32 = 5;
const WAKE_PAUSE: Duration = Duration::from_millis(250);

/// Where Kubernetes objects come from.
#[derive(Clone)]
pub enum ClusterSource {
    /// An API server.
    Cluster(kube::Client),
    /// A folder of manifests.
    Manifests(PathBuf),
}

/// The inputs of an owner, and what keeps them coming.
pub struct Feed {
    /// The inputs.
    pub inputs: Inputs,
    /// Ends when the source does; dropping it ends the source.
    pub source: WatchHandle,
}

/// Starts the sources.
///
/// # Errors
/// Where the image layout is none, or TLS cannot be set up.
pub fn start(
    cluster: ClusterSource,
    images: Option<PathBuf>,
    settings: &Settings,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<Feed> {
    let store: Arc<dyn ImageStore> = match images {
        Some(folder) => Arc::new(Layout::open(folder, &settings.images).context("--images")?),
        None => Arc::new(Registry::new(&settings.images).context("the registry client cannot be set up")?),
    };
    let (read, received) = mpsc::channel(CHANNEL);
    let reader = ImageReader::start(store, &settings.images, &settings.reading, read);
    let (sender, messages) = mpsc::channel::<ClusterMessage>(CHANNEL);
    let (source, wakes) = match cluster {
        ClusterSource::Manifests(folder) => (follow(folder, INTERVAL, sender), None),
        ClusterSource::Cluster(client) => {
            let options = Options { delay: watch_delay(), ..Options::default() };
            (watch(client.clone(), &options, sender), Some(wake_pods(client, Arc::clone(metrics))))
        }
    };
    Ok(Feed { inputs: Inputs { cluster: messages, images: received, reader, wakes }, source })
}

fn watch_delay() -> Option<Duration> {
    let milliseconds = std::env::var(WATCH_DELAY).ok()?.parse().ok()?;
    warn!(milliseconds, "{WATCH_DELAY} is set: the watch is late on purpose");
    Some(Duration::from_millis(milliseconds))
}

/// A task that wakes pods through their condition.
fn wake_pods(client: kube::Client, metrics: Arc<Metrics>) -> mpsc::Sender<Wake> {
    let (sender, mut wakes) = mpsc::channel::<Wake>(CHANNEL);
    let at_once = Arc::new(tokio::sync::Semaphore::new(WAKES_AT_ONCE));
    tokio::spawn(async move {
        while let Some(wake) = wakes.recv().await {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&at_once).acquire_owned().await else { return };
            let (client, metrics) = (client.clone(), Arc::clone(&metrics));
            tokio::spawn(async move {
                let _permit = permit;
                wake_pod(&client, &metrics, &wake).await;
            });
        }
    });
    sender
}

/// Wakes a pod; an API server that does not answer is asked again a few times.
async fn wake_pod(client: &kube::Client, metrics: &Metrics, wake: &Wake) {
    let mut pause = WAKE_PAUSE;
    for attempt in 1..=WAKE_ATTEMPTS {
        let result = try_to_wake(client, wake).await;
        debug!(pod = %wake.pod.key, reason = wake.reason, attempt, result, "pod woken");
        metrics.wakes.with_label_values(&[result]).inc();
        if result != "failed" {
            return;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

async fn try_to_wake(client: &kube::Client, wake: &Wake) -> &'static str {
    let Wake { pod, reason, message, world_read } = wake;
    match conditions::wake(client, &pod.key, &pod.uid, reason, message, *world_read).await {
        Ok(WakeOutcome::Woken) => "woken",
        Ok(WakeOutcome::Gone) => "gone",
        Err(error) if error.is_forbidden() => {
            warn!(pod = %pod.key, "may not patch pods/status: waiting pods are tried again only after minutes");
            "forbidden"
        }
        Err(error) => {
            warn!(pod = %pod.key, "{error}: {}", error.source);
            "failed"
        }
    }
}
