//! The cluster as it changes: watches of pods, workload templates, nodes and `RuntimeClass`es.
//!
//! Every kind is watched by a task of its own, which turns objects into plain values as they come and keeps none of
//! them: only the keys of what it has told, so that what vanished while the watch was interrupted is told to be gone.

mod changes;
mod delay;
mod kinds;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::Api;
use kube::core::DeserializeGuard;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use self::changes::Changes;
use self::delay::{Outlet, Unheard};
use self::kinds::Watched;
use super::{ClusterMessage, WatchHandle};

/// How to watch.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Delivers every message this much later than it came, in order. End-to-end tests use it to show what a late
    /// watch does to limits; there is no other use for it.
    pub delay: Option<Duration>,
    /// Reads the first list in pages, also where the API server could stream it.
    pub paged_lists: bool,
}

/// How the watch of one kind ended.
enum Ended {
    /// Nobody receives any more.
    Unheard,
    /// The API server does not stream lists.
    NoStreaming,
}

/// One kind's watch: where it tells what it sees.
struct Telling {
    outlet: Outlet,
    first_lists: Arc<FirstLists>,
    listed: bool,
}

/// Counts the kinds whose first list is still to come.
struct FirstLists(AtomicUsize);

/// Watches the cluster and tells `sender` what is there and what changes, until the handle is dropped.
///
/// An object that cannot be read is skipped with a warning that names it; what was known of it stays. A watch that is
/// interrupted is taken up again with growing pauses (up to half a minute), and what vanished meanwhile is told to be gone.
/// [`ClusterMessage::Synced`] is sent once, after all kinds have delivered their first list: without the right to list
/// one of them it never comes, and warnings say why.
pub fn watch(client: kube::Client, options: &Options, sender: Sender<ClusterMessage>) -> WatchHandle {
    let mut tasks = JoinSet::new();
    let outlet = Outlet::new(sender, options.delay, &mut tasks);
    let mut watches =
        Watches { tasks, client, outlet, paged: options.paged_lists, first_lists: FirstLists::of(KINDS) };
    watches.start::<Node>();
    watches.start::<RuntimeClass>();
    watches.start::<Deployment>();
    watches.start::<StatefulSet>();
    watches.start::<DaemonSet>();
    watches.start::<ReplicaSet>();
    watches.start::<Job>();
    watches.start::<Pod>();
    WatchHandle::new(watches.tasks)
}

/// How many kinds are watched.
const KINDS: usize = 8;

struct Watches {
    tasks: JoinSet<()>,
    client: kube::Client,
    outlet: Outlet,
    paged: bool,
    first_lists: Arc<FirstLists>,
}

impl Watches {
    fn start<K: Watched>(&mut self) {
        let telling =
            Telling { outlet: self.outlet.clone(), first_lists: self.first_lists.clone(), listed: false };
        self.tasks.spawn(watch_kind::<K>(Api::all(self.client.clone()), self.paged, telling));
    }
}

async fn watch_kind<K: Watched>(api: Api<DeserializeGuard<K>>, paged: bool, mut telling: Telling) {
    let mut changes = Changes::<K>::default();
    let mut config = watcher::Config::default();
    if !paged {
        config = config.streaming_lists();
    }
    while let Ended::NoStreaming = follow(api.clone(), config, &mut changes, &mut telling).await {
        config = watcher::Config::default();
    }
}

async fn follow<K: Watched>(
    api: Api<DeserializeGuard<K>>,
    config: watcher::Config,
    changes: &mut Changes<K>,
    telling: &mut Telling,
) -> Ended {
    let mut events = std::pin::pin!(watcher(api, config).default_backoff());
    while let Some(event) = events.next().await {
        let told = match event {
            Ok(event) => {
                let list_ended = matches!(event, watcher::Event::InitDone);
                telling.tell(changes.apply(event), list_ended).await
            }
            Err(error) if refuses_streaming(&error) => return Ended::NoStreaming,
            Err(error) => telling.tell(interrupted::<K>(&error), false).await,
        };
        if told.is_err() {
            break;
        }
    }
    Ended::Unheard
}

/// An API server below 1.32, or one whose operator has switched `WatchList` off, refuses the parameter.
fn refuses_streaming(error: &watcher::Error) -> bool {
    let watcher::Error::WatchStartFailed(kube::Error::Api(status)) = error else { return false };
    matches!(status.code, 400 | 422) && status.message.contains("sendInitialEvents")
}

fn interrupted<K: Watched>(error: &watcher::Error) -> Vec<ClusterMessage> {
    let object = format!("watch of {}", K::plural(&()));
    // The API server forgets old versions as a matter of course; the list that follows makes up for it.
    if matches!(error, watcher::Error::WatchError(status) if status.code == 410) {
        tracing::debug!(object, %error, "listed again");
        return Vec::new();
    }
    vec![ClusterMessage::Warning { object, message: error.to_string() }]
}

impl Telling {
    async fn tell(&mut self, messages: Vec<ClusterMessage>, list_ended: bool) -> Result<(), Unheard> {
        for message in messages {
            self.outlet.send(message).await?;
        }
        if list_ended && !self.listed {
            self.listed = true;
            if self.first_lists.one_less() {
                self.outlet.send(ClusterMessage::Synced).await?;
            }
        }
        Ok(())
    }
}

impl FirstLists {
    fn of(kinds: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(kinds)))
    }

    /// Another kind's first list was told; whether it was the last.
    fn one_less(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

#[cfg(test)]
mod tests;
