//! The scheduler extender: an HTTP server that kube-scheduler asks, and the commands around it.
//!
//! ```text
//! sources (watch or folders) ─► owner ─► snapshots ─► verbs   (kube-scheduler: filter, prioritize)
//! images  (registry or layout) ─┘  ▲                ├► api     (people: explain, graph, page)
//!                                   └─ presumptions ─┤► ops     (Prometheus, kubelet)
//! ```
//!
//! Where to look:
//! - [`owner`]: the one task that owns the state; [`feed`]: what it is fed from; [`waiting`]: pods that it wakes;
//! - [`verbs`]: the scheduler's protocol; [`api`] and [`ops`]: the other two listeners; [`server`] binds them;
//! - [`decisions`]: what `explain` remembers; [`metrics`]: what is counted;
//! - [`cli`] and [`commands`]: the command line.
//!
//! Nothing is decided here: `wit-placement` decides, this crate asks it and tells others.

pub mod api;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod decisions;
pub mod feed;
pub mod metrics;
pub mod ops;
pub mod owner;
pub mod server;
pub mod shop;
pub mod telemetry;
pub mod verbs;
pub mod waiting;

use std::process::ExitCode;

use cli::{Cli, Command};

/// Runs a command; its errors go to standard error.
///
/// Exit codes: 0 done; 1 the answer is no (`link`: no link is verified); 2 an error.
pub fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Demo(arguments) => commands::demo::run(&arguments),
        Command::Explain(arguments) => commands::explain::run(&arguments),
        Command::Inspect(arguments) => commands::inspect::run(&arguments),
        Command::Link(arguments) => commands::link::run(&arguments),
        Command::Config(arguments) => commands::config::run(&arguments),
        Command::Completions(arguments) => commands::shell::completions(&arguments),
        Command::Man(arguments) => commands::shell::man(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        telemetry::complain(&error);
        ExitCode::from(2)
    })
}
