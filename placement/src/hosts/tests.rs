use std::collections::BTreeMap;

use wit_config::{HostCatalogue, HostProfile, LinkMode, NodeEvidence, Offer, Runs, Settings};
use wit_graph::testing::world;
use wit_graph::{Component, ComponentKind};

use super::{Capability, Hosts, Presence, Providers};
use crate::objects::Node;
use crate::reasons::{Code, Codes};
use crate::testing::{handlers, image_of_kind, labels, linux_node, modules_node, node, runwasi_node};

/// The interfaces that some workload serves.
struct Served(&'static [&'static str]);

impl Providers for Served {
    fn serves(&self, interface: &str) -> bool {
        self.0.contains(&interface)
    }
}

fn bundled() -> Hosts {
    Hosts::new(&HostCatalogue::bundled()).unwrap()
}

/// Hosts with these profiles before the bundled ones.
fn hosts(profiles: &[HostProfile]) -> Hosts {
    Hosts::new(&HostCatalogue::bundled().merged(profiles)).unwrap()
}

fn profile(name: &str) -> HostProfile {
    HostProfile {
        name: name.to_owned(),
        release: String::new(),
        description: String::new(),
        runs: Runs { core_modules: true, components: true },
        link_mode: LinkMode::None,
        offers: Vec::new(),
        entry_points: Vec::new(),
        memory_overhead_bytes: 0,
        instance_cap: None,
        evidence: Vec::new(),
        sources: Vec::new(),
    }
}

fn evidence(handler: &str, node_labels: &[(&str, &str)]) -> NodeEvidence {
    NodeEvidence { handlers: vec![handler.to_owned()], node_labels: labels(node_labels) }
}

/// The profile that a node has for a handler.
fn profile_of(hosts: &Hosts, node: &Node, handler: &str) -> Option<String> {
    let class = hosts.classify(node);
    class.profile(handler).and_then(|place| hosts.profile(place)).map(|profile| profile.name.clone())
}

fn judge(node: &Node, handler: &str, component: &Component, served: &'static [&'static str]) -> Capability {
    let hosts = bundled();
    hosts.capability(&hosts.classify(node), handler, &[component], &Served(served))
}

fn codes(codes: &[Code]) -> Codes {
    codes.iter().copied().collect()
}

#[test]
fn a_handler_is_present_missing_or_unknown() {
    let hosts = bundled();
    let presence = |node: &Node, handler| hosts.classify(node).presence(handler);
    assert_eq!(presence(&node("n"), "wasmtime"), Presence::Present);
    assert_eq!(presence(&linux_node("n"), "wasmtime"), Presence::Missing);
    let silent = Node { runtime_handlers: None, ..linux_node("n") };
    assert_eq!(presence(&silent, "wasmtime"), Presence::Unknown);
    assert_eq!(presence(&node("n"), "kata"), Presence::Unknown, "no handler of the catalogue");
}

#[test]
fn a_label_vouches_for_a_handler_where_the_node_lists_none() {
    let hosts = bundled();
    let silent = Node { runtime_handlers: None, ..node("n") };
    assert_eq!(hosts.classify(&silent).presence("wasmtime"), Presence::Present);
    let labelled =
        |name: &str| Node { labels: labels(&[("wit-placement.dev/host-profile", name)]), ..silent.clone() };
    assert_eq!(hosts.classify(&labelled("spin")).presence("spin"), Presence::Present);
    assert_eq!(
        hosts.classify(&labelled("spin")).presence("wasmtime"),
        Presence::Unknown,
        "not a handler of Spin"
    );
    assert_eq!(hosts.classify(&labelled("no-such")).presence("spin"), Presence::Unknown);
}

#[test]
fn a_node_that_lists_its_handlers_is_believed_more_than_its_label() {
    let labelled = Node { labels: labels(&[("wit-placement.dev/host-profile", "spin")]), ..linux_node("n") };
    assert_eq!(bundled().classify(&labelled).presence("spin"), Presence::Missing);
}

#[test]
fn the_host_profile_label_decides_over_the_handler() {
    let hosts = bundled();
    assert_eq!(profile_of(&hosts, &modules_node("n"), "wasmtime").as_deref(), Some("runwasi-wasmedge"));
    let unknown = Node { labels: labels(&[("wit-placement.dev/host-profile", "no-such")]), ..node("n") };
    assert_eq!(profile_of(&hosts, &unknown, "wasmtime"), None, "a name of no profile is no host");
}

