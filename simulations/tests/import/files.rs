//! Where traces go, and what is said of those that are there.

use std::fs;
use std::path::{Path, PathBuf};

use wit_sim::counts::Counts;
use wit_sim::trace::Trace;

use crate::support::wit_sim;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn case(path: &str) -> String {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/cases");
    cases.join(path).to_str().unwrap().to_owned()
}

/// An empty folder.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_file_gets_what_would_be_printed_and_can_be_validated() {
    let target = folder("import-to-a-file").join("trace.jsonl");
    let target = target.to_str().unwrap();
    let file = case("rasa/cluster.json");
    let printed = wit_sim(&words(&["import", "rasa", &file]));
    let written = wit_sim(&words(&["import", "rasa", &file, "-o", target]));
    assert!(written.succeeded && written.out.is_empty());
    assert_eq!(fs::read_to_string(target).unwrap(), printed.out);
    let validated = wit_sim(&words(&["validate", target]));
    assert!(validated.out.contains("2 nodes, 2 workloads, 3 listed pods"), "{}", validated.out);
}

#[test]
fn an_import_that_fails_leaves_what_was_there() {
    let folder = folder("import-that-fails");
    let target = folder.join("trace.jsonl");
    fs::write(&target, "as it was").unwrap();
    let wrong = case("rasa-wrong/cluster.json");
    let printed = wit_sim(&words(&["import", "rasa", &wrong, "-o", target.to_str().unwrap()]));
    assert!(!printed.succeeded);
    assert_eq!(fs::read_to_string(&target).unwrap(), "as it was");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing temporary stays");
}

#[test]
fn the_trace_of_the_documentation_is_one_and_can_be_simulated() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/traces.md");
    let page = fs::read_to_string(page).unwrap();
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let trace = Trace::read(example.as_bytes()).unwrap();
    trace.load().unwrap();
    let counts = Counts::of(&trace);
    assert_eq!((counts.nodes, counts.workloads, counts.images, counts.links, counts.later), (2, 2, 2, 1, 4));
}

#[test]
fn every_problem_of_every_trace_is_a_line_with_its_file() {
    let file = case("rasa/cluster.json");
    let printed = wit_sim(&words(&["validate", &file, "/none/trace.jsonl"]));
    assert!(!printed.succeeded);
    let lines: Vec<_> = printed.notes.lines().collect();
    assert!(lines.len() > 2, "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("cluster.json: line 1: ")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("/none/trace.jsonl: cannot be opened")), "{lines:?}");
}

#[test]
fn what_cannot_be_simulated_is_told_with_its_line() {
    let target = folder("validate-what-is-loaded").join("trace.jsonl");
    let lines = [
        r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"nowhere"}"#,
        r#"{"at":0,"pod":{"pod":"shop/web","workload":"shop/Deployment/web"}}"#,
        r#"{"at":0,"nodeFailed":{"node":"n1"}}"#,
    ];
    fs::write(&target, lines.join("\n")).unwrap();
    let printed = wit_sim(&words(&["validate", target.to_str().unwrap()]));
    assert!(!printed.succeeded && printed.out.is_empty());
    assert!(
        printed.notes.contains("trace.jsonl: line 2: pod.workload: there is no workload"),
        "{}",
        printed.notes
    );
    assert!(
        printed.notes.contains("trace.jsonl: line 3: nodeFailed.node: there is no node `n1`"),
        "{}",
        printed.notes
    );
}

#[test]
fn a_run_tells_what_was_other_than_the_trace_has_it() {
    let target = folder("what-if").join("trace.jsonl");
    let target = target.to_str().unwrap();
    wit_sim(&words(&["import", "rasa", &case("rasa/cluster.json"), "-o", target]));
    let changes = ["--nodes", "3", "--set", "placement.blastRadius=0.25"];
    let run = wit_sim(&words(&[&["replay", target, "--output", "json"], &changes[..]].concat()));
    let run: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(run["details"]["nodes"].as_array().unwrap().len(), 3);
    let told = &run["assumptions"]["settings"];
    assert_eq!(
        (&told["nodes"], &told["placement.blastRadius"]),
        (&"3: 3 instead of 2".into(), &"0.25".into())
    );

    let wrong = wit_sim(&words(&["compare", target, "--memory-factor", "spin=2", "--cpu-factor", "spin=2"]));
    assert!(
        !wrong.succeeded && wrong.notes.matches("there are no such pods").count() == 2,
        "{}",
        wrong.notes
    );
}

#[test]
fn scenarios_are_listed_and_a_name_of_none_is_told() {
    let listed = wit_sim(&words(&["scenarios", "--list"]));
    assert_eq!(listed.out.lines().count(), 8);
    let one = wit_sim(&words(&["scenarios", "200-on-a-raspberry-pi-5"]));
    assert!(one.succeeded && one.out.contains("verdict  it holds only if"), "{}", one.out);
    let none = wit_sim(&words(&["scenarios", "two-hundred"]));
    assert!(!none.succeeded && none.notes.contains("there is no scenario two-hundred"), "{}", none.notes);
}

#[test]
fn shells_complete_and_every_command_has_a_manual_page() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = wit_sim(&words(&["completions", shell]));
        assert!(script.succeeded && script.out.contains("memory-factor"), "{shell}");
    }
    let pages = folder("man");
    assert!(wit_sim(&words(&["man", pages.to_str().unwrap()])).succeeded);
    let page = fs::read_to_string(pages.join("wit-sim-scenarios.1")).unwrap();
    assert!(page.contains(".TH") && pages.join("wit-sim.1").is_file(), "{page}");
    let nowhere = wit_sim(&words(&["man", "/none/pages"]));
    assert!(!nowhere.succeeded && nowhere.notes.contains("/none/pages"), "{}", nowhere.notes);
}

#[test]
fn what_is_no_rasa_file_is_told_so() {
    let file = folder("no-rasa").join("file.json");
    fs::write(&file, "{}").unwrap();
    let printed = wit_sim(&words(&["import", "rasa", file.to_str().unwrap()]));
    assert!(printed.notes.contains("file.json: this is no RASA file: missing field"), "{}", printed.notes);
}
