//! The one task that owns the cluster's state: it takes in what the sources tell and what the verbs presume, and
//! publishes immutable snapshots.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;
use wit_placement::{ClusterState, Effects, Event, LedgerEntry, Millis, NodeName, PodRequest, PodWorld};
use wit_sources::cluster::ClusterMessage;
use wit_sources::images::{ImageMessage, ImageReader};

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::waiting::{Waiting, WaitingPods, Wake};

/// Messages taken in before a snapshot is published, at most.
const BATCH: usize = 1_024;
/// How often expiry and deadlines are looked at.
const TICK: Duration = Duration::from_millis(100);
/// Capacity of the channels into the owner.
pub const CHANNEL: usize = 4_096;

/// The state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The cluster.
    pub state: ClusterState,
    /// When the snapshot was published.
    pub published: Millis,
    /// How often something had become admissible by then.
    pub admissions: u64,
}

/// What the verbs tell the owner.
#[derive(Debug)]
pub enum Command {
    /// Enter an answer in the ledger, and say when the snapshot shows it.
    Enter {
        /// What the answer changes.
        entry: LedgerEntry,
        /// The pod.
        pod: PodRequest,
        /// Told when the snapshot shows it.
        done: oneshot::Sender<()>,
    },
    /// A pod was refused on every node.
    Waiting(Waiting),
    /// A pod names a RuntimeClass that the watch has not shown.
    StrangeClass {
        /// The class.
        name: String,
        /// Told when the snapshot shows it.
        done: oneshot::Sender<()>,
    },
    /// The scheduler named nodes that the watch has not shown.
    Strangers(Vec<NodeName>),
    /// An event that does not come from the sources: the demo's bindings.
    Event {
        /// What happened.
        event: Event,
        /// Told when the snapshot shows it.
        done: oneshot::Sender<()>,
    },
}

/// How everybody else sees the state.
#[derive(Clone, Debug)]
pub struct StateHandle {
    commands: mpsc::Sender<Command>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    synced: watch::Receiver<bool>,
    clock: Clock,
}

/// The owner of the state has ended.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the owner of the state has ended; the server is about to stop")]
pub struct OwnerGone;

/// What the owner is fed from.
#[derive(Debug)]
pub struct Inputs {
    /// Kubernetes objects.
    pub cluster: mpsc::Receiver<ClusterMessage>,
    /// Images.
    pub images: mpsc::Receiver<ImageMessage>,
    /// Where images are asked for.
    pub reader: ImageReader,
    /// Where pods to be woken go; `None` where there is no API server to wake them in.
    pub wakes: Option<mpsc::Sender<Wake>>,
}

/// The owner of the state.
struct Owner {
    state: ClusterState,
    snapshot: Arc<ArcSwap<Snapshot>>,
    synced: watch::Sender<bool>,
    inputs: Inputs,
    commands: mpsc::Receiver<Command>,
    waiting: WaitingPods,
    metrics: Arc<Metrics>,
    clock: Clock,
    /// The sources have delivered what was there at the start.
    in_sync: bool,
    /// How often something has become admissible.
    admissions: u64,
    /// Something may have become admissible since pods were last looked at.
    may_admit: bool,
    /// The latest look did not come to all waiting pods.
    looking: bool,
}

/// Starts the owner of `state`; it ends when its handle and its inputs are gone.
pub fn start(state: ClusterState, inputs: Inputs, metrics: Arc<Metrics>, clock: Clock) -> StateHandle {
    let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot {
        state: state.clone(),
        published: clock.now(),
        admissions: 0,
    }));
    let (commands, received) = mpsc::channel(CHANNEL);
    let (synced, is_synced) = watch::channel(false);
    let owner = Owner {
        state,
        snapshot: Arc::clone(&snapshot),
        synced,
        inputs,
        commands: received,
        waiting: WaitingPods::default(),
        metrics,
        clock,
        in_sync: false,
        admissions: 0,
        may_admit: false,
        looking: false,
    };
    tokio::spawn(owner.run());
    StateHandle { commands, snapshot, synced: is_synced, clock }
}

impl StateHandle {
    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Whether the sources have delivered what was there at the start.
    pub fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Whether the owner is there.
    pub fn is_alive(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Waits until the sources have delivered what was there at the start.
    ///
    /// # Errors
    /// Where the owner has ended.
    pub async fn wait_synced(&self) -> Result<(), OwnerGone> {
        self.synced.clone().wait_for(|synced| *synced).await.map(|_| ()).map_err(|_| OwnerGone)
    }

    /// Waits until the owner has ended, which it does only when it failed: nothing can be answered from then on.
    pub async fn ended(&self) {
        self.commands.closed().await;
    }

    /// Enters an answer in the ledger; returns when the snapshot shows it.
    ///
    /// # Errors
    /// Where the owner has ended: an answer that is not presumed must not be given.
    pub async fn enter(&self, entry: LedgerEntry, pod: PodRequest) -> Result<(), OwnerGone> {
        let (done, is_done) = oneshot::channel();
        self.commands.send(Command::Enter { entry, pod, done }).await.map_err(|_| OwnerGone)?;
        is_done.await.map_err(|_| OwnerGone)
    }

    /// Takes in an event; returns when the snapshot shows it.
    pub async fn apply(&self, event: Event) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Command::Event { event, done }).await.is_ok() {
            let _ = is_done.await;
        }
    }

    /// Notes a pod that was refused on every node.
    pub async fn wait(&self, waiting: Waiting) {
        let _ = self.commands.send(Command::Waiting(waiting)).await;
    }

    /// Notes a RuntimeClass that a pod names and the watch has not shown; returns when the snapshot shows it.
    pub async fn strange_class(&self, name: String) {
        let (done, is_done) = oneshot::channel();
        if self.commands.send(Command::StrangeClass { name, done }).await.is_ok() {
            let _ = is_done.await;
        }
    }

    /// Notes nodes that the scheduler named and the watch has not shown.
    pub async fn strangers(&self, names: Vec<NodeName>) {
        let _ = self.commands.send(Command::Strangers(names)).await;
    }
}

