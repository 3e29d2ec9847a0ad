//! The OCI image layout of the shop: one CNCF Wasm OCI artifact per component.
//!
//! Formats: OCI image-spec 1.1 (`image-layout.md`, `manifest.md`) and the CNCF tag-runtime's Wasm OCI artifact.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{describe, shop};

/// Images are made from sources and must not change with the day on which they are made.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The files of an image layout by their path in it, held in memory.
pub(crate) struct Layout {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Layout {
    /// The layout of the components that lie in `components/`.
    pub(crate) fn of_components() -> Result<Self> {
        let mut layout = Self { files: BTreeMap::new() };
        let mut manifests = Vec::new();
        for name in shop::COMPONENTS {
            manifests.push(layout.add_image(name)?);
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": manifests,
        });
        layout.files.insert("index.json".into(), document(&index)?);
        layout.files.insert("oci-layout".into(), document(&json!({ "imageLayoutVersion": "1.0.0" }))?);
        Ok(layout)
    }

    /// Replaces `images/` by this layout.
    pub(crate) fn write(&self) -> Result<()> {
        let images = shop::images();
        if images.exists() {
            std::fs::remove_dir_all(&images)?;
        }
        for (path, contents) in &self.files {
            let path = images.join(path);
            std::fs::create_dir_all(path.parent().context("a layout's file lies in a folder")?)?;
            std::fs::write(path, contents)?;
        }
        Ok(())
    }

    /// Every difference between this layout and the one in `images/`.
    pub(crate) fn differences(&self) -> Result<Vec<String>> {
        let mut committed = BTreeMap::new();
        read_files(&shop::images(), Path::new(""), &mut committed)?;
        let missing = self.files.keys().filter(|path| !committed.contains_key(*path));
        let missing = missing.map(|path| format!("images/{} is missing", path.display()));
        let wrong = committed.iter().filter_map(|(path, contents)| match self.files.get(path) {
            None => Some(format!("images/{} does not belong there", path.display())),
            Some(expected) if expected != contents => {
                Some(format!("images/{} has other contents", path.display()))
            }
            Some(_) => None,
        });
        Ok(missing.chain(wrong).collect())
    }

    /// Adds a component's layer, config and manifest; returns the manifest's entry for the index.
    fn add_image(&mut self, name: &str) -> Result<Value> {
        let component =
            std::fs::read(shop::component(name)).with_context(|| format!("cannot read {name}"))?;
        let world = describe::world(&component).with_context(|| format!("cannot decode {name}"))?;
        let mut layer = self.add_blob("application/wasm", component);
        let config = json!({
            "created": CREATED,
            "author": null,
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer["digest"]],
            "component": { "exports": world.exports, "imports": world.imports, "target": null },
        });
        layer["annotations"] = json!({ "org.opencontainers.image.title": format!("{name}.wasm") });
        let config = self.add_blob("application/vnd.wasm.config.v0+json", serde_json::to_vec(&config)?);
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer] });
        let mut entry = self.add_blob(media_type, serde_json::to_vec(&manifest)?);
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": shop::image(name) });
        Ok(entry)
    }

    /// Adds a blob; returns its descriptor.
    fn add_blob(&mut self, media_type: &str, contents: Vec<u8>) -> Value {
        let digest = Sha256::digest(&contents);
        let digest = digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        let descriptor =
            json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": contents.len() });
        self.files.insert(Path::new("blobs/sha256").join(digest), contents);
        descriptor
    }
}

/// A document that people read too.
fn document(value: &Value) -> Result<Vec<u8>> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    Ok(text)
}

fn read_files(root: &Path, below: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) -> Result<()> {
    let folder = root.join(below);
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            read_files(root, &path, found)?;
        } else {
            found.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
