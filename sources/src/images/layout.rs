//! A folder of images: an OCI image layout (`oci-layout`, `index.json`, `blobs/`).
//!
//! The index is read at every look-up, so an image that is added to the folder is found. A manifest of the index has
//! the image's name in one of two annotations:
//!
//! - `io.containerd.image.name`: the full reference;
//! - `org.opencontainers.image.ref.name`: the full reference, or, as some tools write it, the tag alone. A bare tag says
//!   nothing of registry and repository: it counts for every repository, only where no full name fits, and only where
//!   one image of the folder has it.
//!
//! A reference that is pinned by a digest needs no name: the blob of that digest is the image.

mod names;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use serde::Deserialize;
use wit_config::Images;
use wit_graph::Digest;

use super::intake::Intake;
use super::manifest::{self, Descriptor, Document};
use super::resolution::{Resolution, Step};
use super::{FetchError, FetchErrorKind, ImageStore, Layer, Reference, Resolved};

/// How much is read from a file at once.
const CHUNK: usize = 64 << 10;
/// How many nested indexes are searched for a name.
const MAX_INDEXES: usize = 64;

/// An OCI image layout.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: Arc<Path>,
    images: Images,
}

/// The file `oci-layout`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

impl Layout {
    /// The layout in `folder`.
    ///
    /// # Errors
    ///
    /// When the folder is no OCI image layout of version 1.
    pub fn open(folder: impl Into<PathBuf>, images: &Images) -> Result<Self, FetchError> {
        let layout = Self { folder: folder.into().into(), images: images.clone() };
        let path = layout.folder.join("oci-layout");
        let (_, bytes) = layout.document(&path, None)?;
        let marker: Marker = serde_json::from_slice(&bytes).map_err(|problem| corrupt(&path, problem))?;
        if marker.image_layout_version.starts_with("1.") {
            return Ok(layout);
        }
        let problem = format!("is an image layout of version {}, not 1", marker.image_layout_version);
        Err(FetchError::new(FetchErrorKind::Unsupported, path.display(), problem))
    }

    /// What the reference names, read from the files.
    fn find(&self, reference: &Reference) -> Result<Resolved, FetchError> {
        let top = match reference.digest() {
            Some(digest) => digest,
            None => self.named(reference)?,
        };
        let path = self.blob_path(top);
        let (_, bytes) = self.document(&path, Some(top))?;
        let mut resolution = Resolution::new(top, &self.images);
        let mut step = resolution.manifest(&path.display().to_string(), &bytes)?;
        loop {
            step = match step {
                Step::Done(resolved) => return Ok(resolved),
                Step::Manifest(blob) => {
                    let (place, bytes) = self.blob(blob)?;
                    resolution.manifest(&place, &bytes)?
                }
                Step::Configuration(blob) => {
                    let (place, bytes) = self.blob(blob)?;
                    resolution.configuration(&place, &bytes)?
                }
            };
        }
    }

    /// The digest of the image with this name: in the index itself, or in indexes that it names.
    fn named(&self, reference: &Reference) -> Result<Digest, FetchError> {
        let mut indexes = vec![self.folder.join("index.json")];
        let mut searched = 0;
        while searched < indexes.len() {
            let Some(path) = indexes.get(searched).cloned() else { break };
            searched += 1;
            let expected = self.digest_of(&path);
            let (_, bytes) = self.document(&path, expected)?;
            let Document::Index(entries) =
                manifest::parse(&bytes).map_err(|problem| corrupt(&path, problem))?
            else {
                continue;
            };
            match names::find(&entries, reference) {
                Ok(Some(found)) => return Ok(descriptor(&path, found)?.digest),
                Ok(None) => {}
                Err(problem) => return Err(corrupt(&path, problem).advising("give the images full names")),
            }
            let nested = entries.iter().filter(|entry| entry.media_type.contains(".index."));
            for entry in nested.take(MAX_INDEXES.saturating_sub(indexes.len())) {
                let nested = self.blob_path(descriptor(&path, entry)?.digest);
                if !indexes.contains(&nested) {
                    indexes.push(nested);
                }
            }
        }
        let problem = format!("has no image {reference}");
        Err(FetchError::new(FetchErrorKind::Missing, self.folder.join("index.json").display(), problem)
            .advising("add the image to the folder or correct the reference"))
    }

    /// The digest that a blob's path says; none for `index.json`.
    fn digest_of(&self, path: &Path) -> Option<Digest> {
        let blobs = self.folder.join("blobs").join("sha256");
        let name = path.strip_prefix(blobs).ok()?.to_str()?;
        format!("sha256:{name}").parse().ok()
    }

    fn blob_path(&self, digest: Digest) -> PathBuf {
        let text = digest.to_string();
        let (algorithm, hex) = text.split_once(':').unwrap_or(("sha256", &text));
        self.folder.join("blobs").join(algorithm).join(hex)
    }

    fn document(&self, path: &Path, digest: Option<Digest>) -> Result<(Digest, Vec<u8>), FetchError> {
        let place = path.display().to_string();
        read_file(path, Intake::document(place, digest, self.images.max_manifest_bytes))
    }

    /// A blob and where it is.
    fn blob(&self, layer: Layer) -> Result<(String, Vec<u8>), FetchError> {
        let path = self.blob_path(layer.digest);
        let place = path.display().to_string();
        let (_, bytes) = read_file(&path, Intake::blob(place.clone(), layer))?;
        Ok((place, bytes))
    }
}

impl ImageStore for Layout {
    fn resolve<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<Resolved, FetchError>> {
        let (layout, reference) = (self.clone(), reference.clone());
        Box::pin(off_thread(move || layout.find(&reference)))
    }

    fn read<'a>(
        &'a self,
        _reference: &'a Reference,
        layer: &'a Layer,
    ) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        let (layout, layer) = (self.clone(), *layer);
        Box::pin(off_thread(move || layout.blob(layer).map(|(_, bytes)| bytes)))
    }

    /// All images of a folder are on one disk, but none of them hangs because another does.
    fn lane(&self, reference: &Reference) -> String {
        reference.to_string()
    }
}

/// Files block; the runtime's other tasks go on meanwhile.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| {
        Err(FetchError::new(
            FetchErrorKind::Unavailable,
            "the image folder",
            format!("reading stopped: {stopped}"),
        ))
    })
}

fn read_file(path: &Path, mut intake: Intake) -> Result<(Digest, Vec<u8>), FetchError> {
    let unreadable = |error: io::Error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => FetchErrorKind::Missing,
            _ => FetchErrorKind::Unavailable,
        };
        FetchError::new(kind, path.display(), error)
    };
    // Looked at before it is opened: to open a pipe may wait for ever.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(corrupt(path, "is not a file"));
    }
    intake.announce(Some(metadata.len()))?;
    let mut file = File::open(path).map_err(unreadable)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => return intake.finish(),
            read => intake.push(chunk.get(..read).unwrap_or_default())?,
        }
    }
}

fn descriptor(path: &Path, entry: &Descriptor) -> Result<Layer, FetchError> {
    entry.layer().map_err(|problem| FetchError::new(FetchErrorKind::Unsupported, path.display(), problem))
}

fn corrupt(path: &Path, problem: impl std::fmt::Display) -> FetchError {
    FetchError::new(FetchErrorKind::Corrupt, path.display(), problem)
}
