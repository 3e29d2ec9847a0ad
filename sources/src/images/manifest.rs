//! OCI manifests and indexes, and the same of Docker: what we read of them, and what we choose from them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use wit_graph::Digest;

use super::Layer;

/// The manifests that we can read, as the `Accept` header names them.
pub(crate) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.list.v2+json";

/// The layer types that Wasm runtimes read: CNCF Wasm artifacts, Spin, runwasi now and at 0.3, Solo and Istio.
const WASM_LAYERS: [&str; 7] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/vnd.bytecodealliance.wasm.module.layer.v0+wasm",
    "application/vnd.w3c.wasm.module.v1+wasm",
    "application/vnd.wasm.component.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];

/// How the types of ordinary container layers begin.
const CONTAINER_LAYERS: [&str; 3] = [
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.",
];

/// A reference to a blob. `urls` are left out on purpose: nothing that an image names is followed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub(crate) media_type: String,
    /// The blob's digest, unchecked: algorithms that we do not read are no error until the blob is wanted.
    digest: String,
    /// The blob's size in bytes.
    size: u64,
    /// For which platform, in an index.
    #[serde(default)]
    platform: Option<Platform>,
    /// Annotations, of which the index of a layout has the image's names.
    #[serde(default)]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// A platform in an index.
#[derive(Clone, Debug, Default, Deserialize)]
struct Platform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
}

/// A document with manifests or with layers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    schema_version: Option<u64>,
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
}

/// A manifest or an index.
#[derive(Debug)]
pub(crate) enum Document {
    /// Manifests to choose from.
    Index(Vec<Descriptor>),
    /// One image.
    Manifest {
        /// Its configuration.
        config: Option<Descriptor>,
        /// Its layers.
        layers: Vec<Descriptor>,
    },
}

/// What to read of an image.
#[derive(Debug)]
pub(crate) enum Content {
    /// Its one Wasm layer.
    Wasm(Layer),
    /// Ordinary container layers; the configuration tells whether there are Wasm files in them.
    Container(Option<Layer>),
}

/// What of an image's configuration says that there are Wasm files in its layers.
#[derive(Default, Deserialize)]
struct Configuration {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    config: Option<Process>,
}

/// The process of an image's configuration.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Process {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    cmd: Option<Vec<String>>,
}

impl Descriptor {
    /// Digest and size.
    pub(crate) fn layer(&self) -> Result<Layer, String> {
        let digest: Digest =
            self.digest.parse().map_err(|problem| format!("a blob cannot be read: {problem}"))?;
        Ok(Layer { digest, size: self.size })
    }

    fn is_wasm_platform(&self) -> bool {
        self.platform.as_ref().is_some_and(|platform| is_wasm_architecture(&platform.architecture))
    }

    /// Whether it is something about an image (a signature, a bill of materials) rather than an image.
    fn is_attestation(&self) -> bool {
        self.platform.as_ref().is_some_and(|platform| platform.architecture == "unknown")
            || self.annotations.iter().flatten().any(|(key, _)| key == "vnd.docker.reference.type")
    }

    /// WASI 0.2 before 0.1 before anything else; a lower number is better.
    fn rank(&self) -> u8 {
        match self.platform.as_ref().map(|platform| platform.os.to_ascii_lowercase()).as_deref() {
            Some("wasip2") => 0,
            Some("wasip1" | "wasi") => 1,
            _ => 2,
        }
    }
}

/// Reads a manifest or an index.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, String> {
    let raw: Raw = serde_json::from_slice(bytes)
        .map_err(|problem| format!("is not a manifest or index: {}", json_problem(&problem)))?;
    if raw.schema_version == Some(1) {
        return Err("is a manifest of schema 1, which nobody reads any more".into());
    }
    match (raw.manifests, raw.layers) {
        (Some(manifests), None) => Ok(Document::Index(manifests)),
        (None, Some(layers)) => Ok(Document::Manifest { config: raw.config, layers }),
        // Both is how one digest is made to mean two images.
        (Some(_), Some(_)) => Err("is both a manifest and an index".into()),
        (None, None) => Err("is neither a manifest (`layers`) nor an index (`manifests`)".into()),
    }
}

/// The manifest of an index that a Wasm runtime would take: the one for the architecture `wasm`, else the only one. An
/// index without either is that of an ordinary image, and the first of its manifests stands for all.
pub(crate) fn choose(manifests: &[Descriptor]) -> Option<&Descriptor> {
    let wasm = manifests.iter().filter(|entry| entry.is_wasm_platform()).min_by_key(|entry| entry.rank());
    wasm.or_else(|| manifests.iter().find(|entry| !entry.is_attestation()))
}

/// What to read of a manifest's layers, or why nothing can be read.
pub(crate) fn content(config: Option<&Descriptor>, layers: &[Descriptor]) -> Result<Content, String> {
    let wasm: Vec<_> =
        layers.iter().filter(|layer| WASM_LAYERS.contains(&layer.media_type.as_str())).collect();
    match wasm.as_slice() {
        [layer] => return Ok(Content::Wasm(layer.layer()?)),
        [] => {}
        several => return Err(format!("has {} Wasm layers; runtimes read exactly one", several.len())),
    }
    let container =
        |layer: &&Descriptor| CONTAINER_LAYERS.iter().any(|start| layer.media_type.starts_with(start));
    let others: BTreeSet<_> =
        layers.iter().filter(|layer| !container(layer)).map(|layer| layer.media_type.as_str()).collect();
    if others.is_empty() {
        return Ok(Content::Container(config.map(Descriptor::layer).transpose()?));
    }
    let others: Vec<_> = others.into_iter().take(4).collect();
    Err(format!("has no Wasm layer, but layers of the type {}", others.join(", ")))
}

