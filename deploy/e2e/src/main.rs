//! The end-to-end harness by hand: `wit-e2e up`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wit_e2e::up::{self, UpArguments};

#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a control plane, a registry, the extender and the scheduler, installs the shop, and stops on Ctrl-C.
    Up(UpArguments),
}

#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "saying where things are is what this program is for"
)]
async fn main() -> ExitCode {
    let Command::Up(arguments) = Arguments::parse().command;
    let ready = |description: &str| println!("{description}\n\nCtrl-C stops everything.");
    match up::run(&arguments, ready).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wit-e2e: {error:?}");
            ExitCode::FAILURE
        }
    }
}
