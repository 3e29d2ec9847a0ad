//! What is said of files, and how names in them are shown.

use std::fs;

use crate::support::{folder, trace, wit_sim};

#[test]
fn a_mark_at_the_beginning_of_a_file_is_no_problem() {
    let folder = folder("files-mark");
    let mark = "\u{feff}";
    fs::write(folder.join("trace.jsonl"), format!("{mark}{}", trace("shop"))).unwrap();
    fs::write(folder.join("placement.json"), format!("{mark}{{}}")).unwrap();
    let evaluated =
        wit_sim(&folder, &["evaluate", "FILES/trace.jsonl", "--placement", "FILES/placement.json"]);
    assert!(evaluated.out.ends_with("\nfeasible: yes; 10 of 10 pods are not placed\n"), "{}", evaluated.out);
    let run = wit_sim(&folder, &["replay", "FILES/trace.jsonl", "--output=json"]).out;
    fs::write(folder.join("run.json"), format!("{mark}{run}")).unwrap();
    let explained = wit_sim(&folder, &["explain", "FILES/run.json", "large-0"]);
    assert!(explained.succeeded, "{}", explained.notes);
}

#[test]
fn of_very_many_problems_the_first_are_told_each_with_the_file_and_one_place() {
    let folder = folder("files-problems");
    let wrong = "{\"at\":0,\"node\":{\n".repeat(60);
    fs::write(folder.join("trace.jsonl"), trace("shop") + &wrong).unwrap();
    for command in ["validate", "replay"] {
        let notes = wit_sim(&folder, &[command, "FILES/trace.jsonl"]).notes;
        let lines: Vec<_> = notes.lines().collect();
        assert_eq!((lines[0], lines.len()), ("error: 60 problems", 52), "{notes}");
        assert!(
            lines[1].starts_with("trace.jsonl: line 10: ") && lines[1].ends_with(" at its end"),
            "{notes}"
        );
        assert_eq!(lines[51], "… and 10 more");
    }
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_read() {
    let folder = folder("files-nowhere");
    for command in [
        ["import", "rasa", "FILES/none.json", "-o", "FILES/new/trace.jsonl"],
        ["report", "FILES/none.json", "FILES/none.json", "-o", "FILES/new/page.html"],
        ["export", "FILES/none.json", "FILES/none.json", "-o", "FILES/new/runs.om"],
    ] {
        let notes = wit_sim(&folder, &command).notes;
        assert!(
            notes.contains("cannot be written: there is no folder ") && !notes.contains("none.json"),
            "{notes}"
        );
    }
}

#[test]
fn names_do_nothing_to_a_terminal() {
    let folder = folder("files-names");
    fs::write(folder.join("trace.jsonl"), trace("shop\u{1b}[2J")).unwrap();
    let run = wit_sim(&folder, &["replay", "FILES/trace.jsonl"]).out;
    assert!(run.starts_with("shop\\u{1b}[2J with wit"), "{run}");
    let report = ["report", "FILES/run.json", "-o", "FILES/pa\u{1b}[2Jge.html"];
    fs::write(
        folder.join("run.json"),
        wit_sim(&folder, &["replay", "FILES/trace.jsonl", "--output=json"]).out,
    )
    .unwrap();
    let notes = wit_sim(&folder, &report).notes;
    assert!(notes.starts_with("pa\\u{1b}[2Jge.html: 1 run of wit"), "{notes}");
    let notes = wit_sim(&folder, &["replay", "FILES/no\u{1b}[2Jne"]).notes;
    assert!(notes.contains("no\\u{1b}[2Jne") && !notes.contains('\u{1b}'), "{notes}");
}

#[test]
fn what_a_kubeconfig_lacks_is_told_once() {
    let folder = folder("files-kubeconfig");
    let notes = wit_sim(&folder, &["import", "cluster", "--kubeconfig", "FILES/none", "-o", "FILES/t"]).notes;
    assert_eq!(notes.matches("No such file or directory").count(), 1, "{notes}");
}

#[test]
fn what_is_to_be_typed_next_is_quoted() {
    let folder = folder("files-quoted");
    let out = wit_sim(&folder, &["quickstart", "-o", "FILES/a folder"]).out;
    assert!(
        out.contains("a folder/run-default-0.json' '") && out.contains("a folder/report.html: open it"),
        "{out}"
    );
}
