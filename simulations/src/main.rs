//! `wit-sim`: see `wit-sim --help`, and the library for how it works.

use std::process::ExitCode;

use clap::Parser;
use wit_sim::cli::Cli;

fn main() -> ExitCode {
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    wit_sim::run(&Cli::parse(), &mut stdout.lock(), &mut stderr.lock())
}
