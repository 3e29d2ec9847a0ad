//! Reads images as soon as they are asked for, several at once, until each is known.
//!
//! # What keeps one image from delaying another
//!
//! - *Asking* is apart from *reading*. Whoever asks (finds out what a reference names, connects, waits for the first
//!   bytes of a layer) holds next to nothing, so there are sixteen times as many askers as readers.
//! - `images.concurrency` layers are read at a time, each once its first bytes are there: a registry that does not answer
//!   takes no reader. One that falls silent for two seconds in the middle of a layer is given up, and tried again later.
//! - A *lane* (a registry) takes at most half of the readers, and at most `images.concurrency` of the askers: fifteen
//!   registries that hang leave the rest to others.
//! - Second and later tries take at most half of the readers, and of the askers, together, so that an image that is asked
//!   for now does not queue behind all that failed before, from however many registries.
//! - Two references to the same layer in one registry read it once. Across registries each reads its own unless the
//!   layer is known already: otherwise a registry that hangs could hold up an image that another has too.
//! - A reader is held while its bytes are decoded, so the memory of layers is bounded by `concurrency` times `max_bytes`,
//!   and that of manifests by sixteen times `concurrency` times `max_manifest_bytes`.
//!
//! # When it is tried again
//!
//! What may succeed (a registry that does not answer) after `reading.retry_initial`, then after twice as long, up to
//! `reading.retry_max`. What will not, every `reading.retry_max`: a missing tag may be pushed, a broken one pushed again.
//! Both until it is known or [`ImageReader::forget`] is called; a text that is no reference is not tried again.
//!
//! # Time
//!
//! Messages carry no point in time. The state, which has the cluster's one clock, stamps what it receives.

mod slots;
mod worlds;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use wit_config::{Images, Reading};
use wit_graph::{Component, ComponentKind, Digest, ReadError, ReadLimits};
use wit_placement::{ImageReference, Millis, World};

use self::slots::{Gates, Slots};
use self::worlds::Worlds;
use super::store::within;
use super::{FetchError, ImageStore, Reference, Resolved};

/// What became known of an image, or that one more try failed.
#[derive(Clone, Debug)]
pub struct ImageMessage {
    /// The image, as it was asked for.
    pub reference: ImageReference,
    /// What is known now.
    pub outcome: ImageOutcome,
    /// A stable word for metrics: `read`, `cached`, `not-wasm`, or what failed (`missing`, `timeout`, `unreadable`…).
    pub result: &'static str,
    /// How long this try took, waiting for a free reader included.
    pub seconds: f64,
    /// How many bytes of layers this try read.
    pub bytes: u64,
}

/// What is known of an image after a try.
#[derive(Clone, Debug)]
pub enum ImageOutcome {
    /// It was read, or known to be an ordinary image.
    Known(Arc<Component>),
    /// It could not be read.
    Failed {
        /// What happened, where, and what to do.
        message: Arc<str>,
        /// Whether trying again soon cannot help.
        definite: bool,
    },
}

/// Reads images in the background. Dropping it stops all reading.
#[derive(Debug)]
pub struct ImageReader {
    runtime: Handle,
    shared: Arc<Shared>,
}

/// What all tasks share.
struct Shared {
    store: Arc<dyn ImageStore>,
    images: Images,
    reading: Reading,
    messages: Sender<ImageMessage>,
    askers: Slots,
    readers: Slots,
    gates: Gates,
    worlds: Worlds,
    running: Mutex<Running>,
}

/// The references that are being read or wait for their next try.
#[derive(Debug, Default)]
struct Running {
    started: u64,
    tasks: HashMap<ImageReference, (u64, AbortHandle)>,
}

/// One try.
struct Try {
    outcome: ImageOutcome,
    result: &'static str,
    bytes: u64,
    /// When it is tried again.
    again: Again,
}

/// Whether and when there is another try.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Never,
    Soon,
    Slowly,
}

