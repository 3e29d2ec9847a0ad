//! The shop: the bundled example, embedded so that an installed binary carries it.

use std::io;
use std::path::PathBuf;

use include_dir::{Dir, include_dir};
use tempfile::TempDir;

static MANIFESTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shop/manifests");
static IMAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shop/images");

/// The shop's folders, unpacked; they are removed when this is dropped.
#[derive(Debug)]
pub struct Shop {
    folder: TempDir,
}

impl Shop {
    /// Unpacks the shop into a temporary folder.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub fn unpack() -> io::Result<Self> {
        let shop = Self { folder: tempfile::Builder::new().prefix("wit-shop-").tempdir()? };
        for (files, folder) in [(&MANIFESTS, shop.manifests()), (&IMAGES, shop.images())] {
            std::fs::create_dir_all(&folder)?;
            files.extract(folder)?;
        }
        Ok(shop)
    }

    /// The folder of its Kubernetes objects.
    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// The folder of its images, an OCI image layout.
    pub fn images(&self) -> PathBuf {
        self.folder.path().join("images")
    }
}
