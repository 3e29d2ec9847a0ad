//! The JSON and bytes of images, as the tools that make them write it.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use wasmparser::{Encoding, Parser, Payload};

use super::{MANIFEST_MEDIA_TYPE, digest};

/// From the CNCF's guidance on Wasm OCI artifacts.
pub(super) const WASM_CONFIG_MEDIA_TYPE: &str = "application/vnd.wasm.config.v0+json";

const CREATED: &str = "2026-01-01T00:00:00Z";

/// The config of a Wasm OCI artifact. `target` is always null, as `wkg` writes it.
pub(super) fn wasm_config(wasm: &[u8]) -> Result<Value> {
    let names = component_names(wasm)?;
    let mut config = json!({
        "created": CREATED,
        "architecture": "wasm",
        "os": if names.is_some() { "wasip2" } else { "wasip1" },
        "layerDigests": [digest(wasm)],
    });
    if let (Some((imports, exports)), Some(fields)) = (names, config.as_object_mut()) {
        fields
            .insert("component".to_owned(), json!({"imports": imports, "exports": exports, "target": null}));
    }
    Ok(config)
}

/// The names that a component imports and exports at its top level; `None` for a core module.
fn component_names(wasm: &[u8]) -> Result<Option<(Vec<String>, Vec<String>)>> {
    let (mut imports, mut exports, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.context("not a WebAssembly binary")? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => return Ok(None),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            // The outermost end closes nothing that was counted.
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(Some((imports, exports)))
}

/// The config and the one layer of a container image: an uncompressed tar archive with nothing in it, its end padded
/// with the name so that images differ.
pub(super) fn linux_image(name: &str) -> (Value, Vec<u8>) {
    let mut layer = vec![0; 1024];
    layer.extend(name.as_bytes());
    let config = json!({
        "created": CREATED,
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": ["/bin/server"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    });
    (config, layer)
}

/// A manifest over a config and layers.
pub(super) fn manifest(config_media_type: &str, config: &[u8], layers: &[(&str, &[u8])]) -> Value {
    let layers: Vec<Value> =
        layers.iter().map(|(media_type, content)| descriptor(media_type, content)).collect();
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_MEDIA_TYPE,
        "config": descriptor(config_media_type, config),
        "layers": layers,
    })
}

fn descriptor(media_type: &str, content: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(content), "size": content.len()})
}

/// `sha256:` and the hash in lower-case hexadecimal.
pub(super) fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}
