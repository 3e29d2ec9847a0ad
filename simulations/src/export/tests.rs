//! What is exported can be read, and means what it meant.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::documents::Assumptions;
use crate::metrics::{Course, Point, Waiting};

const START: i64 = 1_704_067_200;

/// A run with numbers at these times.
fn run(strategy: &str, seed: u64, times: &[u64]) -> Run {
    let metrics = Metrics { gained_affinity: Some(0.25), nodes: 3, ..Metrics::default() };
    let series = times.iter().map(|at| Point { at: *at, metrics }).collect();
    let refusals =
        [("R204", 7), ("NodeResourcesFit", 2)].map(|(code, nodes)| (code.to_owned(), nodes)).into();
    let waiting =
        Waiting { bound: 5, p50: Some(10.0), p90: Some(1500.0), p99: Some(1500.0), max: Some(2000.0) };
    let course = Course { series, waiting, moves: 4, refusals, ..Course::default() };
    let trace = "two\\\"\nlines".to_owned();
    let assumptions = Assumptions { trace, seeds: vec![seed], ..Assumptions::default() };
    Run { strategy: strategy.to_owned(), assumptions, metrics, course, ..Run::default() }
}

fn exported() -> String {
    let runs = [run("default", 0, &[0, 1500, 1500, 60_000]), run("wit", 0, &[]), run("wit", 1, &[250])];
    openmetrics(&runs, EPOCH.parse().unwrap())
}

/// The samples by series, with their times and values as they are written; every rule of the format that matters is asserted.
fn parsed(text: &str) -> BTreeMap<String, Vec<(f64, f64)>> {
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    let (mut families, mut series) = (BTreeSet::new(), BTreeMap::<String, Vec<(f64, f64)>>::new());
    let (mut family, mut of, mut last) = ("", "", String::new());
    for line in body.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            (family, of) = told.split_once(' ').unwrap();
            assert!(families.insert(family), "{family} is in one piece");
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            assert!(help.starts_with(&format!("{family} ")), "{line}");
        } else {
            let (name, rest) = line.split_once('{').unwrap();
            let (labels, numbers) = rest.rsplit_once("} ").unwrap();
            let (value, at) = numbers.split_once(' ').unwrap();
            let suffixes: &[&str] = match of {
                "counter" => &["_total"],
                "info" => &["_info"],
                "summary" => &["", "_count"],
                _ => &[""],
            };
            let suffix = name.strip_prefix(family).unwrap();
            assert!(suffixes.contains(&suffix), "{line}");
            let key = format!("{name}{{{labels}}}");
            let known = series.contains_key(&key);
            assert!(!known || last == key, "{key} is in one piece");
            series.entry(key.clone()).or_default().push((at.parse().unwrap(), value.parse().unwrap()));
            last = key;
        }
    }
    series
}

#[test]
fn every_series_is_in_one_piece_and_runs_forwards() {
    for (key, samples) in parsed(&exported()) {
        assert!(samples.is_sorted_by(|one, other| one.0 < other.0), "{key} {samples:?}");
        for label in ["job=\"wit-sim\"", "instance=\"", "strategy=\"", "run=\""] {
            assert!(key.contains(label), "{key}");
        }
    }
}

#[test]
fn what_means_the_same_in_a_cluster_has_the_same_name() {
    let series = parsed(&exported());
    let labels = r#"job="wit-sim",instance="default 0",strategy="default",run="0""#;
    let of = |name: &str, more: &str| series[&format!("{name}{{{labels}{more}}}")].clone();
    let (start, end) = (START as f64, START as f64 + 60.0);
    let affinity = of("wit_affinity_ratio", r#",routing="even""#);
    assert_eq!(affinity, [(start, 0.25), (start + 1.5, 0.25), (end, 0.25)]);
    assert_eq!(of("wit_refusals_total", r#",code="R204""#), [(start, 0.0), (end, 7.0)]);
    assert_eq!(of("wit_sim_scheduler_refusals_total", r#",reason="NodeResourcesFit""#)[1], (end, 2.0));
    assert_eq!(of("wit_sim_waiting_seconds", r#",quantile="0.9""#), [(end, 1.5)]);
    assert_eq!(of("wit_sim_moves_total", ""), [(start, 0.0), (end, 4.0)]);
    assert_eq!(of("wit_sim_nodes", "")[0], (start, 3.0));
    let steering: Vec<_> =
        series.iter().filter(|(key, _)| key.starts_with("wit_steering")).map(|(_, it)| it[0].1).collect();
    assert_eq!(steering, [0.0, 1.0, 1.0]);
}

#[test]
fn whether_an_extender_over_http_steers_is_not_said() {
    let text = openmetrics(&[run("via-http", 0, &[])], EPOCH.parse().unwrap());
    let series = parsed(&text);
    assert!(!series.keys().any(|key| key.starts_with("wit_steering")), "{text}");
}

#[test]
fn what_is_no_word_is_escaped() {
    assert!(exported().contains(r#"trace="two\\\"\nlines""#));
}

#[test]
fn the_page_names_every_metric() {
    let page = include_str!("../../../docs/simulator.md");
    let exported = exported();
    let families = exported.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let missing: Vec<_> = families.filter(|family| !page.contains(&format!("`{family}"))).collect();
    assert!(missing.is_empty(), "docs/simulator.md does not name {missing:?}");
}