impl ImageMessage {
    /// The message as placement's word for it; `since` is when reading began.
    pub fn world(&self, since: Millis) -> World {
        match &self.outcome {
            ImageOutcome::Known(component) => World::Known(Arc::clone(component)),
            ImageOutcome::Failed { message, definite } => World::Failed {
                result: self.result,
                message: Arc::clone(message),
                since,
                definite: *definite,
            },
        }
    }
}

impl ImageMessage {
    /// Failures are told once, at the first try.
    fn log(&self, tries: u32) {
        let Self { reference, outcome, result, seconds, .. } = self;
        match outcome {
            ImageOutcome::Failed { message, .. } if tries == 0 => {
                tracing::warn!(image = %reference, result, seconds, "image not read: {message}");
            }
            _ => tracing::debug!(image = %reference, result, seconds, tries, "image tried"),
        }
    }
}

impl ImageReader {
    /// A reader of this store's images that reports to `messages`.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime: the tasks run on the one that calls this.
    pub fn start(
        store: Arc<dyn ImageStore>,
        images: &Images,
        reading: &Reading,
        messages: Sender<ImageMessage>,
    ) -> Self {
        let shared = Shared {
            store,
            askers: Slots::askers(images.concurrency),
            readers: Slots::readers(images.concurrency),
            gates: Gates::default(),
            worlds: Worlds::new(images.cache_entries),
            images: images.clone(),
            reading: reading.clone(),
            messages,
            running: Mutex::default(),
        };
        Self { runtime: Handle::current(), shared: Arc::new(shared) }
    }

    /// Reads the image now, unless that is under way. There is a message for every try. An image that is known may be
    /// asked for again: its manifest is read anew, its layer only when it is another one.
    pub fn request(&self, reference: ImageReference) {
        let mut running = self.shared.running();
        if running.tasks.contains_key(&reference) {
            return;
        }
        running.started += 1;
        let number = running.started;
        let shared = Arc::clone(&self.shared);
        let image = reference.clone();
        let task = self.runtime.spawn(async move { shared.read_until_known(image, number).await });
        running.tasks.insert(reference, (number, task.abort_handle()));
    }

    /// Stops reading an image that nobody needs any more.
    pub fn forget(&self, reference: &ImageReference) {
        if let Some((_, task)) = self.shared.running().tasks.remove(reference) {
            task.abort();
        }
    }

    /// How many images are being read or wait for their next try.
    pub fn pending(&self) -> usize {
        self.shared.running().tasks.len()
    }
}

impl Drop for ImageReader {
    fn drop(&mut self) {
        self.shared.running().tasks.drain().for_each(|(_, (_, task))| task.abort());
    }
}

impl Shared {
    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One image's task.
    async fn read_until_known(&self, reference: ImageReference, number: u64) {
        let mut tries = 0;
        loop {
            let began = Instant::now();
            let one = self.read_once(&reference, tries).await;
            let message = ImageMessage {
                reference: reference.clone(),
                outcome: one.outcome,
                result: one.result,
                seconds: began.elapsed().as_secs_f64(),
                bytes: one.bytes,
            };
            message.log(tries);
            // Nobody listens any more: the process is on its way out.
            let gone = self.messages.send(message).await.is_err();
            if gone || one.again == Again::Never {
                break;
            }
            tokio::time::sleep(self.pause(one.again, tries)).await;
            tries = tries.saturating_add(1);
        }
        let mut running = self.running();
        if running.tasks.get(&reference).is_some_and(|(other, _)| *other == number) {
            running.tasks.remove(&reference);
        }
    }

    /// How long to wait after this many failed tries.
    fn pause(&self, again: Again, tries: u32) -> Duration {
        let longest = self.reading.retry_max;
        match again {
            Again::Soon => {
                self.reading.retry_initial.saturating_mul(2_u32.saturating_pow(tries)).min(longest)
            }
            Again::Slowly | Again::Never => longest,
        }
    }

