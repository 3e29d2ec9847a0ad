//! The server that is measured: the real one, fed with events instead of a watch.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::mpsc;
use wit_config::{Mode, Settings};
use wit_extender::clock::Clock;
use wit_extender::metrics::Metrics;
use wit_extender::owner::{self, CHANNEL, Inputs, StateHandle};
use wit_extender::server::{self, Running};
use wit_extender::shop::Shop;
use wit_placement::{ClusterState, Event, PodKey, World};
use wit_sources::cluster::ClusterMessage;
use wit_sources::images::{ImageReader, Layout};

use crate::cluster::Cluster;

/// The server with what it is fed from.
pub(crate) struct Server {
    running: Running,
    pub(crate) state: StateHandle,
    events: mpsc::Sender<ClusterMessage>,
    /// Keeps the images' folder.
    _shop: Shop,
}

impl Server {
    /// Starts the server for a cluster without bound pods; its images are read when this returns.
    pub(crate) async fn start(cluster: &Cluster) -> anyhow::Result<Self> {
        let settings = settings();
        let shop = Shop::unpack()?;
        let metrics = Arc::new(Metrics::new()?);
        let (events, received) = mpsc::channel(CHANNEL);
        let (read, images) = mpsc::channel(CHANNEL);
        let store = Arc::new(Layout::open(shop.images(), &settings.images)?);
        let reader = ImageReader::start(store, &settings.images, &settings.reading, read);
        let inputs = Inputs { cluster: received, images, reader, wakes: None };
        let state = ClusterState::new(settings.clone())?;
        let state = owner::start(state, inputs, Arc::clone(&metrics), Clock::start());
        for event in cluster.start() {
            events.send(ClusterMessage::Event(event)).await?;
        }
        events.send(ClusterMessage::Synced).await?;
        let running = server::open(&settings, state.clone(), metrics, Duration::ZERO).await?;
        let server = Self { running, state, events, _shop: shop };
        while server.reads() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addresses.verbs
    }

    /// Has the owner take in an event.
    pub(crate) fn tell(&self, event: Event) -> anyhow::Result<()> {
        let message = ClusterMessage::Event(event);
        self.events.blocking_send(message).context("the owner of the state has ended")
    }

    /// Waits until the snapshot shows a pod and no image is being read.
    pub(crate) fn wait_for(&self, pod: &PodKey) {
        while !self.shows(pod) || self.reads() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }

    fn shows(&self, pod: &PodKey) -> bool {
        self.state.snapshot().state.pod(pod).is_some()
    }

    /// Whether some image is still being read.
    fn reads(&self) -> bool {
        self.state.snapshot().state.worlds().any(|(_, world)| matches!(world, World::Reading { .. }))
    }
}

/// The documented defaults, steering, on free loopback ports.
fn settings() -> Settings {
    let mut settings = Settings { mode: Mode::Steer, ..Settings::default() };
    let listeners = &mut settings.listeners;
    for listener in [&mut listeners.verbs, &mut listeners.ops, &mut listeners.api] {
        *listener = SocketAddr::from(([127, 0, 0, 1], 0));
    }
    settings
}
