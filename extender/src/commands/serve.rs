//! `wit-extender serve`.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use wit_config::Settings;
use wit_placement::ClusterState;

use super::settings;
use crate::cli::{Folders, ServeArguments};
use crate::clock::Clock;
use crate::feed::{self, ClusterSource};
use crate::metrics::Metrics;
use crate::owner::{self, StateHandle};
use crate::server::{self, Running};
use crate::telemetry;

/// A server with its state, until it is stopped.
pub struct Serving {
    /// The listeners.
    pub server: Running,
    /// The state.
    pub state: StateHandle,
    source: wit_sources::cluster::WatchHandle,
}

/// Serves until a signal comes.
///
/// # Errors
/// Where the settings are wrong, nothing can be reached or an address cannot be bound.
pub fn run(arguments: &ServeArguments) -> anyhow::Result<ExitCode> {
    let settings = settings(&arguments.settings, Settings::default())?;
    telemetry::init(&settings.log)?;
    telemetry::choose_tls();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let source = source(&arguments.folders).await?;
        let settle = settings.startup.settle;
        let starting = start(&settings, source, arguments.folders.images.clone(), settle);
        let serving = tokio::select! {
            serving = starting => serving?,
            () = stop.wait() => return Ok(ExitCode::SUCCESS),
        };
        serving.until(&mut stop).await
    })
}

/// Starts the sources, the owner of the state and the listeners.
///
/// # Errors
/// Where the settings do not fit together or an address cannot be bound.
pub async fn start(
    settings: &Settings,
    cluster: ClusterSource,
    images: Option<std::path::PathBuf>,
    settle: std::time::Duration,
) -> anyhow::Result<Serving> {
    let metrics = Arc::new(Metrics::new()?);
    let feed = feed::start(cluster, images, settings, &metrics)?;
    let state = ClusterState::new(settings.clone()).context("the host catalogue")?;
    let state = owner::start(state, feed.inputs, Arc::clone(&metrics), Clock::start());
    let server = server::open(settings, state.clone(), metrics, settle).await?;
    Ok(Serving { server, state, source: feed.source })
}

async fn source(folders: &Folders) -> anyhow::Result<ClusterSource> {
    if let Some(folder) = &folders.manifests {
        return Ok(ClusterSource::Manifests(folder.clone()));
    }
    let client = kube::Client::try_default().await;
    client.map(ClusterSource::Cluster).map_err(|error| {
        anyhow::anyhow!("neither a kubeconfig nor a service account leads to a cluster ({error}); without one, give folders with --manifests and --images")
    })
}

impl Serving {
    /// Serves until a signal comes or the source ends.
    ///
    /// # Errors
    /// Where the source ends by itself.
    pub async fn until(self, stop: &mut Stop) -> anyhow::Result<ExitCode> {
        tokio::select! {
            () = stop.wait() => {}
            () = self.source.ended() => anyhow::bail!("the source of cluster objects has ended"),
            () = self.state.ended() => anyhow::bail!("the owner of the state has ended"),
        }
        tracing::info!("stopping; another signal stops at once");
        tokio::select! {
            () = self.server.stop() => Ok(ExitCode::SUCCESS),
            () = stop.wait() => Ok(ExitCode::from(130)),
        }
    }
}

/// The signals to stop.
pub struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    /// Where signals cannot be listened to.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next of them.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
