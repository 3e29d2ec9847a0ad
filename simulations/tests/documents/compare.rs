//! `wit-sim compare` says how far it is, and goes on where it was interrupted.

use std::fs;

use crate::support::{folder, trace, wit_sim};

const COMPARE: [&str; 7] =
    ["compare", "FILES/trace.jsonl", "default", "wit", "--seeds", "3", "--output=json"];
const STATE: [&str; 2] = ["--state", "FILES/state.jsonl"];

#[test]
fn an_interrupted_comparison_goes_on_to_the_same_bytes() {
    let folder = folder("compare-resumed");
    fs::write(folder.join("trace.jsonl"), trace("shop")).unwrap();
    let uninterrupted = wit_sim(&folder, &COMPARE);
    assert!(uninterrupted.succeeded && uninterrupted.notes.is_empty(), "{}", uninterrupted.notes);
    let command = [COMPARE.as_slice(), &STATE, &["--progress", "--threads", "1"]].concat();
    let first = wit_sim(&folder, &command);
    assert_eq!(first.out, uninterrupted.out);
    assert!(first.notes.starts_with("0 of 6 runs\n1 of 6 runs, about "), "{}", first.notes);
    assert!(first.notes.ends_with("\n6 of 6 runs\n"), "{}", first.notes);

    let state = folder.join("state.jsonl");
    let whole = fs::read(&state).unwrap();
    let ends: Vec<_> = (0..=whole.len()).filter(|end| *end == 0 || whole[end - 1] == b'\n').collect();
    assert_eq!(ends.len(), 8, "nothing, the plan, and six runs");
    for (kept, end) in ends.iter().enumerate() {
        // A kill between two lines, and one in the middle of a line.
        for end in [*end, (end + 20).min(whole.len())] {
            fs::write(&state, &whole[..end]).unwrap();
            let resumed = wit_sim(&folder, &command);
            assert_eq!(resumed.out, uninterrupted.out, "{}", resumed.notes);
            let made = format!("{} of 6 runs\n", kept.saturating_sub(1));
            assert!(resumed.notes.starts_with(&made), "{}", resumed.notes);
            assert_eq!(fs::read(&state).unwrap(), whole, "one thread makes them in their order");
        }
    }
}

#[test]
fn the_state_of_another_comparison_is_refused_with_everything_that_differs() {
    let folder = folder("compare-refused");
    fs::write(folder.join("trace.jsonl"), trace("shop")).unwrap();
    let command = |more: &[&str]| wit_sim(&folder, &[COMPARE.as_slice(), &STATE, more].concat());
    assert!(command(&[]).succeeded);
    let state = fs::read(folder.join("state.jsonl")).unwrap();
    fs::write(folder.join("trace.jsonl"), trace("another")).unwrap();
    let settings = "apiVersion: wit-placement.dev/v1alpha1\nkind: ExtenderConfiguration\n";
    fs::write(folder.join("config.yaml"), settings).unwrap();
    let refused = command(&["--order", "listed", "spread", "--config", "FILES/config.yaml"]);
    assert!(!refused.succeeded && refused.out.is_empty());
    assert!(refused.notes.contains("state.jsonl: is the state of another comparison"), "{}", refused.notes);
    for differs in [
        "trace is \"",
        r#"settings is {} there and {"config":"sha256:"#,
        r#"strategies is ["default","wit"] there and ["default","spread","wit"] here"#,
        r#"order is "random" there and "listed" here"#,
    ] {
        assert!(refused.notes.contains(differs), "{}", refused.notes);
    }
    assert_eq!(fs::read(folder.join("state.jsonl")).unwrap(), state, "it is left as it was");
    let more_seeds = ["compare", "FILES/trace.jsonl", "default", "wit", "--seeds", "4"];
    let refused = wit_sim(&folder, &[more_seeds.as_slice(), &STATE].concat());
    assert!(refused.notes.contains("seeds is 3 there and 4 here"), "{}", refused.notes);
    let refused = command(&["--max-pods", "2"]);
    assert!(refused.notes.contains(r#"settings is {} there and {"maxPods""#), "{}", refused.notes);
    fs::write(folder.join("state.jsonl"), "notes of mine\n").unwrap();
    assert!(command(&[]).notes.contains("is no state of a comparison"));
    fs::write(folder.join("state.jsonl"), "half a line of mine").unwrap();
    assert!(command(&[]).notes.contains("is no state of a comparison"));
}
