//! The watches of a cluster: a task for each kind.

use futures::StreamExt;
use kube::api::{Api, ApiResource, DynamicObject, TypeMeta};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_of};
use kube::{Client, ResourceExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use crate::import::live;

/// How many events may wait for being recorded: a burst makes the watches wait and not the memory grow.
const WAITING: usize = 256;

/// What the watch of a kind tells.
pub struct Told {
    /// The kind.
    pub kind: String,
    /// What happened; an error is told once, and the watch goes on by itself after a pause.
    pub event: Result<Event<DynamicObject>, String>,
}

/// Watches every kind until the tasks are dropped.
pub fn watch(client: &Client) -> (JoinSet<()>, Receiver<Told>) {
    let (sender, receiver) = channel(WAITING);
    let mut tasks = JoinSet::new();
    for kind in live::kinds() {
        tasks.spawn(watch_kind(client.clone(), kind, sender.clone()));
    }
    (tasks, receiver)
}

async fn watch_kind(client: Client, kind: ApiResource, sender: Sender<Told>) {
    let api: Api<DynamicObject> = Api::all_with(client, &kind);
    let mut events = std::pin::pin!(watch_of(api, watcher::Config::default()).default_backoff());
    let mut last_error = String::new();
    while let Some(event) = events.next().await {
        let event = match event {
            Ok(event) => {
                last_error.clear();
                Ok(typed(event, &kind))
            }
            Err(error) => {
                let error = format!("watch of {}: {error}", kind.plural);
                if error == last_error {
                    continue;
                }
                last_error.clone_from(&error);
                Err(error)
            }
        };
        if sender.send(Told { kind: kind.kind.clone(), event }).await.is_err() {
            return;
        }
    }
}

/// The items of a list do not say what they are; and what nobody reads is large.
fn typed(event: Event<DynamicObject>, kind: &ApiResource) -> Event<DynamicObject> {
    let typed = |mut object: DynamicObject| {
        object.types = Some(TypeMeta { api_version: kind.api_version.clone(), kind: kind.kind.clone() });
        object.managed_fields_mut().clear();
        object
    };
    match event {
        Event::Apply(object) => Event::Apply(typed(object)),
        Event::InitApply(object) => Event::InitApply(typed(object)),
        Event::Delete(object) => Event::Delete(typed(object)),
        Event::Init => Event::Init,
        Event::InitDone => Event::InitDone,
    }
}
