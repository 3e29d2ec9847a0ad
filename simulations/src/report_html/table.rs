//! Tables that scroll by themselves where they are too wide, and numbers as cells have them.

use maud::{Markup, html};

use crate::metrics::{Metric, Unit};
use crate::statistics::Estimate;

/// A column: its heading, and whether it holds numbers.
pub(super) type Column<'a> = (&'a str, bool);

/// A table; the first cell of each row is the row's name.
pub(super) fn table(
    caption: &str,
    columns: &[Column<'_>],
    rows: impl Iterator<Item = Vec<Markup>>,
) -> Markup {
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { span { (caption) } }
                thead {
                    tr {
                        @for (heading, number) in columns {
                            th scope="col" class=[number.then_some("number")] { (heading) }
                        }
                    }
                }
                tbody {
                    @for row in rows {
                        tr {
                            @for (position, (cell, (_, number))) in row.iter().zip(columns).enumerate() {
                                @if position == 0 {
                                    th scope="row" { (cell) }
                                } @else {
                                    td class=[number.then_some("number")] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A mean with its interval, in the metric's unit.
pub(super) fn estimate(metric: &Metric, estimate: &Estimate) -> String {
    match metric.unit {
        Unit::Share => scaled(estimate, 100.0, 1) + " %",
        Unit::Count if estimate.runs.iter().all(|run| run.to_bits() == estimate.mean.to_bits()) => {
            format!("{:.0}", estimate.mean)
        }
        Unit::Count => scaled(estimate, 1.0, 1),
        Unit::Times => scaled(estimate, 1.0, 2),
    }
}

/// A mean with its interval, times a factor and to so many places.
pub(super) fn scaled(estimate: &Estimate, factor: f64, places: usize) -> String {
    let mean = estimate.mean * factor;
    // Runs that are all the same but for rounding need no interval.
    let differ = |half: &f64| *half > estimate.mean.abs() * 1e-9;
    let half = estimate.ci95.filter(differ).map(|half| half * factor);
    half.map_or_else(|| format!("{mean:.places$}"), |half| format!("{mean:.places$} ± {half:.places$}"))
}