impl Owner {
    async fn run(mut self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut commands, mut cluster, mut images) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let mut done = Vec::new();
            tokio::select! {
                biased;
                received = self.commands.recv_many(&mut commands, BATCH) => {
                    if received == 0 {
                        return;
                    }
                    commands.drain(..).for_each(|command| self.command(command, &mut done));
                }
                _ = self.inputs.cluster.recv_many(&mut cluster, BATCH), if !self.inputs.cluster.is_closed() || !self.inputs.cluster.is_empty() => {
                    cluster.drain(..).for_each(|message| self.cluster_message(message));
                }
                Some(first) = self.inputs.images.recv() => {
                    images.push(first);
                    while let Ok(more) = self.inputs.images.try_recv() {
                        images.push(more);
                    }
                    images.drain(..).for_each(|message| self.image_message(&message));
                }
                _ = ticks.tick() => self.tick(),
            }
            // Freeing what only the snapshot before has takes longer than telling.
            let before = self.publish();
            for one in done {
                // Nobody waits any more when a request was dropped.
                let _: Result<(), ()> = one.send(());
            }
            drop(before);
            self.wake();
        }
    }

    fn command(&mut self, command: Command, done: &mut Vec<oneshot::Sender<()>>) {
        match command {
            Command::Enter { entry, pod, done: sender } => {
                self.waiting.forget(&pod.uid);
                let effects = entry.enter(&mut self.state, &pod, self.clock.now());
                self.follow(effects);
                done.push(sender);
            }
            Command::Waiting(waiting) => self.wait(waiting),
            Command::StrangeClass { name, done: sender } => {
                // A folder has no API server that has seen more than we have.
                if self.inputs.wakes.is_some() {
                    self.state.note_strange_class(&name, self.clock.now());
                }
                done.push(sender);
            }
            Command::Strangers(names) => {
                let now = self.clock.now();
                self.state.note_strangers(names, now);
                self.waiting.expect(now.after(self.state.settings().reading.deadline));
            }
            Command::Event { event, done: sender } => {
                self.event(event);
                done.push(sender);
            }
        }
    }

    fn wait(&mut self, mut waiting: Waiting) {
        let now = self.clock.now();
        let effects = self.state.note_images(&waiting.pod.shape, now);
        self.follow(effects);
        // The deadline that counts is the one that the state goes by: its image may have been noted only now.
        if let PodWorld::Reading(until) = self.state.pod_world(&waiting.pod.shape, now) {
            waiting.reading_until = Some(until);
        }
        // What became admissible between the refusal and now was not looked at for this pod.
        self.may_admit |= waiting.judged_after != self.admissions;
        self.waiting.note(waiting, now);
    }

    fn cluster_message(&mut self, message: ClusterMessage) {
        match message {
            ClusterMessage::Event(event) => self.event(event),
            ClusterMessage::Warning { object, message } => {
                self.metrics.watch_warnings.inc();
                warn!(object, "{message}");
            }
            ClusterMessage::Synced => self.in_sync = true,
        }
    }

    fn event(&mut self, event: Event) {
        match &event {
            Event::PodGone(uid) => self.waiting.forget(uid),
            Event::Pod(pod) if pod.node.is_some() => self.waiting.forget(&pod.uid),
            _ => {}
        }
        let effects = self.state.apply(event, self.clock.now());
        self.follow(effects);
    }

    fn image_message(&mut self, message: &ImageMessage) {
        self.metrics.image_read(message);
        let event = Event::World(message.reference.clone(), message.world(self.clock.now()));
        self.event(event);
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        let effects = self.state.expire(now);
        self.follow(effects);
        self.may_admit |= self.waiting.passes_deadline(now);
        self.waiting.forget_old(now);
    }

    fn follow(&mut self, effects: Effects) {
        effects.forget.iter().for_each(|image| self.inputs.reader.forget(image));
        effects.read.into_iter().for_each(|image| self.inputs.reader.request(image));
        self.admissions += u64::from(effects.may_admit);
        self.may_admit |= effects.may_admit;
    }

    /// Publishes the state; returns the snapshot before.
    fn publish(&self) -> Arc<Snapshot> {
        let (state, published) = (self.state.clone(), self.clock.now());
        let before = self.snapshot.swap(Arc::new(Snapshot { state, published, admissions: self.admissions }));
        // Whoever waits for this reads the snapshot next: it has to be the one with everything in it.
        if self.in_sync && !*self.synced.borrow() {
            self.synced.send_replace(true);
        }
        before
    }

    /// Wakes the pods that would be admitted by now.
    fn wake(&mut self) {
        let changed = std::mem::take(&mut self.may_admit);
        if !(changed || self.looking) || self.waiting.is_empty() {
            return;
        }
        let look = self.waiting.look(&self.state, self.clock.now(), changed);
        self.looking = look.more;
        let Some(wakes) = &self.inputs.wakes else { return };
        for wake in look.wakes {
            if wakes.try_send(wake).is_err() {
                warn!(
                    "too many pods to wake at once; the scheduler tries the rest again by itself within minutes"
                );
            }
        }
    }
}
