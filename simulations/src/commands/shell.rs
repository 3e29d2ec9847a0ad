//! What shells and `man` know of the command line.

use std::io::Write;

use anyhow::{Context, ensure};
use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArguments, ManArguments};

/// `wit-sim completions`.
pub(crate) fn completions(arguments: &CompletionsArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    // The generator panics where it cannot write, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), NAME, &mut script);
    Ok(out.write_all(&script)?)
}

/// `wit-sim man`.
pub(crate) fn man(arguments: &ManArguments) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    ensure!(folder.is_dir(), "there is no folder {}; make it first", folder.display());
    clap_mangen::generate_to(Cli::command().name(NAME), folder).with_context(|| folder.display().to_string())
}

const NAME: &str = "wit-sim";
