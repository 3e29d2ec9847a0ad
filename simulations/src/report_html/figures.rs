//! The figures with axes: locality against nodes, and numbers over time.

use maud::{Markup, html};

use super::axes::{Axis, HEIGHT, KINDS, axes, figure, mark, percent, plain, px};
use super::graph::Graph;
use super::{Report, node_map};
use crate::documents::Run;
use crate::metrics::Point;

/// A figure and the name of its file.
pub(super) type Named = (String, Markup);

/// A number that is drawn over time.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    format: fn(f64) -> String,
    value: fn(&Point) -> Option<f64>,
}

/// Which numbers those are.
pub(super) const SERIES: [Series; 3] = [
    Series {
        name: "gained-affinity",
        title: "G, gained affinity",
        format: percent,
        value: |point| point.metrics.gained_affinity,
    },
    Series {
        name: "nodes-used",
        title: "nodes used",
        format: plain,
        value: |point| Some(point.metrics.nodes_used.into()),
    },
    Series {
        name: "pending",
        title: "pods pending",
        format: plain,
        value: |point| Some(point.metrics.pending.into()),
    },
];

/// Every figure.
pub(super) fn all(report: &Report) -> Vec<Named> {
    let mut figures = vec![("locality-against-nodes".to_owned(), pareto(report))];
    let series =
        SERIES.iter().filter_map(|series| Some((series.name.to_owned(), over_time(report, series)?)));
    figures.extend(series);
    let maps = report
        .strategies()
        .map(|(name, run)| (format!("nodes-{}", plain_name(name)), node_map::node_map(run)));
    figures.extend(maps);
    let graphs = report.strategies().map(|(name, run)| (name, Graph::of(run)));
    let graphs = graphs.filter(|(_, graph)| !graph.is_empty());
    figures.extend(graphs.map(|(name, graph)| (format!("graph-{}", plain_name(name)), graph.draw(name))));
    figures
}

/// A strategy's name as a file can have it.
fn plain_name(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}

/// Each run as a mark: how much stays local, and on how many nodes. Up and left is better.
pub(super) fn pareto(report: &Report) -> Markup {
    let runs = || report.runs.values().flatten();
    let nodes = |run: &Run| f64::from(run.metrics.nodes_used);
    let gained = |run: &Run| run.metrics.gained_affinity;
    let x = Axis::over("nodes used", plain, runs().map(nodes), false);
    let y = Axis::over("G, gained affinity", percent, runs().filter_map(gained), true);
    let content = html! {
        (axes(x, y))
        @for (number, (name, runs)) in report.runs.iter().enumerate() {
            @for (run, gained) in runs.iter().filter_map(|run| Some((run, gained(run)?))) {
                g {
                    title { (name) ": G " (percent(gained)) " on " (nodes(run)) " nodes" }
                    (mark(number, x.x(nodes(run)), y.y(gained)))
                }
            }
        }
    };
    figure("Gained affinity of each run against the nodes that it uses", HEIGHT, &content)
}

/// A number of each strategy's first run over time; `None` where nothing takes time.
pub(super) fn over_time(report: &Report, series: &Series) -> Option<Markup> {
    let points = || report.strategies().flat_map(|(_, run)| &run.course.series);
    let first = points().next()?;
    if points().all(|point| point.at == first.at) {
        return None;
    }
    let x = Axis::of_time(points().map(|point| point.at as f64));
    let y = Axis::over(series.title, series.format, points().filter_map(series.value), true);
    let content = html! {
        (axes(x, y))
        @for (number, (name, run)) in report.strategies().enumerate() {
            g {
                title { (name) }
                @for line in steps(run, series, x, y) {
                    polyline class=(format!("line k{}", number % KINDS)) points=(line) {}
                }
                @if let Some((last, value)) = run.course.series.iter().rev().find_map(|it| Some((it, (series.value)(it)?))) {
                    (mark(number, x.x(last.at as f64), y.y(value)))
                }
            }
        }
    };
    Some(figure(&format!("{} over time", series.title), HEIGHT, &content))
}

/// A number holds until the next point in time; a line ends where there is nothing to measure.
fn steps(run: &Run, series: &Series, x: Axis, y: Axis) -> Vec<String> {
    let (mut lines, mut corners, mut before) = (Vec::new(), Vec::new(), None);
    for point in &run.course.series {
        let (at, value) = (x.x(point.at as f64), (series.value)(point).map(|value| y.y(value)));
        corners.extend(before.map(|before| (at, before)));
        match value {
            Some(value) => corners.push((at, value)),
            None => lines.push(std::mem::take(&mut corners)),
        }
        before = value;
    }
    lines.push(corners);
    let drawn = lines.into_iter().filter(|corners| !corners.is_empty()).map(|corners| {
        corners.into_iter().map(|(x, y)| format!("{},{}", px(x), px(y))).collect::<Vec<_>>().join(" ")
    });
    drawn.collect()
}
