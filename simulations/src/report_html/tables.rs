//! The tables as CSV, with every row and every digit.

use csv::Writer;

use super::{Report, Table};
use crate::documents::Run;

/// Every table.
pub(super) fn all(report: &Report) -> Vec<Table> {
    let tables = [
        ("metrics.csv", metrics(report)),
        ("nodes.csv", nodes(report)),
        ("workloads.csv", workloads(report)),
        ("links.csv", links(report)),
        ("pending.csv", pending(report)),
    ];
    tables.into_iter().map(|(name, rows)| Table { name, csv: text(&rows) }).collect()
}

type Rows = Vec<Vec<String>>;

fn text(rows: &Rows) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    // Writing to memory cannot fail, and all rows of a table have the same length.
    let written = rows.iter().try_for_each(|row| writer.write_record(row));
    let bytes = written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// A number with every digit; nothing where there is nothing to measure.
fn cell<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn headings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A line for each strategy, number and run.
fn metrics(report: &Report) -> Rows {
    let mut rows = vec![headings(&["strategy", "metric", "seed", "value"])];
    for (name, runs) in &report.runs {
        for (run, (key, value)) in runs.iter().flat_map(|run| run.values().map(move |value| (run, value))) {
            let seed = run.assumptions.seeds.first().map(ToString::to_string).unwrap_or_default();
            rows.push(vec![name.clone(), key, seed, cell(value)]);
        }
    }
    rows
}

/// The first run of each strategy, row by row.
fn of_each<T>(report: &Report, rows: fn(&Run) -> &[T], cells: fn(&T) -> Vec<String>) -> Rows {
    let all = report.strategies().flat_map(|(name, run)| rows(run).iter().map(move |row| (name, row)));
    all.map(|(name, row)| std::iter::once(name.to_owned()).chain(cells(row)).collect()).collect()
}

fn with_headings(names: &[&str], rows: Rows) -> Rows {
    std::iter::once(headings(names)).chain(rows).collect()
}

fn nodes(report: &Report) -> Rows {
    let names = [
        "strategy",
        "node",
        "pods",
        "instances",
        "podsShare",
        "cpuShare",
        "memoryShare",
        "binding",
        "headroom",
    ];
    let cells = |it: &crate::metrics::NodeDetails| {
        vec![
            it.node.to_string(),
            it.pods.to_string(),
            it.instances.to_string(),
            it.pods_share.to_string(),
            it.cpu_share.to_string(),
            it.memory_share.to_string(),
            it.binding.map(|binding| binding.name().to_owned()).unwrap_or_default(),
            cell(it.headroom),
        ]
    };
    with_headings(&names, of_each(report, |run| &run.details.nodes, cells))
}

fn workloads(report: &Report) -> Rows {
    let names = [
        "strategy",
        "workload",
        "replicas",
        "placed",
        "nodes",
        "largestShare",
        "traffic",
        "gainedAffinity",
        "randomBalancing",
        "preferSameNode",
    ];
    let cells = |it: &crate::metrics::WorkloadDetails| {
        vec![
            it.workload.to_string(),
            it.replicas.to_string(),
            it.placed.to_string(),
            it.nodes.to_string(),
            cell(it.largest_share),
            it.traffic.to_string(),
            cell(it.gained_affinity),
            cell(it.random_balancing),
            cell(it.prefer_same_node),
        ]
    };
    with_headings(&names, of_each(report, |run| &run.details.workloads, cells))
}

fn links(report: &Report) -> Rows {
    let names =
        ["strategy", "consumer", "provider", "weight", "gainedAffinity", "randomBalancing", "preferSameNode"];
    let cells = |it: &crate::documents::RunLink| {
        vec![
            it.consumer.to_string(),
            it.provider.to_string(),
            it.weight.to_string(),
            cell(it.gained_affinity),
            cell(it.random_balancing),
            cell(it.prefer_same_node),
        ]
    };
    with_headings(&names, of_each(report, |run| &run.links, cells))
}

fn pending(report: &Report) -> Rows {
    let cells =
        |it: &crate::metrics::PendingReason| vec![it.reason.clone(), it.pods.to_string(), it.first.clone()];
    with_headings(
        &["strategy", "reason", "pods", "first"],
        of_each(report, |run| &run.details.pending, cells),
    )
}
