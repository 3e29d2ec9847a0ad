//! A report of runs: one HTML file that needs nothing beside itself, its figures as SVG, its tables as CSV.
//!
//! The page asks for no network, follows the reader's light or dark setting, reads without colours and without a mouse, and
//! is the same byte for byte for the same runs.
//!
//! | question | look at |
//! |---|---|
//! | what is said, in which order? | [`Report::html`] |
//! | which figures are there? | [`Report::figures`] |
//! | which tables are there? | [`Report::tables`] |

mod axes;
mod figures;
mod graph;
mod headline;
mod node_map;
mod page;
mod sections;
mod table;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::documents::{Assumptions, Comparison, Run};

/// What is reported.
#[derive(Clone, Debug)]
pub struct Report {
    comparison: Comparison,
    /// The runs of each strategy, in the order of their seeds.
    runs: BTreeMap<String, Vec<Run>>,
}

/// A figure as a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The file's name.
    pub name: String,
    /// An SVG document.
    pub svg: String,
}

/// A table as a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The file's name.
    pub name: &'static str,
    /// CSV with a line of headings.
    pub csv: String,
}

/// Runs that cannot be reported together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// There are none.
    #[error("there is no run to report")]
    NoRun,
    /// They are of different traces.
    #[error("the runs are of different traces: `{0}` and `{1}`")]
    OtherTrace(String, String),
}

impl Report {
    /// A report of these runs, those of a strategy in the order of their seeds.
    ///
    /// # Errors
    /// Where there are no runs, or runs of different traces.
    pub fn new(runs: Vec<Run>) -> Result<Self, ReportError> {
        let first = runs.first().ok_or(ReportError::NoRun)?.assumptions.clone();
        let identity = |it: &Assumptions| (it.trace.clone(), it.input_sha256.clone());
        if let Some(other) = runs.iter().find(|run| identity(&run.assumptions) != identity(&first)) {
            return Err(ReportError::OtherTrace(first.trace, other.assumptions.trace.clone()));
        }
        let mut strategies: BTreeMap<String, Vec<Run>> = BTreeMap::new();
        for run in runs {
            strategies.entry(run.strategy.clone()).or_default().push(run);
        }
        let mut seeds: Vec<u64> =
            strategies.values().flatten().flat_map(|run| run.assumptions.seeds.clone()).collect();
        seeds.sort_unstable();
        seeds.dedup();
        let comparison = Comparison::of(Assumptions { seeds, ..first }, &strategies);
        Ok(Self { comparison, runs: strategies })
    }

    /// The page: headline, assumptions, comparison, figures, tables.
    pub fn html(&self) -> String {
        page::page(self).into_string()
    }

    /// The figures, each as an SVG document with its own style.
    pub fn figures(&self) -> Vec<Figure> {
        figures::all(self)
            .into_iter()
            .map(|(name, svg)| Figure { name: format!("{name}.svg"), svg: axes::alone(&svg) })
            .collect()
    }

    /// The tables.
    pub fn tables(&self) -> Vec<Table> {
        tables::all(self)
    }

    /// The strategies in the order of their names, each with its first run.
    fn strategies(&self) -> impl Iterator<Item = (&str, &Run)> {
        self.runs.iter().filter_map(|(name, runs)| Some((name.as_str(), runs.first()?)))
    }

    /// The strategy that the page is about: ours, or the one that gains most.
    fn subject(&self) -> &str {
        let best = self.comparison.best.get("gainedAffinity").map(|best| best.strategy.as_str());
        let first = || self.runs.keys().next().map(String::as_str).unwrap_or_default();
        if self.runs.contains_key("wit") { "wit" } else { best.unwrap_or_else(first) }
    }

    /// What the subject is held against: the scheduler as it is, or else the first other strategy.
    fn baseline(&self) -> Option<&str> {
        let others = || self.runs.keys().map(String::as_str).filter(|name| *name != self.subject());
        others().find(|name| *name == "default").or_else(|| others().next())
    }
}
