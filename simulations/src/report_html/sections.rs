//! The parts of the page that are words and tables.

use maud::{Markup, html};

use super::Report;
use super::axes::percent;
use super::page::section;
use super::table::{Column, estimate, scaled, table};
use crate::documents::Run;
use crate::metrics::{METRICS, Metric, Routing, metric};
use crate::statistics::Estimate;

/// How many rows of a long table the page has; the CSV has all.
const MOST: usize = 50;

/// What waits and moves are called, by their keys, and what a second is to them.
const COURSE: [(&str, &str, f64); 6] = [
    ("waitingP50", "half of the pods waited at most, in seconds", 1e-3),
    ("waitingP90", "nine of ten waited at most, in seconds", 1e-3),
    ("waitingP99", "99 of a hundred waited at most, in seconds", 1e-3),
    ("waitingMax", "the longest wait, in seconds", 1e-3),
    ("moves", "pods moved", 1.0),
    ("refusals", "nodes refused", 1.0),
];

impl Report {
    fn estimate(&self, strategy: &str, key: &str) -> Option<&Estimate> {
        self.comparison.strategies.get(strategy)?.get(key)
    }
}

/// The shares of G, R and S, in a sentence and as tiles.
pub(super) fn headline(report: &Report) -> Markup {
    let subject = report.subject();
    let share = |strategy: &str, key: &str| {
        report.estimate(strategy, key).map(|estimate| scaled(estimate, 100.0, 1)).unwrap_or_default()
    };
    html! {
        p class="headline" {
            "With " strong { (subject) } ", " strong { (share(subject, "gainedAffinity")) " %" }
            " of the traffic can stay on its node"
            @if let Some(baseline) = report.baseline() {
                ", against " (share(baseline, "gainedAffinity")) " % with " (baseline)
            }
            "."
        }
        dl class="tiles" {
            @for metric in METRICS.iter().filter(|metric| metric.short.is_some()) {
                div {
                    dt { (metric.label()) }
                    dd {
                        span class="big" { (share(subject, metric.key)) " %" }
                        @if let Some(baseline) = report.baseline() {
                            span class="against" { (baseline) ": " (share(baseline, metric.key)) " %" }
                        }
                        @if let Some(routing) = metric.routing {
                            span class="routing" { (code(routing.requires())) }
                        }
                    }
                }
            }
        }
    }
}

/// What the numbers rest on.
pub(super) fn assumptions(report: &Report) -> Markup {
    let assumed = &report.comparison.assumptions;
    let seeds: Vec<_> = assumed.seeds.iter().map(ToString::to_string).collect();
    let (least, most) = assumed.most_pods;
    let pods = if least == most { most.to_string() } else { format!("{least} to {most}") };
    let routings = METRICS.iter().filter_map(|metric| Some((metric.short?, metric.routing?)));
    let content = html! {
        dl class="assumptions" {
            dt { "routing" }
            dd { ul { @for (short, routing) in routings { li { (short) ": " (code(Routing::requires(routing))) } } } }
            dt { "overhead of a pod" }
            dd { (words(&assumed.overhead, "none beside what pods request")) }
            dt { "pods per node" }
            dd { "at most " (pods) }
            dt { (if seeds.len() == 1 { "seed" } else { "seeds" }) }
            dd { (if seeds.is_empty() { "nothing is drawn".to_owned() } else { seeds.join(", ") }) }
            @if !assumed.order.is_empty() {
                dt { "arrival" }
                dd { (assumed.order) }
            }
            dt { "input" }
            dd { (assumed.trace) @if let Some(hash) = &assumed.input_sha256 { ", SHA-256 " code { (hash) } } }
            dt { "made up" }
            dd { (words(&assumed.synthetic, "nothing: all of it was observed")) }
            @for (name, value) in &assumed.settings {
                dt { (name) }
                dd { (value) }
            }
        }
    };
    section("assumptions", "What this rests on", &content)
}

