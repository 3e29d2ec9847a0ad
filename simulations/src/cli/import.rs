//! `wit-sim import`, one subcommand for each format.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::import::openb::OpenbOptions;
use crate::import::rasa::RasaOptions;

/// The arguments of `import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArguments {
    /// What is imported.
    #[command(subcommand)]
    pub format: Format,
}

/// The formats that traces are made from.
#[derive(Clone, Debug, Subcommand)]
pub enum Format {
    /// RASA JSON: services, machines and the traffic between services
    ///
    /// This is how `ByteDance` published clusters of its own. Every service becomes a Deployment in the namespace `rasa`, every container one of its pods under its own name. Shares
    /// of CPU and memory are scaled; requests are rounded down and capacities up, so that placements that fit still fit.
    Rasa(RasaArguments),
    /// `OpenB` CSV: pods with the times at which they came and went, and nodes
    ///
    /// The columns tell pods from nodes. Pods are workloads of their own; of those that ask for GPUs CPU and memory are kept.
    /// Times are counted from the first pod.
    Openb(OpenbArguments),
}

/// The arguments of `import openb`.
#[derive(Clone, Debug, Args)]
pub struct OpenbArguments {
    /// The tables of nodes and of pods, in any order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How they are imported.
    #[command(flatten)]
    pub options: OpenbOptions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import rasa`.
#[derive(Clone, Debug, Args)]
pub struct RasaArguments {
    /// The JSON file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is imported.
    #[command(flatten)]
    pub options: RasaOptions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// Where a trace goes.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// File to write the trace to, whole or not at all; standard output without
    #[arg(short, long, value_name = "TRACE")]
    pub output: Option<PathBuf>,
}
