//! The documentation and the code say the same.

use std::collections::BTreeSet;
use std::path::Path;

use xtask::documents::{documents, stale};
use xtask::repository::{files, root, text};

#[test]
fn generated_pages_are_up_to_date() {
    let documents = documents().expect("the pages");
    let stale: Vec<_> =
        stale(&documents).expect("readable pages").into_iter().map(|page| page.path).collect();
    assert!(stale.is_empty(), "run `just docs` (`cargo xtask docs`): {stale:?} are out of date");
}

/// The Markdown pages that people read.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    pages.extend(files("docs", "md").expect("docs/"));
    pages
}

#[test]
fn links_between_pages_and_to_files_lead_somewhere() {
    for page in pages() {
        let content = text(&page).expect("a readable page");
        let folder = Path::new(&page).parent().unwrap_or(Path::new(""));
        for target in content.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            assert!(root().join(folder).join(path).exists(), "{page} links to {target}, which is not there");
        }
    }
}

#[test]
fn paths_in_pages_are_those_of_files_and_folders() {
    let tops =
        ["config/", "graph/", "placement/", "sources/", "extender/", "simulations/", "deploy/", "xtask/"];
    for page in pages() {
        let content = text(&page).expect("a readable page");
        let in_code = content.split('`').skip(1).step_by(2);
        for path in in_code.filter(|code| tops.iter().any(|top| code.starts_with(top)) && !code.contains(' '))
        {
            assert!(root().join(path).exists(), "{page} speaks of {path}, which is not there");
        }
    }
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut open = vec!["README.md".to_owned()];
    while let Some(page) = open.pop() {
        let content = text(&page).expect("a readable page");
        for other in pages() {
            let short = other.strip_prefix("docs/").unwrap_or(&other);
            let target = if page.starts_with("docs/") { short } else { other.as_str() };
            if content.contains(&format!("]({target}")) && reached.insert(other.clone()) {
                open.push(other);
            }
        }
    }
    for page in pages() {
        assert!(reached.contains(&page), "no link leads from README.md to {page}");
    }
}

#[test]
fn the_licence_is_the_full_text() {
    let licence = text("LICENSE").expect("LICENSE");
    for part in [
        "Apache License",
        "Version 2.0, January 2004",
        "9. Accepting Warranty",
        "END OF TERMS AND CONDITIONS",
    ] {
        assert!(licence.contains(part), "LICENSE lacks `{part}`");
    }
}
