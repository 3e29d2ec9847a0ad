//! `wit-sim`: see `wit-sim --help`, and the library for how it works.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use wit_sim::cli::Cli;

fn main() -> ExitCode {
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let cli = Cli::parse().on_terminal(stderr.is_terminal());
    wit_sim::run(&cli, &mut stdout.lock(), &mut stderr.lock())
}