    async fn read_once(&self, image: &ImageReference, tries: u32) -> Try {
        let reference: Reference = match image.0.parse() {
            Ok(reference) => reference,
            Err(problem) => {
                let message = format!("{problem}; correct the image of the container");
                return Try::failed("invalid-reference", message, Again::Never);
            }
        };
        match self.resolve_and_read(&reference, tries == 0).await {
            Ok(found) => found,
            Err(error) => {
                let again = if error.is_definite() { Again::Slowly } else { Again::Soon };
                Try::failed(error.result(), error.to_string(), again)
            }
        }
    }

    async fn resolve_and_read(&self, reference: &Reference, first: bool) -> Result<Try, FetchError> {
        let lane = self.store.lane(reference);
        let mut left = self.images.timeout;
        let asker = self.askers.take(&lane, first).await;
        let resolved = timed(&mut left, reference, self.store.resolve(reference)).await?;
        drop(asker);
        let layer = match resolved {
            Resolved::NotWasm { image } => return Ok(Try::known("not-wasm", Arc::new(not_wasm(image)))),
            Resolved::Wasm { layer, .. } => layer,
        };
        let gate = self.gates.of(&lane, layer.digest);
        let _turn = gate.lock().await;
        if let Some(known) = self.worlds.get(layer.digest) {
            return Ok(Try::of(known, reference, "cached", 0));
        }
        // Held until the end: what was opened and waits for a reader is bounded too.
        let _asker = self.askers.take(&lane, first).await;
        let body = timed(&mut left, reference, self.store.open(reference, &layer)).await?;
        let _reader = self.readers.take(&lane, first).await;
        let bytes = timed(&mut left, reference, body).await?;
        let world = decode(bytes, self.images.max_bytes).await;
        self.worlds.insert(layer.digest, world.clone());
        Ok(Try::of(world, reference, "read", layer.size))
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("running", &self.running).finish_non_exhaustive()
    }
}

impl Try {
    const fn known(result: &'static str, component: Arc<Component>) -> Self {
        Self { outcome: ImageOutcome::Known(component), result, bytes: 0, again: Again::Never }
    }

    fn failed(result: &'static str, message: String, again: Again) -> Self {
        let outcome = ImageOutcome::Failed { message: message.into(), definite: again != Again::Soon };
        Self { outcome, result, bytes: 0, again }
    }

    /// A try whose bytes were decoded, now or before.
    fn of(world: worlds::Decoded, reference: &Reference, result: &'static str, bytes: u64) -> Self {
        let one = match world {
            Ok(component) => Self::known(result, component),
            Err(error) => {
                let message =
                    format!("{reference}: {error}; build the component again, or report this if it runs");
                Self::failed(decode_result(&error), message, Again::Slowly)
            }
        };
        Self { bytes, ..one }
    }
}

/// The work's answer within what is `left` of a try's time, of which it takes what it needed. Waiting for a slot is not
/// work.
async fn timed<T>(
    left: &mut Duration,
    reference: &Reference,
    work: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    let began = Instant::now();
    let answer = within(*left, reference, work).await;
    *left = left.saturating_sub(began.elapsed());
    answer
}

/// The bytes' world, decoded where it holds up nothing else and where a panic ends nothing.
async fn decode(bytes: Vec<u8>, max_bytes: u64) -> worlds::Decoded {
    let limits = ReadLimits { max_bytes, ..ReadLimits::default() };
    let decoded = tokio::task::spawn_blocking(move || wit_graph::read(&bytes, &limits)).await;
    decoded.unwrap_or_else(|stopped| Err(ReadError::Panicked(stopped.to_string()))).map(Arc::new)
}

/// The word for metrics.
const fn decode_result(error: &ReadError) -> &'static str {
    match error {
        ReadError::TooLarge { .. } => "too-large",
        ReadError::Panicked(_) => "panicked",
        _ => "unreadable",
    }
}

/// An ordinary container image.
fn not_wasm(image: Digest) -> Component {
    Component {
        digest: image,
        size_bytes: 0,
        kind: ComponentKind::NotWasm,
        imports: Vec::new(),
        exports: Vec::new(),
        producers: Vec::new(),
        wasi: None,
        opaque_because: Some("its layers are those of an ordinary container image".into()),
    }
}
