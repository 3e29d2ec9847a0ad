use wit_graph::WorkloadKey;
use wit_placement::NodeName;

use super::*;
use crate::density::Constraint;
use crate::documents::RunLink;
use crate::metrics::{Course, Details, Metrics, NodeDetails, PendingReason, Point, Waiting, WorkloadDetails};

/// A run on forty nodes, of which the first ones are the fuller.
fn run(strategy: &str, seed: u64, gained_affinity: f64, nodes_used: u32) -> Run {
    let metrics = Metrics {
        gained_affinity: Some(gained_affinity),
        random_balancing: Some(gained_affinity / 3.0),
        prefer_same_node: Some((gained_affinity * 1.1).min(1.0)),
        blast_radius: Some(0.3 + gained_affinity / 2.0),
        nodes: 40,
        nodes_used,
        placed: 400,
        pending: 3,
        requested_cpu: Some(0.7),
        requested_memory: Some(0.3),
        ..Metrics::default()
    };
    Run {
        strategy: strategy.to_owned(),
        assumptions: assumptions(seed),
        metrics,
        course: course(metrics),
        details: Details {
            nodes: nodes(nodes_used),
            workloads: workloads(gained_affinity),
            pending: pending(),
        },
        links: links(gained_affinity),
        ..Run::default()
    }
}

fn assumptions(seed: u64) -> Assumptions {
    Assumptions {
        trace: "the shop, ten times".to_owned(),
        input_sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
        seeds: vec![seed],
        order: "at random".to_owned(),
        most_pods: (110, 110),
        overhead: vec!["wasm: 13 MiB of shim".to_owned()],
        synthetic: vec!["arrival times are drawn".to_owned(), "callers are not known".to_owned()],
        settings: [("weight of the extender".to_owned(), "15".to_owned())].into(),
    }
}

/// The numbers grow as the pods come.
fn course(end: Metrics) -> Course {
    let point = |tick: u32| {
        let share = f64::from(tick) / 20.0;
        let gained_affinity = end.gained_affinity.map(|gained| gained * share.sqrt());
        let pending = if tick == 20 { end.pending } else { (tick * 7) % 11 };
        let metrics = Metrics { gained_affinity, nodes_used: end.nodes_used * tick / 20, pending, ..end };
        Point { at: u64::from(tick) * 30_000, metrics }
    };
    let waiting = Waiting::of((0..400).map(|pod| pod * 5).collect());
    Course {
        series: (0..=20).map(point).collect(),
        waiting,
        moves: 4,
        refusals: [("R101".to_owned(), 80)].into(),
        ended: 600_000,
        ..Course::default()
    }
}

fn nodes(used: u32) -> Vec<NodeDetails> {
    let node = |number: u32| {
        let full = if number < used { 1.0 - f64::from(number) / f64::from(used * 2) } else { 0.0 };
        NodeDetails {
            node: NodeName::new(format!("worker-{number:02}")),
            pods: if number < used { 10 } else { 0 },
            instances: 0,
            pods_share: full / 10.0,
            cpu_share: full,
            memory_share: full / 2.0,
            binding: (number < used).then_some(Constraint::Cpu),
            headroom: Some(3),
        }
    };
    (0..40).map(node).collect()
}

fn workloads(gained: f64) -> Vec<WorkloadDetails> {
    let workload = |number: u32| WorkloadDetails {
        workload: WorkloadKey::new("shop", "Deployment", format!("service-{number:02}")),
        replicas: 10,
        placed: 10,
        nodes: 4,
        largest_share: Some(0.4),
        traffic: 2.0 / f64::from(number + 2),
        gained_affinity: Some(gained),
        random_balancing: Some(gained / 3.0),
        prefer_same_node: Some(gained),
    };
    (0..60).map(workload).collect()
}

fn links(gained: f64) -> Vec<RunLink> {
    let link = |number: u32| RunLink {
        consumer: WorkloadKey::new("shop", "Deployment", format!("service-{number:02}")),
        provider: WorkloadKey::new("shop", "Deployment", format!("service-{:02}", number + 1)),
        weight: 0.1,
        gained_affinity: Some(gained),
        random_balancing: Some(gained / 3.0),
        prefer_same_node: Some(gained),
    };
    (0..10).map(link).collect()
}

