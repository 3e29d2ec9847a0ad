//! `wit-sim report`.

use std::fs;

use serde_json::json;

use crate::support::{change, folder, replay, trace, wit_sim};

#[test]
fn runs_become_a_page_with_figures_and_tables() {
    let folder = folder("report-page");
    for (run, strategy, seed) in
        [("a", "wit", "1"), ("b", "wit", "0"), ("c", "default", "0"), ("d", "default", "1")]
    {
        replay(&folder, run, &["--strategy", strategy, "--seed", seed]);
    }
    let runs = ["FILES/a", "FILES/b", "FILES/c", "FILES/d"];
    let more = ["-o", "FILES/page.html", "--svg", "FILES/figures/svg", "--csv", "FILES/tables"];
    let printed = wit_sim(&folder, &[&["report"][..], &runs, &more].concat());
    assert!(printed.succeeded, "{}", printed.notes);
    assert!(printed.out.is_empty(), "{}", printed.out);
    assert!(printed.notes.starts_with("page.html: 2 runs of default, 2 runs of wit\n"), "{}", printed.notes);
    let page = fs::read_to_string(folder.join("page.html")).unwrap();
    assert!(page.contains("two services") && page.contains("</html>"));
    let figure = fs::read_to_string(folder.join("figures/svg/nodes-wit.svg")).unwrap();
    assert!(figure.contains("<svg"), "{figure}");
    let table = fs::read_to_string(folder.join("tables/metrics.csv")).unwrap();
    let seeds: Vec<_> = table.lines().filter(|line| line.starts_with("wit,gainedAffinity,")).collect();
    assert!(seeds[0].starts_with("wit,gainedAffinity,0,") && seeds[1].starts_with("wit,gainedAffinity,1,"));
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

#[test]
fn everything_that_is_wrong_with_the_runs_is_told_by_file_and_field() {
    let folder = folder("report-wrong");
    for run in ["good", "number", "kind"] {
        replay(&folder, run, &[]);
    }
    change(&folder, "number", |run| run["metrics"]["gainedAffinity"] = json!("much"));
    change(&folder, "kind", |run| run["kind"] = json!("Comparison"));
    fs::write(folder.join("cut"), r#"{"apiVersion": "#).unwrap();
    let runs = ["FILES/good", "FILES/number", "FILES/kind", "FILES/cut", "FILES/absent"];
    let printed = wit_sim(&folder, &[&["report", "-o", "FILES/page.html"][..], &runs].concat());
    assert!(!printed.succeeded && !folder.join("page.html").exists());
    let lines: Vec<_> = printed.notes.lines().collect();
    assert_eq!(lines.len(), 5, "{}", printed.notes);
    assert_eq!(lines[0], "error: 4 problems");
    assert!(lines[1].starts_with("number: metrics.gainedAffinity: invalid type: string \"much\""));
    assert!(lines[2].starts_with("kind: kind: is `Comparison` and not `Run`; give what"), "{}", lines[2]);
    assert!(lines[3].starts_with("cut: apiVersion: EOF while parsing"), "{}", lines[3]);
    assert!(lines[4].starts_with("absent: cannot be read: No such file"), "{}", lines[4]);
}

#[test]
fn runs_that_cannot_be_compared_are_refused() {
    let folder = folder("report-mixed");
    for (run, strategy, seed) in [("a", "wit", "0"), ("b", "default", "0"), ("c", "default", "1")] {
        replay(&folder, run, &["--strategy", strategy, "--seed", seed]);
    }
    let report = |runs: &[&str]| wit_sim(&folder, &[&["report", "-o", "FILES/page.html"], runs].concat());
    let unpaired = report(&["FILES/a", "FILES/b", "FILES/c"]).notes;
    let expected =
        "error: c: assumptions.seeds: wit has no run with [1]; strategies are compared seed by seed\n";
    assert_eq!(unpaired, expected);
    fs::write(folder.join("trace.jsonl"), trace("another")).unwrap();
    replay(&folder, "d", &[]);
    let mixed = report(&["FILES/a", "FILES/b", "FILES/b", "FILES/d"]).notes;
    let expected = "error: 3 problems\n\
                    b: assumptions.seeds: default and this seed are in b already\n\
                    d: assumptions.trace: is `another`, but `two services` in a\n\
                    d: assumptions.seeds: wit and this seed are in a already\n";
    assert_eq!(mixed, expected);
    assert!(!folder.join("page.html").exists());
}

#[test]
fn runs_under_other_settings_are_refused_and_time_is_one_of_them() {
    let folder = folder("report-settings");
    replay(&folder, "a", &[]);
    replay(&folder, "b", &["--strategy", "default", "--arrive-every", "100", "--max-pods", "20"]);
    let run: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("b")).unwrap()).unwrap();
    assert_eq!(run["assumptions"]["settings"]["arriveEvery"], "100 ms");
    let first: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("a")).unwrap()).unwrap();
    assert_ne!(
        run["decisions"][1]["firstTried"], first["decisions"][1]["firstTried"],
        "they come one after another"
    );
    let printed = wit_sim(&folder, &["report", "-o", "FILES/page.html", "FILES/a", "FILES/b"]).notes;
    let expected =
        "error: b: assumptions.settings: is `arriveEvery 100 ms, maxPods 20`, but `the defaults` in a";
    assert!(printed.starts_with(expected), "{printed}");
}

#[test]
fn a_page_that_cannot_be_written_leaves_what_was_there() {
    let folder = folder("report-unwritable");
    replay(&folder, "a", &[]);
    fs::create_dir_all(folder.join("page.html/full")).unwrap();
    let printed = wit_sim(&folder, &["report", "FILES/a", "-o", "FILES/page.html"]);
    assert!(!printed.succeeded);
    assert!(printed.notes.starts_with("error: page.html cannot be written: "), "{}", printed.notes);
    assert!(folder.join("page.html/full").is_dir());
}
