//! The page: what is said, in its order.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::axes::{STYLE, legend, percent};
use super::graph::Graph;
use super::{Report, figures, headline, node_map, sections};

const PAGE_STYLE: &str = include_str!("page.css");

pub(super) fn page(report: &Report) -> Markup {
    let trace = &report.comparison.assumptions.trace;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Whatever a name in a trace holds: nothing is fetched and nothing is run.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "wit-sim: " (trace) }
                style { (PreEscaped(PAGE_STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p class="kicker" { "wit-sim report" }
                    h1 { (trace) }
                    (headline::headline(report))
                }
                main {
                    (sections::assumptions(report))
                    (sections::comparison(report))
                    (locality(report))
                    (over_time(report))
                    (nodes(report))
                    (graph(report))
                    (sections::workloads(report))
                    (sections::links(report))
                    (sections::pending(report))
                }
            }
        }
    }
}

/// A part of the page under its heading.
pub(super) fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) }
            (content)
        }
    }
}

fn locality(report: &Report) -> Markup {
    let content = html! {
        p {
            "Each mark is a run. Up is more traffic on its node, left is fewer nodes; a strategy above and to the left of "
            "another is better at both."
        }
        (legend(report.runs.keys().map(String::as_str)))
        (figures::pareto(report))
    };
    section("locality", "Locality against nodes", &content)
}

fn over_time(report: &Report) -> Markup {
    let drawn: Vec<_> =
        figures::SERIES.iter().filter_map(|series| figures::over_time(report, series)).collect();
    let content = html! {
        @if drawn.is_empty() {
            p { "Everything happens at once in these runs: there is nothing to draw over time." }
        } @else {
            (legend(report.runs.keys().map(String::as_str)))
            div class="figures" {
                @for figure in &drawn {
                    figure { (figure) }
                }
            }
            p class="note" { "Of each strategy the first seed." }
        }
    };
    section("time", "Over time", &content)
}

fn nodes(report: &Report) -> Markup {
    let content = html! {
        p { "A square is a node: the stronger its colour, the more is taken of what it has least left of; an empty node is hollow." }
        ul class="legend" {
            @for shade in 0..node_map::SHADES {
                li {
                    svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" {
                        rect class={ "node f" (shade) } x="1" y="1" width="12" height="12" rx="2" {}
                    }
                    (range(shade))
                }
            }
        }
        div class="figures" {
            @for (name, run) in report.strategies() {
                figure {
                    figcaption { (name) ": " (run.metrics.nodes_used) " of " (run.metrics.nodes) " nodes used" (binding(run)) }
                    (node_map::node_map(run))
                    @if node_map::left_out(run) > 0 {
                        p class="note" { "and " (node_map::left_out(run)) " nodes more, which the CSV has" }
                    }
                }
            }
        }
    };
    section("nodes", "Nodes", &content)
}

/// Who calls whom, with each strategy.
fn graph(report: &Report) -> Markup {
    let graphs: Vec<_> = report.strategies().map(|(name, run)| (name, Graph::of(run))).collect();
    let Some((_, first)) = graphs.iter().find(|(_, graph)| !graph.is_empty()) else {
        return Markup::default();
    };
    let left_out = first.left_out();
    let key = |class: &str| {
        html! {
            svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" {
                path class=(class) d="M0 7H14" stroke-width="6" fill="none" {}
            }
        }
    };
    let content = html! {
        p {
            "An arc joins two workloads that call each other; it is as wide as their traffic. Its blue middle is what can stay "
            "on a node with calls routed to the same node first (G)."
        }
        ul class="legend" {
            li { (key("stays")) "can stay on its node" }
            li { (key("away")) "leaves it" }
        }
        div class="figures" {
            @for (name, graph) in graphs.iter().filter(|(_, graph)| !graph.is_empty()) {
                figure {
                    figcaption { (name) }
                    (graph.draw(name))
                }
            }
        }
        @if left_out.links > 0 {
            p class="note" {
                "The heaviest links are drawn. Left out are " (left_out.links) " more, which carry "
                (format!("{:.1} %", left_out.traffic * 100.0)) " of all traffic, and " (left_out.workloads)
                " workloads that only those touch; the CSV has all."
            }
        }
    };
    section("graph", "Who calls whom", &content)
}

/// The shares that a shade stands for.
fn range(shade: usize) -> String {
    let end = |shade: usize| percent(shade as f64 / (node_map::SHADES - 1) as f64);
    match shade {
        0 => "no pods".to_owned(),
        shade => format!("to {}", end(shade)),
    }
}

/// What runs out first, and on how many nodes.
fn binding(run: &crate::documents::Run) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for constraint in run.details.nodes.iter().filter_map(|node| node.binding) {
        *counts.entry(constraint).or_insert(0_u32) += 1;
    }
    let told: Vec<_> = counts.iter().map(|(what, nodes)| format!("{} on {nodes}", what.name())).collect();
    if told.is_empty() { String::new() } else { format!("; runs out first: {}", told.join(", ")) }
}