/// Why there are Wasm files in the container layers of the image with this configuration, if there are.
pub(crate) fn wasm_in_container(configuration: &[u8]) -> Result<Option<String>, String> {
    let configuration: Configuration = serde_json::from_slice(configuration)
        .map_err(|problem| format!("is not an image configuration: {}", json_problem(&problem)))?;
    let os = configuration.os.to_ascii_lowercase();
    if is_wasm_architecture(&configuration.architecture) || os.starts_with("wasi") {
        return Ok(Some(format!("is made for {os}/{}", configuration.architecture)));
    }
    let process = configuration.config.unwrap_or_default();
    let arguments = process.entrypoint.into_iter().chain(process.cmd).flatten();
    let started = arguments.into_iter().next().unwrap_or_default();
    let file = started.split('#').next().unwrap_or_default();
    let is_wasm = [".wasm", ".wat"].iter().any(|end| file.to_ascii_lowercase().ends_with(end));
    Ok(is_wasm.then(|| format!("starts the file `{started}`")))
}

/// What is wrong with a document, without a word of the document: it may be another than we were meant to read.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "something else than expected",
        serde_json::error::Category::Eof => "an early end",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "no JSON",
    };
    format!("{problem} at line {}, column {}", error.line(), error.column())
}

fn is_wasm_architecture(architecture: &str) -> bool {
    architecture.to_ascii_lowercase().starts_with("wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn descriptor(media_type: &str, size: u64, platform: &str) -> String {
        format!(r#"{{"mediaType":"{media_type}","digest":"{DIGEST}","size":{size},"platform":{platform}}}"#)
    }

    fn index(entries: &[String]) -> Vec<Descriptor> {
        let text = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
        match parse(text.as_bytes()).unwrap() {
            Document::Index(manifests) => manifests,
            Document::Manifest { .. } => panic!("an index"),
        }
    }

    fn layers(types: &[&str]) -> Result<Content, String> {
        let layers: Vec<_> = types.iter().map(|media_type| descriptor(media_type, 1, "null")).collect();
        let text = format!(r#"{{"schemaVersion":2,"layers":[{}]}}"#, layers.join(","));
        match parse(text.as_bytes()).unwrap() {
            Document::Manifest { config, layers } => content(config.as_ref(), &layers),
            Document::Index(_) => panic!("a manifest"),
        }
    }

    #[test]
    fn every_wasm_layer_type_of_the_runtimes_is_read() {
        for media_type in WASM_LAYERS {
            assert!(matches!(layers(&[media_type]), Ok(Content::Wasm(_))), "{media_type}");
        }
    }

    #[test]
    fn a_spin_app_is_read_by_its_one_wasm_layer() {
        let spin = ["application/vnd.fermyon.spin.application.v1+config", WASM_LAYERS[1]];
        assert!(matches!(layers(&spin), Ok(Content::Wasm(_))));
    }

    #[test]
    fn several_wasm_layers_and_unknown_ones_are_refused_in_words() {
        assert!(layers(&[WASM_LAYERS[0], WASM_LAYERS[1]]).unwrap_err().contains("2 Wasm layers"));
        assert!(layers(&["application/vnd.cncf.helm.chart"]).unwrap_err().contains("helm"));
    }

    #[test]
    fn container_layers_are_not_wasm() {
        let types = [
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ];
        assert!(matches!(layers(&types), Ok(Content::Container(None))));
        assert!(matches!(layers(&[]), Ok(Content::Container(None))));
    }

    #[test]
    fn the_wasm_platform_is_chosen_and_wasip2_first() {
        let linux = descriptor("m", 1, r#"{"architecture":"amd64","os":"linux"}"#);
        let p1 = descriptor("m", 2, r#"{"architecture":"wasm","os":"wasip1"}"#);
        let p2 = descriptor("m", 3, r#"{"architecture":"wasm","os":"wasip2"}"#);
        let chosen = |entries: &[String]| choose(&index(entries)).map(|entry| entry.size);
        assert_eq!(chosen(&[linux.clone(), p1, p2]), Some(3));
        let unknown = descriptor("m", 4, r#"{"architecture":"unknown","os":"unknown"}"#);
        assert_eq!(chosen(&[unknown, linux]), Some(1));
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn a_document_that_means_two_images_is_refused() {
        assert!(parse(br#"{"manifests":[],"layers":[]}"#).unwrap_err().contains("both"));
        assert!(parse(b"{}").unwrap_err().contains("neither"));
        assert!(parse(br#"{"schemaVersion":1,"layers":[]}"#).unwrap_err().contains("schema 1"));
        assert!(parse(b"[").unwrap_err().contains("not a manifest"));
    }

    #[test]
    fn wasm_files_in_container_layers_show_in_the_configuration() {
        let found = |text: &str| wasm_in_container(text.as_bytes()).unwrap();
        assert!(found(r#"{"architecture":"wasm32","os":"wasi"}"#).is_some());
        let entry =
            r#"{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/cart.wasm#run"],"Cmd":null}}"#;
        assert!(found(entry).unwrap().contains("/cart.wasm"));
        assert!(found(r#"{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]}}"#).is_none());
    }
}
