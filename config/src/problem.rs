//! What is wrong with a settings file or a host profile: every problem, with its path and line.

use std::fmt;

/// One thing that is wrong, where, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line of the file, counted from 1; `None` for values that come from flags or the environment.
    pub line: Option<usize>,
    /// The key, from the top of the file: `placement.blastRadius`, `hosts[0].offers[1].interfaces[0]`.
    /// Empty when the problem is the file as a whole.
    pub path: String,
    /// What is wrong and what is allowed, as one sentence without a full stop.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong, at least one [`Problem`], in the order of the file.
///
/// Its text is one line per problem, so that a person can mend a file in one pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// Sorted by line, then path; those without a line come first.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// `Ok` when nothing was found, so that readers can collect first and decide once.
    pub(crate) fn unless_empty(mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort();
        problems.dedup();
        Err(Self { problems })
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
