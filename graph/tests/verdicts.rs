//! Verdicts over pairs of components: each folder of `tests/cases` has a consumer, a provider and what is expected.
//!
//! `BLESS=1 cargo test -p wit-graph --test verdicts` rewrites what is expected; look at the difference before you
//! commit it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fs;
use std::path::{Path, PathBuf};

use wit_graph::{Component, ImportVerdict, ReadLimits, link, read, testing};

/// The component of a case that plays this role, which is also the name of its world.
fn component(case: &Path, role: &str) -> Component {
    let wit = fs::read_to_string(case.join(role).with_extension("wit")).unwrap();
    read(&testing::component(&wit, role), &ReadLimits::default()).unwrap()
}

fn check(case: &Path) -> Result<(), String> {
    let verdicts = link(&component(case, "consumer"), &component(case, "provider"));
    let expected = case.join("expected.json");
    if std::env::var_os("BLESS").is_some() {
        let text = serde_json::to_string_pretty(&verdicts).unwrap();
        fs::write(&expected, text + "\n").unwrap();
        return Ok(());
    }
    let text = fs::read_to_string(&expected).map_err(|error| format!("{}: {error}", expected.display()))?;
    let expected: Vec<ImportVerdict> = serde_json::from_str(&text).unwrap();
    if expected == verdicts {
        return Ok(());
    }
    Err(format!("{}\nexpected {expected:#?}\nfound {verdicts:#?}", case.display()))
}

#[test]
fn every_case_has_its_verdicts() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 20, "the cases are not found");
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
