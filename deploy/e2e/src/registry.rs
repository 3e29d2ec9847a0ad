//! A real OCI registry on loopback, and images of every kind to put into it.

mod artifact;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::binaries::control_plane_binary;
use crate::ports::free_port;
use crate::process::{Launch, Process};
use crate::work_directory::WorkDirectory;

/// The media type of an OCI image manifest.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

const START_DEADLINE: Duration = Duration::from_secs(30);

/// A running registry that answers plain HTTP. Dropping it stops it.
#[derive(Debug)]
pub struct Registry {
    process: Process,
    port: u16,
    storage: PathBuf,
    _work: WorkDirectory,
}

/// An image in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedImage {
    /// `127.0.0.1:PORT/NAME:TAG`, for a pod's `image`.
    pub reference: String,
    /// The manifest's digest, `sha256:…`.
    pub digest: String,
}

impl Registry {
    /// Starts an empty registry and waits until it answers.
    pub async fn start() -> Result<Self> {
        let work = WorkDirectory::create()?;
        let port = free_port()?;
        let storage = work.subdirectory("registry")?;
        let configuration = serde_json::json!({
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": storage}, "delete": {"enabled": true}},
            "http": {"addr": format!("127.0.0.1:{port}")},
        });
        let file = work.write("registry.yaml", serde_saphyr::to_string(&configuration)?)?;
        let launch = Launch::new("registry", control_plane_binary("registry")?)
            .argument("serve")
            .argument(file)
            // It would look for a trace collector otherwise.
            .variable("OTEL_TRACES_EXPORTER", "none");
        let mut process = Process::start(launch, &work.subdirectory("logs")?)?;
        process.wait_ready(&format!("http://127.0.0.1:{port}/v2/"), START_DEADLINE).await?;
        Ok(Self { process, port, storage, _work: work })
    }

    /// `127.0.0.1:PORT`, as image references begin and as `images.insecureRegistries` lists it.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The process, to stop, pause or restart it.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Pushes a WebAssembly binary as the CNCF's Wasm OCI artifact, as `wkg oci push` does: a component with the imports
    /// and exports that it has, or a core module.
    pub async fn push_component(&self, name: &str, tag: &str, wasm: &[u8]) -> Result<PushedImage> {
        let config = artifact::wasm_config(wasm)?;
        let layers = [("application/wasm", wasm)];
        self.push_image(name, tag, artifact::WASM_CONFIG_MEDIA_TYPE, &config, &layers).await
    }

    /// Pushes a small ordinary container image for linux/amd64.
    pub async fn push_linux_image(&self, name: &str, tag: &str) -> Result<PushedImage> {
        let (config, layer) = artifact::linux_image(name);
        let layers = [("application/vnd.oci.image.layer.v1.tar", layer.as_slice())];
        self.push_image(name, tag, "application/vnd.oci.image.config.v1+json", &config, &layers).await
    }

    /// Pushes a config and layers of any media types under one manifest.
    pub async fn push_image(
        &self,
        name: &str,
        tag: &str,
        config_media_type: &str,
        config: &Value,
        layers: &[(&str, &[u8])],
    ) -> Result<PushedImage> {
        let config = serde_json::to_vec(config)?;
        self.push_blob(name, &config).await?;
        for (_, content) in layers {
            self.push_blob(name, content).await?;
        }
        let manifest = artifact::manifest(config_media_type, &config, layers);
        self.push_raw(name, tag, MANIFEST_MEDIA_TYPE, &serde_json::to_vec(&manifest)?).await
    }

    /// Pushes the bytes of a manifest as they are. The registry itself refuses what is not JSON or names blobs that it
    /// does not have; see [`replace_blob`](Self::replace_blob) for lies that it would not accept.
    pub async fn push_raw(
        &self,
        name: &str,
        tag: &str,
        media_type: &str,
        manifest: &[u8],
    ) -> Result<PushedImage> {
        let url = format!("{}/manifests/{tag}", self.repository(name));
        let request = client()?.put(url).header(CONTENT_TYPE, media_type).body(manifest.to_vec());
        checked(request.send().await?, "the manifest").await?;
        let reference = format!("{}/{name}:{tag}", self.address());
        Ok(PushedImage { reference, digest: digest(manifest) })
    }

    /// Pushes a blob into a repository and returns its digest.
    pub async fn push_blob(&self, name: &str, content: &[u8]) -> Result<String> {
        let client = client()?;
        let digest = digest(content);
        let start = client.post(format!("{}/blobs/uploads/", self.repository(name))).send().await?;
        let start = checked(start, "the upload").await?;
        let location =
            start.headers().get(LOCATION).context("the registry gave no upload location")?.to_str()?;
        let location = start.url().join(location)?;
        let separator = if location.query().is_some() { '&' } else { '?' };
        let upload = client
            .put(format!("{location}{separator}digest={digest}"))
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(content.to_vec());
        checked(upload.send().await?, "the blob").await?;
        Ok(digest)
    }

    /// Writes other content behind a digest that the registry has, manifest or blob: it then serves what does not match.
    pub fn replace_blob(&self, digest: &str, content: &[u8]) -> Result<()> {
        let hash = digest.strip_prefix("sha256:").context("not a sha256 digest")?;
        let first = hash.get(..2).context("not a sha256 digest")?;
        let folder = self.storage.join("docker/registry/v2/blobs/sha256").join(first).join(hash);
        let file = folder.join("data");
        if !file.is_file() {
            bail!("the registry has no {digest}");
        }
        std::fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))
    }

    fn repository(&self, name: &str) -> String {
        format!("http://{}/v2/{name}", self.address())
    }
}

/// `sha256:…` of some bytes.
pub fn digest(content: &[u8]) -> String {
    artifact::hexadecimal(&Sha256::digest(content))
}

fn client() -> Result<reqwest::Client> {
    crate::access::use_ring();
    Ok(reqwest::Client::builder().timeout(Duration::from_secs(60)).build()?)
}

async fn checked(answer: reqwest::Response, what: &str) -> Result<reqwest::Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    bail!("the registry refused {what}: {status}: {}", answer.text().await.unwrap_or_default())
}
