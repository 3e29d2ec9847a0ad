//! The files that a command line names.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use wit_config::Settings;

use super::Placement;
use crate::cli::EvaluateArguments;
use crate::input::{kept, settings};
use crate::scenario::Scenario;
use crate::trace::{Trace, TraceError};

/// What is evaluated.
#[derive(Debug)]
pub struct Files {
    /// What the trace calls itself.
    pub name: String,
    /// What the trace simulates.
    pub scenario: Scenario,
    /// The placement.
    pub placement: Placement,
    /// The placement's file.
    pub place: String,
    /// The settings; the defaults without a file.
    pub settings: Settings,
}

impl Files {
    /// Reads all of them.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn read(arguments: &EvaluateArguments) -> anyhow::Result<Self> {
        let mut problems = Vec::new();
        let trace = kept(trace(&arguments.trace), &mut problems);
        let placement = kept(placement(&arguments.placement), &mut problems);
        let settings = kept(arguments.config.as_deref().map(settings).transpose(), &mut problems);
        match (trace, placement, settings) {
            (Some((name, scenario)), Some(placement), Some(settings)) => Ok(Self {
                name,
                scenario,
                placement,
                place: arguments.placement.display().to_string(),
                settings: settings.unwrap_or_default(),
            }),
            _ => Err(anyhow::anyhow!("{}", problems.join("\n"))),
        }
    }
}

fn trace(path: &Path) -> anyhow::Result<(String, Scenario)> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let told = |error: TraceError| {
        let lines = error.problems.iter().map(|problem| format!("{}: {problem}", path.display()));
        anyhow::anyhow!("{}", lines.collect::<Vec<_>>().join("\n"))
    };
    let trace = Trace::read(BufReader::new(file)).map_err(told)?;
    let scenario = trace.load().map_err(told)?;
    Ok((trace.header.name, scenario))
}

fn placement(path: &Path) -> anyhow::Result<Placement> {
    let place = || path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(place)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut json = serde_json::Deserializer::from_str(text);
    let placement = serde_path_to_error::deserialize(&mut json).with_context(place)?;
    json.end().with_context(place)?;
    Ok(placement)
}
