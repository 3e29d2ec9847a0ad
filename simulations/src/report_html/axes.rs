//! What figures are drawn with: scales, axes, marks, and the style of a figure that stands alone.

use maud::{Markup, html};

/// The style of figures, which a page has once and a figure that stands alone carries itself.
pub(super) const STYLE: &str = include_str!("figure.css");

/// The size of the drawing area and where it begins, in the units of the view box.
pub(super) const WIDTH: f64 = 420.0;
pub(super) const HEIGHT: f64 = 260.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 42.0;

/// How many marks and colours there are before they come again.
pub(super) const KINDS: usize = 7;

/// Steps of time in seconds, up to a week.
const CLOCK: [f64; 19] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0,
    21_600.0, 43_200.0, 86_400.0, 604_800.0,
];

/// One axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) title: &'static str,
    pub(super) format: fn(f64) -> String,
    least: f64,
    most: f64,
    step: f64,
}

impl Axis {
    /// An axis over these values, from zero where `from_zero` says so, ending at whole steps.
    pub(super) fn over(
        title: &'static str,
        format: fn(f64) -> String,
        values: impl Iterator<Item = f64>,
        from_zero: bool,
    ) -> Self {
        let start = if from_zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
        let finite = values.filter(|value| value.is_finite());
        let (least, most) = finite.fold(start, |(least, most), value| (least.min(value), most.max(value)));
        let (least, most) = match (least, most) {
            (least, _) if !least.is_finite() => (0.0, 1.0),
            (least, most) if most > least => (least, most),
            (least, _) if from_zero => (least, least + 1.0),
            // All values are the same: they stand in the middle.
            (least, most) => (least - (least.abs() / 10.0).max(1.0), most + (most.abs() / 10.0).max(1.0)),
        };
        Self { title, format, least, most, step: 0.0 }.stepped(step(most - least))
    }

    /// An axis of time in milliseconds, from zero, in steps as clocks have them.
    pub(super) fn of_time(values: impl Iterator<Item = f64>) -> Self {
        let axis = Self::over("time", duration, values, true);
        let rough = axis.most / 6.0;
        let seconds = CLOCK.into_iter().find(|seconds| seconds * 1_000.0 >= rough);
        seconds.map_or(axis, |seconds| axis.stepped(seconds * 1_000.0))
    }

    /// The same in other steps, of which it has a whole number.
    fn stepped(self, step: f64) -> Self {
        let (least, most) = ((self.least / step).floor() * step, (self.most / step).ceil() * step);
        Self { least, most, step, ..self }
    }

    /// The values that are marked.
    fn ticks(self) -> impl Iterator<Item = f64> {
        (0_u32..12)
            .map(move |tick| self.least + f64::from(tick) * self.step)
            .take_while(move |value| *value <= self.most + self.step / 2.0)
    }

    fn share(self, value: f64) -> f64 {
        (value - self.least) / (self.most - self.least)
    }

    pub(super) fn x(self, value: f64) -> f64 {
        LEFT + self.share(value) * (WIDTH - LEFT - RIGHT)
    }

    pub(super) fn y(self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.share(value) * (HEIGHT - TOP - BOTTOM)
    }
}

/// About four steps, each 1, 2 or 5 times a power of ten.
fn step(span: f64) -> f64 {
    let rough = span / 4.0;
    let power = 10_f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= rough * 0.999);
    times.unwrap_or(10.0) * power
}

/// Both axes with their grid.
pub(super) fn axes(x: Axis, y: Axis) -> Markup {
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    html! {
        g class="axes" {
            @for value in y.ticks() {
                line x1=(px(LEFT)) x2=(px(right)) y1=(px(y.y(value))) y2=(px(y.y(value))) {}
                text x=(px(LEFT - 6.0)) y=(px(y.y(value) + 4.0)) text-anchor="end" { ((y.format)(value)) }
            }
            @for value in x.ticks() {
                text x=(px(x.x(value))) y=(px(bottom + 16.0)) text-anchor="middle" { ((x.format)(value)) }
            }
            text class="title" x="2" y="14" { (y.title) }
            line class="base" x1=(px(LEFT)) x2=(px(right)) y1=(px(bottom)) y2=(px(bottom)) {}
            text class="title" x=(px(f64::midpoint(LEFT, right))) y=(px(HEIGHT - 6.0)) text-anchor="middle" { (x.title) }
        }
    }
}

/// A figure with its view box; `label` tells what it shows to who cannot see it.
pub(super) fn figure(label: &str, height: f64, content: &Markup) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" aria-label=(label)
            viewBox={ "0 0 " (px(WIDTH)) " " (px(height)) } { (content) }
    }
}

/// A figure as a document of its own.
pub(super) fn alone(figure: &Markup) -> String {
    let figure = figure.0.replacen('>', &format!("><style>{STYLE}</style>"), 1);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{figure}\n")
}

/// The mark of the strategy of that number: shapes differ as colours do.
pub(super) fn mark(number: usize, x: f64, y: f64) -> Markup {
    let class = format!("mark k{}", number % KINDS);
    let points = |points: &[(f64, f64)]| {
        let points = points.iter().map(|(dx, dy)| format!("{},{}", px(x + dx), px(y + dy)));
        points.collect::<Vec<_>>().join(" ")
    };
    html! {
        @match number % 4 {
            0 => circle class=(class) cx=(px(x)) cy=(px(y)) r="5" {},
            1 => rect class=(class) x=(px(x - 4.5)) y=(px(y - 4.5)) width="9" height="9" {},
            2 => polygon class=(class) points=(points(&[(0.0, -5.5), (5.5, 4.5), (-5.5, 4.5)])) {},
            _ => polygon class=(class) points=(points(&[(0.0, -6.0), (6.0, 0.0), (0.0, 6.0), (-6.0, 0.0)])) {},
        }
    }
}

/// The names of the strategies beside their marks.
pub(super) fn legend<'a>(names: impl Iterator<Item = &'a str>) -> Markup {
    html! {
        ul class="legend" {
            @for (number, name) in names.enumerate() {
                li {
                    svg class="key" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" { (mark(number, 7.0, 7.0)) }
                    (name)
                }
            }
        }
    }
}

/// A length as SVG has it: a tenth is fine enough, and the same everywhere.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// A share as per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// A number without a fraction where it has none.
pub(super) fn plain(value: f64) -> String {
    if value.fract().abs() < 1e-9 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Milliseconds as seconds, minutes or hours.
pub(super) fn duration(millis: f64) -> String {
    let seconds = millis / 1_000.0;
    match seconds {
        below if below < 120.0 => format!("{} s", plain(below)),
        below if below < 7_200.0 => format!("{} min", plain(below / 60.0)),
        _ => format!("{} h", plain(seconds / 3_600.0)),
    }
}
