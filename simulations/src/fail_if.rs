//! Conditions on a comparison, for CI: `wit.G < default.G + 0.3` holds where the mean of `G` with the strategy `wit` is less
//! than 0.3 above that with `default`.
//!
//! A condition compares two sums of numbers and values: `<`, `<=`, `>`, `>=`, `==` and `!=`, with `+ - * /`, parentheses, and
//! `%` behind a number for a hundredth. A value is `STRATEGY.METRIC`: the metric by the key that it has in JSON
//! (`gainedAffinity`) or by its short name (`G`).
//!
//! ```
//! use wit_sim::fail_if::FailIf;
//!
//! let value = |strategy: &str, metric: &str| match (strategy, metric) {
//!     ("wit", "G") => Ok(0.56),
//!     ("default", "G") => Ok(0.06),
//!     _ => Err(format!("there is no `{strategy}.{metric}`")),
//! };
//! assert!(!"wit.G < default.G + 30%".parse::<FailIf>()?.holds(value)?);
//! let error = "wit.G < wit.Q".parse::<FailIf>()?.holds(value).unwrap_err();
//! assert_eq!(error.to_string(), "wit.G < wit.Q\n        ^ column 9: there is no `wit.Q`");
//! # Ok::<(), wit_sim::fail_if::FailIfError>(())
//! ```

mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub struct FailIf {
    text: String,
    left: Term,
    comparison: Comparison,
    right: Term,
}

/// A condition that is none, or speaks of what is not there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", marked(text, problems))]
pub struct FailIfError {
    /// The condition.
    pub text: String,
    /// What is wrong, from left to right; at least one.
    pub problems: Vec<FailIfProblem>,
}

/// Something that is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailIfProblem {
    /// Where, in characters from one.
    pub column: usize,
    /// What.
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Plus,
    Minus,
    Times,
    By,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(f64),
    Value { column: usize, strategy: String, metric: String },
    Negated(Box<Self>),
    Operation { column: usize, operator: Operator, left: Box<Self>, right: Box<Self> },
}

impl FromStr for FailIf {
    type Err = FailIfError;

    fn from_str(text: &str) -> Result<Self, FailIfError> {
        parse::parse(text).map_err(|problem| FailIfError { text: text.to_owned(), problems: vec![problem] })
    }
}

impl fmt::Display for FailIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FailIf {
    /// Whether everything that the condition speaks of can be there; `is_known` says of a strategy and a metric what is wrong with their
    /// names.
    ///
    /// # Errors
    /// Every name that is none.
    pub fn check(&self, is_known: impl Fn(&str, &str) -> Result<(), String>) -> Result<(), FailIfError> {
        let mut problems = Vec::new();
        for side in [&self.left, &self.right] {
            side.check(&is_known, &mut problems);
        }
        if problems.is_empty() { Ok(()) } else { Err(FailIfError { text: self.text.clone(), problems }) }
    }

    /// Whether the condition holds; `value` tells the value of a strategy and a metric, or why there is none.
    ///
    /// # Errors
    /// Every value that is not there, and divisions by zero.
    pub fn holds(&self, value: impl Fn(&str, &str) -> Result<f64, String>) -> Result<bool, FailIfError> {
        let mut problems = Vec::new();
        let left = self.left.value(&value, &mut problems);
        let right = self.right.value(&value, &mut problems);
        if problems.is_empty() {
            Ok(self.comparison.holds(left, right))
        } else {
            problems.sort();
            Err(FailIfError { text: self.text.clone(), problems })
        }
    }
}

impl Comparison {
    #[expect(clippy::float_cmp, reason = "who writes `==` means it")]
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }
}

impl Term {
    fn check(&self, is_known: &impl Fn(&str, &str) -> Result<(), String>, problems: &mut Vec<FailIfProblem>) {
        match self {
            Self::Number(_) => {}
            Self::Value { column, strategy, metric } => {
                let problem = |message| FailIfProblem { column: *column, message };
                problems.extend(is_known(strategy, metric).err().map(problem));
            }
            Self::Negated(term) => term.check(is_known, problems),
            Self::Operation { left, right, .. } => {
                left.check(is_known, problems);
                right.check(is_known, problems);
            }
        }
    }

    /// The value; what there is none of is told and counts as anything.
    fn value(
        &self,
        of: &impl Fn(&str, &str) -> Result<f64, String>,
        problems: &mut Vec<FailIfProblem>,
    ) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Value { column, strategy, metric } => of(strategy, metric).unwrap_or_else(|message| {
                problems.push(FailIfProblem { column: *column, message });
                f64::NAN
            }),
            Self::Negated(term) => -term.value(of, problems),
            Self::Operation { column, operator, left, right } => {
                let (left, right) = (left.value(of, problems), right.value(of, problems));
                if *operator == Operator::By && right == 0.0 {
                    let message = "this divides by zero".to_owned();
                    problems.push(FailIfProblem { column: *column, message });
                }
                operator.of(left, right)
            }
        }
    }
}

impl Operator {
    fn of(self, left: f64, right: f64) -> f64 {
        match self {
            Self::Plus => left + right,
            Self::Minus => left - right,
            Self::Times => left * right,
            Self::By => left / right,
        }
    }
}

/// The condition with a mark below each place where something is wrong.
fn marked(text: &str, problems: &[FailIfProblem]) -> String {
    let mark = |FailIfProblem { column, message }: &FailIfProblem| {
        format!("{}^ column {column}: {message}", " ".repeat(column.saturating_sub(1)))
    };
    std::iter::once(text.to_owned()).chain(problems.iter().map(mark)).collect::<Vec<_>>().join("\n")
}