fn pending() -> Vec<PendingReason> {
    let reason = |reason: &str, pods| PendingReason {
        reason: reason.to_owned(),
        pods,
        first: "shop/service-07-3".to_owned(),
    };
    vec![reason("Insufficient cpu", 3), reason("R104 the node's host has no <wasi:http>", 1)]
}

fn report() -> Report {
    let runs = |strategy: &str, gained: [f64; 3], nodes| {
        let run =
            |(seed, gained): (u64, f64)| run(strategy, seed, gained, nodes + u32::try_from(seed).unwrap());
        (1..).zip(gained).map(run).collect::<Vec<_>>()
    };
    let all = [
        runs("default", [0.05, 0.07, 0.06], 36),
        runs("most-allocated", [0.07, 0.08, 0.08], 30),
        runs("wit", [0.55, 0.58, 0.54], 34),
        runs("wit-batch", [0.69, 0.69, 0.7], 35),
    ];
    Report::new(all.into_iter().flatten().collect()).unwrap()
}

#[test]
fn the_page_stands_alone() {
    let html = report().html();
    for fetching in ["http://", "https://", "<script", "<link", "<img", "@import", "url("] {
        // The names of SVG's and XML's languages are addresses that nobody asks.
        let found = html.replace("http://www.w3.org/2000/svg", "").contains(fetching);
        assert!(!found, "the page has {fetching}");
    }
    assert!(html.contains("prefers-color-scheme: dark") && html.contains("lang=\"en\""));
}

#[test]
fn the_headline_says_what_is_gained_against_what() {
    let html = report().html();
    let text = "With <strong>wit</strong>, <strong>55.7 % (50.5–60.8)</strong> of the traffic can stay on its node, \
                against 6.0 % (3.5–8.5) with default.";
    assert!(html.contains(text), "{}", html.split("headline").nth(2).unwrap_or_default());
    assert!(html.contains("Services with <code>trafficDistribution: PreferSameNode</code>"));
}

#[test]
fn every_assumption_is_on_the_page() {
    let html = report().html();
    for told in [
        "9f86d081884c",
        "1, 2, 3",
        "at most 110",
        "13 MiB of shim",
        "arrival times are drawn",
        "weight of the extender",
    ] {
        assert!(html.contains(told), "{told}");
    }
}

#[test]
fn names_from_a_trace_are_text() {
    let html = report().html();
    assert!(html.contains("no &lt;wasi:http&gt;") && !html.contains("<wasi:http>"));
    let mut evil = run("<script>alert(1)</script>", 1, 0.5, 3);
    evil.assumptions.trace = "\"><script>".to_owned();
    let report = Report::new(vec![evil]).unwrap();
    assert!(!report.html().contains("<script"));
    assert!(report.figures().iter().all(|figure| !figure.svg.contains("<script")));
}

#[test]
fn figures_and_tables_are_files_of_their_own() {
    let report = report();
    let names: Vec<_> = report.figures().into_iter().map(|figure| figure.name).collect();
    let expected = [
        "locality-against-nodes.svg",
        "gained-affinity.svg",
        "nodes-used.svg",
        "pending.svg",
        "nodes-default.svg",
        "nodes-most-allocated.svg",
        "nodes-wit.svg",
        "nodes-wit-batch.svg",
        "graph-default.svg",
        "graph-most-allocated.svg",
        "graph-wit.svg",
        "graph-wit-batch.svg",
    ];
    assert_eq!(names, expected);
    assert!(report.figures()[0].svg.starts_with("<?xml") && report.figures()[0].svg.contains("<style>"));
    let tables = report.tables();
    let lines: Vec<_> = tables.iter().map(|table| (table.name, table.csv.lines().count())).collect();
    let expected = [
        ("metrics.csv", 637),
        ("nodes.csv", 161),
        ("workloads.csv", 241),
        ("links.csv", 41),
        ("pending.csv", 9),
    ];
    assert_eq!(lines, expected);
    assert!(tables[4].csv.contains("wit,Insufficient cpu,3,shop/service-07-3\n"));
}

