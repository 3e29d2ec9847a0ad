//! Which crate may use which.

use std::collections::{BTreeMap, BTreeSet};

use xtask::crates::{Crate, built_from, workspace};

/// The arrows of `docs/architecture.md`: what each published crate may use, at most.
const MAY_USE: [(&str, &[&str]); 6] = [
    ("wit-config", &[]),
    ("wit-graph", &[]),
    ("wit-placement", &["wit-config", "wit-graph"]),
    ("wit-sources", &["wit-config", "wit-graph", "wit-placement"]),
    ("wit-extender", &["wit-config", "wit-graph", "wit-placement", "wit-sources"]),
    ("wit-sim", &["wit-config", "wit-graph", "wit-placement", "wit-sources"]),
];
/// The arrows without which the picture would not be that of the flow.
const MUST_USE: [(&str, &str); 5] = [
    ("wit-placement", "wit-config"),
    ("wit-placement", "wit-graph"),
    ("wit-sources", "wit-placement"),
    ("wit-extender", "wit-sources"),
    ("wit-sim", "wit-sources"),
];
/// Crates that do no I/O and have no clock.
const PURE: [&str; 3] = ["wit-config", "wit-graph", "wit-placement"];
/// What comes with I/O: none of it may get into a pure crate, not even through another crate.
const IMPURE: [&str; 8] = ["tokio", "kube", "k8s-openapi", "actix-web", "hyper", "reqwest", "rustls", "mio"];

fn crates() -> BTreeMap<String, Crate> {
    let crates = workspace().expect("cargo metadata");
    crates.into_iter().map(|one| (one.name.clone(), one)).collect()
}

#[test]
fn dependencies_run_from_the_servers_to_the_pure_crates_and_never_back() {
    let crates = crates();
    for (name, allowed) in MAY_USE {
        let allowed: BTreeSet<String> = allowed.iter().map(ToString::to_string).collect();
        let beyond: Vec<_> = crates[name].uses.difference(&allowed).collect();
        assert!(beyond.is_empty(), "{name} may not use {beyond:?}");
    }
    for (name, used) in MUST_USE {
        assert!(crates[name].uses.contains(used), "{name} no longer uses {used}");
    }
}

#[test]
fn every_crate_is_published_and_has_its_arrows_or_is_a_tool() {
    for (name, one) in crates() {
        let has_arrows = MAY_USE.iter().any(|(known, _)| *known == name);
        assert_eq!(one.is_published(), has_arrows, "{name}: publish = false, or a line in MAY_USE");
    }
}

#[test]
fn nothing_in_config_graph_and_placement_does_io() {
    let built_from = built_from().expect("cargo metadata");
    for name in PURE {
        let found: Vec<_> = IMPURE.iter().filter(|impure| built_from[name].contains(**impure)).collect();
        assert!(found.is_empty(), "{name} is built from {found:?}");
    }
}

#[test]
fn every_package_says_what_a_registry_asks_for() {
    for (name, one) in crates() {
        assert_eq!(one.package["license"], "Apache-2.0", "{name}");
        for field in ["description", "repository", "rust_version"] {
            assert!(
                one.package[field].as_str().is_some_and(|text| !text.is_empty()),
                "{name} has no {field}"
            );
        }
    }
}
