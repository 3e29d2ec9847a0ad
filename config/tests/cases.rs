//! A case is a folder: `config.yaml` in, `expected.txt` out (the settings as they differ from the defaults, or
//! every problem). `BLESS=1 cargo test -p wit-config --test cases` writes what came out.

use std::path::{Path, PathBuf};
use std::{fs, io};

use wit_config::{Settings, parse};

#[test]
fn every_case_gives_what_it_expects() {
    let mut wrong = Vec::new();
    let cases = case_folders().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let yaml = fs::read_to_string(case.join("config.yaml")).unwrap();
        let actual = outcome(&yaml);
        let expected = case.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &actual).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != actual {
            wrong.push(format!("{}:\n{actual}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "BLESS=1 writes these, if they are right:\n{}", wrong.join("\n"));
}

fn case_folders() -> io::Result<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = fs::read_dir(root)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    cases.sort();
    Ok(cases)
}

fn outcome(yaml: &str) -> String {
    match parse(yaml) {
        Ok(settings) if settings == Settings::default() => "the defaults\n".to_owned(),
        Ok(settings) => differences(&settings),
        Err(error) => format!("{error}\n"),
    }
}

/// The lines of the settings that the defaults do not have at their place, with the lines that lead to them.
fn differences(settings: &Settings) -> String {
    let (own, defaults) = (format!("{settings:#?}"), format!("{:#?}", Settings::default()));
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut parents: Vec<(&str, bool)> = Vec::new();
    let mut report = Vec::new();
    let mut default_lines = defaults.lines().peekable();
    for line in own.lines() {
        parents.retain(|(parent, _)| depth(parent) < depth(line));
        let same = default_lines.peek() == Some(&line);
        if same {
            default_lines.next();
        } else {
            // A changed scalar stands for one default line; what is longer (hosts) comes last in the settings.
            default_lines.next_if(|default| depth(default) == depth(line));
            for (parent, shown) in parents.iter_mut().filter(|(_, shown)| !shown) {
                report.push(*parent);
                *shown = true;
            }
            report.push(line);
        }
        parents.push((line, !same));
    }
    report.join("\n") + "\n"
}