#[test]
fn long_tables_say_that_they_are_cut() {
    assert!(report().html().contains("The first 50 of 60; the CSV has all."));
}

#[test]
fn a_run_without_time_is_not_drawn_over_it() {
    let mut still = run("default", 1, 0.5, 3);
    still.course.series.truncate(1);
    let report = Report::new(vec![still]).unwrap();
    assert!(report.html().contains("Everything happens at once"));
    assert_eq!(report.figures().len(), 3);
}

#[test]
fn the_graph_has_the_heaviest_links_and_says_what_it_leaves_out() {
    let workload = |number: u32| WorkloadKey::new("shop", "Deployment", format!("service-{number:02}"));
    let link = |consumer: u32, provider: u32, weight: f64| RunLink {
        consumer: workload(consumer),
        provider: workload(provider),
        weight,
        gained_affinity: Some(0.25),
        random_balancing: Some(0.0),
        prefer_same_node: Some(0.0),
    };
    // Forty workloads in pairs, the heavier the lower their number; one pair calls both ways.
    let mut wit = run("wit", 1, 0.5, 3);
    wit.links = (0..20).map(|pair| link(2 * pair, 2 * pair + 1, 0.9 / f64::from(pair + 10))).collect();
    wit.links.push(link(1, 0, 0.01));
    let graph = graph::Graph::of(&wit);
    let left_out = graph.left_out();
    assert_eq!((left_out.workloads, left_out.links), (10, 5));
    let svg = graph.draw("wit").into_string();
    assert_eq!((svg.matches("class=\"away\"").count(), svg.matches("class=\"end\"").count()), (15, 30));
    let pair = "shop/Deployment/service-00 and shop/Deployment/service-01: 10.00 % of all traffic, of which 25 % can stay";
    assert!(svg.contains(pair), "{svg}");
    assert!(!svg.contains("service-30") && !svg.contains("NaN"), "{svg}");
    let html = Report::new(vec![wit]).unwrap().html();
    assert!(
        html.contains("Left out are 5 more, which carry ")
            && html.contains(" and 10 workloads that only those touch")
    );
}

#[test]
fn runs_that_do_not_belong_together_are_refused() {
    let mut other = run("wit", 1, 0.5, 3);
    other.assumptions.trace = "another".to_owned();
    let error = Report::new(vec![run("wit", 1, 0.5, 3), other]).unwrap_err().to_string();
    assert_eq!(error, "the runs are of different traces: `the shop, ten times` and `another`");
    assert_eq!(Report::new(Vec::new()).unwrap_err(), ReportError::NoRun);
}

#[test]
fn the_same_runs_give_the_same_bytes() {
    let again = report();
    assert_eq!(report().html(), again.html());
    if let Some(folder) = std::env::var_os("WIT_SIM_EXAMPLE_REPORT") {
        std::fs::write(std::path::Path::new(&folder).join("report.html"), again.html()).unwrap();
        for figure in again.figures() {
            std::fs::write(std::path::Path::new(&folder).join(figure.name), figure.svg).unwrap();
        }
    }
}

#[test]
fn where_nobody_calls_the_headline_is_about_room() {
    let mut only = run("default", 0, 0.0, 9);
    only.metrics =
        Metrics { gained_affinity: None, random_balancing: None, prefer_same_node: None, ..only.metrics };
    let html = Report::new(vec![only]).unwrap().html();
    let told =
        "With <strong>default</strong>, <strong>9</strong> of 40 nodes are used and 3 pods are pending.";
    assert!(html.contains(told), "{html}");
    assert!(!html.contains("<strong></strong>"), "{html}");
    let alone = Report::new(vec![run("default", 0, 0.4, 9)]).unwrap().html();
    assert!(alone.contains("With <strong>default</strong>, <strong>40.0 %</strong>"), "{alone}");
}
