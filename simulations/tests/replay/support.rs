//! What the tests of this crate share: running the command, and folders of images made from WIT.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use wit_graph::{Digest, testing};
use wit_sim::cli::Cli;

/// What a command printed.
pub(crate) struct Printed {
    pub(crate) succeeded: bool,
    pub(crate) out: String,
    pub(crate) notes: String,
}

/// Runs `wit-sim replay` on these folders.
pub(crate) fn replay(manifests: &Path, images: &Path, more: &[&str]) -> Printed {
    let folders = ["--manifests".as_ref(), manifests.as_os_str(), "--images".as_ref(), images.as_os_str()];
    let command = ["wit-sim", "replay"].map(AsRef::as_ref).into_iter().chain(folders);
    let cli = Cli::try_parse_from(command.chain(more.iter().map(AsRef::as_ref))).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli, &mut out, &mut notes);
    Printed {
        succeeded: code == ExitCode::SUCCESS,
        out: String::from_utf8(out).unwrap(),
        notes: String::from_utf8(notes).unwrap(),
    }
}

/// An OCI image layout in which every world of the WIT file is the image `registry.example/WORLD:1`.
pub(crate) fn images(name: &str, wit: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    let wit = fs::read_to_string(wit).unwrap();
    let worlds = wit.lines().filter_map(|line| line.strip_prefix("world ")?.split_whitespace().next());
    let manifests: Vec<Value> = worlds.map(|world| image(&folder, world, &wit)).collect();
    let index = json!({"schemaVersion": 2, "manifests": manifests});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
    folder
}

fn image(folder: &Path, world: &str, wit: &str) -> Value {
    let layer = blob(folder, "application/wasm", &testing::component(wit, world));
    let config = blob(folder, "application/vnd.wasm.config.v0+json", b"{}");
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]});
    let name = format!("registry.example/{world}:1");
    let mut entry = blob(folder, media_type, manifest.to_string().as_bytes());
    let annotations = json!({"org.opencontainers.image.ref.name": name});
    entry.as_object_mut().unwrap().insert("annotations".into(), annotations);
    entry
}

fn blob(folder: &Path, media_type: &str, bytes: &[u8]) -> Value {
    let digest = Digest::of(bytes).to_string();
    let hex = digest.strip_prefix("sha256:").unwrap();
    fs::write(folder.join("blobs/sha256").join(hex), bytes).unwrap();
    json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
}
