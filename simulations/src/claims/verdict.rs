//! The verdict on a claim: what its cases give, what they miss and why.

use std::collections::BTreeMap;

use anyhow::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words;
use super::{Bounds, Case, CaseRun, Claim, Figure, Role};
use crate::documents::{IsScenarios, Version};
use crate::strategy::Name;

/// Who places the pods of each case: what is claimed must hold with both.
pub const STRATEGIES: [Name; 2] = [Name::Default, Name::Wit];

/// What `wit-sim scenarios` writes: claims and what came of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scenarios {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsScenarios,
    /// The claims in the order in which they were asked for, otherwise by name.
    pub claims: Vec<Judgement>,
}

/// A claim and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// What to call it on the command line.
    pub name: String,
    /// A headline.
    pub title: String,
    /// What is claimed.
    pub claim: String,
    /// Where it is from.
    pub source: String,
    /// What the replay does not tell.
    pub leaves_out: Vec<String>,
    /// What is to be thought of it.
    pub verdict: Verdict,
    /// What was replayed, in the order of the file.
    pub cases: Vec<CaseReport>,
    /// What is no longer as the file expects; empty where all is.
    pub unexpected: Vec<String>,
}

/// What is to be thought of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// In a word.
    pub outcome: Outcome,
    /// The conditions of which any one suffices, where it holds only so.
    pub conditions: Vec<String>,
    /// In a sentence or two, with the figures that it follows from.
    pub words: String,
}

/// Whether a claim is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// As it is said.
    Holds,
    /// Only under one of the conditions that were tried.
    HoldsOnlyIf,
    /// Under none of them.
    DoesNotHold,
}

/// A case and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseReport {
    /// A short name.
    pub id: String,
    /// The case in words.
    pub says: String,
    /// What it has to do with the claim.
    pub role: Role,
    /// What must be so beside the plain reading.
    pub condition: Option<String>,
    /// What the claim needs of it.
    pub meets: BTreeMap<Figure, Bounds>,
    /// What each strategy gave.
    pub runs: BTreeMap<Name, CaseRun>,
    /// What was missed and why, by strategy; strategies that met everything are not here.
    pub missed: BTreeMap<Name, Vec<Why>>,
}

/// A figure that is not what the claim needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The figure.
    pub figure: Figure,
    /// What it is.
    pub found: f64,
    /// What it had to be.
    pub needed: Bounds,
    /// What it is because of, as far as the replay says.
    pub because: Option<String>,
}

impl Claim {
    /// Replays every case and judges the claim by what comes of it.
    ///
    /// # Errors
    /// The first case that cannot be replayed.
    pub fn judge(&self) -> anyhow::Result<Judgement> {
        let mut cases: Vec<CaseReport> = Vec::new();
        for case in &self.cases {
            let mut runs = BTreeMap::new();
            for strategy in STRATEGIES {
                let place = || format!("{}: {}: {}", self.name, case.id, strategy.as_str());
                let mut run = case.run(strategy).with_context(place)?;
                let times = times_baseline(case, strategy, &run, &cases);
                run.figures.extend(times.map(|times| (Figure::TimesBaseline, times)));
                runs.insert(strategy, run);
            }
            cases.push(CaseReport::new(case, runs));
        }
        let verdict = Verdict::of(&cases);
        let unexpected = self.unexpected(&cases, &verdict);
        Ok(Judgement {
            name: self.name.clone(),
            title: self.title.clone(),
            claim: self.claim.clone(),
            source: self.source.clone(),
            leaves_out: self.leaves_out.clone(),
            verdict,
            cases,
            unexpected,
        })
    }

    /// What is not as the file expects, in words.
    fn unexpected(&self, cases: &[CaseReport], verdict: &Verdict) -> Vec<String> {
        let mut unexpected = Vec::new();
        for (case, report) in self.cases.iter().zip(cases) {
            for (strategy, expected) in &case.expect {
                let figures = report.runs.get(strategy).map(|run| &run.figures);
                for (figure, expected) in expected {
                    let found = figures.and_then(|figures| figures.get(figure));
                    if found.is_none_or(|found| (found - expected).abs() > TOLERANCE) {
                        let found = found
                            .map_or_else(|| "nothing".to_owned(), |found| words::figure(*figure, *found));
                        let (id, strategy) = (&case.id, strategy.as_str());
                        let expected = words::figure(*figure, *expected);
                        unexpected.push(format!("{id} with {strategy}: {found}, expected {expected}"));
                    }
                }
            }
        }
        if let Some(expected) = self.verdict.as_ref().filter(|expected| **expected != verdict.words) {
            unexpected.push(format!("verdict: {}, expected: {expected}", verdict.words));
        }
        unexpected
    }
}

/// How far a figure may be from the expected one: less than what a person reads.
const TOLERANCE: f64 = 0.05;

/// The placed pods as a multiple of those of the case that it is compared with.
fn times_baseline(case: &Case, strategy: Name, run: &CaseRun, earlier: &[CaseReport]) -> Option<f64> {
    let against = earlier.iter().find(|report| Some(&report.id) == case.against.as_ref())?;
    let of_it = against.runs.get(&strategy)?.figures.get(&Figure::Placed).filter(|placed| **placed > 0.0)?;
    Some(run.figures.get(&Figure::Placed)? / of_it)
}

impl CaseReport {
    fn new(case: &Case, runs: BTreeMap<Name, CaseRun>) -> Self {
        let missed = runs.iter().map(|(strategy, run)| (*strategy, missed(case, run)));
        Self {
            id: case.id.clone(),
            says: case.says.clone(),
            role: case.role,
            condition: case.condition.clone(),
            meets: case.meets.clone(),
            missed: missed.filter(|(_, missed)| !missed.is_empty()).collect(),
            runs,
        }
    }

    /// Whether every strategy gives what the claim needs.
    pub fn holds(&self) -> bool {
        self.missed.is_empty()
    }
}

fn missed(case: &Case, run: &CaseRun) -> Vec<Why> {
    let why = |(figure, needed): (&Figure, &Bounds)| {
        let found = run.figures.get(figure).copied().unwrap_or_default();
        let because = || words::because(*figure, run);
        (!needed.hold(found)).then(|| Why { figure: *figure, found, needed: *needed, because: because() })
    };
    case.meets.iter().filter_map(why).collect()
}

impl Verdict {
    fn of(cases: &[CaseReport]) -> Self {
        let with = |role| cases.iter().filter(move |case| case.role == role);
        let conditions = with(Role::If).filter(|case| case.holds()).filter_map(|case| case.condition.clone());
        let conditions: Vec<_> = conditions.collect();
        let outcome = if with(Role::Plain).all(CaseReport::holds) {
            Outcome::Holds
        } else if conditions.is_empty() {
            Outcome::DoesNotHold
        } else {
            Outcome::HoldsOnlyIf
        };
        let conditions = if outcome == Outcome::HoldsOnlyIf { conditions } else { Vec::new() };
        let words = words::verdict(outcome, &conditions, cases);
        Self { outcome, conditions, words }
    }
}
