//! Tables that scroll by themselves where they are too wide.

use maud::{Markup, html};

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
