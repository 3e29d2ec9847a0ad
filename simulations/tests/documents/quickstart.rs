//! `wit-sim quickstart`.

use std::fs;

use crate::support::{folder, wit_sim};

#[test]
fn the_example_runs_from_end_to_end_and_says_what_to_type() {
    let folder = folder("quickstart");
    let printed = wit_sim(&folder, &["quickstart", "-o", "FILES/new/folder"]);
    assert!(printed.succeeded && printed.notes.is_empty(), "{}", printed.notes);
    assert!(printed.out.contains("G, gained affinity"), "{}", printed.out);
    assert!(
        printed.out.contains("The report is new/folder/report.html: open it in a browser.\n"),
        "{}",
        printed.out
    );
    let page = fs::read_to_string(folder.join("new/folder/report.html")).unwrap();
    assert!(page.contains("</html>"));
    let told = printed.out.lines().filter_map(|line| line.split_once("wit-sim ").map(|(_, command)| command));
    let mut commands = 0;
    for command in told.filter(|command| !command.contains("--help")) {
        let arguments: Vec<_> = command.split(' ').map(|word| word.replace("new/", "FILES/new/")).collect();
        let next = wit_sim(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(next.succeeded && !next.out.is_empty(), "{command}: {}", next.notes);
        commands += 1;
    }
    assert_eq!(commands, 4);
    let valid = wit_sim(&folder, &["validate", "FILES/new/folder/trace.jsonl"]);
    assert!(valid.succeeded, "{}", valid.notes);
}

#[test]
fn what_it_made_is_made_again_and_nothing_else_is_touched() {
    let folder = folder("quickstart-again");
    let quickstart = || wit_sim(&folder, &["quickstart", "-o", "FILES/made"]);
    let first = quickstart();
    let path = |name: &str| folder.join("made").join(name);
    fs::write(path("notes.txt"), "mine").unwrap();
    let page = fs::read(path("report.html")).unwrap();
    assert_eq!(
        (quickstart().out, fs::read(path("report.html")).unwrap()),
        (first.out, page),
        "the same bytes"
    );
    fs::write(path("report.html"), "mine").unwrap();
    fs::write(path("trace.jsonl"), "mine").unwrap();
    let refused = quickstart();
    assert!(!refused.succeeded && refused.out.is_empty());
    let lines: Vec<_> = refused.notes.lines().collect();
    assert!(
        lines[0] == "error: 2 problems" && lines[1].starts_with("made/trace.jsonl: is there and"),
        "{lines:?}"
    );
    assert!(lines[2].starts_with("made/report.html: is there and was not made by this command"), "{lines:?}");
    for file in ["notes.txt", "report.html", "trace.jsonl"] {
        assert_eq!(fs::read_to_string(path(file)).unwrap(), "mine");
    }
}
