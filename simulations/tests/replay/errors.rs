//! What is told when something is wrong: all of it, and where.

use std::path::Path;

use crate::support;

#[test]
fn everything_that_cannot_be_opened_is_told_at_once() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let printed = support::replay(
        Path::new("/none/manifests"),
        &here.join("src"),
        &["--config", "/none/settings.yaml"],
    );
    assert!(!printed.succeeded && printed.out.is_empty());
    let lines: Vec<_> = printed.notes.lines().collect();
    assert_eq!(lines.first(), Some(&"error: 3 problems"));
    let starts = ["settings /none/settings.yaml: ", "manifests /none/manifests cannot be read: "];
    for (line, start) in lines.iter().skip(1).zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(lines.last().is_some_and(|line| line.contains("oci-layout")), "{lines:?}");
}

#[test]
fn one_problem_is_one_line() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let images = support::images("one-problem", &cases.join("partners-meet/worlds.wit"));
    let printed = support::replay(Path::new("/none"), &images, &[]);
    assert!(printed.notes.starts_with("error: manifests /none cannot be read: "), "{}", printed.notes);
    assert_eq!(printed.notes.lines().count(), 1);
}
