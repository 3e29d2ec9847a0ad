//! An OCI image layout in a temporary folder.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use wit_graph::Digest;
use wit_sources::images::Layout;

use crate::document::{bounds, index};

/// The annotation that names an image.
pub(crate) const NAME: &str = "org.opencontainers.image.ref.name";

pub(crate) struct Folder(TempDir);

impl Folder {
    /// An empty layout.
    pub(crate) fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        std::fs::create_dir_all(folder.path("blobs/sha256")).unwrap();
        std::fs::write(folder.path("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        folder.index(&[]);
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn blob_path(&self, digest: Digest) -> PathBuf {
        self.path("blobs/sha256").join(digest.to_string().trim_start_matches("sha256:"))
    }

    pub(crate) fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        std::fs::write(self.blob_path(digest), bytes).unwrap();
        digest
    }

    pub(crate) fn index(&self, entries: &[Value]) {
        std::fs::write(self.path("index.json"), index(entries)).unwrap();
    }

    pub(crate) fn open(&self) -> Layout {
        Layout::open(self.0.path(), &bounds()).unwrap()
    }
}

/// The annotations with this name.
pub(crate) fn named(name: &str) -> Value {
    json!({ NAME: name })
}
