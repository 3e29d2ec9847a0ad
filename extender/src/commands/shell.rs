//! `wit-extender completions SHELL` and `wit-extender man DIR`: what shells and `man` know of the command line.

use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::CommandFactory;

use super::print;
use crate::cli::{Cli, CompletionsArguments, ManArguments};

/// Prints the script by which a shell completes command lines.
///
/// # Errors
/// Where standard output cannot be written.
pub fn completions(arguments: &CompletionsArguments) -> anyhow::Result<ExitCode> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the server and for each of its commands.
///
/// # Errors
/// Where the folder is not there, or a page cannot be written.
pub fn man(arguments: &ManArguments) -> anyhow::Result<ExitCode> {
    let folder = &arguments.folder;
    ensure!(folder.is_dir(), "there is no folder {}; make it first", folder.display());
    clap_mangen::generate_to(Cli::command(), folder).with_context(|| folder.display().to_string())?;
    Ok(ExitCode::SUCCESS)
}
