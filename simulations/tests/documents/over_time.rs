//! Numbers of a run that ends with nothing left to measure.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{folder, wit_sim};

/// A folder with a trace: two linked pods come after 20 s, fit on one node alone, and end after 60 s of 80.
fn ends_empty(name: &str) -> PathBuf {
    let folder = folder(name);
    let node = |name: &str, cpu: &str| {
        let allocatable = json!({"cpu": cpu, "memory": "8Gi", "pods": "20"});
        json!({"at": 0, "node": {"metadata": {"name": name}, "status": {"allocatable": allocatable}}})
    };
    let workload = |name: &str, links: Value| {
        let containers =
            json!([{"name": "c", "image": "c", "resources": {"requests": {"cpu": "1", "memory": "64Mi"}}}]);
        let template = json!({"metadata": {"annotations": links}, "spec": {"containers": containers}});
        let workload = json!({"workload": format!("web/Job/{name}"), "replicas": 1, "listed": true, "template": template});
        json!({"at": 20_000, "workload": workload})
    };
    let pod = |name: &str| json!({"at": 20_000, "pod": {"pod": format!("web/{name}"), "workload": format!("web/Job/{name}")}});
    let ends = |name: &str| json!({"at": 60_000, "podFinished": {"pod": format!("web/{name}")}});
    let records = [
        json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "two jobs"}),
        node("n1", "4"),
        node("n2", "500m"),
        workload("front", json!({"wit-placement.dev/links": "back=1"})),
        workload("back", json!({})),
        pod("front"),
        pod("back"),
        ends("front"),
        ends("back"),
        json!({"at": 80_000, "nodeFailed": {"node": "n2"}}),
    ];
    fs::write(folder.join("trace.jsonl"), records.map(|record| record.to_string() + "\n").concat()).unwrap();
    folder
}

fn compare(folder: &Path, condition: &str) -> (bool, String) {
    let command = ["compare", "FILES/trace.jsonl", "default", "wit", "--seeds", "3", "--fail-if", condition];
    let printed = wit_sim(folder, &command);
    (printed.succeeded, printed.notes)
}

#[test]
fn the_end_has_nothing_to_measure_and_the_average_over_time_has() {
    let folder = ends_empty("over-time");
    let printed = wit_sim(&folder, &["replay", "FILES/trace.jsonl", "--output=json"]);
    let run: Value = serde_json::from_str(&printed.out).unwrap();
    for key in ["gainedAffinity", "randomBalancing", "hotSpot", "headroom", "fragmentedCpu"] {
        assert!(run["metrics"][key].is_null(), "{key}: {}", run["metrics"][key]);
    }
    let (course, means) = (&run["course"], &run["course"]["means"]);
    assert_eq!((&course["ended"], &means["over"]), (&json!(80_000), &json!(80_000)));
    // Two pods for 40 of 80 seconds, and calls as long as somebody calls.
    assert_eq!((&means["values"]["placed"], &means["values"]["gainedAffinity"]), (&json!(1.0), &json!(1.0)));
    let text = wit_sim(&folder, &["replay", "FILES/trace.jsonl"]).out;
    let cells = |label: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(label)).unwrap_or(&text);
        line.split("   ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
            .map(ToOwned::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(cells("G, gained affinity")[..2], ["–", "100.0 %"]);
    assert_eq!(cells("waited, 99 of a hundred at most"), ["0.000 s"]);
    assert_eq!((cells("pods bound"), cells("never bound")), (vec!["2".to_owned()], vec!["0".to_owned()]));
    assert!(text.contains("The end is after 80 s; averages are over the 80 s until"), "{text}");
}

#[test]
fn conditions_on_what_cannot_be_measured_fail_and_name_what_can() {
    let folder = ends_empty("over-time-conditions");
    let (succeeded, notes) = compare(&folder, "wit.G < 0.5");
    assert!(!succeeded);
    assert!(
        notes.contains("there is nothing to measure of `wit.G` at the end of any run; `wit.meanG` is its average over time"),
        "{notes}"
    );
    assert_eq!(compare(&folder, "wit.meanG < 0.5"), (true, String::new()));
    assert!(!compare(&folder, "wit.meanPlaced < 1.5").0);
    let (_, notes) = compare(&folder, "wit.meanStranded > wit.waitingP99 + wit.G");
    assert!(notes.contains("column 37: there is nothing to measure of `wit.G`"), "{notes}");
}

#[test]
fn wrong_names_are_told_before_anything_is_run() {
    let folder = folder("over-time-names");
    let command =
        ["compare", "FILES/no-such-trace", "default", "wit", "--fail-if", "wti.G < wit.gainedAfinity"];
    let notes = wit_sim(&folder, &[command.as_slice(), &["--fail-if", "spread.G > 1"]].concat()).notes;
    for told in [
        "column 1: there is no strategy `wti`, there are `default`, `wit`; did you mean `wit`?",
        "column 9: there is no metric `gainedAfinity`; did you mean `gainedAffinity`?",
        "column 1: there is no strategy `spread`, there are `default`, `wit`",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    assert!(!notes.contains("no-such-trace"), "{notes}");
    let listed = wit_sim(&folder, &["metrics"]).out;
    assert!(
        listed.contains("  G, gainedAffinity  ") && listed.contains("meanG, meanGainedAffinity"),
        "{listed}"
    );
}

#[test]
fn one_run_says_nothing_about_chance() {
    let folder = ends_empty("over-time-once");
    let command =
        |seeds: &'static str| wit_sim(&folder, &["compare", "FILES/trace.jsonl", "--seeds", seeds]).out;
    let (one, three) = (command("1"), command("3"));
    assert!(one.starts_with("two jobs: 1 run of each strategy") && !one.contains("95 %"), "{one}");
    assert!(one.contains("With one run nobody knows what chance does") && !one.contains('*'), "{one}");
    assert!(three.contains("mean (95 % interval), * surely the best") && three.contains("t-test"), "{three}");
    let ends: Vec<_> = three.lines().filter(|line| line.starts_with("G, gained affinity")).collect();
    assert!(ends[0].ends_with('–') && !ends[1].ends_with('–'), "{ends:?}");
}
