//! The files that are imported.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use wit_graph::Digest;

use super::{ImportError, ImportProblem};
use crate::trace::{BYTE_ORDER_MARK, Source, field_of};

/// A file that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The path by which it was named.
    pub path: PathBuf,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl InputFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        let bytes = fs::read(path).map_err(|error| ImportProblem {
            file: path.display().to_string(),
            place: String::new(),
            message: format!("cannot be read: {error}"),
        })?;
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Reads every file.
    ///
    /// # Errors
    /// Each that cannot be read.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>, ImportError> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        for path in paths {
            match Self::read(path) {
                Ok(file) => files.push(file),
                Err(error) => problems.extend(error.problems),
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(ImportError { problems }) }
    }

    /// What is in it without the mark that some editors begin a file with.
    pub fn content(&self) -> &[u8] {
        self.bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.bytes)
    }

    /// The file as the user named it.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// What a trace says of it.
    pub fn source(&self, format: &str) -> Source {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        let digest = Digest::of(&self.bytes).to_string();
        let sha256 = digest.strip_prefix("sha256:").map(ToOwned::to_owned);
        Source { format: format.to_owned(), name: name.unwrap_or_else(|| self.name()), sha256 }
    }

    /// What to call a trace that is made of it: its name without folders and ending.
    pub fn title(&self) -> String {
        self.path.file_stem().map_or_else(|| self.name(), |stem| stem.to_string_lossy().into_owned())
    }

    /// The name of the folder that it is in.
    pub(super) fn folder(&self) -> Option<String> {
        Some(self.path.parent()?.file_name()?.to_string_lossy().into_owned())
    }

    /// The value that it holds as JSON.
    ///
    /// # Errors
    /// Where it is no JSON, or not of this form: with the path, line and column.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ImportError> {
        let mut json = serde_json::Deserializer::from_slice(self.content());
        let problem = |place: String, message: String| ImportProblem { file: self.name(), place, message };
        let value = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| problem(field_of(error.path()), error.inner().to_string()))?;
        json.end().map_err(|error| problem(String::new(), error.to_string()))?;
        Ok(value)
    }
}
