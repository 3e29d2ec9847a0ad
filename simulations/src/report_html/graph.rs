//! Who calls whom: the workloads with the heaviest links as a column of names, and an arc for each two that call each other.
//!
//! An arc is as wide as its traffic; the blue middle of it is the part that can stay on a node. A workload stands beside those
//! that it has the most traffic with, so that most arcs are short.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use wit_graph::WorkloadKey;

use super::axes::{WIDTH, figure, percent, px};
use crate::documents::Run;

/// How many workloads are drawn at most.
const MOST: usize = 30;
/// How high a line is, how wide a letter is about, and the room between the names and the arcs.
const LINE: f64 = 20.0;
const LETTER: f64 = 7.0;
const GAP: f64 = 12.0;
/// The widest arc's stroke, and the narrowest.
const WIDEST: f64 = 9.0;
const NARROWEST: f64 = 1.0;
/// The longest name in letters.
const LETTERS: usize = 28;

/// Two workloads that call each other, whoever calls.
struct Pair<'a> {
    ends: (&'a WorkloadKey, &'a WorkloadKey),
    /// The share of all traffic.
    weight: f64,
    /// What of that can stay on a node.
    local: f64,
}

/// What is drawn, and what is not.
pub(super) struct Graph<'a> {
    /// From top to bottom.
    workloads: Vec<&'a WorkloadKey>,
    /// The heaviest first.
    pairs: Vec<Pair<'a>>,
    left_out: LeftOut,
}

/// What of the links is not drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LeftOut {
    pub(super) workloads: usize,
    pub(super) links: usize,
    /// Their share of all traffic.
    pub(super) traffic: f64,
}

impl<'a> Graph<'a> {
    /// The heaviest links of a run, as many as there is room for.
    pub(super) fn of(run: &'a Run) -> Self {
        let all = pairs(run);
        let linked: BTreeSet<_> = all.iter().flat_map(|pair| [pair.ends.0, pair.ends.1]).collect();
        let (mut drawn, mut pairs, mut rest) = (BTreeSet::new(), Vec::new(), Vec::new());
        for pair in all {
            let ends = [pair.ends.0, pair.ends.1];
            let more = ends.iter().filter(|end| !drawn.contains(*end)).count();
            if drawn.len() + more <= MOST {
                drawn.extend(ends);
                pairs.push(pair);
            } else {
                rest.push(pair);
            }
        }
        let left_out = LeftOut {
            workloads: linked.len() - drawn.len(),
            links: rest.len(),
            traffic: rest.iter().map(|pair| pair.weight).sum(),
        };
        Self { workloads: in_line(&pairs), pairs, left_out }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// What is not drawn.
    pub(super) fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The drawing.
    pub(super) fn draw(&self, strategy: &str) -> Markup {
        let lines: BTreeMap<_, _> =
            self.workloads.iter().enumerate().map(|(line, key)| (*key, line)).collect();
        let widest = self.pairs.iter().map(|pair| pair.weight).fold(f64::MIN_POSITIVE, f64::max);
        let one_namespace = self.workloads.windows(2).all(|pair| match pair {
            [one, other] => one.namespace == other.namespace,
            _ => true,
        });
        let spans = self.pairs.iter().filter_map(|pair| span(pair, &lines));
        let farthest = spans.map(|(first, last)| last - first).max().unwrap_or(1).max(1) as f64;
        let letters = self.workloads.iter().map(|key| name(key, one_namespace).chars().count());
        let names = letters.max().unwrap_or(0) as f64 * LETTER;
        let path = |first, last| ellipse(first, last, farthest, WIDTH - names - GAP - WIDEST);
        let width = |pair: &Pair<'_>| (pair.weight / widest * WIDEST).max(NARROWEST);
        let content = html! {
            // The widest are drawn first, so that they hide none.
            @for pair in &self.pairs {
                @if let Some((first, last)) = span(pair, &lines) {
                    g fill="none" transform=(format!("translate({},0)", px(names + GAP))) {
                        title { (told(pair)) }
                        (arc("away", &path(first, last), width(pair)))
                        @if pair.local > 0.0 {
                            (arc("stays", &path(first, last), width(pair) * pair.local / pair.weight))
                        }
                    }
                }
            }
            @for (line, workload) in self.workloads.iter().enumerate() {
                text class="title" x=(px(names)) y=(px(middle(line) + 4.0)) text-anchor="end" {
                    (name(workload, one_namespace))
                    title { (workload) }
                }
                circle class="end" cx=(px(names + GAP)) cy=(px(middle(line))) r="3" {}
            }
        };
        let label = format!("{strategy}: the {} workloads with the heaviest links", self.workloads.len());
        figure(&label, self.workloads.len() as f64 * LINE, &content)
    }
}

/// The pairs of a run, the heaviest first.
fn pairs(run: &Run) -> Vec<Pair<'_>> {
    let mut sums: BTreeMap<(&WorkloadKey, &WorkloadKey), (f64, f64)> = BTreeMap::new();
    for link in run.links.iter().filter(|link| link.weight > 0.0 && link.consumer != link.provider) {
        let ends = if link.consumer < link.provider {
            (&link.consumer, &link.provider)
        } else {
            (&link.provider, &link.consumer)
        };
        let (weight, local) = sums.entry(ends).or_default();
        *weight += link.weight;
        *local += link.weight * link.gained_affinity.unwrap_or(0.0);
    }
    let mut pairs: Vec<_> =
        sums.into_iter().map(|(ends, (weight, local))| Pair { ends, weight, local }).collect();
    pairs.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    pairs
}

