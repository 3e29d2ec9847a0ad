//! What is said first.

use maud::{Markup, html};

use super::Report;
use super::sections::code;
use crate::metrics::{METRICS, Metric, Unit, mean_key, metric};

/// What is said of runs in which nobody calls anybody, in its order.
const WITHOUT_TRAFFIC: [&str; 4] = ["nodesUsed", "pending", "requestedCpu", "requestedMemory"];

/// The traffic that stays on its node; where there is none, how the pods fit.
pub(super) fn headline(report: &Report) -> Markup {
    let mut runs = report.runs.values().flatten();
    let calls =
        report.has_traffic_at_end() || runs.any(|run| run.course.means.values.contains_key("gainedAffinity"));
    if calls { of_traffic(report) } else { of_room(report) }
}

/// Nodes, pods without one and what is taken, in a sentence and as tiles.
fn of_room(report: &Report) -> Markup {
    let subject = report.subject();
    let value = |strategy: &str, metric: &Metric| {
        report.estimate(strategy, metric.key).map(|it| metric.unit.estimate(it)).unwrap_or_default()
    };
    let of =
        |strategy: &str, key: &str| metric(key).map(|metric| value(strategy, metric)).unwrap_or_default();
    html! {
        p class="headline" {
            "With " strong { (subject) } ", " strong { (of(subject, "nodesUsed")) } " of " (of(subject, "nodes"))
            " nodes are used and " (of(subject, "pending")) " pods are pending"
            @if let Some(baseline) = report.baseline() {
                ", against " (of(baseline, "nodesUsed")) " and " (of(baseline, "pending")) " with " (baseline)
            }
            ". Nobody calls anybody."
        }
        dl class="tiles" {
            @for metric in WITHOUT_TRAFFIC.into_iter().filter_map(metric) {
                div {
                    dt { (metric.label()) }
                    dd {
                        span class="big" { (value(subject, metric)) }
                        @if let Some(baseline) = report.baseline() {
                            span class="against" { (baseline) ": " (value(baseline, metric)) }
                        }
                    }
                }
            }
        }
    }
}

/// The shares of G, R and S, in a sentence and as tiles.
fn of_traffic(report: &Report) -> Markup {
    let subject = report.subject();
    // Where nobody is left at the end, what was before counts.
    let ends = report.has_traffic_at_end();
    let over_time = mean_key("gainedAffinity");
    let gained = if ends { "gainedAffinity" } else { over_time.as_str() };
    let share = |strategy: &str, key: &str| {
        report.estimate(strategy, key).map(|estimate| Unit::Share.estimate(estimate)).unwrap_or_default()
    };
    html! {
        p class="headline" {
            @if ends { "With " } @else { "On average over time, with " }
            strong { (subject) } ", " strong { (share(subject, gained)) }
            " of the traffic can stay on its node"
            @if let Some(baseline) = report.baseline() {
                ", against " (share(baseline, gained)) " with " (baseline)
            }
            "."
        }
        dl class="tiles" {
            @for metric in METRICS.iter().filter(|metric| metric.short.is_some()) {
                div {
                    dt { (metric.label()) }
                    dd {
                        @let key = if ends { metric.key.to_owned() } else { mean_key(metric.key) };
                        span class="big" { (share(subject, &key)) }
                        @if let Some(baseline) = report.baseline() {
                            span class="against" { (baseline) ": " (share(baseline, &key)) }
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
