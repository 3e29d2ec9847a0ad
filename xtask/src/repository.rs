//! The checkout and its files.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The top of the checkout.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The text of a file, by its path from the top.
///
/// # Errors
/// Where it cannot be read; the error names it.
pub fn text(path: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| format!("{path} cannot be read"))
}

/// The files below a folder with that extension, by their paths from the top, sorted. Build folders are left out.
///
/// # Errors
/// Where a folder cannot be read.
pub fn files(folder: &str, extension: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(from_root(&path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn from_root(path: &Path) -> String {
    let short: PathBuf = path.strip_prefix(root()).unwrap_or(path).into();
    short.to_string_lossy().into_owned()
}
