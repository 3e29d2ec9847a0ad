//! The numbers on paper: a list for a terminal, a page for the documentation.

use std::fmt::Write;

use super::{Better, Number, Routing, Unit, When};

const INTRODUCTION: &str = "\
<!-- Generated from `simulations/src/metrics/` by `just docs`; do not edit. -->
# Numbers of a simulation

The numbers that `wit-sim` reckons, by the names that they have in JSON, in CSV and in `--fail-if 'wit.G < default.G + 0.3'`.
[simulator.md](simulator.md#numbers) says when they are taken and what stands where there is nothing to measure. In `--fail-if` a share is a
share of one, or a number with `%`; a wait is in milliseconds.

In the formulas `x(s,m)` are the replicas of workload `s` on node `m`, `d(s)` all that it wants, and `w(a,b)` the share of all
traffic that the link from `a` to `b` carries; Σ w = 1.
";

const HEAD: &str = "| name | is | unit | better | formula | source |\n|---|---|---|---|---|---|\n";

/// The page of the documentation.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (when, title, says) in [
        (When::End, "At the end", "Those of a placement; `wit-sim evaluate` reckons them of any."),
        (
            When::MeanOverTime,
            "On average over time",
            "The same, averaged from the beginning to the trace's last record.",
        ),
        (
            When::WholeRun,
            "Over the whole run",
            "Beside them refusals by code: `refusalsR205`, `refusalsKubeScheduler`.",
        ),
    ] {
        let _ = write!(page, "\n## {title}\n\n{says}\n\n");
        page.push_str(if when == When::MeanOverTime {
            "| name | is the average of |\n|---|---|\n"
        } else {
            HEAD
        });
        for number in Number::all().filter(|number| number.when == when) {
            page.push_str(&row(&number));
        }
    }
    page
}

fn row(number: &Number) -> String {
    let Number { label, meaning, formula, source, unit, better, routing, .. } = number;
    let names = names(number, "`");
    if number.when == When::MeanOverTime {
        return format!("| {names} | {label} |\n");
    }
    let routing =
        routing.map(Routing::requires).map(|needs| format!(" Holds under: {needs}.")).unwrap_or_default();
    let (unit, better) = (unit.name(), better.name());
    format!("| {names} | {label}. {meaning}{routing} | {unit} | {better} | {formula} | {source} |\n")
}

/// Its names, the short one first.
fn names(number: &Number, mark: &str) -> String {
    let names = number.short.iter().chain([&number.key]);
    names.map(|name| format!("{mark}{name}{mark}")).collect::<Vec<_>>().join(", ")
}

/// The list for a terminal.
pub fn listing() -> String {
    let mut text = String::new();
    let widest = Number::all().map(|number| names(&number, "").len()).max().unwrap_or(0);
    for (when, title) in [
        (When::End, "at the end"),
        (When::MeanOverTime, "on average over time"),
        (When::WholeRun, "over the whole run; refusals by code beside them, such as refusalsR205"),
    ] {
        let _ = writeln!(text, "{title}:");
        for number in Number::all().filter(|number| number.when == when) {
            let (names, unit) = (names(&number, ""), number.unit.name());
            let _ = writeln!(text, "  {names:widest$}  {unit:<12}  {}", number.meaning);
        }
        text.push('\n');
    }
    text.push_str("docs/numbers.md has the formulas and where they come from.\n");
    text
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Share => "share of one",
            Self::Count => "count",
            Self::Times => "times",
            Self::Millis => "milliseconds",
        }
    }
}

impl Better {
    fn name(self) -> &'static str {
        match self {
            Self::Higher => "more",
            Self::Lower => "less",
            Self::Neither => "–",
        }
    }
}
