//! The names by which numbers are asked for: those of a placement at the end and on average over time, and those of the whole run.

use wit_placement::kube_scheduler::report::SCHEDULER_CODE;
use wit_placement::reasons::REASONS;

use super::course::refusals_key;
use super::definitions::definition;
use super::{Better, COURSE, METRICS, Metric, REFUSALS, Routing, Unit};

/// What stands before the name of a number that is an average over time.
const MEAN: &str = "mean";

/// A number of a run.
#[derive(Clone, Debug)]
pub struct Number {
    /// Its key in a comparison: `gainedAffinity`, `meanGainedAffinity`, `waitingP99`.
    pub key: String,
    /// A shorter name, where one is in use: `G`, `meanG`.
    pub short: Option<String>,
    /// Its name for people.
    pub label: String,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// How it is reckoned.
    pub formula: &'static str,
    /// Where the measure comes from; empty for what is only counted.
    pub source: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// The routing of calls that it holds under.
    pub routing: Option<Routing>,
    /// When it holds.
    pub when: When,
}

/// When a number holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At the end of the run.
    End,
    /// On average over time.
    MeanOverTime,
    /// Of the whole run.
    WholeRun,
}

impl Number {
    /// Every number, in the order in which they are shown, but for refusals by code, which differ from run to run.
    pub fn all() -> impl Iterator<Item = Self> {
        let end = METRICS.iter().map(|metric| Self::of(metric, When::End));
        let mean = METRICS.iter().map(|metric| Self::of(metric, When::MeanOverTime));
        let course = COURSE.iter().map(|metric| {
            let (formula, source) = definition(metric.key);
            Self {
                key: metric.key.to_owned(),
                short: None,
                label: metric.title.to_owned(),
                meaning: metric.meaning,
                formula,
                source,
                unit: metric.unit,
                better: metric.better,
                routing: None,
                when: When::WholeRun,
            }
        });
        end.chain(mean).chain(course)
    }

    /// The number of this key or short name; refusals by a code too.
    ///
    /// # Errors
    /// Says that there is none of that name, which one may be meant, and where they are listed.
    pub fn named(name: &str) -> Result<Self, String> {
        let codes = REASONS.iter().map(|reason| reason.id).chain([SCHEDULER_CODE]);
        if let Some(code) = codes.map(refusals_key).find(|key| key == name) {
            return Ok(Self::of_refusals(&code));
        }
        let is = |number: &Self| number.key == name || number.short.as_deref() == Some(name);
        Self::all().find(is).ok_or_else(|| {
            let names: Vec<String> =
                Self::all().flat_map(|it| it.short.into_iter().chain([it.key])).collect();
            let meant = nearest(name, names.iter().map(String::as_str));
            format!("there is no metric `{name}`{meant} (`wit-sim metrics` lists all)")
        })
    }

    /// Refusals by one code, by their key.
    pub(crate) fn of_refusals(key: &str) -> Self {
        let code = key.strip_prefix(REFUSALS).unwrap_or(key);
        let code = if key == refusals_key(SCHEDULER_CODE) { SCHEDULER_CODE } else { code };
        Self {
            key: key.to_owned(),
            short: None,
            label: format!("  {code}"),
            meaning: "How often a node was refused to a pod with this code.",
            formula: "counted",
            source: "",
            unit: Unit::Count,
            better: Better::Neither,
            routing: None,
            when: When::WholeRun,
        }
    }

    /// Its name for people where nothing beside it says when it holds.
    pub fn full_label(&self) -> String {
        match self.when {
            When::MeanOverTime => format!("{}, over time", self.label),
            When::End | When::WholeRun => self.label.clone(),
        }
    }

    fn of(metric: &Metric, when: When) -> Self {
        let key = if when == When::End { metric.key.to_owned() } else { mean_key(metric.key) };
        let short =
            metric.short.map(|short| if when == When::End { short.to_owned() } else { mean_key(short) });
        let (formula, source) = definition(metric.key);
        Self {
            key,
            short,
            label: metric.label(),
            meaning: metric.meaning,
            formula,
            source,
            unit: metric.unit,
            better: metric.better,
            routing: metric.routing,
            when,
        }
    }
}

/// The key of a number's average over time: `meanGainedAffinity` of `gainedAffinity`, `meanG` of `G`.
pub(crate) fn mean_key(key: &str) -> String {
    let (first, rest) = key.split_at_checked(1).unwrap_or((key, ""));
    format!("{MEAN}{}{rest}", first.to_ascii_uppercase())
}

/// `; did you mean …?` where one of the names is near to what was typed.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let plain = |name: &str| name.chars().take(64).collect::<String>().to_ascii_lowercase();
    let distance = |other: &str| strsim::damerau_levenshtein(&plain(name), &plain(other));
    let near = names.map(|other| (distance(other), other)).min_by_key(|(distance, _)| *distance);
    let near = near.filter(|(distance, _)| *distance <= (name.len() / 3).max(1));
    near.map_or_else(String::new, |(_, other)| format!("; did you mean `{other}`?"))
}
