//! Running the command.

use std::process::ExitCode;

use clap::Parser;
use wit_sim::cli::Cli;

/// What a command printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) succeeded: bool,
    pub(crate) out: String,
    pub(crate) notes: String,
}

/// Runs `wit-sim` with these arguments.
pub(crate) fn wit_sim(arguments: &[String]) -> Printed {
    let cli = Cli::try_parse_from(std::iter::once("wit-sim").chain(arguments.iter().map(String::as_str)));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli.unwrap(), &mut out, &mut notes);
    Printed {
        succeeded: code == ExitCode::SUCCESS,
        out: String::from_utf8(out).unwrap(),
        notes: String::from_utf8(notes).unwrap(),
    }
}
