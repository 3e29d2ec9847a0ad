//! An evaluation on paper: a table for people, a document for programs.

use std::fmt::Write;

use super::Evaluation;
use crate::cli::Output;
use crate::metrics::{METRICS, Routing};

/// How many of a list are shown to people.
const MOST: usize = 10;

/// The evaluation in the form that was asked for, with a line break at its end.
///
/// # Errors
/// None in practice: the document is plain.
pub fn render(evaluation: &Evaluation, form: Output) -> anyhow::Result<String> {
    match form {
        Output::Text => Ok(text(evaluation)),
        Output::Json => Ok(serde_json::to_string_pretty(evaluation)? + "\n"),
    }
}

fn text(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    let widest = METRICS.iter().map(|metric| metric.label().len()).max().unwrap_or(0);
    for metric in METRICS {
        let value = metric.unit.text(metric.of(&evaluation.metrics));
        let routing = metric.routing.map(Routing::requires).map(|needs| format!("   {needs}"));
        let _ = writeln!(text, "{:widest$} {value:>9}{}", metric.label(), routing.unwrap_or_default());
    }
    let binding = evaluation.binding.iter().map(|(what, nodes)| format!("{} on {nodes}", what.name()));
    let binding: Vec<_> = binding.collect();
    if !binding.is_empty() {
        let _ = writeln!(text, "\nruns out first: {}", binding.join(", "));
    }
    let pending = &evaluation.details.pending;
    list(&mut text, "pending", pending, |it| format!("{} {} (first {})", it.pods, it.reason, it.first));
    list(&mut text, "over capacity", &evaluation.over_capacity, |it| {
        let (what, requested, allocatable) = (it.resource.name(), it.requested, it.allocatable);
        format!("{}: {requested} of {allocatable} {what}", it.node)
    });
    list(&mut text, "refused", &evaluation.refused, |it| format!("{} on {}: {}", it.pod, it.node, it.reason));
    let (pending, placed) = (evaluation.metrics.pending, evaluation.metrics.placed);
    let feasible = if evaluation.feasible { "yes" } else { "no" };
    let _ = match pending {
        0 => writeln!(text, "\nfeasible: {feasible}"),
        _ => writeln!(text, "\nfeasible: {feasible}; {pending} of {} pods are not placed", pending + placed),
    };
    text
}

fn list<T>(text: &mut String, title: &str, items: &[T], line: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for item in items.iter().take(MOST) {
        let _ = writeln!(text, "  {}", line(item));
    }
    if items.len() > MOST {
        let _ = writeln!(text, "  and {} more", items.len() - MOST);
    }
}
