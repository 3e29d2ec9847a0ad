//! Figures, reasons and verdicts in words.

use super::{Bounds, CaseReport, CaseRun, Figure, OneLess, Outcome, Role, Why};
use crate::density::Constraint;
use crate::strategy::Name;

/// The verdict with what it follows from.
pub(super) fn verdict(outcome: Outcome, conditions: &[String], cases: &[CaseReport]) -> String {
    let mut sentences = Vec::new();
    let plain = || cases.iter().filter(|case| case.role == Role::Plain);
    let misses: Vec<String> = plain().filter(|case| !case.holds()).map(case_misses).collect();
    match outcome {
        Outcome::Holds => {
            let figures: Vec<String> = plain().flat_map(case_meets).collect();
            sentences.push(format!("holds: {}", figures.join(", ")));
        }
        Outcome::HoldsOnlyIf => {
            sentences.push(format!("holds only if {}", conditions.join("; or if ")));
            sentences.push(format!("As it is said it does not: {}", misses.join("; ")));
        }
        Outcome::DoesNotHold => sentences.push(format!("does not hold: {}", misses.join("; "))),
    }
    for case in cases.iter().filter(|case| case.role == Role::If && !case.holds()) {
        let condition = case.condition.as_deref().unwrap_or(&case.says);
        sentences.push(format!("Not if {condition}: {}", case_misses(case)));
    }
    for case in cases.iter().filter(|case| case.role == Role::Baseline && !case.holds()) {
        sentences.push(format!("Nor is what it is compared with so: {}", case_misses(case)));
    }
    sentences.join(". ") + "."
}

/// The figures that the claim needs of a case, as both strategies give them.
fn case_meets(case: &CaseReport) -> Vec<String> {
    let run = case.runs.get(&Name::Wit);
    let told = |figure: &Figure| Some(self::figure(*figure, *run?.figures.get(figure)?));
    case.meets.keys().filter_map(told).collect()
}

/// What a case misses: said once where it is the same with every strategy.
fn case_misses(case: &CaseReport) -> String {
    let all = |missed: &Vec<Why>| missed.iter().map(why).collect::<Vec<_>>().join(" and ");
    let told: Vec<(Name, String)> = case.missed.iter().map(|(name, missed)| (*name, all(missed))).collect();
    match told.as_slice() {
        [(_, one), (_, other)] if one == other => one.clone(),
        told => {
            let with = |(name, told): &(Name, String)| format!("with {} {told}", strategy(*name));
            told.iter().map(with).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A strategy for people.
pub(super) fn strategy(name: Name) -> &'static str {
    match name {
        Name::Default => "kube-scheduler alone",
        Name::Wit => "wit-placement",
        other => other.as_str(),
    }
}

/// A figure that is not what it had to be.
fn why(why: &Why) -> String {
    let because = why.because.as_ref().map(|because| format!(" ({because})")).unwrap_or_default();
    format!("{}, not {}{because}", figure(why.figure, why.found), bounds(why.needed))
}

/// What a figure is because of.
pub(super) fn because(figure: Figure, run: &CaseRun) -> Option<String> {
    match figure {
        Figure::Nodes => run.one_node_less.as_ref().map(one_less),
        Figure::Pending => run.pending.first().map(|pending| pending.reason.clone()),
        Figure::Placed | Figure::PerNode | Figure::Instances | Figure::TimesBaseline => {
            run.binding.map(|binding| format!("{} out first", runs(binding)))
        }
        Figure::Stranded
        | Figure::WaitingP99Seconds
        | Figure::WaitingMaxSeconds
        | Figure::Moves
        | Figure::Links
        | Figure::LinksAcrossNamespaces
        | Figure::GainedAffinity => None,
    }
}

fn one_less(fewer: &OneLess) -> String {
    let why = fewer.reasons.first().map(|reason| format!(": {}", reason.reason)).unwrap_or_default();
    format!("with {}, {} find none{why}", counted(fewer.nodes, "node"), counted(fewer.pending, "pod"))
}

fn counted(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn runs(binding: Constraint) -> &'static str {
    match binding {
        Constraint::Pods => "the limit on pods runs",
        Constraint::Cpu => "CPU runs",
        Constraint::Memory => "memory runs",
        Constraint::Instances => "the limit on instances runs",
    }
}

/// A figure with its unit.
pub(super) fn figure(figure: Figure, value: f64) -> String {
    let number = number(value);
    if figure == Figure::Nodes && number == "1" {
        "1 node".to_owned()
    } else {
        format!("{number} {}", figure.unit())
    }
}

/// A number as people read it: whole, or with one digit after the point.
pub(super) fn number(value: f64) -> String {
    if (value - value.round()).abs() < 0.05 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// What a figure must be.
pub(super) fn bounds(bounds: Bounds) -> String {
    match (bounds.least, bounds.most) {
        (Some(least), Some(most)) => format!("{} to {}", number(least), number(most)),
        (Some(least), None) => format!("{} or more", number(least)),
        (None, Some(most)) if most > 0.0 => format!("{} at most", number(most)),
        (None, Some(_)) => "none".to_owned(),
        (None, None) => "any".to_owned(),
    }
}