#[test]
fn most_matching_labels_win_and_then_the_order_of_the_catalogue() {
    let none = HostProfile { evidence: vec![evidence("wasmtime", &[])], ..profile("own-plain") };
    let two = [("kube-wasm/runtime", "wasmtime"), ("pool", "fast")];
    let two = HostProfile { evidence: vec![evidence("wasmtime", &two)], ..profile("own-fast") };
    let hosts = hosts(&[none, two]);
    assert_eq!(profile_of(&hosts, &runwasi_node("n"), "wasmtime").as_deref(), Some("own-plain"));
    assert_eq!(profile_of(&hosts, &node("n"), "wasmtime").as_deref(), Some("kube-wasm-wasmtime"));
    let mut fast = node("n");
    fast.labels.insert("pool".to_owned(), "fast".to_owned());
    assert_eq!(profile_of(&hosts, &fast, "wasmtime").as_deref(), Some("own-fast"));
}

#[test]
fn nodes_that_differ_in_nothing_of_ours_are_one_class() {
    let hosts = bundled();
    let mut zoned = node("b");
    zoned.labels.insert("topology.kubernetes.io/zone".to_owned(), "a".to_owned());
    zoned.runtime_handlers = handlers(&["runc", "wasmtime", "kata"]);
    assert_eq!(hosts.classify(&node("a")), hosts.classify(&zoned));
    assert_ne!(hosts.classify(&node("a")), hosts.classify(&runwasi_node("c")));
}

#[test]
fn a_missing_handler_refuses_and_an_unknown_one_warns() {
    let component = world(&[], &["wasi:cli/run@0.2.3"]);
    let missing = judge(&linux_node("n"), "wasmtime", &component, &[]);
    assert_eq!(missing.codes, codes(&[Code::HandlerMissing]));
    assert_eq!(missing.details, BTreeMap::from([(Code::HandlerMissing, "handler `wasmtime`".to_owned())]));
    let silent = Node { runtime_handlers: None, ..linux_node("n") };
    assert_eq!(judge(&silent, "wasmtime", &component, &[]).codes, codes(&[Code::HandlerUnknown]));
    assert_eq!(judge(&node("n"), "kata", &component, &[]).codes, codes(&[Code::HostUnknown]));
}

#[test]
fn a_component_needs_an_engine_with_the_component_model() {
    let component = world(&[], &["wasi:cli/run@0.2.3"]);
    assert_eq!(judge(&modules_node("n"), "wasmtime", &component, &[]).codes, codes(&[Code::ModulesOnly]));
    let opaque = image_of_kind(ComponentKind::Opaque);
    assert_eq!(judge(&modules_node("n"), "wasmtime", &opaque, &[]).codes, codes(&[Code::ModulesOnly]));
    assert_eq!(judge(&node("n"), "wasmtime", &opaque, &[]).codes, codes(&[Code::WorldUnknown]));
    let module = image_of_kind(ComponentKind::CoreModule);
    assert!(judge(&modules_node("n"), "wasmtime", &module, &[]).codes.is_empty());
}

#[test]
fn a_core_module_does_not_run_where_only_components_do() {
    let runs = Runs { core_modules: false, components: true };
    let hosts = hosts(&[HostProfile { runs, evidence: vec![evidence("own", &[])], ..profile("own") }]);
    let own = Node { runtime_handlers: handlers(&["own"]), ..linux_node("n") };
    let module = image_of_kind(ComponentKind::CoreModule);
    let verdict = hosts.capability(&hosts.classify(&own), "own", &[&module], &Served(&[]));
    assert_eq!(verdict.codes, codes(&[Code::ComponentsOnly]));
}

#[test]
fn a_wit_package_is_no_program_wherever_it_is() {
    let package = image_of_kind(ComponentKind::WitPackage);
    assert_eq!(judge(&node("n"), "wasmtime", &package, &[]).codes, codes(&[Code::NotRunnable]));
    let unknown = Node { labels: labels(&[("wit-placement.dev/host-profile", "no-such")]), ..node("n") };
    let verdict = judge(&unknown, "wasmtime", &package, &[]);
    assert_eq!(verdict.codes, codes(&[Code::NotRunnable, Code::HostUnknown]));
}

#[test]
fn open_imports_are_refused_where_the_host_links_nothing() {
    let component = world(&["a:b/c@1.0.0", "wasi:cli/stdout@0.2.0"], &["wasi:cli/run@0.2.3"]);
    let plain = judge(&runwasi_node("n"), "wasmtime", &component, &["a:b/c@1.0.0"]);
    assert_eq!(plain.codes, codes(&[Code::OpenImports]));
    assert_eq!(plain.details[&Code::OpenImports], "a:b/c@1.0.0");
}

