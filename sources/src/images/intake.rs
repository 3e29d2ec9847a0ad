//! Bytes that are counted and hashed while they come in.

use sha2::{Digest as _, Sha256};
use wit_graph::Digest;

use super::{FetchError, FetchErrorKind, Layer};

/// What is allocated before the first byte came, whatever size was declared.
const FIRST_ALLOCATION: u64 = 1 << 20;

/// A blob or document on its way in.
pub(crate) struct Intake {
    place: String,
    expected: Option<Digest>,
    size: Option<u64>,
    limit: u64,
    hasher: Sha256,
    bytes: Vec<u8>,
}

impl Intake {
    /// A blob of which digest and size are known.
    pub(crate) fn blob(place: impl Into<String>, layer: Layer) -> Self {
        Self::new(place.into(), Some(layer.digest), Some(layer.size), layer.size)
    }

    /// A document of unknown size, at most `limit` bytes; its digest is known where the reference pins it.
    pub(crate) fn document(place: impl Into<String>, expected: Option<Digest>, limit: u64) -> Self {
        Self::new(place.into(), expected, None, limit)
    }

    fn new(place: String, expected: Option<Digest>, size: Option<u64>, limit: u64) -> Self {
        let capacity = usize::try_from(size.unwrap_or(0).min(FIRST_ALLOCATION)).unwrap_or(0);
        Self { place, expected, size, limit, hasher: Sha256::new(), bytes: Vec::with_capacity(capacity) }
    }

    /// Takes the next bytes, or refuses them when they are more than may come.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), FetchError> {
        let total = (self.bytes.len() + chunk.len()) as u64;
        if total > self.limit {
            return Err(self.too_long());
        }
        self.hasher.update(chunk);
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Refuses, before a byte came, what announces itself as longer than may come.
    pub(crate) fn announce(&self, length: Option<u64>) -> Result<(), FetchError> {
        match length {
            Some(length) if length > self.limit => Err(self.too_long()),
            _ => Ok(()),
        }
    }

    /// The bytes and their digest, when they are what was promised.
    pub(crate) fn finish(self) -> Result<(Digest, Vec<u8>), FetchError> {
        let corrupt = |problem: String| FetchError::new(FetchErrorKind::Corrupt, &self.place, problem);
        let length = self.bytes.len() as u64;
        if let Some(size) = self.size.filter(|&size| size != length) {
            return Err(corrupt(format!("has {length} bytes where its manifest says {size}")));
        }
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        if let Some(expected) = self.expected.filter(|&expected| expected != digest) {
            return Err(corrupt(format!("has the digest {digest} where {expected} was asked for")));
        }
        Ok((digest, self.bytes))
    }

    fn too_long(&self) -> FetchError {
        if self.size.is_some() {
            let problem = format!("is longer than the {} bytes that its manifest says", self.limit);
            return FetchError::new(FetchErrorKind::Corrupt, &self.place, problem);
        }
        document_too_large(&self.place, None, self.limit)
    }
}

/// The refusal of a manifest, index or configuration.
pub(crate) fn document_too_large(place: &str, size: Option<u64>, limit: u64) -> FetchError {
    let size = size.map_or_else(|| "more".to_owned(), |size| format!("{size} bytes, more"));
    let problem = format!("has {size} than the {limit} bytes that a manifest may have");
    FetchError::new(FetchErrorKind::TooLarge, place, problem)
        .advising("raise `images.maxManifestBytes` if the manifest is meant to be so large")
}
