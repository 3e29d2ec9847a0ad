//! The parts of the page that are words and tables.

use maud::{Markup, html};

use super::Report;
use super::axes::{duration, percent};
use super::page::section;
use super::table::{Column, table};
use crate::documents::Run;
use crate::metrics::{METRICS, NOTHING, Number, Routing, When, metric};
use crate::statistics::Estimate;

/// How many rows of a long table the page has; the CSV has all.
const MOST: usize = 50;

impl Report {
    /// Whether anybody calls anybody when the runs end.
    pub(super) fn has_traffic_at_end(&self) -> bool {
        self.runs.values().flatten().any(|run| run.metrics.gained_affinity.is_some())
    }

    pub(super) fn estimate(&self, strategy: &str, key: &str) -> Option<&Estimate> {
        self.comparison.strategies.get(strategy)?.get(key)
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
            dd { (words(&assumed.synthetic, "nothing that the trace tells of")) }
            @for (name, value) in &assumed.settings {
                dt { (name) }
                dd { (value) }
            }
        }
    };
    section("assumptions", "What this rests on", &content)
}

/// Words with what stands between backticks as code.
pub(super) fn code(words: &str) -> Markup {
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
    let part = |when: When, caption: &str| {
        let numbers = Number::all().filter(|number| number.when == when && told(report, &names, number));
        let codes = report.comparison.refusals().filter(|_| when == When::WholeRun).map(Number::of_refusals);
        let rows: Vec<_> = numbers.chain(codes).map(|number| row(report, &names, &number)).collect();
        html! { @if !rows.is_empty() { (table(caption, &columns, rows.into_iter())) } }
    };
    let seeds = report.comparison.assumptions.seeds.len();
    let content = html! {
        (part(When::End, &format!("At the end{}", ended(report))))
        (part(When::MeanOverTime, "On average over time, from the beginning to the trace's last record"))
        (part(When::WholeRun, "Over the whole run"))
        p class="note" {
            @if seeds > 1 {
                "Means of " (seeds) " runs of each strategy, with their 95 % confidence intervals. ★ is best, and better than every other "
                "strategy by a t-test over the differences seed by seed, at 95 %; ☆ is best by its mean, which may be chance. "
            } @else {
                "1 run of each strategy: how much chance does is not known. ☆ is best. "
            }
            (NOTHING) " stands where there is nothing to measure."
        }
    };
    section("comparison", "Strategies", &content)
}

/// When the end is, where it is not the beginning.
fn ended(report: &Report) -> String {
    let ends: Vec<u64> = report.runs.values().flatten().map(|run| run.course.ended).collect();
    match (ends.iter().min(), ends.iter().max()) {
        (Some(least), Some(most)) if least == most && *most > 0 => {
            format!(", after {}", duration(*most as f64))
        }
        (Some(least), Some(most)) if *most > 0 => {
            format!(", after {} to {}", duration(*least as f64), duration(*most as f64))
        }
        _ => String::new(),
    }
}

/// The strategies, the subject first and what it is held against beside it.
fn in_order(report: &Report) -> Vec<&str> {
    let first = [Some(report.subject()), report.baseline()].into_iter().flatten();
    let others = report.runs.keys().map(String::as_str);
    let others = others.filter(|name| *name != report.subject() && Some(*name) != report.baseline());
    first.chain(others).collect()
}

/// Whether a number says something: an average does where it is anything but zero for somebody.
fn told(report: &Report, names: &[&str], number: &Number) -> bool {
    let means = names.iter().filter_map(|name| report.estimate(name, &number.key)?.mean);
    number.when != When::MeanOverTime || means.into_iter().any(|mean| mean != 0.0)
}

fn row(report: &Report, names: &[&str], number: &Number) -> Vec<Markup> {
    let title = html! { span title=(number.meaning) { (number.label) } };
    let best = report.comparison.best.get(&number.key);
    let cell = |name: &&str| {
        let mean = |name: &str| report.estimate(name, &number.key)?.mean;
        // Of several that are equal each is best.
        let is_best = |strategy: &str| strategy == *name || mean(strategy) == mean(name);
        let star = best.filter(|best| is_best(&best.strategy) && differs(report, number));
        html! {
            @if let Some(value) = report.estimate(name, &number.key) { (number.unit.estimate(value)) }
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
fn differs(report: &Report, number: &Number) -> bool {
    let names = report.runs.keys();
    let means: Vec<u64> =
        names.filter_map(|name| Some(report.estimate(name, &number.key)?.mean?.to_bits())).collect();
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
        let cells = [
            it.workload.to_string(),
            it.replicas.to_string(),
            it.placed.to_string(),
            it.nodes.to_string(),
            whole(it.largest_share),
            format!("{:.1} %", it.traffic * 100.0),
            whole(it.gained_affinity),
            whole(it.random_balancing),
            whole(it.prefer_same_node),
        ];
        cells.map(|cell| html! { (cell) }).into()
    });
    let content = html! {
        (table(&format!("Workloads with {}, those with the most traffic first", run.strategy), &columns, rows))
        (rest(workloads.len()))
    };
    section("workloads", "Workloads", &content)
}

/// A share to whole per cent.
fn whole(share: Option<f64>) -> String {
    share.map_or_else(|| NOTHING.to_owned(), percent)
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
            whole(it.gained_affinity),
            whole(it.random_balancing),
            whole(it.prefer_same_node),
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
