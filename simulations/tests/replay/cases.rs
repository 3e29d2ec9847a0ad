//! A case is a folder: `manifests/`, `worlds.wit` (each world is the image `registry.example/WORLD:1`), `arguments` where
//! there are more, and what is printed, `expected.json`, `expected.txt` and `expected-notes.txt`. `BLESS=1` writes the
//! expectations anew.

use std::fs;
use std::path::Path;

use crate::support;

#[test]
fn every_case_prints_what_is_expected_and_the_same_again() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<_> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let differ: Vec<String> = folders.iter().flat_map(|folder| check(folder)).collect();
    assert!(differ.is_empty(), "BLESS=1 takes over what is printed now:\n{}", differ.join("\n"));
}

/// The files of the case that are not what is printed.
fn check(folder: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap().to_str().unwrap();
    let images = support::images(name, &folder.join("worlds.wit"));
    let arguments = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
    let run = |output: &str| {
        let more: Vec<_> = arguments.split_whitespace().chain(["--output", output]).collect();
        support::replay(&folder.join("manifests"), &images, &more)
    };
    let told = |notes: &str| notes.replace(images.to_str().unwrap(), "IMAGES");
    let (json, text, again) = (run("json"), run("text"), run("json"));
    assert!(json.succeeded && text.succeeded, "{name}: {}", json.notes);
    assert_eq!((&json.out, &json.notes), (&again.out, &again.notes), "{name}: not the same again");
    let printed =
        [("expected.json", json.out), ("expected.txt", text.out), ("expected-notes.txt", told(&text.notes))];
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
