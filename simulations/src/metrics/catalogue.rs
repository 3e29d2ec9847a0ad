//! What a number is: its names, its meaning, what it is counted in, which way is better.

use super::{Course, Metrics};
use crate::statistics::Estimate;

/// What stands where there is nothing to measure.
pub const NOTHING: &str = "–";

/// A number of a placement.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its key in JSON.
    pub key: &'static str,
    /// A shorter name, where one is in use.
    pub short: Option<&'static str>,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// The routing of calls that it holds under; `None` for what has nothing to do with calls.
    pub routing: Option<Routing>,
    value: fn(&Metrics) -> Option<f64>,
}

/// A number of what happened during a run.
#[derive(Clone, Copy, Debug)]
pub struct CourseMetric {
    /// Its key in JSON.
    pub key: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    value: fn(&Course) -> Option<f64>,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of one, which people read as per cent.
    Share,
    /// Things.
    Count,
    /// How many times as much.
    Times,
    /// Milliseconds of virtual time, which people read as seconds.
    Millis,
}

/// Which way a number is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It only describes.
    Neither,
}

/// How a call finds one of the provider's replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// To the same node as far as every replica of the provider keeps the same load.
    LocalUnderEvenLoad,
    /// To a replica chosen at random, as Services do.
    Random,
    /// To the same node wherever it has a replica.
    SameNode,
}

impl Metric {
    /// Its value; `None` where there is nothing to measure.
    pub fn of(&self, metrics: &Metrics) -> Option<f64> {
        (self.value)(metrics)
    }

    /// Whether it goes by this name: its key, or its short name.
    pub fn is(&self, name: &str) -> bool {
        self.key == name || self.short == Some(name)
    }

    /// Its name for people, the short one first.
    pub fn label(&self) -> String {
        self.short.map_or_else(|| self.title.to_owned(), |short| format!("{short}, {}", self.title))
    }
}

impl Routing {
    /// What has to be set up for it.
    pub fn requires(self) -> &'static str {
        match self {
            Self::LocalUnderEvenLoad => {
                "calls routed to the node first, as much as keeps every replica equally loaded"
            }
            Self::Random => "an endpoint chosen at random: what Services do by default",
            Self::SameNode => "Services with `trafficDistribution: PreferSameNode`",
        }
    }
}

impl CourseMetric {
    /// Its value; `None` where there is nothing to measure.
    pub fn of(&self, course: &Course) -> Option<f64> {
        (self.value)(course)
    }

    pub(super) const fn in_millis(self) -> Self {
        Self { unit: Unit::Millis, ..self }
    }

    pub(super) const fn describing(self) -> Self {
        Self { better: Better::Neither, ..self }
    }
}

impl Unit {
    /// A value as people read it; `–` where there is none.
    pub fn text(self, value: Option<f64>) -> String {
        value.map_or_else(|| NOTHING.to_owned(), |value| self.number(value) + self.mark())
    }

    /// A mean with its 95 % interval, such as `98.1 % (95.1–100.0)`. The interval ends where the values that there can be end;
    /// runs that are all the same have none.
    pub fn estimate(self, estimate: &Estimate) -> String {
        let Some(mean) = estimate.mean else { return NOTHING.to_owned() };
        let runs = estimate.runs.iter().copied().flatten();
        let (least, most) =
            runs.fold((0.0, 1.0), |(least, most): (f64, f64), run| (least.min(run), most.max(run)));
        let most = if self == Self::Share { most } else { f64::INFINITY };
        // Runs that are all the same but for rounding.
        let half = estimate.ci95.filter(|half| *half > mean.abs() * 1e-9);
        let Some(half) = half else { return self.text(Some(mean)) };
        let [mean, low, high] =
            [mean, (mean - half).max(least), (mean + half).min(most)].map(|value| match self {
                Self::Count => format!("{value:.1}"),
                _ => self.number(value),
            });
        format!("{mean}{} ({low}–{high})", self.mark())
    }

    /// How much two values differ, with its sign.
    pub fn difference(self, difference: f64) -> String {
        match self {
            Self::Share => format!("{:+.1} points", difference * 100.0),
            Self::Count if difference.fract() == 0.0 => format!("{difference:+.0}"),
            Self::Count => format!("{difference:+.1}"),
            Self::Times => format!("{difference:+.2}"),
            Self::Millis => format!("{:+.3} s", difference / 1000.0),
        }
    }

    fn number(self, value: f64) -> String {
        match self {
            Self::Share => format!("{:.1}", value * 100.0),
            Self::Count if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Count => format!("{value:.1}"),
            Self::Times => format!("{value:.2}"),
            Self::Millis => format!("{:.3}", value / 1000.0),
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Share => " %",
            Self::Millis => " s",
            Self::Count | Self::Times => "",
        }
    }
}

/// The metric of this key or short name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    super::METRICS.iter().find(|metric| metric.is(name))
}

pub(super) const fn share(
    key: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&Metrics) -> Option<f64>,
) -> Metric {
    Metric {
        key,
        short: None,
        title,
        meaning,
        unit: Unit::Share,
        better: Better::Neither,
        routing: None,
        value,
    }
}

pub(super) const fn count(
    key: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&Metrics) -> Option<f64>,
) -> Metric {
    Metric { unit: Unit::Count, ..share(key, title, meaning, value) }
}

/// Of things that happened.
pub(super) const fn happened(
    key: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&Course) -> Option<f64>,
) -> CourseMetric {
    CourseMetric { key, title, meaning, unit: Unit::Count, better: Better::Lower, value }
}

impl Metric {
    pub(super) const fn in_times(self) -> Self {
        Self { unit: Unit::Times, ..self }
    }

    pub(super) const fn higher(self) -> Self {
        Self { better: Better::Higher, ..self }
    }

    pub(super) const fn lower(self) -> Self {
        Self { better: Better::Lower, ..self }
    }

    pub(super) const fn under(self, routing: Routing) -> Self {
        Self { routing: Some(routing), ..self }
    }

    pub(super) const fn short(self, short: &'static str) -> Self {
        Self { short: Some(short), ..self }
    }
}
