//! The commands, each as `wit-sim` runs it.

mod documents;
mod facts;
mod progress;
mod quickstart;
mod record;
mod runs;
mod shell;
mod tables;

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, ensure};

use crate::claims::{self, Claim, Scenarios};
use crate::cli::{
    ClusterArguments, Format, ImportArguments, JoinArguments, ManifestsArguments, ScenariosArguments, Target,
    ValidateArguments,
};
use crate::counts::Counts;
use crate::import::manifests::Bound;
use crate::import::{
    ImportError, ImportProblem, Imported, InputFile, kss, kwok, live, manifests, openb, rasa, save, sktrace,
};
use crate::join;
use crate::save;
use crate::trace::{Examined, Trace, TraceError, TraceProblem, capped};

pub(crate) use documents::{diff, explain, export, report};
pub(crate) use progress::Shown;
pub(crate) use quickstart::quickstart;
pub(crate) use record::record;
pub(crate) use runs::{compare, replay};
pub(crate) use shell::{completions, man};

/// `wit-sim import`.
pub(crate) fn import(
    arguments: &ImportArguments,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let target = arguments.format.target();
    if let Some(output) = &target.output {
        save::apart(output, arguments.format.inputs())?;
    }
    let imported = match &arguments.format {
        Format::Rasa(rasa) => rasa::import(&InputFile::read(&rasa.file)?, &rasa.options)?,
        Format::Openb(openb) => openb::import(&InputFile::read_all(&openb.files)?, &openb.options)?,
        Format::Sktrace(it) => sktrace::import(&InputFile::read(&it.file)?, &it.additions)?,
        Format::Manifests(arguments) => from_manifests(arguments)?,
        Format::Cluster(arguments) => from_cluster(arguments)?,
        Format::Kss(it) => kss::import(&InputFile::read_all(&it.files)?, &it.additions)?,
        Format::Kwok(it) => kwok::import(&InputFile::read_all(&it.files)?, &it.additions)?,
    };
    give(&imported, target, out, notes)
}

fn from_manifests(arguments: &ManifestsArguments) -> anyhow::Result<Imported> {
    let input = manifests::Input {
        objects: manifests::read(&arguments.paths)?,
        live: None,
        edges: arguments.edges.as_deref().map(InputFile::read).transpose()?,
        load: arguments.load.as_deref().map(InputFile::read).transpose()?,
    };
    Ok(manifests::import(&input, "manifests", Bound::Forgotten, &arguments.additions)?)
}

fn from_cluster(arguments: &ClusterArguments) -> anyhow::Result<Imported> {
    let objects = manifests::read(&arguments.paths)?;
    let edges = arguments.edges.as_deref().map(InputFile::read).transpose()?;
    let live = if arguments.paths.is_empty() {
        Some(live::read(arguments.kubeconfig.as_deref(), arguments.context.as_deref())?)
    } else {
        None
    };
    let input = manifests::Input { objects, live, edges, load: None };
    Ok(manifests::import(&input, "cluster", Bound::Kept, &arguments.additions)?)
}

/// `wit-sim join`.
pub(crate) fn join(
    arguments: &JoinArguments,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    if let Some(output) = &arguments.target.output {
        save::apart(output, [arguments.cluster.as_path(), arguments.times.as_path()])?;
    }
    let (cluster, times) = match (read(&arguments.cluster), read(&arguments.times)) {
        (Ok(cluster), Ok(times)) => (cluster, times),
        (cluster, times) => {
            let problems = [cluster.err(), times.err()].into_iter().flatten().flatten().collect();
            return Err(ImportError { problems }.into());
        }
    };
    let trace = join::join(cluster, &times, arguments.seed)?;
    give(&Imported { trace, passed_over: Vec::new() }, &arguments.target, out, notes)
}

/// `wit-sim scenarios`.
pub(crate) fn scenarios(arguments: &ScenariosArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let claims = claims::named(&arguments.names)?;
    if arguments.list {
        return Ok(out.write_all(claims::listing(&claims).as_bytes())?);
    }
    let claims = claims.iter().map(Claim::judge).collect::<anyhow::Result<_>>()?;
    let scenarios = Scenarios { claims, ..Scenarios::default() };
    out.write_all(claims::render(&scenarios, arguments.output)?.as_bytes())?;
    let changed = scenarios.claims.iter().filter(|claim| !claim.unexpected.is_empty());
    let changed: Vec<&str> = changed.map(|claim| claim.name.as_str()).collect();
    ensure!(changed.is_empty(), "no longer as the files expect: {}", changed.join(", "));
    Ok(())
}

/// `wit-sim validate`.
pub(crate) fn validate(arguments: &ValidateArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    for path in &arguments.traces {
        let file = match opened(path) {
            Ok(file) => file,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let Examined { trace, problems: found, warnings } = Trace::examine(file);
        let name = path.display();
        if found.is_empty() {
            writeln!(out, "{name}: {}", Counts::of(&trace))?;
        }
        for warning in &warnings {
            writeln!(out, "{name}: warning: {warning}")?;
        }
        if trace.unfinished.is_some() && found.is_empty() {
            writeln!(out, "{name}: `wit-sim record --append` cuts the unfinished line off and goes on")?;
        }
        problems.extend(in_file(path, TraceError { problems: found }));
    }
    if problems.is_empty() { Ok(()) } else { Err(ImportError { problems }.into()) }
}

fn opened(path: &Path) -> Result<BufReader<File>, ImportProblem> {
    let (file, place) = (path.display().to_string(), String::new());
    let problem = |error| ImportProblem { file, place, message: format!("cannot be opened: {error}") };
    File::open(path).map(BufReader::new).map_err(problem)
}

/// A trace from its file, or everything that is wrong with it.
fn read(path: &Path) -> Result<Trace, Vec<ImportProblem>> {
    let file = opened(path).map_err(|problem| vec![problem])?;
    Trace::read(file).map_err(|error| in_file(path, error))
}

fn in_file(path: &Path, error: TraceError) -> Vec<ImportProblem> {
    let told = |TraceProblem { line, field, message }: TraceProblem| {
        let place = if field.is_empty() { format!("line {line}") } else { format!("line {line}: {field}") };
        ImportProblem { file: path.display().to_string(), place, message }
    };
    error.problems.into_iter().map(told).collect()
}

/// Writes a trace where it is to go, and says what is in it.
fn give(
    imported: &Imported,
    target: &Target,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    for problem in &imported.passed_over {
        writeln!(notes, "passed over: {problem}")?;
    }
    let trace = &imported.trace;
    let scenario = trace.load().context("what would be written cannot be simulated")?;
    if !scenario.warnings.is_empty() {
        let warnings: Vec<_> = scenario.warnings.iter().map(|told| format!("warning: {told}")).collect();
        writeln!(notes, "{}", capped(&warnings))?;
    }
    if let Some(path) = &target.output {
        save(trace, path)?;
    } else {
        let mut out = BufWriter::new(out);
        trace.write(&mut out)?;
        out.flush()?;
    }
    for told in &trace.header.synthetic {
        writeln!(notes, "synthetic: {told}")?;
    }
    writeln!(notes, "{}: {}", trace.header.name, Counts::of(trace))?;
    Ok(())
}
