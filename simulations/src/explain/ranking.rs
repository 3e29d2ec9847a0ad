//! The best nodes beside each other: what was scored, what each score adds, and how the last decision fell.

use std::collections::BTreeSet;
use std::fmt::Write;

use wit_placement::score::{BEST, DECISIVE};

use crate::documents::{Decision, RankedNode, ScoreScale, ScoreTerms};

/// What values may differ by from rounding.
const NOISE: f64 = 1e-6;

/// A line of the table: a term, and what it is on each node.
type Row = (String, Vec<String>);

pub(super) fn ranking(text: &mut String, decision: &Decision) {
    let ranking = &decision.ranking;
    if let [only] = ranking.as_slice()
        && only.total.is_none()
    {
        let _ =
            writeln!(text, "\n{} was the only node left: kube-scheduler takes it without scores", only.node);
        let rows = terms(ranking, decision.scale.as_ref());
        table(text, &rows);
        return;
    }
    if ranking.is_empty() {
        return;
    }
    text.push_str("\nscored, the best first; the lines with a sign add up:\n");
    table(text, &rows(decision));
    if let Some(scale) = &decision.scale {
        measured(text, ranking, scale);
    }
    tie(text, ranking);
}

fn table(text: &mut String, rows: &[Row]) {
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let cells = rows.iter().flat_map(|(_, cells)| cells).map(|cell| cell.chars().count());
    let cells = cells.max().unwrap_or(0);
    for (name, values) in rows {
        let mut line = format!("  {name:names$}");
        for value in values {
            let _ = write!(line, "  {value:>cells$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn row(ranking: &[RankedNode], name: &str, cell: impl Fn(&RankedNode) -> Option<String>) -> Row {
    (name.to_owned(), ranking.iter().map(|node| cell(node).unwrap_or_default()).collect())
}

fn rows(decision: &Decision) -> Vec<Row> {
    let ranking = &decision.ranking;
    let mut rows: Vec<Row> = vec![row(ranking, "", |node| Some(node.node.to_string()))];
    let told = ranking.iter().flat_map(|node| &node.plugins).filter(|it| it.score > 0);
    let plugins: BTreeSet<_> = told.map(|it| (&it.plugin, it.weight)).collect();
    for (plugin, weight) in plugins {
        rows.push(row(ranking, &format!("+ {plugin}, 0 to 100, × {weight}"), |node| {
            let score = node.plugins.iter().find(|it| it.plugin == *plugin)?;
            Some(times(score.score, score.weight))
        }));
    }
    let weight = ranking.iter().find_map(|node| node.extender).map(|extender| extender.weight);
    if let Some(weight) = weight {
        rows.push(row(
            ranking,
            &format!("+ extender, 0 to {BEST}, × 10 × weight {}", weight / 10),
            |node| {
                let extender = node.extender?;
                Some(times(extender.score?.into(), extender.weight))
            },
        ));
    }
    rows.push(row(ranking, "= total", |node| Some(node.total?.to_string())));
    rows.extend(terms(ranking, decision.scale.as_ref()));
    rows
}

/// A score and what it adds.
fn times(score: u64, weight: u64) -> String {
    if weight == 1 { score.to_string() } else { format!("{score} → {}", score * weight) }
}

/// What the extender's score is made of.
fn terms(ranking: &[RankedNode], scale: Option<&ScoreScale>) -> Vec<Row> {
    let of = |node: &RankedNode| node.extender.and_then(|extender| extender.terms);
    if ranking.iter().all(|node| of(node).is_none()) {
        return Vec::new();
    }
    let number = |value: f64| format!("{value:.3}");
    let raw =
        |name: &str, term: fn(&ScoreTerms) -> f64| row(ranking, name, |node| Some(number(term(&of(node)?))));
    let mut rows = vec![
        (String::new(), Vec::new()),
        row(ranking, "the extender's terms", |_| None),
        raw("gain", |terms| terms.gain),
        raw("group", |terms| terms.group),
        raw("room", |terms| terms.room),
        raw("fullness", |terms| terms.fullness),
    ];
    if let Some(scale) = scale {
        let adds = |name: &str, place: usize| {
            row(ranking, name, |node| scale.added(&of(node)?).get(place).copied().map(number))
        };
        let ScoreScale { gain_weight, group_weight, room_weight, most_gain, most_group, .. } = scale;
        let part = |most: f64| if most > 0.0 { format!(" ÷ {most:.3}") } else { String::new() };
        rows.push(adds(&format!("+ {gain_weight} × gain{} × (1 + room) ÷ 2", part(*most_gain)), 0));
        rows.push(adds(&format!("+ {group_weight} × group{}", part(*most_group)), 1));
        rows.push(adds(&format!("+ {room_weight} × room"), 2));
        let warned = |node: &RankedNode| {
            let terms = of(node)?;
            let less = terms.value - scale.added(&terms).iter().sum::<f64>();
            (less.abs() > NOISE).then(|| number(less))
        };
        if ranking.iter().any(|node| warned(node).is_some()) {
            rows.push(row(ranking, "+ of a node with a warning", warned));
        }
    }
    rows.push(raw("= value", |terms| terms.value));
    rows
}

/// How values become the extender's scores.
fn measured(text: &mut String, ranking: &[RankedNode], scale: &ScoreScale) {
    let values: Vec<(f64, u8)> = ranking
        .iter()
        .filter_map(|node| node.extender)
        .filter_map(|extender| Some((extender.terms?.value, extender.score?)))
        .collect();
    if values.is_empty() || scale.most_value <= 0.0 {
        return;
    }
    let agrees = |most: u8| {
        let others = values.iter().filter(|(_, score)| *score != BEST);
        others
            .map(|(value, score)| (value / scale.most_value * f64::from(most), f64::from(*score)))
            .all(|(points, score)| (points - score).abs() <= 0.5 + NOISE)
    };
    if values.iter().all(|(_, score)| *score == 0) {
        text.push_str("\nthe extender prefers none of the nodes: each scores 0\n");
        return;
    }
    let most = if agrees(BEST - DECISIVE) { BEST - DECISIVE } else { BEST };
    let _ = writeln!(
        text,
        "\nthe extender gives {BEST} to the best value, the others value ÷ {:.3} × {most}",
        scale.most_value
    );
    let best =
        ranking.iter().filter_map(|node| Some((node, node.extender?))).find(|(_, it)| it.score == Some(BEST));
    let Some((best, Some(terms))) = best.map(|(node, extender)| (node, extender.terms)) else { return };
    let equal = |node: &&RankedNode| {
        let other = node.extender.and_then(|extender| extender.terms);
        node.node != best.node && other.is_some_and(|other| (other.value - terms.value).abs() < NOISE)
    };
    let fullness =
        |node: &RankedNode| node.extender.and_then(|it| it.terms).map_or(1.0, |terms| terms.fullness);
    if let Some(other) = ranking.iter().find(equal) {
        let why = if (fullness(other) - terms.fullness).abs() < NOISE {
            "is the first by name of the emptiest"
        } else {
            "is emptier"
        };
        let _ = writeln!(text, "{} has the same value as {}: {} {why}", best.node, other.node, best.node);
    }
}

/// How a tie of the best totals was broken.
fn tie(text: &mut String, ranking: &[RankedNode]) {
    let Some((best, others)) = ranking.split_first() else { return };
    let equal: Vec<_> =
        others.iter().filter(|other| other.total == best.total).map(|other| other.node.to_string()).collect();
    if equal.is_empty() {
        return;
    }
    let more = if equal.len() == others.len() { ", perhaps as others that are not kept" } else { "" };
    let _ = writeln!(
        text,
        "{} has the same total as {}{more}: kube-scheduler takes any of them, here the one that the seed draws",
        best.node,
        equal.join(", ")
    );
}
