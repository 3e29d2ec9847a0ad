//! Runs and comparisons as tables for people.

use std::fmt::Write as _;

use crate::documents::{Assumptions, Comparison, Run};
use crate::metrics::{Better, COURSE, METRICS, Number, Routing, When};

/// A run: every number at the end and on average over time, then what happened on the way.
pub(super) fn run_text(run: &Run) -> String {
    let Assumptions { trace, seeds, order, .. } = &run.assumptions;
    let seeds: Vec<_> = seeds.iter().map(ToString::to_string).collect();
    let seeds = seeds.join(", ");
    let mut text =
        format!("{trace} with {}, seed {seeds}, pods of one time in {order} order\n\n", run.strategy);
    changes(&mut text, &run.assumptions);
    let labels = METRICS.iter().map(|metric| metric.label().len());
    let widest = labels.chain(COURSE.iter().map(|metric| metric.title.len())).max().unwrap_or(0);
    let over = run.course.means.over;
    let averaged = |cell: &str| if over > 0 { format!(" {cell:>11}") } else { String::new() };
    let _ = writeln!(text, "{:widest$} {:>11}{}", "", "at the end", averaged("over time"));
    for metric in METRICS {
        let end = metric.unit.text(metric.of(&run.metrics));
        let mean = averaged(&metric.unit.text(run.course.means.values.get(metric.key).copied()));
        let routing = metric.routing.map(Routing::requires).map(|needs| format!("   {needs}"));
        let _ = writeln!(text, "{:widest$} {end:>11}{mean}{}", metric.label(), routing.unwrap_or_default());
    }
    let ended = seconds(run.course.ended);
    let _ = match over {
        0 => writeln!(text, "\nThe end is after {ended}; no time passes in the trace: nothing is averaged."),
        over => writeln!(
            text,
            "\nThe end is after {ended}; averages are over the {} until the trace's last record.",
            seconds(over)
        ),
    };
    let _ = writeln!(text, "\n{:widest$} {:>11}", "", "whole run");
    for metric in COURSE {
        let _ = writeln!(text, "{:widest$} {:>11}", metric.title, metric.unit.text(metric.of(&run.course)));
    }
    for (code, nodes) in &run.course.refusals {
        let _ = writeln!(text, "{:widest$} {nodes:>11}", format!("  {code}"));
    }
    for (number, reason) in run.details.pending.iter().enumerate() {
        let heading = if number == 0 { "\npending at the end:\n" } else { "" };
        let _ = writeln!(text, "{heading}  {} {} (first {})", reason.pods, reason.reason, reason.first);
    }
    text
}

/// The numbers strategy beside strategy; `*` marks the best where it is sure.
pub(super) fn comparison_text(comparison: &Comparison) -> String {
    let Assumptions { trace, seeds, order, .. } = &comparison.assumptions;
    let mut text = match seeds.len() {
        1 => format!("{trace}: 1 run of each strategy, pods of one time in {order} order\n\n"),
        runs => format!(
            "{trace}: {runs} runs of each strategy, pods of one time in {order} order; mean (95 % interval), * surely the best\n\n"
        ),
    };
    changes(&mut text, &comparison.assumptions);
    let mut rows = Vec::new();
    for (when, title) in [
        (When::End, "at the end"),
        (When::MeanOverTime, "on average over time"),
        (When::WholeRun, "over the whole run"),
    ] {
        let shown: Vec<_> = lines(comparison, when).collect();
        if !shown.is_empty() {
            let heads = comparison.strategies.keys().cloned();
            rows.push(std::iter::once(title.to_owned()).chain(heads).collect());
            rows.extend(shown);
            rows.push(Vec::new());
        }
    }
    aligned(&mut text, &rows);
    let averaged = lines(comparison, When::MeanOverTime).next().is_some();
    text.push_str(if averaged {
        "The end is that of each run; averages are over the time until the trace's last record.\n"
    } else {
        "The end is that of each run; no time passes in the trace: nothing is averaged.\n"
    });
    text.push_str(if seeds.len() > 1 {
        "* is better than every other strategy by a t-test over the differences seed by seed, at 95 %.\n"
    } else {
        "With one run nobody knows what chance does: --seeds 10 tells.\n"
    });
    text
}

/// The lines of a part: the numbers that say something, and the refusals by code.
fn lines(comparison: &Comparison, when: When) -> impl Iterator<Item = Vec<String>> {
    let numbers = Number::all().filter(move |number| number.when == when && is_told(comparison, number));
    let codes = comparison.refusals().filter(move |_| when == When::WholeRun);
    let codes = codes.map(Number::of_refusals);
    numbers.chain(codes).map(move |number| {
        let best = comparison.best.get(&number.key).filter(|best| best.sure);
        let cell = |(strategy, values): (&String, &std::collections::BTreeMap<String, _>)| {
            let star = if best.is_some_and(|best| best.strategy == *strategy) { "*" } else { "" };
            let value = values.get(&number.key).map(|estimate| number.unit.estimate(estimate));
            format!("{star}{}", value.unwrap_or_default())
        };
        std::iter::once(number.label.clone()).chain(comparison.strategies.iter().map(cell)).collect()
    })
}

/// Whether people are shown a number: one of which a way is better at the end, and else one that is not zero for everybody.
fn is_told(comparison: &Comparison, number: &Number) -> bool {
    let means = comparison.strategies.values().filter_map(|values| values.get(&number.key)?.mean);
    let is_any = means.into_iter().any(|mean| mean != 0.0);
    match number.when {
        When::End => number.better != Better::Neither || is_any,
        When::MeanOverTime => number.better != Better::Neither && is_any,
        When::WholeRun => true,
    }
}

/// Rows of cells, the first to the left and the others to the right; an empty row is an empty line.
fn aligned(text: &mut String, rows: &[Vec<String>]) {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.iter().map(Vec::len).max().unwrap_or(0)).map(width).collect();
    for row in rows {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ =
                if column == 0 { write!(text, "{cell:width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.push('\n');
    }
}

/// What pods take beside their requests, and what was other than the trace has it.
fn changes(text: &mut String, assumptions: &Assumptions) {
    for (option, told) in &assumptions.settings {
        let _ = writeln!(text, "what if: {option} {told}");
    }
    for told in &assumptions.overhead {
        let _ = writeln!(text, "overhead: {told}");
    }
    if !(assumptions.settings.is_empty() && assumptions.overhead.is_empty()) {
        text.push('\n');
    }
}

fn seconds(millis: u64) -> String {
    format!("{} s", millis as f64 / 1000.0)
}
