//! The commands, one module each.

pub mod config;
pub mod demo;
pub mod explain;
pub mod inspect;
pub mod link;
pub mod serve;
pub mod shell;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::Context;
use wit_config::Settings;
use wit_graph::{Component, ReadLimits, read};

use crate::cli::SettingsArguments;

/// The settings of a file and what overrides them.
///
/// # Errors
/// Everything that is wrong with them.
pub fn settings(arguments: &SettingsArguments, default: Settings) -> anyhow::Result<Settings> {
    let settings = match &arguments.config {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            wit_config::parse(&text).map_err(|error| anyhow::anyhow!("{}:\n{error}", file.display()))?
        }
        None => default,
    };
    settings.with_overrides(&arguments.overrides()).map_err(Into::into)
}

/// Reads a Wasm file.
///
/// # Errors
/// Where it cannot be read, or is no intact Wasm.
pub fn component(file: &Path) -> anyhow::Result<Component> {
    let limits = ReadLimits::default();
    let mut bytes = Vec::new();
    // One byte more than the limit is enough to tell that there is too much, of a device without an end too.
    let reading =
        File::open(file).and_then(|opened| opened.take(limits.max_bytes + 1).read_to_end(&mut bytes));
    reading.with_context(|| format!("{} cannot be read", file.display()))?;
    read(&bytes, &limits).with_context(|| file.display().to_string())
}

/// Prints to standard output. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// Where standard output cannot be written for another reason.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("standard output cannot be written"),
    }
}

/// A JSON document as text, with a line end.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn json(document: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}
