//! What holds for any file.

use proptest::prelude::*;
use wit_config::{ConfigError, Settings, defaults_yaml, parse};

const HEADER: &str = "apiVersion: wit-placement.dev/v1alpha1\nkind: ExtenderConfiguration\n";

#[test]
fn the_printed_defaults_are_the_defaults() {
    assert_eq!(parse(&defaults_yaml()), Ok(Settings::default()));
    assert_eq!(parse(HEADER), Ok(Settings::default()));
}

/// The default file with one more line before its `at`-th key, indented like that key; and the number of the line.
fn with_line(at: usize, added: &str) -> (String, usize) {
    let defaults = defaults_yaml();
    let is_key = |line: &str| !line.is_empty() && !line.trim_start().starts_with('#');
    let keys = defaults.lines().filter(|line| is_key(line)).count();
    let (mut yaml, mut added_line) = (String::new(), 0);
    let mut seen = 0;
    for (index, line) in defaults.lines().enumerate() {
        if is_key(line) {
            if seen == at % keys {
                let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
                yaml.extend([&indent, added, "\n"]);
                added_line = index + 1;
            }
            seen += 1;
        }
        yaml.extend([line, "\n"]);
    }
    (yaml, added_line)
}

proptest! {
    #[test]
    fn parse_never_panics_and_says_something(yaml in ".*") {
        if let Err(ConfigError { problems }) = parse(&yaml) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn parse_never_panics_on_what_looks_like_a_file(
        body in prop::collection::vec("(  |- )?[a-zA-Z.]{1,12}: ?[-0-9a-zA-Z.:@/&*!\\[\\]{}\"' ]{0,12}", 0..8),
    ) {
        let _ = parse(&format!("{HEADER}{}\n", body.join("\n")));
    }

    #[test]
    fn any_unknown_key_is_the_one_problem_with_its_line(name in "x[a-z]{3,12}", at in 0_usize..100) {
        let (yaml, line) = with_line(at, &format!("{name}: 1"));
        let error = parse(&yaml).unwrap_err();
        prop_assert_eq!(error.problems.len(), 1, "{}", error);
        prop_assert_eq!(error.problems[0].line, Some(line));
        prop_assert!(error.problems[0].path.rsplit('.').next() == Some(name.as_str()), "{}", error);
    }

    #[test]
    fn what_parse_accepts_keeps_its_promises(share in -1.0..2.0_f64, weight in 0_u32..200, gain in -1.0..2.0_f64) {
        let yaml = format!(
            "{HEADER}placement: {{blastRadius: {share}}}\nscheduler: {{weight: {weight}}}\nscoring: {{gain: {gain}}}\n"
        );
        let allowed = share > 0.0 && share <= 1.0 && (1..=100).contains(&weight) && gain > 0.0;
        prop_assert_eq!(parse(&yaml).is_ok(), allowed);
    }
}
