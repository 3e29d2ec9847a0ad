//! The `wit-extender` command.

use std::process::ExitCode;

use clap::Parser;
use wit_extender::cli::Cli;

fn main() -> ExitCode {
    wit_extender::run(Cli::parse())
}
