//! The commands that read what runs left behind.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use k8s_openapi::jiff::Timestamp;

use super::Output;
use crate::export::EPOCH;

/// The arguments of `report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArguments {
    /// What `wit-sim replay --output json` printed, of one trace; every strategy with the same seeds
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The page: one HTML file that needs nothing beside itself
    #[arg(short, long, value_name = "FILE.html")]
    pub output: PathBuf,
    /// Folder for the figures, each as an SVG file
    #[arg(long, value_name = "DIR")]
    pub svg: Option<PathBuf>,
    /// Folder for the tables, each as a CSV file
    #[arg(long, value_name = "DIR")]
    pub csv: Option<PathBuf>,
}

/// The arguments of `export`.
#[derive(Clone, Debug, Args)]
pub struct ExportArguments {
    /// What `wit-sim replay --output json --points N` printed; the numbers are known at those points and at the end
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
    /// The file, for `promtool tsdb create-blocks-from openmetrics`
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// The format of the file
    #[arg(long, value_enum, default_value_t)]
    pub format: ExportFormat,
    /// The time at which runs begin; Prometheus keeps what is not older than its retention, 15 days unless it is told otherwise
    #[arg(long, value_name = "TIME", default_value = EPOCH)]
    pub start: Timestamp,
}

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// `OpenMetrics` text with timestamps.
    #[default]
    Openmetrics,
}

/// The arguments of `diff`.
#[derive(Clone, Debug, Args)]
pub struct DiffArguments {
    /// What `wit-sim replay --output json` printed
    #[arg(value_name = "RUN")]
    pub one: PathBuf,
    /// The same of another strategy, seed, order or configuration, over the same trace
    #[arg(value_name = "RUN")]
    pub other: PathBuf,
    /// How many workloads of which pods are elsewhere are shown to people; the document has all
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    /// What is printed: a table for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// The arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArguments {
    /// What `wit-sim replay --output json` printed, with its decisions
    #[arg(value_name = "RUN")]
    pub run: PathBuf,
    /// The pod as namespace/name, or by its name where no other has it
    #[arg(value_name = "POD")]
    pub pod: String,
    /// What is printed: a table for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// The arguments of `quickstart`.
#[derive(Clone, Debug, Args)]
pub struct QuickstartArguments {
    /// The folder for everything that is made; files in it that others made or changed are never overwritten
    #[arg(short, long, value_name = "DIR", default_value = "wit-sim-quickstart")]
    pub output: PathBuf,
}
