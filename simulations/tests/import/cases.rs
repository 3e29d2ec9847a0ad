//! A case is a folder: `arguments` of `wit-sim`, the files that they name, and what is printed: `expected.jsonl` and
//! `expected-notes.txt`. `BLESS=1` writes the expectations anew.

use std::fs;
use std::path::Path;

use wit_sim::trace::Trace;

use crate::support;

#[test]
fn every_case_gives_the_expected_trace_or_every_problem() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/cases");
    let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let differ: Vec<String> = folders.iter().flat_map(|folder| check(folder)).collect();
    assert!(differ.is_empty(), "BLESS=1 takes over what is printed now:\n{}", differ.join("\n"));
}

/// The files of the case that are not what is printed.
fn check(folder: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap();
    let in_folder = |word: &str| match folder.join(word) {
        path if path.exists() => path.to_str().unwrap().to_owned(),
        _ => word.to_owned(),
    };
    let arguments: Vec<_> = arguments.split_whitespace().map(in_folder).collect();
    let printed = support::wit_sim(&arguments);
    assert_eq!(printed, support::wit_sim(&arguments), "{name}: not the same again");
    assert_eq!(printed.succeeded, !printed.out.is_empty(), "{name}: a trace if and only if nothing is wrong");
    if printed.succeeded {
        let trace = Trace::read(printed.out.as_bytes()).unwrap();
        let mut written = Vec::new();
        trace.write(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), printed.out, "{name}: reads back as it was written");
        trace.load().unwrap_or_else(|error| panic!("{name}: cannot be simulated: {error}"));
    }
    let notes = printed.notes.replace(&format!("{}/", folder.to_str().unwrap()), "");
    let printed = [("expected.jsonl", printed.out), ("expected-notes.txt", notes)];
    printed.into_iter().filter_map(|(file, text)| difference(&folder.join(file), &text)).collect()
}

fn difference(expected: &Path, printed: &str) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        if printed.is_empty() {
            fs::remove_file(expected).ok()
        } else {
            fs::write(expected, printed).ok()
        };
    }
    let known = fs::read_to_string(expected).unwrap_or_default();
    (known != printed).then(|| format!("{} differs; printed:\n{printed}", expected.display()))
}
