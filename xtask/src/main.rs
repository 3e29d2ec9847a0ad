//! The `cargo xtask` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::documents::{documents, stale, write};

/// Work on the repository itself.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the generated pages of `docs/`
    Docs {
        /// Write nothing; fail if a page is not what would be written
        #[arg(long)]
        check: bool,
    },
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "saying which pages are written is the point")]
fn main() -> anyhow::Result<ExitCode> {
    let Command::Docs { check } = Cli::parse().command;
    let documents = documents()?;
    let stale = stale(&documents)?;
    if check {
        for document in &stale {
            eprintln!("{} is out of date: run `just docs`", document.path);
        }
        return Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    for document in stale {
        write(document)?;
        println!("{}", document.path);
    }
    Ok(ExitCode::SUCCESS)
}
