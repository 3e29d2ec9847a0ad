//! What an image store is, and how it fails.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use wit_graph::Digest;

use super::Reference;

/// How many characters of a text from outside are shown.
const MAX_SHOWN: usize = 400;

/// The rest of a layer's way in: reads it whole and verifies its digest.
pub type Body<'a> = BoxFuture<'a, Result<Vec<u8>, FetchError>>;

/// A place from which images are read, in two steps so that a layer that is known already is not read again.
///
/// Futures may be dropped at any point: whoever asks bounds the time.
pub trait ImageStore: Send + Sync + 'static {
    /// Finds out what the reference names now: reads manifests and, where they leave it open, the configuration.
    fn resolve<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<Resolved, FetchError>>;

    /// Reads a layer of the image and verifies its digest.
    fn read<'a>(
        &'a self,
        reference: &'a Reference,
        layer: &'a Layer,
    ) -> BoxFuture<'a, Result<Vec<u8>, FetchError>>;

    /// Does of [`ImageStore::read`] what takes time and next to no memory, such as waiting for a registry's answer, and
    /// gives the rest to be done when there is memory for the layer.
    fn open<'a>(
        &'a self,
        reference: &'a Reference,
        layer: &'a Layer,
    ) -> BoxFuture<'a, Result<Body<'a>, FetchError>> {
        Box::pin(std::future::ready(Ok(self.read(reference, layer))))
    }

    /// What may fail or hang together with this reference, such as its registry. One lane never takes all readers.
    fn lane(&self, reference: &Reference) -> String {
        reference.registry().to_owned()
    }

    /// Both steps, for those who want one image now, within `timeout`.
    fn fetch<'a>(
        &'a self,
        reference: &'a Reference,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        let both = async move {
            match self.resolve(reference).await? {
                Resolved::NotWasm { image } => Ok(Fetched::NotWasm { image }),
                Resolved::Wasm { image, layer } => {
                    let bytes = self.read(reference, &layer).await?;
                    Ok(Fetched::Wasm { image, layer, bytes })
                }
            }
        };
        Box::pin(within(timeout, reference, both))
    }
}

/// What a reference names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// An image with one Wasm layer.
    Wasm {
        /// The digest of the manifest or index that the reference names.
        image: Digest,
        /// The Wasm layer.
        layer: Layer,
    },
    /// An ordinary container image.
    NotWasm {
        /// The digest of the manifest or index that the reference names.
        image: Digest,
    },
}

/// A layer as the manifest declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub size: u64,
}

/// An image that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The bytes of its Wasm layer, verified.
    Wasm {
        /// The digest of the manifest or index that the reference names.
        image: Digest,
        /// The Wasm layer.
        layer: Layer,
        /// The layer's bytes.
        bytes: Vec<u8>,
    },
    /// An ordinary container image; none of its layers was read.
    NotWasm {
        /// The digest of the manifest or index that the reference names.
        image: Digest,
    },
}

/// Why an image could not be read from its store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    kind: FetchErrorKind,
    place: String,
    problem: String,
    advice: &'static str,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FetchErrorKind {
    /// The store does not have the image.
    Missing,
    /// A manifest or layer is larger than the settings allow.
    TooLarge,
    /// It took longer than the settings allow.
    Timeout,
    /// The registry wants a login.
    Unauthorized,
    /// No connection: name, network or certificate.
    Unreachable,
    /// The store answers that it cannot, or not now.
    Unavailable,
    /// What came is not what was promised: digest, size or form.
    Corrupt,
    /// The registry is somewhere, or sent us somewhere, that we do not go.
    Refused,
    /// An image that we do not know how to read, such as one with several Wasm layers.
    Unsupported,
}

impl FetchErrorKind {
    /// A stable word for metrics.
    pub const fn result(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooLarge => "too-large",
            Self::Timeout => "timeout",
            Self::Unauthorized => "unauthorized",
            Self::Unreachable => "unreachable",
            Self::Unavailable => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether trying again soon cannot help.
    pub const fn is_definite(self) -> bool {
        !matches!(self, Self::Timeout | Self::Unreachable | Self::Unavailable)
    }

    /// What to do about it, where the failure itself has nothing better to say.
    const fn advice(self) -> &'static str {
        match self {
            Self::Missing => "push the image or correct the reference",
            Self::TooLarge => "raise `images.maxBytes` if the image is meant to be so large",
            Self::Timeout => {
                "it is tried again; raise `images.timeoutSeconds` if the registry is known to be slow"
            }
            Self::Unauthorized => "only images that can be pulled without a login are read",
            Self::Unreachable => "it is tried again; check name, network and certificate",
            Self::Unavailable => "it is tried again",
            Self::Corrupt => "push the image again",
            Self::Refused => "let the registry answer by itself, or redirect within the rules",
            Self::Unsupported => "publish the component as an image with one Wasm layer",
        }
    }
}

impl FetchError {
    /// The failure `kind` at `place` (a file or URL), with what is wrong there.
    pub(crate) fn new(kind: FetchErrorKind, place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { kind, place: shown(&place), problem: shown(&problem), advice: kind.advice() }
    }

    /// The same failure with other advice than its kind's.
    pub(crate) fn advising(mut self, advice: &'static str) -> Self {
        self.advice = advice;
        self
    }

    /// What kind of failure it was.
    pub const fn kind(&self) -> FetchErrorKind {
        self.kind
    }

    /// A stable word for metrics.
    pub const fn result(&self) -> &'static str {
        self.kind.result()
    }

    /// Whether trying again soon cannot help.
    pub const fn is_definite(&self) -> bool {
        self.kind.is_definite()
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.problem, self.advice)
    }
}

impl std::error::Error for FetchError {}

/// A text that may hold what an image or registry says, made fit for logs and events.
fn shown(text: &impl fmt::Display) -> String {
    let printable = |letter: char| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter };
    text.to_string().chars().map(printable).take(MAX_SHOWN).collect()
}

/// The future's answer, or a timeout.
pub(crate) async fn within<T>(
    timeout: Duration,
    reference: &Reference,
    work: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| {
        let problem = format!("not read within {} ms", timeout.as_millis());
        Err(FetchError::new(FetchErrorKind::Timeout, reference, problem))
    })
}
