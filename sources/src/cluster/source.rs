//! What every source of cluster facts speaks, and the handle by which it is held.

use tokio::task::JoinSet;
use wit_placement::Event;

/// What a source of cluster facts has to say.
#[derive(Clone, Debug)]
pub enum ClusterMessage {
    /// Something happened in the cluster.
    Event(Event),
    /// Something could not be read, and what is known of it was left as it was.
    Warning {
        /// What could not be read: `Pod shop/cart-0`, or a file.
        object: String,
        /// What is wrong with it.
        message: String,
    },
    /// Everything that was there at the start has been told. Sent once.
    Synced,
}

/// Holds the tasks of a source: they end when it is dropped.
#[derive(Debug)]
#[must_use = "the source stops when its handle is dropped"]
pub struct WatchHandle {
    tasks: JoinSet<()>,
}

impl WatchHandle {
    pub(super) fn new(tasks: JoinSet<()>) -> Self {
        Self { tasks }
    }

    /// Waits until any part of the source has ended, because nobody receives its messages any more or because it broke:
    /// what that part watched is not told any more. The other parts end with this call.
    ///
    /// A source that ends while it is needed is an error of the server: whoever waits here should stop the process.
    pub async fn ended(mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            tracing::error!(%error, "a part of the source of cluster objects broke");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// Whether a source with an endless task and this one ends.
    async fn ends_with(task: impl Future<Output = ()> + Send + 'static) -> bool {
        let mut tasks = JoinSet::new();
        tasks.spawn(pending());
        tasks.spawn(task);
        timeout(Duration::from_secs(60), WatchHandle::new(tasks).ended()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_has_ended_when_one_part_of_it_has_however_it_ended() {
        assert!(ends_with(ready(())).await);
        assert!(ends_with(async { panic!("a watch that breaks") }).await);
        assert!(!ends_with(pending()).await);
    }
}
