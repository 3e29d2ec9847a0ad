//! `wit-sim record` as it runs: it is stopped, killed, and goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use wit_sim::trace::Trace;

use crate::live::kubeconfig;
use crate::support::wit_sim;

/// A recording of a cluster of one node and one pod.
struct Recording {
    kubeconfig: PathBuf,
    trace: PathBuf,
}

impl Recording {
    fn new(name: &str) -> Self {
        let kubeconfig = kubeconfig(name, |path| {
            let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "9"});
            Some(match path {
                "/api/v1/nodes" => {
                    vec![json!({"metadata": {"name": "n1"}, "status": {"allocatable": allocatable}})]
                }
                "/api/v1/pods" => vec![json!({"metadata": {"name": "cart-0", "namespace": "shop"},
                    "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "a:1"}]}})],
                _ => Vec::new(),
            })
        });
        let trace = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.trace"));
        let _ = fs::remove_file(&trace);
        Self { kubeconfig, trace }
    }

    fn words(&self, more: &[&str]) -> Vec<String> {
        let (kubeconfig, trace) = (self.kubeconfig.to_str().unwrap(), self.trace.to_str().unwrap());
        let words = ["record", "--kubeconfig", kubeconfig, "-o", trace];
        words.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    /// The command, when its file ends with this.
    fn begun(&self, more: &[&str], end: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wit-sim"));
        let mut child = command.args(self.words(more)).stderr(Stdio::piped()).spawn().unwrap();
        for _ in 0..600 {
            if self.text().ends_with(end) {
                return child;
            }
            sleep(Duration::from_millis(50));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("there is no `{end}` at the end of: {}", self.text());
    }

    fn text(&self) -> String {
        fs::read_to_string(&self.trace).unwrap_or_default()
    }
}

fn stopped(child: Child, signal: &str) -> Output {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

#[test]
fn a_recording_is_stopped_by_signals_and_says_what_it_recorded() {
    for (name, signal) in [("interrupted", "-INT"), ("terminated", "-TERM")] {
        let recording = Recording::new(name);
        let output = stopped(recording.begun(&[], "}\n"), signal);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        assert!(said.contains(".trace: 2 records in "), "{said}");
        let trace = Trace::read(recording.text().as_bytes()).unwrap();
        assert!(trace.header.is_recorded() && trace.records.len() == 2 && trace.load().is_ok());
    }
}

#[test]
fn a_killed_recording_is_valid_up_to_half_a_line_and_goes_on() {
    let recording = Recording::new("killed");
    let mut child = recording.begun(&[], "}\n");
    child.kill().unwrap();
    child.wait().unwrap();
    let whole = recording.text();
    let again = wit_sim(&recording.words(&[]));
    assert!(!again.succeeded && again.notes.contains("--append goes on with it"), "{}", again.notes);

    fs::write(&recording.trace, whole.clone() + r#"{"at":70,"podDele"#).unwrap();
    let trace = recording.trace.to_str().unwrap().to_owned();
    let validated = wit_sim(&["validate".to_owned(), trace.clone()]);
    assert!(
        validated.succeeded && validated.out.contains("line 4 is unfinished and passed over"),
        "{validated:?}"
    );
    let replayed = wit_sim(&["replay".to_owned(), trace]);
    assert!(replayed.succeeded && replayed.notes.contains("line 4 is unfinished"), "{replayed:?}");

    let output = stopped(recording.begun(&["--append"], &whole), "-INT");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("17 bytes of an unfinished line were cut off"), "{said}");
    assert_eq!(recording.text(), whole, "nothing changed in the cluster");
}

#[test]
fn a_recording_of_hashed_names_goes_on_with_its_salt_only() {
    let recording = Recording::new("hashed");
    let hashed = ["--hash-names", "--salt", "one"];
    stopped(recording.begun(&hashed, "}\n"), "-INT");
    let text = recording.text();
    for name in ["shop", "cart-0", "n1\"", "a:1", "main", "127.0.0.1"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    for more in [vec!["--append"], vec!["--append", "--hash-names", "--salt", "two"]] {
        let refused = wit_sim(&recording.words(&more));
        assert!(!refused.succeeded && refused.notes.contains("was recorded from `n"), "{}", refused.notes);
    }
    let without = wit_sim(&recording.words(&["--append", "--hash-names"]));
    assert!(without.notes.contains("needs the --salt"), "{}", without.notes);
}

#[test]
fn a_recording_that_ends_before_the_cluster_was_listed_says_so() {
    let recording = Recording::new("short");
    let printed = wit_sim(&recording.words(&["--for", "0ms"]));
    assert!(!printed.succeeded && printed.notes.contains("nothing was recorded"), "{}", printed.notes);
}

#[test]
fn every_kind_that_cannot_be_listed_is_told_and_nothing_is_made() {
    let kubeconfig = kubeconfig("refused", |path| (!path.ends_with("/jobs")).then(Vec::new));
    let trace = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused.trace");
    let words = ["record", "-o", trace.to_str().unwrap(), "--kubeconfig", kubeconfig.to_str().unwrap()];
    let printed = wit_sim(&words.map(ToOwned::to_owned));
    assert!(!printed.succeeded && printed.notes.contains("jobs: cannot be listed: "), "{}", printed.notes);
    assert!(!trace.exists());
}
