//! The bundled shop, as the demo shows it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support;

fn shop() -> support::Printed {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../extender/shop");
    support::replay(&shop.join("manifests"), &shop.join("images"), &["--output", "json"])
}

#[test]
fn every_component_of_the_shop_lands_where_it_can_run_and_near_its_partners() {
    let printed = shop();
    assert!(printed.succeeded && printed.notes.is_empty(), "{}", printed.notes);
    let report: Value = serde_json::from_str(&printed.out).unwrap();
    let placements = report["placements"].as_array().unwrap();
    let components: Vec<_> =
        placements.iter().filter(|one| one["pod"].as_str().unwrap().starts_with("shop/")).collect();
    assert_eq!(components.len(), 18);
    let capable = |node: &str| {
        node.strip_prefix("wasm-").is_some_and(|number| (1..=8).contains(&number.parse::<u32>().unwrap()))
    };
    for component in components {
        assert!(component["node"].as_str().is_some_and(capable), "{component}");
        assert_eq!(component["score"], 10, "{component}");
    }
    let gained = &report["gainedAffinity"];
    let (ours, default) = (gained["wit-placement"].as_f64().unwrap(), gained["default"].as_f64().unwrap());
    assert!(ours >= 0.9 && default < ours / 2.0, "{gained}");
}

#[test]
fn the_document_has_the_demos_keys_and_says_what_it_is() {
    let report: Value = serde_json::from_str(&shop().out).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let set = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(keys(&report), set(&["apiVersion", "kind", "placements", "links", "gainedAffinity"]));
    assert_eq!(report["apiVersion"], "wit-placement.dev/v1alpha1");
    assert_eq!(report["kind"], "Replay");
    assert_eq!(keys(&report["placements"][0]), set(&["pod", "workload", "node", "score", "reasons"]));
    assert_eq!(keys(&report["placements"][3]["reasons"][0]), set(&["code", "message", "nodes"]));
    assert_eq!(keys(&report["links"][0]), set(&["consumer", "provider", "interface", "status"]));
    assert_eq!(keys(&report["gainedAffinity"]), set(&["wit-placement", "default"]));
}
