//! The commands that read what runs left behind.

use std::path::PathBuf;

use clap::Args;

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
