//! What is wrong with a file, and where.

use std::fmt;

use thiserror::Error;

use crate::trace::capped;

/// Files that no trace can be made of, with everything that is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", all_of(problems))]
pub struct ImportError {
    /// What is wrong, in the order of the files; at least one.
    pub problems: Vec<ImportProblem>,
}

/// Something that is wrong with a file: `M3.json: ServiceList[3].RequestCPU: is below zero`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImportProblem {
    /// The file, as it was named; empty where there is none.
    pub file: String,
    /// The line or the path in it; empty where the whole file is meant.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

/// Collects what is wrong with a file while it is read.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    file: &'a str,
    found: Vec<ImportProblem>,
}

impl<'a> Problems<'a> {
    /// Nothing is wrong with this file so far.
    pub(crate) fn of(file: &'a str) -> Self {
        Self { file, found: Vec::new() }
    }

    /// Something is wrong at this line or path.
    pub(crate) fn add(&mut self, place: impl fmt::Display, message: impl fmt::Display) {
        let (place, message) = (place.to_string(), message.to_string());
        self.found.push(ImportProblem { file: self.file.to_owned(), place, message });
    }

    /// Everything that was found.
    pub(crate) fn into_inner(self) -> Vec<ImportProblem> {
        self.found
    }

    /// The value, unless something is wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, ImportError> {
        if self.found.is_empty() { Ok(value) } else { Err(ImportError { problems: self.found }) }
    }
}

impl From<ImportProblem> for ImportError {
    fn from(problem: ImportProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, message } = self;
        if file.is_empty() {
            f.write_str(message)
        } else if place.is_empty() {
            write!(f, "{file}: {message}")
        } else {
            write!(f, "{file}: {place}: {message}")
        }
    }
}

/// The only problem, or how many there are and a line for each.
fn all_of(problems: &[ImportProblem]) -> String {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    match lines.as_slice() {
        [only] => only.clone(),
        all => format!("{} problems\n{}", all.len(), capped(all)),
    }
}