/// Words with what stands between backticks as code.
fn code(words: &str) -> Markup {
    html! {
        @for (number, part) in words.split('`').enumerate() {
            @if number % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn words(lines: &[String], none: &str) -> Markup {
    html! {
        @match lines {
            [] => (none),
            [only] => (only),
            several => ul { @for line in several { li { (line) } } },
        }
    }
}

/// Every number of every strategy.
pub(super) fn comparison(report: &Report) -> Markup {
    let names = in_order(report);
    let columns: Vec<Column<'_>> =
        std::iter::once(("", false)).chain(names.iter().map(|name| (*name, true))).collect();
    let placement = METRICS.iter().map(|metric| row(report, &names, metric));
    let course = COURSE.iter().filter(|(key, ..)| told(report, &names, key)).map(|(key, title, factor)| {
        let cell = |name: &&str| {
            let value = report.estimate(name, key).map(|estimate| scaled(estimate, *factor, 1));
            html! { (value.unwrap_or_default()) }
        };
        std::iter::once(html! { (title) }).chain(names.iter().map(cell)).collect()
    });
    let runs = report.runs.values().map(Vec::len).max().unwrap_or(0);
    let content = html! {
        (table("Means of the runs, with 95 % confidence intervals where there are two or more", &columns, placement.chain(course)))
        p class="note" {
            (runs) (if runs == 1 { " run" } else { " runs" }) " of each strategy. "
            "★ is best, and the runs agree on it seed by seed; ☆ is best by its mean, which may be chance."
        }
    };
    section("comparison", "Strategies", &content)
}

/// The strategies, the subject first and what it is held against beside it.
fn in_order(report: &Report) -> Vec<&str> {
    let first = [Some(report.subject()), report.baseline()].into_iter().flatten();
    let others = report.runs.keys().map(String::as_str);
    let others = others.filter(|name| *name != report.subject() && Some(*name) != report.baseline());
    first.chain(others).collect()
}

/// Whether a number of the course is anything but zero for somebody.
fn told(report: &Report, names: &[&str], key: &str) -> bool {
    names.iter().filter_map(|name| report.estimate(name, key)).any(|estimate| estimate.mean != 0.0)
}

fn row(report: &Report, names: &[&str], metric: &Metric) -> Vec<Markup> {
    let title = html! { span title=(metric.meaning) { (metric.label()) } };
    let best = report.comparison.best.get(metric.key);
    let cell = |name: &&str| {
        let star = best.filter(|best| best.strategy == **name && differs(report, metric));
        html! {
            @if let Some(value) = report.estimate(name, metric.key) { (estimate(metric, value)) }
            @match star {
                Some(best) if best.sure => span class="star" title="best" { " ★" },
                Some(_) => span class="star" title="best by its mean" { " ☆" },
                None => {},
            }
        }
    };
    std::iter::once(title).chain(names.iter().map(cell)).collect()
}

/// Whether the strategies differ in a number at all.
fn differs(report: &Report, metric: &Metric) -> bool {
    let means: Vec<u64> = report
        .runs
        .keys()
        .filter_map(|name| Some(report.estimate(name, metric.key)?.mean.to_bits()))
        .collect();
    means.windows(2).any(|pair| pair.first() != pair.last())
}

/// The run that tables are made of: the subject's first.
fn shown(report: &Report) -> Option<&Run> {
    report.runs.get(report.subject()).and_then(|runs| runs.first())
}

/// Workload by workload.
pub(super) fn workloads(report: &Report) -> Markup {
    let Some(run) = shown(report) else { return Markup::default() };
    let mut workloads: Vec<_> = run.details.workloads.iter().collect();
    workloads.sort_by(|one, other| other.traffic.total_cmp(&one.traffic));
    let columns = [
        ("workload", false),
        ("replicas", true),
        ("placed", true),
        ("nodes", true),
        ("largest share on a node", true),
        ("of all traffic", true),
        ("G", true),
        ("R", true),
        ("S", true),
    ];
    let rows = workloads.iter().take(MOST).map(|it| {
        let own = |share: f64| if it.traffic > 0.0 { percent(share) } else { "–".to_owned() };
        let cells = [
            it.workload.to_string(),
            it.replicas.to_string(),
            it.placed.to_string(),
            it.nodes.to_string(),
            percent(it.largest_share),
            format!("{:.1} %", it.traffic * 100.0),
            own(it.gained_affinity),
            own(it.random_balancing),
            own(it.prefer_same_node),
        ];
        cells.map(|cell| html! { (cell) }).into()
    });
    let content = html! {
        (table(&format!("Workloads with {}, those with the most traffic first", run.strategy), &columns, rows))
        (rest(workloads.len()))
    };
    section("workloads", "Workloads", &content)
}

/// Link by link.
pub(super) fn links(report: &Report) -> Markup {
    let Some(run) = shown(report).filter(|run| !run.links.is_empty()) else { return Markup::default() };
    let columns = [
        ("caller", false),
        ("called", false),
        ("of all traffic", true),
        ("G", true),
        ("R", true),
        ("S", true),
    ];
    let rows = run.links.iter().take(MOST).map(|it| {
        let cells = [
            it.consumer.to_string(),
            it.provider.to_string(),
            format!("{:.1} %", it.weight * 100.0),
            percent(it.gained_affinity),
            percent(it.random_balancing),
            percent(it.prefer_same_node),
        ];
        cells.map(|cell| html! { (cell) }).into()
    });
    let content = html! {
        (table(&format!("Links with {}, the heaviest first", run.strategy), &columns, rows))
        (rest(run.links.len()))
    };
    section("links", "Links", &content)
}

fn rest(rows: usize) -> Markup {
    html! {
        @if rows > MOST {
            p class="note" { "The first " (MOST) " of " (rows) "; the CSV has all." }
        }
    }
}

/// Why pods have no node.
pub(super) fn pending(report: &Report) -> Markup {
    let columns = [("strategy", false), ("reason", false), ("pods", true), ("first", false)];
    let rows: Vec<Vec<Markup>> = report
        .strategies()
        .flat_map(|(name, run)| run.details.pending.iter().map(move |it| (name, it)))
        .map(|(name, it)| {
            vec![html! { (name) }, html! { (it.reason) }, html! { (it.pods) }, html! { (it.first) }]
        })
        .collect();
    let content = html! {
        @if rows.is_empty() {
            p { "Every pod has a node." }
        } @else {
            (table("Pods without a node, by reason; a pod counts for each of its reasons", &columns, rows.into_iter()))
        }
    };
    let title = metric("pending").map_or("pending", |metric| metric.title);
    section("pending", &format!("Pods {title}"), &content)
}
