//! What the tests of this crate share: a small trace, its runs, and the commands as they are typed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use wit_sim::cli::Cli;

/// What a command printed.
pub(crate) struct Printed {
    pub(crate) succeeded: bool,
    pub(crate) out: String,
    pub(crate) notes: String,
}

/// An empty folder.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a command in the folder: `FILES/…` is a file in it. The folder's name is left out of what is printed.
pub(crate) fn wit_sim(folder: &Path, command: &[&str]) -> Printed {
    let prefix = format!("{}/", folder.display());
    let arguments = command.iter().map(|argument| argument.replace("FILES/", &prefix));
    let cli = Cli::try_parse_from(std::iter::once("wit-sim".to_owned()).chain(arguments)).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli, &mut out, &mut notes);
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&prefix, "");
    Printed { succeeded: code == ExitCode::SUCCESS, out: text(out), notes: text(notes) }
}

/// Two linked Wasm services, an ordinary one, and one that is too large for any of the three nodes.
pub(crate) fn trace(name: &str) -> String {
    let node = |name: &str| {
        let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "20"});
        let labels = json!({"runtime": "wasm"});
        json!({"at": 0, "node": {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}})
    };
    let workload = |name: &str, replicas: u32, cpu: &str, wasm: bool, links: Value| {
        let requests = json!({"cpu": cpu, "memory": "16Mi"});
        let mut spec =
            json!({"containers": [{"name": "c", "image": name, "resources": {"requests": requests}}]});
        if wasm {
            spec["runtimeClassName"] = json!("wasm");
        }
        let template = json!({"metadata": {"annotations": links}, "spec": spec});
        let key = format!("web/Deployment/{name}");
        json!({"at": 0, "workload": {"workload": key, "replicas": replicas, "template": template}})
    };
    let class = json!({"metadata": {"name": "wasm"}, "handler": "spin"});
    let records = [
        json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": name}),
        json!({"at": 0, "runtimeClass": class}),
        node("n1"),
        node("n2"),
        node("n3"),
        workload("front", 2, "100m", true, json!({"wit-placement.dev/links": "back=1"})),
        workload("back", 2, "100m", true, json!({})),
        workload("plain", 5, "100m", false, json!({})),
        workload("large", 1, "8", false, json!({})),
    ];
    records.map(|record| record.to_string() + "\n").concat()
}

/// Replays the trace of the folder, and keeps the run as a file of this name.
pub(crate) fn replay(folder: &Path, run: &str, more: &[&str]) {
    let path = folder.join("trace.jsonl");
    if !path.exists() {
        fs::write(&path, trace("two services")).unwrap();
    }
    let command = ["replay", "FILES/trace.jsonl", "--output=json"];
    let printed = wit_sim(folder, &[&command, more].concat());
    assert!(printed.succeeded, "{}", printed.notes);
    fs::write(folder.join(run), printed.out).unwrap();
}

/// Changes a run.
pub(crate) fn change(folder: &Path, run: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(run);
    let mut json: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut json);
    fs::write(path, json.to_string()).unwrap();
}
