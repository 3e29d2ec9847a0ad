//! How sources are written, as far as the compiler and clippy do not say it.

use xtask::repository::{files, text};

/// Lines of a source file at most, its tests left out.
const MOST_LINES: usize = 400;
/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];
/// Folders with sources.
const SOURCES: [&str; 8] =
    ["config", "graph", "placement", "sources", "extender", "simulations", "deploy/e2e", "xtask"];
/// What a pure crate may not touch, by how it is written.
const IMPURE: [&str; 10] = [
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "std::env",
    "std::process",
    "std::time::Instant",
    "Instant::now",
    "SystemTime",
    "std::thread",
];

fn sources() -> Vec<(String, String)> {
    let read = |path: String| text(&path).map(|text| (path, text));
    let paths = SOURCES.iter().flat_map(|folder| files(folder, "rs").expect("a folder with sources"));
    paths.map(read).collect::<Result<_, _>>().expect("readable sources")
}

/// Whether a whole file is about tests.
fn is_test(path: &str) -> bool {
    let names = ["tests", "testing", "properties", "benches"];
    names.iter().any(|name| path.contains(&format!("/{name}/")) || path.ends_with(&format!("/{name}.rs")))
}

/// The text before the inline tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn a_file_has_one_subject_and_at_most_400_lines() {
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test(path)) {
        let lines = without_tests(&text).lines().count();
        let may_be_longer = LONGER.iter().any(|(longer, _)| *longer == path);
        assert!(lines <= MOST_LINES || may_be_longer, "{path} has {lines} lines: split it by subject");
        assert!(lines > MOST_LINES || !may_be_longer, "{path} has {lines} lines and needs no exception");
    }
}

#[test]
fn a_file_begins_with_what_it_is_about() {
    // What `foo/tests.rs` is about is said by its place.
    for (path, text) in sources().into_iter().filter(|(path, _)| !path.ends_with("/tests.rs")) {
        assert!(text.starts_with("//!"), "{path} has no `//!` at its top");
    }
}

#[test]
fn modules_lie_beside_their_folders() {
    let is_old = |path: &String| path.ends_with("/mod.rs") && !path.contains("/tests/");
    let old: Vec<_> = sources().into_iter().map(|(path, _)| path).filter(is_old).collect();
    assert!(old.is_empty(), "`foo.rs` beside `foo/` instead of {old:?}");
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_switched_off() {
    // Put together, so that this file does not find itself.
    let marks = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["X", "XX"],
        ["#[ign", "ore"],
        ["#[should_", "panic"],
        ["```ign", "ored"],
    ];
    for (path, text) in sources() {
        for mark in marks.map(|parts| parts.concat()) {
            assert!(!text.contains(&mark), "{path} has {mark}");
        }
    }
}

#[test]
fn the_pure_crates_touch_no_file_no_network_and_no_clock() {
    let pure =
        |path: &str| ["config/src/", "graph/src/", "placement/src/"].iter().any(|top| path.starts_with(top));
    for (path, text) in sources().into_iter().filter(|(path, _)| pure(path) && !is_test(path)) {
        for impure in IMPURE {
            assert!(!without_tests(&text).contains(impure), "{path} uses {impure}");
        }
    }
}

#[test]
fn the_order_of_everything_in_graph_is_deterministic() {
    for (path, text) in sources().into_iter().filter(|(path, _)| path.starts_with("graph/src/")) {
        assert!(
            !text.contains("HashMap") && !text.contains("HashSet"),
            "{path}: BTreeMap and BTreeSet have an order"
        );
    }
}