#[test]
fn open_imports_need_a_provider_where_the_host_links_on_the_node() {
    let component = world(&["a:b/c@1.0.0", "a:b/d@1.0.0", "wasi:cli/stdout@0.2.0"], &[]);
    assert!(judge(&node("n"), "wasmtime", &component, &["a:b/c@1.0.0", "a:b/d@1.0.0"]).codes.is_empty());
    let lacking = judge(&node("n"), "wasmtime", &component, &["a:b/c@1.0.0"]);
    assert_eq!(lacking.codes, codes(&[Code::ProviderUnknown]));
    assert_eq!(lacking.details[&Code::ProviderUnknown], "a:b/d@1.0.0");
}

#[test]
fn many_open_imports_are_named_in_part() {
    let imports: Vec<String> = (0..5).map(|number| format!("a:b/i{number}@1.0.0")).collect();
    let imports: Vec<&str> = imports.iter().map(String::as_str).collect();
    let verdict = judge(&runwasi_node("n"), "wasmtime", &world(&imports, &["wasi:cli/run@0.2.3"]), &[]);
    assert_eq!(verdict.details[&Code::OpenImports], "a:b/i0@1.0.0, a:b/i1@1.0.0, a:b/i2@1.0.0 and 2 more");
}

#[test]
fn every_container_is_judged() {
    let (one, other) = (world(&["a:b/c@1.0.0"], &[]), world(&["a:b/d@1.0.0"], &[]));
    let hosts = bundled();
    let verdict = hosts.capability(&hosts.classify(&node("n")), "wasmtime", &[&one, &other], &Served(&[]));
    assert_eq!(verdict.details[&Code::ProviderUnknown], "a:b/c@1.0.0, a:b/d@1.0.0");
}

#[test]
fn a_component_starts_by_an_entry_point_in_any_version() {
    let refused = codes(&[Code::EntryPointMissing]);
    for (export, expected) in [
        ("wasi:cli/run@0.2.0", Codes::NONE),
        ("wasi:cli/run@0.2.3", Codes::NONE),
        ("wasi:http/incoming-handler@0.2.2", Codes::NONE),
        ("wasi:cli/environment@0.2.0", refused),
    ] {
        let verdict = judge(&runwasi_node("n"), "wasmtime", &world(&[], &[export]), &[]);
        assert_eq!(verdict.codes, expected, "{export}");
    }
    // Kube-Wasm names none: a provider need not be startable.
    assert!(judge(&node("n"), "wasmtime", &world(&[], &[]), &[]).codes.is_empty());
}

#[test]
fn an_entry_point_with_a_version_is_wanted_on_its_track() {
    let entry_points = vec!["wasi:http/incoming-handler@0.2.2".to_owned()];
    let own = HostProfile { entry_points, evidence: vec![evidence("own", &[])], ..profile("own") };
    let hosts = hosts(&[own]);
    let node = Node { runtime_handlers: handlers(&["own"]), ..linux_node("n") };
    for (version, starts) in [("0.2.0", true), ("0.2.9", true), ("0.3.0", false)] {
        let component = world(&[], &[&format!("wasi:http/incoming-handler@{version}")]);
        let verdict = hosts.capability(&hosts.classify(&node), "own", &[&component], &Served(&[]));
        assert_eq!(verdict.codes.is_empty(), starts, "{version}");
    }
}

#[test]
fn some_interfaces_are_offered_only_to_who_exports_another() {
    let serving = world(&["wasi:http/types@0.2.2"], &["wasi:http/incoming-handler@0.2.2"]);
    assert!(judge(&runwasi_node("n"), "wasmtime", &serving, &[]).codes.is_empty());
    let running = world(&["wasi:http/outgoing-handler@0.2.2"], &["wasi:cli/run@0.2.2"]);
    let verdict = judge(&runwasi_node("n"), "wasmtime", &running, &[]);
    assert_eq!(verdict.codes, codes(&[Code::OpenImports]));
    assert_eq!(verdict.details[&Code::OpenImports], "wasi:http/outgoing-handler@0.2.2");
}

#[test]
fn a_name_in_a_profile_that_is_none_is_an_error() {
    let offers = vec![Offer { interfaces: vec!["no name".to_owned()], when_exports: None }];
    let conditional = vec![Offer { interfaces: Vec::new(), when_exports: Some("no name".to_owned()) }];
    let (entry_points, none) = (vec!["no name".to_owned()], Vec::new());
    for own in [
        HostProfile { offers, ..profile("own") },
        HostProfile { offers: conditional, ..profile("own") },
        HostProfile { offers: none, entry_points, ..profile("own") },
    ] {
        assert!(Hosts::new(&HostCatalogue::default().merged(&[own])).is_err());
    }
    assert!(Hosts::new(&HostCatalogue::bundled().merged(&Settings::default().hosts)).is_ok());
}
