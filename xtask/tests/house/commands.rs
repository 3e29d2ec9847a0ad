//! The commands that pages and CI name are there.

use std::collections::BTreeSet;

use xtask::crates::workspace;
use xtask::repository::text;

/// The names of the recipes of the justfile.
fn recipes() -> BTreeSet<String> {
    let justfile = text("justfile").expect("justfile");
    let heads = justfile.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()));
    let heads = heads.filter(|line| !line.contains(":=") && !line.starts_with("set "));
    heads.filter_map(|line| line.split([':', ' ']).next()).map(ToOwned::to_owned).collect()
}

/// The `just NAME`s of a text, in code.
fn just_commands(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (position, _) in text.match_indices("just ") {
        let begins_code = text[..position].ends_with(['`', '\n']) || text[..position].ends_with("    ");
        let name: String = text[position + 5..]
            .chars()
            .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
            .collect();
        if begins_code && !name.is_empty() {
            names.insert(name);
        }
    }
    names
}

#[test]
fn every_recipe_that_is_spoken_of_is_there() {
    let recipes = recipes();
    for page in ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/README.md"] {
        let spoken_of = just_commands(&text(page).expect("a readable page"));
        let missing: Vec<_> = spoken_of.difference(&recipes).collect();
        assert!(missing.is_empty(), "{page} speaks of the recipes {missing:?}");
    }
}

#[test]
fn every_step_of_ci_is_a_recipe() {
    let ci = text(".ci/run").expect(".ci/run");
    let steps = ci.lines().filter_map(|line| line.trim().strip_prefix("step "));
    let steps: BTreeSet<String> =
        steps.filter_map(|step| step.split_whitespace().next()).map(Into::into).collect();
    assert!(steps.len() >= 6, "CI has the steps {steps:?}");
    let recipes = recipes();
    let missing: Vec<_> = steps.difference(&recipes).collect();
    assert!(missing.is_empty(), ".ci/run has steps that no recipe is named after: {missing:?}");
}

#[test]
fn the_two_commands_of_the_readme_are_those_of_the_recipes() {
    let (readme, justfile) = (text("README.md").expect("README.md"), text("justfile").expect("justfile"));
    for command in ["cargo run --release --bin wit-extender -- demo", "cargo test --workspace --locked"] {
        for (name, content) in [("README.md", &readme), ("justfile", &justfile)] {
            assert!(content.lines().any(|line| line.trim() == command), "{name} does not have `{command}`");
        }
    }
}

#[test]
fn every_test_that_needs_more_than_rust_has_its_recipe() {
    let justfile = text("justfile").expect("justfile");
    for one in workspace().expect("cargo metadata") {
        for target in one.package["targets"].as_array().into_iter().flatten() {
            let needs_more =
                target["required-features"].as_array().is_some_and(|features| !features.is_empty());
            let name = target["name"].as_str().unwrap_or_default();
            let is_named = justfile.split_whitespace().any(|word| word == name);
            assert!(!needs_more || is_named, "no recipe runs the test {name} of {}", one.name);
        }
    }
}
