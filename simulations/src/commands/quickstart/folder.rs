//! A folder of files that are made again and again, among files of others that stay as they are.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wit_graph::Digest;

use crate::import::{ImportError, ImportProblem};
use crate::save;

/// The file that says which files were made, by their digests.
const MADE: &str = "made-by-wit-sim.json";

/// Files that are to be in a folder.
pub(super) struct Folder {
    path: PathBuf,
    files: Vec<(String, String)>,
}

impl Folder {
    /// A folder without files yet.
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), files: Vec::new() }
    }

    /// Another file.
    pub(super) fn add(&mut self, name: impl Into<String>, text: String) {
        self.files.push((name.into(), text));
    }

    /// Writes the files. What is there under their names has to be what was written here before, byte for byte.
    ///
    /// # Errors
    /// Every file that others made or changed: nothing is written then. Or the first that cannot be written.
    pub(super) fn write(&self) -> anyhow::Result<()> {
        let made = self.made()?;
        let problems: Vec<_> =
            self.files.iter().filter_map(|(name, text)| self.foreign(name, text, &made)).collect();
        if !problems.is_empty() {
            return Err(ImportError { problems }.into());
        }
        std::fs::create_dir_all(&self.path)
            .with_context(|| format!("{} cannot be made", self.path.display()))?;
        // Said before it is done: what is half done can be done again.
        let digests: BTreeMap<_, _> =
            self.files.iter().map(|(name, text)| (name, Digest::of(text.as_bytes()).to_string())).collect();
        let digests = serde_json::to_string_pretty(&digests)? + "\n";
        save::whole(&self.path.join(MADE), |file| file.write_all(digests.as_bytes()))?;
        for (name, text) in &self.files {
            save::whole(&self.path.join(name), |file| file.write_all(text.as_bytes()))?;
        }
        Ok(())
    }

    /// The digests of what was written here before.
    fn made(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let path = self.path.join(MADE);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is not what wit-sim wrote; give another folder with `-o DIR`", path.display())
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Why a file must not be written: what is there is somebody else's.
    fn foreign(&self, name: &str, text: &str, made: &BTreeMap<String, String>) -> Option<ImportProblem> {
        let path = self.path.join(name);
        let message = match std::fs::read(&path) {
            Ok(bytes) => {
                let digest = Digest::of(&bytes).to_string();
                if bytes == text.as_bytes() || made.get(name) == Some(&digest) {
                    return None;
                }
                "is there and was not made by this command, or was changed since; move it away, or give another folder with \
                 `-o DIR`"
                    .to_owned()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => format!("is there and cannot be read: {error}"),
        };
        Some(ImportProblem { file: path.display().to_string(), place: String::new(), message })
    }
}
