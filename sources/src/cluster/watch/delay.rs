//! Where messages leave: at once, or late on purpose.

use std::time::Duration;

use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::cluster::ClusterMessage;

/// Nobody receives any more.
#[derive(Debug)]
pub(super) struct Unheard;

/// Where messages leave.
#[derive(Clone)]
pub(super) enum Outlet {
    /// They are delivered at once, and the receiver's pace is ours.
    AtOnce(Sender<ClusterMessage>),
    /// They are delivered this much later, in order. They wait in memory, as many as there are.
    Late(UnboundedSender<(Instant, ClusterMessage)>, Duration),
}

impl Outlet {
    pub(super) fn new(
        sender: Sender<ClusterMessage>,
        delay: Option<Duration>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let Some(delay) = delay else { return Self::AtOnce(sender) };
        let (late, waiting) = unbounded_channel();
        tasks.spawn(deliver(waiting, sender));
        Self::Late(late, delay)
    }

    pub(super) async fn send(&self, message: ClusterMessage) -> Result<(), Unheard> {
        match self {
            Self::AtOnce(sender) => sender.send(message).await.map_err(|_| Unheard),
            Self::Late(sender, delay) => sender.send((Instant::now() + *delay, message)).map_err(|_| Unheard),
        }
    }
}

async fn deliver(mut waiting: UnboundedReceiver<(Instant, ClusterMessage)>, sender: Sender<ClusterMessage>) {
    while let Some((due, message)) = waiting.recv().await {
        sleep_until(due).await;
        if sender.send(message).await.is_err() {
            return;
        }
    }
}
