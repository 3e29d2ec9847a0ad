//! The commands that read what runs left behind.

mod read;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::cli::{DiffArguments, ExplainArguments, ExportArguments, ExportFormat, Output, ReportArguments};
use crate::diff::RunDifference;
use crate::documents::Run;
use crate::explain::RunExplanation;
use crate::export::openmetrics;
use crate::report_html::Report;
use crate::save;

/// `wit-sim report`.
pub(crate) fn report(arguments: &ReportArguments, notes: &mut dyn Write) -> anyhow::Result<()> {
    save::apart(&arguments.output, arguments.runs.iter().map(PathBuf::as_path))?;
    let runs = read::comparable(&arguments.runs)?;
    let told = counted(&runs);
    let report = Report::new(runs)?;
    save::whole(&arguments.output, |file| file.write_all(report.html().as_bytes()))?;
    writeln!(notes, "{}: {told}", arguments.output.display())?;
    if let Some(folder) = &arguments.svg {
        let figures = report.figures();
        let files = figures.iter().map(|figure| (figure.name.as_str(), figure.svg.as_str()));
        into(folder, files, notes)?;
    }
    if let Some(folder) = &arguments.csv {
        let tables = report.tables();
        into(folder, tables.iter().map(|table| (table.name, table.csv.as_str())), notes)?;
    }
    Ok(())
}

/// `wit-sim export`.
pub(crate) fn export(arguments: &ExportArguments, notes: &mut dyn Write) -> anyhow::Result<()> {
    save::apart(&arguments.output, arguments.runs.iter().map(PathBuf::as_path))?;
    let runs = read::distinct(&arguments.runs)?;
    let text = match arguments.format {
        ExportFormat::Openmetrics => openmetrics(&runs, arguments.start),
    };
    save::whole(&arguments.output, |file| file.write_all(text.as_bytes()))?;
    writeln!(notes, "{}: {}", arguments.output.display(), counted(&runs))?;
    Ok(())
}

/// `wit-sim explain`.
pub(crate) fn explain(arguments: &ExplainArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let run = read::run(&arguments.run)?;
    let explanation = RunExplanation::of(&run, &arguments.pod)
        .map_err(|error| anyhow!("{}: {error}", arguments.run.display()))?;
    let text = match arguments.output {
        Output::Text => explanation.text(),
        Output::Json => serde_json::to_string_pretty(&explanation)? + "\n",
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// `wit-sim diff`.
pub(crate) fn diff(arguments: &DiffArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let (one, other) = read::of_one_trace(&arguments.one, &arguments.other)?;
    let difference = RunDifference::of(&one, &other);
    let text = match arguments.output {
        Output::Text => difference.text(arguments.most),
        Output::Json => serde_json::to_string_pretty(&difference)? + "\n",
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// How many runs of each strategy.
fn counted(runs: &[Run]) -> String {
    let mut strategies: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *strategies.entry(&run.strategy).or_default() += 1;
    }
    let told = strategies.into_iter().map(|(strategy, runs)| match runs {
        1 => format!("1 run of {strategy}"),
        runs => format!("{runs} runs of {strategy}"),
    });
    told.collect::<Vec<_>>().join(", ")
}

/// Writes the files into the folder, which is made where it is not there.
fn into<'a>(
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a str)>,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (name, text) in files {
        let path = folder.join(name);
        save::whole(&path, |file| file.write_all(text.as_bytes()))?;
        writeln!(notes, "{}", path.display())?;
    }
    Ok(())
}
