//! A folder as it changes.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::{ManifestProblem, Manifests, documents};
use crate::cluster::{ClusterMessage, WatchHandle};

/// How often a folder is looked at where nothing else is asked for.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// Tells `sender` what the folder holds and, as often as `every`, what changed in it, until the handle is dropped.
///
/// A change is told when the folder has stayed the same for one look, so that files that are being written are left
/// alone. While it has problems that it did not have before, the last good state stays, and the problems are told as
/// warnings. [`ClusterMessage::Synced`] is sent after the first state.
pub fn follow(directory: PathBuf, every: Duration, sender: Sender<ClusterMessage>) -> WatchHandle {
    let mut tasks = JoinSet::new();
    tasks.spawn(look_again_and_again(Arc::from(directory), every, sender));
    WatchHandle::new(tasks)
}

async fn look_again_and_again(directory: Arc<Path>, every: Duration, sender: Sender<ClusterMessage>) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut followed = Followed::default();
    loop {
        ticks.tick().await;
        let (directory, mut before) = (directory.clone(), followed);
        let look = tokio::task::spawn_blocking(move || {
            let messages = before.look(&directory);
            (before, messages)
        });
        // A look that broke, or the runtime's end: either way this source has ended.
        let Ok((after, messages)) = look.await else { return };
        followed = after;
        for message in messages {
            if sender.send(message).await.is_err() {
                return;
            }
        }
    }
}

/// What was seen of a folder, and what was told of it.
#[derive(Debug, Default)]
struct Followed {
    /// The state that was told last.
    told: Option<Manifests>,
    /// The files at the last look, as a hash.
    seen: Option<u64>,
    /// The files that were read last, as a hash.
    read: Option<u64>,
    /// Why the folder could not be read at the last look.
    unreadable: Option<String>,
}

impl Followed {
    /// Looks at the folder; what is to be told.
    fn look(&mut self, directory: &Path) -> Vec<ClusterMessage> {
        let files = match documents::files(directory) {
            Ok(files) => files,
            Err(error) => return self.unreadable(directory, error.to_string()),
        };
        self.unreadable = None;
        let hash = hash_of(&files);
        let settled = self.told.is_none() || self.seen == Some(hash);
        self.seen = Some(hash);
        if !settled || self.read == Some(hash) {
            return Vec::new();
        }
        self.read = Some(hash);
        self.take(Manifests::from_files(&files))
    }

    fn unreadable(&mut self, directory: &Path, message: String) -> Vec<ClusterMessage> {
        if self.unreadable.as_ref() == Some(&message) {
            return Vec::new();
        }
        self.unreadable = Some(message.clone());
        vec![ClusterMessage::Warning { object: directory.display().to_string(), message }]
    }

    /// Takes a newer state over, unless something of it broke.
    fn take(&mut self, newer: Manifests) -> Vec<ClusterMessage> {
        let known: BTreeSet<_> = self.told.iter().flat_map(|told| &told.problems).collect();
        let broken: Vec<_> = newer.problems.iter().filter(|problem| !known.contains(problem)).collect();
        let mut messages: Vec<_> = broken.iter().map(|problem| warning(problem)).collect();
        let events = match &self.told {
            Some(_) if !broken.is_empty() => return messages,
            Some(told) => told.changes(&newer),
            None => newer.events(),
        };
        messages.extend(events.into_iter().map(ClusterMessage::Event));
        if self.told.is_none() {
            messages.push(ClusterMessage::Synced);
        }
        self.told = Some(newer);
        messages
    }
}

fn warning(problem: &ManifestProblem) -> ClusterMessage {
    let (object, message) = problem.parts();
    ClusterMessage::Warning { object, message }
}

fn hash_of(files: &[documents::File]) -> u64 {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
