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

/// Each run as a mark: how much stays local, and on how many nodes, at the end or, where nobody is left then, on average over time. Up and
/// left is better.
pub(super) fn pareto(report: &Report) -> Markup {
    let ends = report.has_traffic_at_end();
    let place = |run: &Run| {
        if ends {
            return Some((f64::from(run.metrics.nodes_used), run.metrics.gained_affinity?));
        }
        let mean = |key: &str| run.course.means.values.get(key).copied();
        mean("nodesUsed").zip(mean("gainedAffinity"))
    };
    let places = || report.runs.values().flatten().filter_map(place);
    let (nodes, gained) = if ends {
        ("nodes used", "G, gained affinity")
    } else {
        ("nodes used on average over time", "G, gained affinity, on average over time")
    };
    let x = Axis::over(nodes, plain, places().map(|(nodes, _)| nodes), false);
    let y = Axis::over(gained, percent, places().map(|(_, gained)| gained), true);
    let content = html! {
        (axes(x, y))
        @for (number, (name, runs)) in report.runs.iter().enumerate() {
            @for (nodes, gained) in runs.iter().filter_map(place) {
                g {
                    title { (name) ": G " (percent(gained)) " on " (plain(nodes)) " nodes" }
                    (mark(number, x.x(nodes), y.y(gained)))
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
