use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::trace::Happening;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    what_if: WhatIf,
}

/// Four small nodes and two large ones, a container on each of the large, and a Wasm workload.
const LINES: &str = r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"six nodes"}
{"at":0,"runtimeClass":{"metadata":{"name":"wasm"},"handler":"wasmtime"}}
{"at":0,"node":{"metadata":{"name":"s1","labels":{"kubernetes.io/hostname":"s1"}},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"node":{"metadata":{"name":"s2","labels":{"kubernetes.io/hostname":"s2"}},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"node":{"metadata":{"name":"s3","labels":{"kubernetes.io/hostname":"s3"}},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"node":{"metadata":{"name":"s4","labels":{"kubernetes.io/hostname":"s4"}},"status":{"allocatable":{"cpu":"2","memory":"4Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"node":{"metadata":{"name":"l1","labels":{"kubernetes.io/hostname":"l1"}},"status":{"allocatable":{"cpu":"8","memory":"32Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"node":{"metadata":{"name":"l2","labels":{"kubernetes.io/hostname":"l2"}},"status":{"allocatable":{"cpu":"8","memory":"32Gi","pods":"110"},"runtimeHandlers":[{"name":"wasmtime"}]}}}
{"at":0,"workload":{"workload":"shop/Deployment/cart","replicas":2,"template":{"spec":{"runtimeClassName":"wasm","containers":[{"name":"main","image":"cart:1","resources":{"requests":{"cpu":"100m","memory":"100Mi"},"limits":{"memory":"200Mi"}}}]}}}}
{"at":0,"pod":{"pod":"shop/web-1","node":"l1","template":{"spec":{"containers":[{"name":"main","image":"web:1","resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}}}}
{"at":0,"pod":{"pod":"shop/web-2","node":"l2","template":{"spec":{"containers":[{"name":"main","image":"web:1","resources":{"requests":{"cpu":"1","memory":"1Gi"}}}]}}}}
{"at":60000,"nodeFailed":{"node":"l1"}}
"#;

fn what_if(options: &str) -> WhatIf {
    let words = std::iter::once("").chain(options.split_whitespace());
    Arguments::try_parse_from(words).expect("options").what_if
}

fn applied(options: &str) -> Result<Changed, WhatIfError> {
    let trace = Trace::read(LINES.as_bytes()).expect("a trace");
    what_if(options).apply(trace, &HostCatalogue::bundled())
}

fn changed(options: &str) -> Changed {
    let changed = applied(options).expect("a change");
    changed.trace.load().expect("a trace that can be simulated");
    changed
}

fn problems(options: &str) -> Vec<String> {
    applied(options).expect_err("no change").problems
}

fn nodes(trace: &Trace) -> Vec<&str> {
    let node = |record: &'_ crate::trace::Record| matches!(record.happening, Happening::Node(_));
    let named = trace.records.iter().filter(|record| node(record));
    named
        .filter_map(|record| match &record.happening {
            Happening::Node(node) => node.metadata.name.as_deref(),
            _ => None,
        })
        .collect()
}

/// The trace's text without the node records, to look things up in.
fn text(trace: &Trace) -> String {
    let mut text = Vec::new();
    trace.write(&mut text).expect("a trace");
    String::from_utf8(text).expect("text")
}

#[test]
fn nothing_asked_for_changes_nothing() {
    let changed = changed("");
    assert_eq!(changed.trace, Trace::read(LINES.as_bytes()).expect("a trace"));
    assert!(changed.told.is_empty());
}

#[test]
fn half_the_nodes_keep_the_mixture_and_their_pods_lose_what_is_gone() {
    let changed = changed("--nodes 0.5");
    assert_eq!(nodes(&changed.trace), ["s1", "s2", "l1"]);
    let bound: Vec<_> =
        changed.trace.load().expect("a scenario").pods().map(|pod| pod.node.clone()).collect();
    assert_eq!(bound.iter().filter(|node| node.is_some()).count(), 1);
    assert_eq!(
        changed.told["nodes"],
        "0.5: 3 instead of 6; pods of nodes that were left out arrive without one: 1"
    );
}

#[test]
fn copies_are_like_their_nodes_and_what_happens_to_a_node_happens_to_them() {
    let changed = changed("--nodes 12");
    let names = nodes(&changed.trace);
    assert_eq!(names[..4], ["s1", "s1-copy-1", "s2", "s2-copy-1"]);
    assert_eq!(names.len(), 12);
    let text = text(&changed.trace);
    assert!(text.contains(r#""kubernetes.io/hostname":"s1-copy-1""#));
    assert!(text.contains(r#"{"at":60000,"nodeFailed":{"node":"l1-copy-1"}}"#), "{text}");
}

#[test]
fn the_pod_of_a_daemon_set_goes_where_its_node_goes() {
    let template = r#"{"spec":{"containers":[{"name":"main","image":"agent:1"}]}}"#;
    let agents = format!(
        r#"{{"at":0,"workload":{{"workload":"shop/DaemonSet/agent","replicas":2,"listed":true,"template":{template}}}}}
{{"at":0,"pod":{{"pod":"shop/agent-s1","node":"s1","workload":"shop/DaemonSet/agent"}}}}
{{"at":0,"pod":{{"pod":"shop/agent-s4","node":"s4","workload":"shop/DaemonSet/agent"}}}}
{{"at":50000,"podDeleted":{{"pod":"shop/agent-s4"}}}}
{{"at":60000,"#
    );
    let lines = LINES.replacen(r#"{"at":60000,"#, &agents, 1);
    let changed = |options: &str| {
        let trace = Trace::read(lines.as_bytes()).expect("a trace");
        let changed = what_if(options).apply(trace, &HostCatalogue::bundled()).expect("a change");
        changed.trace.load().expect("a trace that can be simulated");
        text(&changed.trace)
    };
    let half = changed("--nodes 0.5");
    assert!(half.contains("shop/agent-s1") && !half.contains("shop/agent-s4"), "{half}");
    let twice = changed("--nodes 12");
    assert!(twice.contains(r#"{"at":0,"pod":{"pod":"shop/agent-s1-copy-1","workload":"shop/DaemonSet/agent","node":"s1-copy-1"}}"#));
    assert!(twice.contains(r#"{"at":50000,"podDeleted":{"pod":"shop/agent-s4-copy-1"}}"#), "{twice}");
}

#[test]
fn every_node_takes_as_many_pods_as_is_said() {
    let text = text(&changed("--max-pods 250").trace);
    assert!(text.contains(r#""pods":"250""#) && !text.contains(r#""pods":"110""#), "{text}");
}

#[test]
fn factors_multiply_requests_and_limits_of_their_class_and_the_most_specific_counts() {
    let text = text(&changed("--memory-factor 0.5 --memory-factor wasm=0.1 --cpu-factor container=2").trace);
    let mib = |count: u64| format!(r#""memory":"{}""#, count << 20);
    assert!(text.contains(&mib(10)) && text.contains(&mib(20)) && text.contains(&mib(512)), "{text}");
    assert!(text.contains(r#""cpu":"100m""#) && text.contains(r#""cpu":"2000m""#), "{text}");
}

#[test]
fn the_overhead_of_a_class_is_what_is_said() {
    let changed = changed("--overhead wasm=memory=25Mi,cpu=5m");
    assert!(text(&changed.trace).contains(r#""podFixed":{"cpu":"5m","memory":"26214400"}"#));
    assert_eq!(changed.told["overhead"], "wasm=memory=26214400,cpu=5m");
}

#[test]
fn pods_move_to_a_class_and_what_they_run_becomes_a_component() {
    let moved = changed("--runtime shop/Pod/*=wasm");
    assert_eq!(text(&moved.trace).matches(r#""runtimeClassName":"wasm""#).count(), 3);
    assert!(text(&moved.trace).contains(r#""reference":"web:1""#));

    let made = changed("--runtime container=other --memory-factor wasm=0.1");
    let text = text(&made.trace);
    assert!(
        text.contains(r#""runtimeClassName":"other""#) && text.contains(r#""metadata":{"name":"other"}"#),
        "{text}"
    );
    assert!(text.contains(&format!(r#""memory":"{}""#, 107_374_182)), "factors follow the new class: {text}");
}

#[test]
fn everything_that_cannot_be_is_told_at_once() {
    assert_eq!(
        problems(
            "--memory-factor spin=2 --overhead spin=memory=1Mi --runtime bank/*/*=wasm --cpu-factor 2 --cpu-factor 3"
        ),
        [
            "--runtime bank/*/*=wasm: there are no such pods",
            "--overhead spin=memory=1048576: there is no such RuntimeClass; there are: wasm",
            "--memory-factor spin=2: there are no such pods; classes: wasm",
            "--cpu-factor all=2: `all` is given 2 times",
            "--cpu-factor all=3: `all` is given 2 times",
        ]
    );
}

#[test]
fn values_that_are_none_are_refused_with_what_they_must_be() {
    for options in [
        "--nodes 0",
        "--nodes -1.5",
        "--memory-factor wasm=0",
        "--overhead wasm",
        "--runtime a/b=c",
        "--set x",
    ] {
        let words = std::iter::once("").chain(options.split_whitespace());
        assert!(Arguments::try_parse_from(words).is_err(), "{options}");
    }
}

#[test]
fn settings_are_set_by_their_paths_and_told() {
    let what_if = what_if("--set placement.blastRadius=0.25");
    let settings = what_if.settings(Settings::default()).expect("settings");
    assert!((settings.placement.blast_radius - 0.25).abs() < f64::EPSILON);
    assert_eq!(changed("--set placement.blastRadius=0.25").told["placement.blastRadius"], "0.25");
    let error = super::tests::what_if("--set placement.radius=1").settings(Settings::default());
    assert!(error.expect_err("no such key").to_string().starts_with("placement.radius: is not a key"));
}

proptest! {
    #[test]
    fn there_are_as_many_nodes_as_were_asked_for_and_their_names_differ(count in 1_usize..40) {
        let changed = changed(&format!("--nodes {count}"));
        let mut names = nodes(&changed.trace);
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), count);
        let large = names.iter().filter(|name| name.starts_with('l')).count();
        prop_assert!((large * 3).abs_diff(count) <= 3, "{large} of {count} are large");
    }
}
