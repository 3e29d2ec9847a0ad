//! The commands as a user types them: the real binary, its output and its exit codes.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What a command said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn wit_extender(arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wit-extender"));
    for variable in ["WIT_MODE", "WIT_VERBS_ADDRESS", "WIT_OPS_ADDRESS", "WIT_API_ADDRESS", "WIT_LOG_FILTER"]
    {
        command.env_remove(variable);
    }
    let output = command.args(arguments).output().expect("the binary runs");
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

fn json(arguments: &[&str]) -> Value {
    let said = wit_extender(&[arguments, &["--output", "json"]].concat());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err))
}

fn shop(name: &str) -> String {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("shop/components").join(name).with_extension("wasm");
    file.to_str().expect("a path of text").to_owned()
}

fn file(folder: &Path, name: &str, content: &[u8]) -> String {
    let path: PathBuf = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path.to_str().expect("a path of text").to_owned()
}

#[test]
fn the_demo_places_every_component_where_it_can_run_and_beside_its_partners() {
    let demo = json(&["demo", "--once"]);
    let placements = demo["placements"].as_array().expect("placements");
    let components: Vec<_> = placements
        .iter()
        .filter(|one| one["pod"].as_str().is_some_and(|pod| pod.starts_with("shop/")))
        .collect();
    assert_eq!((placements.len(), components.len()), (23, 18));
    for placement in &components {
        assert!((0..=10).contains(&placement["score"].as_i64().unwrap_or(-1)), "{placement}");
        let node = placement["node"].as_str().unwrap_or("nowhere");
        assert!(node.starts_with("wasm-") || node == "runwasi-1", "{placement}");
    }
    assert!(placements.iter().filter(|one| !components.contains(one)).all(|one| one["score"].is_null()));
    let affinity = |who: &str| demo["gainedAffinity"][who].as_f64().expect("a share");
    assert!(
        affinity("wit-placement") >= 0.9 && affinity("wit-placement") <= 1.0,
        "{}",
        demo["gainedAffinity"]
    );
    assert!(affinity("default") < affinity("wit-placement") / 2.0, "{}", demo["gainedAffinity"]);
    let links = demo["links"].as_array().expect("links");
    assert_eq!(links.iter().filter(|link| link["status"] == "verified").count(), 6);
}

#[test]
fn the_demo_prints_the_same_table_twice() {
    let (first, second) = (wit_extender(&["demo", "--once"]), wit_extender(&["demo", "--once"]));
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert_eq!(first.out, second.out);
    assert!(first.out.contains("R102") && first.out.contains("kube-scheduler alone"), "{}", first.out);
}

#[test]
fn the_demo_takes_both_folders_or_none() {
    let said = wit_extender(&["demo", "--once", "--manifests", "."]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("--images"), "{}", said.err);
    let said = wit_extender(&["demo", "--once", "--manifests", "/nowhere", "--images", "/nowhere"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("/nowhere"), "{}", said.err);
}

#[test]
fn link_says_for_every_import_whether_it_is_served() {
    let said = wit_extender(&["link", &shop("checkout"), &shop("mail")]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let status = |interface: &str, provider: &str| {
        let document = json(&["link", &shop("checkout"), &shop(provider)]);
        let links = document["links"].as_array().cloned().unwrap_or_default();
        let found = links.into_iter().find(|link| link["interface"] == interface).expect("the interface");
        assert!(found["why"].as_str().is_some_and(|why| !why.is_empty()), "{found}");
        found["status"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(status("shop:mail/outbox@0.1.0", "mail"), "verified");
    assert_eq!(status("shop:cart/carts@0.1.0", "mail"), "unsatisfied");
    assert_eq!(status("shop:types/money@0.1.0", "mail"), "types-only");
}

#[test]
fn link_exits_with_one_when_nothing_is_served_and_with_two_on_an_error() {
    assert_eq!(wit_extender(&["link", &shop("catalog"), &shop("gateway")]).code, Some(1));
    let said = wit_extender(&["link", &shop("catalog"), "/nowhere.wasm"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("/nowhere.wasm"), "{}", said.err);
}

#[test]
fn inspect_tells_a_components_world() {
    let world = json(&["inspect", &shop("gateway")]);
    assert_eq!(world["kind"], "component");
    let names = |what: &str| -> Vec<String> {
        let items = world[what].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["name"].as_str()).map(str::to_owned).collect()
    };
    assert!(names("imports").contains(&"shop:cart/carts@0.1.0".to_owned()), "{world}");
    assert!(names("exports").contains(&"wasi:cli/run@0.2.6".to_owned()), "{world}");
    assert!(world["producers"].is_array());
}

#[test]
fn inspect_names_what_is_no_component_and_refuses_what_is_damaged() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = file(folder.path(), "notes.txt", b"not Wasm at all");
    assert_eq!(json(&["inspect", &text])["kind"], "not-wasm");
    let module = file(folder.path(), "module.wasm", b"\0asm\x01\0\0\0");
    assert_eq!(json(&["inspect", &module])["kind"], "core-module");
    let whole = std::fs::read(shop("cart")).expect("a component");
    let half = file(folder.path(), "half.wasm", whole.get(..whole.len() / 2).unwrap_or_default());
    let said = wit_extender(&["inspect", &half]);
    assert_eq!(said.code, Some(2), "{}", said.out);
    assert!(said.err.contains("half.wasm"), "{}", said.err);
}

#[test]
fn the_printed_defaults_are_a_settings_file_that_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let defaults = wit_extender(&["config", "defaults"]).out;
    let good = file(folder.path(), "good.yaml", defaults.as_bytes());
    assert_eq!(wit_extender(&["config", "check", &good]).code, Some(0));
    let bad =
        "apiVersion: wit-placement.dev/v1alpha1\nkind: ExtenderConfiguration\nmode: steal\nplacment: {}\n";
    let bad = file(folder.path(), "bad.yaml", bad.as_bytes());
    let said = wit_extender(&["config", "check", &bad]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("mode") && said.err.contains("placment"), "all problems at once: {}", said.err);
}

#[test]
fn explain_says_where_it_looked_when_nobody_answers() {
    let said = wit_extender(&["explain", "shop/cart-0", "--url", "http://127.0.0.1:9"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("http://127.0.0.1:9"), "{}", said.err);
}

#[test]
fn shells_and_man_know_every_command() {
    let script = wit_extender(&["completions", "bash"]);
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().to_str().expect("a path of text");
    assert_eq!((script.code, wit_extender(&["man", pages]).code), (Some(0), Some(0)));
    for command in ["serve", "demo", "explain", "inspect", "link", "config", "completions", "man"] {
        assert!(script.out.contains(command), "{command}");
        assert!(folder.path().join(format!("wit-extender-{command}.1")).is_file(), "{command}");
    }
    assert!(folder.path().join("wit-extender.1").is_file());
    let nowhere = wit_extender(&["man", &format!("{pages}/none")]);
    assert!(nowhere.code == Some(2) && nowhere.err.contains("make it first"), "{}", nowhere.err);
}
