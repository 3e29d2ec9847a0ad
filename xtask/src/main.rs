//! The `cargo xtask` command.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::documents::{documents, stale, write};
use xtask::truth::Measuring;

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
    /// Measure the tables of `docs/truth.md` again, on a real cluster beside the checkout
    Truth {
        /// The program that is asked; one that was built with --release
        #[arg(value_name = "WIT_SIM")]
        wit_sim: PathBuf,
    },
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "saying which pages are written is the point")]
fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Docs { check } => docs(check),
        Command::Truth { wit_sim } => {
            let page = Measuring::with(&wit_sim)?.page(&|command| eprintln!("{command}"))?;
            write(&page)?;
            println!("{}", page.path);
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "saying which pages are written is the point")]
fn docs(check: bool) -> anyhow::Result<ExitCode> {
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
