//! `wit-sim replay --via-http`, where nobody answers.

use std::fs;

use crate::support::{folder, trace, wit_sim};

const NOBODY: &str = "--via-http=http://127.0.0.1:1/v1/";

#[test]
fn an_extender_that_does_not_answer_ends_the_run() {
    let folder = folder("over-http");
    fs::write(folder.join("trace.jsonl"), trace("two services")).unwrap();
    let printed = wit_sim(&folder, &["replay", "FILES/trace.jsonl", NOBODY, "--node-cache-capable"]);
    assert!(!printed.succeeded && printed.out.is_empty());
    assert!(
        printed.notes.starts_with("error: http://127.0.0.1:1/v1/filter did not answer"),
        "{}",
        printed.notes
    );
}

#[test]
fn a_mirror_is_made_in_no_folder_that_holds_something_else() {
    let folder = folder("mirror");
    fs::write(folder.join("trace.jsonl"), trace("two services")).unwrap();
    let mirror = ["--mirror", "FILES/.", "--mirror-api=http://127.0.0.1:1"];
    let printed = wit_sim(&folder, &[&["replay", "FILES/trace.jsonl", NOBODY][..], &mirror].concat());
    assert!(!printed.succeeded && printed.out.is_empty());
    assert!(
        printed.notes.ends_with(" holds trace.jsonl: give a folder for the mirror alone\n"),
        "{}",
        printed.notes
    );
}