/// The workloads one below the other: next is always who has the most traffic with those that stand already.
fn in_line<'a>(pairs: &[Pair<'a>]) -> Vec<&'a WorkloadKey> {
    let mut line: Vec<&WorkloadKey> = Vec::new();
    let mut waiting: Vec<&WorkloadKey> = Vec::new();
    for end in pairs.iter().flat_map(|pair| [pair.ends.0, pair.ends.1]) {
        if !waiting.contains(&end) {
            waiting.push(end);
        }
    }
    while !waiting.is_empty() {
        let traffic = |workload: &WorkloadKey| -> f64 {
            let with = |pair: &&Pair<'_>| {
                let (one, other) = pair.ends;
                (one == workload && line.contains(&other)) || (other == workload && line.contains(&one))
            };
            pairs.iter().filter(with).map(|pair| pair.weight).sum()
        };
        // Of equal ones the first: where none is linked, that of the heaviest pair.
        let best = waiting.iter().enumerate().map(|(place, workload)| (place, traffic(workload)));
        let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
        line.push(waiting.remove(best.map_or(0, |(place, _)| place)));
    }
    line
}

/// The lines of a pair, the upper one first.
fn span(pair: &Pair<'_>, lines: &BTreeMap<&WorkloadKey, usize>) -> Option<(usize, usize)> {
    let (one, other) = (*lines.get(pair.ends.0)?, *lines.get(pair.ends.1)?);
    Some((one.min(other), one.max(other)))
}

fn middle(line: usize) -> f64 {
    (line as f64 + 0.5) * LINE
}

/// Half an ellipse from one line to another, the wider the farther it goes, in so much room.
fn ellipse(first: usize, last: usize, farthest: f64, room: f64) -> String {
    let high = (last - first) as f64 * LINE / 2.0;
    let wide = (high * 3.0).min(room * ((last - first) as f64 / farthest).sqrt());
    format!("M0 {}A{} {} 0 0 1 0 {}", px(middle(first)), px(wide), px(high), px(middle(last)))
}

fn arc(class: &str, path: &str, width: f64) -> Markup {
    html! { path class=(class) stroke-width=(format!("{width:.2}")) d=(path) {} }
}

fn name(workload: &WorkloadKey, one_namespace: bool) -> String {
    let name = if one_namespace {
        workload.name.to_string()
    } else {
        format!("{}/{}", workload.namespace, workload.name)
    };
    if name.chars().count() <= LETTERS {
        return name;
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

fn told(pair: &Pair<'_>) -> String {
    let (one, other) = pair.ends;
    let traffic = pair.weight * 100.0;
    format!(
        "{one} and {other}: {traffic:.2} % of all traffic, of which {} can stay on a node",
        percent(pair.local / pair.weight)
    )
}
