//! From a manifest or index to what the image is, without I/O: the stores fetch what each step asks for.

use wit_config::Images;
use wit_graph::Digest;

use super::intake::document_too_large;
use super::manifest::{self, Content, Document};
use super::{FetchError, FetchErrorKind, Layer, Resolved};

/// How many indexes may lie inside each other.
const MAX_DEPTH: usize = 4;

/// The search for an image's layer, on its way.
pub(crate) struct Resolution {
    image: Digest,
    depth: usize,
    max_bytes: u64,
    max_manifest_bytes: u64,
}

/// What comes next.
pub(crate) enum Step {
    /// Fetch this manifest and give it to [`Resolution::manifest`].
    Manifest(Layer),
    /// Fetch this configuration and give it to [`Resolution::configuration`].
    Configuration(Layer),
    /// It is known what the image is.
    Done(Resolved),
}

impl Resolution {
    /// The search for the image whose top manifest or index has this digest.
    pub(crate) const fn new(image: Digest, images: &Images) -> Self {
        Self { image, depth: 0, max_bytes: images.max_bytes, max_manifest_bytes: images.max_manifest_bytes }
    }

    /// Takes a manifest or index that was read at `place`.
    pub(crate) fn manifest(&mut self, place: &str, bytes: &[u8]) -> Result<Step, FetchError> {
        match manifest::parse(bytes).map_err(|problem| corrupt(place, problem))? {
            Document::Index(manifests) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(unsupported(place, "is an index inside four others"));
                }
                let chosen = manifest::choose(&manifests)
                    .ok_or_else(|| unsupported(place, "is an index without manifests"))?;
                let chosen = chosen.layer().map_err(|problem| unsupported(place, problem))?;
                self.small(place, chosen).map(Step::Manifest)
            }
            Document::Manifest { config, layers } => {
                let content = manifest::content(config.as_ref(), &layers);
                match content.map_err(|problem| unsupported(place, problem))? {
                    Content::Wasm(layer) => self.wasm(place, layer).map(Step::Done),
                    Content::Container(Some(config)) => self.small(place, config).map(Step::Configuration),
                    Content::Container(None) => Ok(Step::Done(self.not_wasm())),
                }
            }
        }
    }

    /// Takes the configuration of an image with container layers that was read at `place`.
    pub(crate) fn configuration(&self, place: &str, bytes: &[u8]) -> Result<Step, FetchError> {
        match manifest::wasm_in_container(bytes).map_err(|problem| corrupt(place, problem))? {
            None => Ok(Step::Done(self.not_wasm())),
            Some(why) => Err(unsupported(
                place,
                format!("{why}, so its container layers have Wasm files, which are not read"),
            )),
        }
    }

    fn wasm(&self, place: &str, layer: Layer) -> Result<Resolved, FetchError> {
        if layer.size > self.max_bytes {
            let problem = format!(
                "has a Wasm layer of {} bytes, more than the limit of {}",
                layer.size, self.max_bytes
            );
            return Err(FetchError::new(FetchErrorKind::TooLarge, place, problem));
        }
        Ok(Resolved::Wasm { image: self.image, layer })
    }

    const fn not_wasm(&self) -> Resolved {
        Resolved::NotWasm { image: self.image }
    }

    fn small(&self, place: &str, blob: Layer) -> Result<Layer, FetchError> {
        if blob.size > self.max_manifest_bytes {
            let place = format!("{place}, blob {}", blob.digest);
            return Err(document_too_large(&place, Some(blob.size), self.max_manifest_bytes));
        }
        Ok(blob)
    }
}

fn corrupt(place: &str, problem: impl std::fmt::Display) -> FetchError {
    FetchError::new(FetchErrorKind::Corrupt, place, problem)
}

fn unsupported(place: &str, problem: impl std::fmt::Display) -> FetchError {
    FetchError::new(FetchErrorKind::Unsupported, place, problem)
}
