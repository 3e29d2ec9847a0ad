//! `wit-sim evaluate`, as it is typed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod replayed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use wit_sim::cli::Cli;

const TRACE: &str = r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"two services"}
{"at":0,"node":{"metadata":{"name":"n1"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"9"}}}}
{"at":0,"workload":{"workload":"shop/Deployment/cart","replicas":2,"template":{"spec":{"containers":[{"name":"c","image":"c"}]}}}}
"#;

/// A folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap();
    }
    folder
}

/// What the command prints, and what it says about it; the folder's name is left out of that.
fn evaluate(folder: &Path, more: &[&str]) -> (bool, String, String) {
    let path = |name: &str| folder.join(name).display().to_string();
    let command = ["wit-sim", "evaluate", &path("trace.jsonl"), "--placement", &path("placement.json")];
    let cli = Cli::try_parse_from(command.iter().copied().chain(more.iter().copied())).unwrap();
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli, &mut out, &mut notes);
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("{}/", folder.display()), "");
    (code == ExitCode::SUCCESS, text(out), text(notes))
}

#[test]
fn the_numbers_are_printed_for_programs() {
    let files = [("trace.jsonl", TRACE), ("placement.json", r#"{"n1": ["cart-0"]}"#)];
    let (succeeded, out, notes) = evaluate(&folder("evaluate-json", &files), &["--output=json"]);
    assert!(succeeded, "{notes}");
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&out["kind"], &out["trace"]), (&json!("Evaluation"), &json!("two services")));
    assert_eq!((&out["placed"], &out["pending"], &out["feasible"]), (&json!(1), &json!(1), &json!(true)));
}

#[test]
fn everything_that_is_wrong_with_the_files_is_told_by_file() {
    let trace =
        TRACE.replace("\"at\":0,\"node\"", "\"at\":-1,\"node\"").replace("\"image\":\"c\"", "\"image\":1");
    let files = [("trace.jsonl", trace.as_str()), ("placement.json", r#"{"n1": ["cart-0", 7]}"#)];
    let (succeeded, out, notes) = evaluate(&folder("evaluate-wrong", &files), &[]);
    assert!(!succeeded && out.is_empty());
    let lines: Vec<_> = notes.lines().collect();
    assert_eq!(lines.len(), 3, "{notes}");
    assert!(lines[0].starts_with("error: trace.jsonl: line 2: at: is no whole number"), "{notes}");
    assert!(lines[1].starts_with("trace.jsonl: line 3: workload.template"), "{notes}");
    assert!(
        lines[2].starts_with("placement.json: n1[1]: invalid type: integer `7`, expected a string"),
        "{notes}"
    );
}

#[test]
fn files_that_are_not_there_are_all_told() {
    let (succeeded, _, notes) = evaluate(&folder("evaluate-absent", &[]), &["--config=nowhere.yaml"]);
    assert!(!succeeded);
    for name in ["trace.jsonl", "placement.json", "nowhere.yaml"] {
        assert!(notes.lines().any(|line| line.contains(name) && line.contains("No such file")), "{notes}");
    }
}

#[test]
fn a_placement_that_does_not_fit_fails() {
    let files = [("trace.jsonl", TRACE), ("placement.json", r#"{"n1": ["cart-0", "cart-7"], "n2": []}"#)];
    let (succeeded, _, notes) = evaluate(&folder("evaluate-unfit", &files), &[]);
    assert!(!succeeded);
    assert_eq!(
        notes,
        "error: placement.json: node `n1`: there is no pod `cart-7`\nplacement.json: there is no node `n2`\n"
    );
}
