//! Manifests, indexes and components to publish.

use serde_json::{Value, json};
use wit_config::{Images, Settings};
use wit_graph::Digest;

pub(crate) const WASM: &str = "application/wasm";
pub(crate) const TAR: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A component that imports one interface.
pub(crate) fn component() -> Vec<u8> {
    component_importing("quote")
}

/// A component that imports the interface `acme:shop/NAME`.
pub(crate) fn component_importing(name: &str) -> Vec<u8> {
    let wit =
        format!("package acme:shop@0.1.0; interface {name} {{ ask: func(); }} world w {{ import {name}; }}");
    wit_graph::testing::component(&wit, "w")
}

/// A descriptor of these bytes.
pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len()})
}

/// A manifest with these layers and an empty configuration.
pub(crate) fn manifest(layers: &[Value]) -> Vec<u8> {
    manifest_with(&descriptor("application/vnd.wasm.config.v0+json", b"{}"), layers)
}

/// A manifest with this configuration and these layers.
pub(crate) fn manifest_with(config: &Value, layers: &[Value]) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
        .to_string()
        .into_bytes()
}

/// An index with these entries.
pub(crate) fn index(entries: &[Value]) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string().into_bytes()
}

/// `value` with one more member.
pub(crate) fn with(mut value: Value, key: &str, member: Value) -> Value {
    value.as_object_mut().unwrap().insert(key.to_owned(), member);
    value
}

/// Small bounds; the fake registries, which are on loopback, are listed.
pub(crate) fn bounds() -> Images {
    Images {
        max_bytes: 1 << 20,
        max_manifest_bytes: 16 << 10,
        timeout: std::time::Duration::from_secs(20),
        insecure_registries: vec!["127.0.0.1".to_owned()],
        ..Settings::default().images
    }
}
