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

    /// Waits until the source has ended by itself, which it does when nobody receives its messages any more.
    ///
    /// A source that ends while it is needed is an error of the server: whoever waits here should stop the process.
    pub async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}
