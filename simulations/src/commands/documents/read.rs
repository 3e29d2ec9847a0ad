//! Runs from their files, or everything that is wrong with those.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::documents::{Assumptions, RUN, Run};
use crate::import::{ImportError, ImportProblem, InputFile};
use crate::trace::field_of;

/// Every run.
pub(super) fn runs(paths: &[PathBuf]) -> Result<Vec<Run>, ImportError> {
    let (mut runs, mut problems) = (Vec::new(), Vec::new());
    for path in paths {
        match run(path) {
            Ok(run) => runs.push(run),
            Err(error) => problems.extend(error.problems),
        }
    }
    if problems.is_empty() { Ok(runs) } else { Err(ImportError { problems }) }
}

/// Every run, no two of one strategy and seed.
pub(super) fn distinct(paths: &[PathBuf]) -> Result<Vec<Run>, ImportError> {
    let runs = runs(paths)?;
    let named: Vec<_> = paths.iter().map(PathBuf::as_path).zip(runs).collect();
    let problems = twice(&named);
    let runs = named.into_iter().map(|(_, run)| run).collect();
    if problems.is_empty() { Ok(runs) } else { Err(ImportError { problems }) }
}

/// A run.
pub(super) fn run(path: &Path) -> Result<Run, ImportError> {
    let file = InputFile::read(path)?;
    if let Some(kind) = other_kind(file.content()) {
        let message =
            format!("is `{kind}` and not `{RUN}`; give what `wit-sim replay TRACE --output json` prints");
        return Err(problem(path, "kind", message).into());
    }
    let mut json = serde_json::Deserializer::from_slice(file.content());
    let run = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let place = field_of(error.path());
        ImportProblem { file: file.name(), place, message: error.into_inner().to_string() }
    })?;
    json.end().map_err(|error| problem(path, "", error.to_string()))?;
    Ok(run)
}

/// The kind of a document that is another than a run.
fn other_kind(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
    }
    serde_json::from_slice(bytes).ok().map(|Kind { kind }| kind).filter(|kind| kind != RUN)
}

/// Two runs of one trace.
pub(super) fn of_one_trace(one: &Path, other: &Path) -> Result<(Run, Run), ImportError> {
    let (first, second) = match (run(one), run(other)) {
        (Ok(first), Ok(second)) => (first, second),
        (first, second) => {
            let problems = [first.err(), second.err()].into_iter().flatten().flat_map(|error| error.problems);
            return Err(ImportError { problems: problems.collect() });
        }
    };
    let input = |assumptions: &Assumptions| Assumptions { order: String::new(), ..assumptions.clone() };
    match other_input(other, &input(&second.assumptions), one, &input(&first.assumptions)) {
        Some(problem) => Err(problem.into()),
        None => Ok((first, second)),
    }
}

/// Runs that can be held against each other: of one trace, and every strategy with the same seeds, once each. They are in the
/// order of their strategies and seeds.
pub(super) fn comparable(paths: &[PathBuf]) -> Result<Vec<Run>, ImportError> {
    let read = runs(paths)?;
    let mut problems = Vec::new();
    let mut named = paths.iter().map(PathBuf::as_path).zip(read).collect::<Vec<_>>();
    if let Some(((first, run), others)) = named.split_first() {
        for (path, other) in others {
            problems.extend(other_input(path, &other.assumptions, first, &run.assumptions));
        }
    }
    problems.extend(twice(&named));
    if problems.is_empty() {
        problems.extend(unpaired(&named));
    }
    // In the order of the files, as far as one was not given twice.
    problems.sort_by_key(|problem| paths.iter().position(|path| path.display().to_string() == problem.file));
    named.sort_by(|(_, one), (_, other)| identity(one).cmp(&identity(other)));
    let runs = named.into_iter().map(|(_, run)| run).collect();
    if problems.is_empty() { Ok(runs) } else { Err(ImportError { problems }) }
}

/// What tells a run from the others.
fn identity(run: &Run) -> (&str, &[u64]) {
    (&run.strategy, &run.assumptions.seeds)
}

fn problem(path: &Path, place: &str, message: String) -> ImportProblem {
    ImportProblem { file: path.display().to_string(), place: place.to_owned(), message }
}

/// Where a run rests on something else than the first.
fn other_input(path: &Path, other: &Assumptions, first: &Path, one: &Assumptions) -> Option<ImportProblem> {
    let settings = |it: &Assumptions| {
        let told: Vec<_> = it.settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
        if told.is_empty() { "the defaults".to_owned() } else { told.join(", ") }
    };
    let digest = |it: &Assumptions| it.input_sha256.clone().unwrap_or_else(|| "none".to_owned());
    let fields = [
        ("assumptions.trace", other.trace.clone(), one.trace.clone()),
        ("assumptions.inputSha256", digest(other), digest(one)),
        ("assumptions.order", other.order.clone(), one.order.clone()),
        ("assumptions.settings", settings(other), settings(one)),
    ];
    let (field, theirs, ours) = fields.into_iter().find(|(_, theirs, ours)| theirs != ours)?;
    Some(problem(path, field, format!("is `{theirs}`, but `{ours}` in {}", first.display())))
}

/// Runs that were given before: they would count twice.
fn twice(named: &[(&Path, Run)]) -> Vec<ImportProblem> {
    let (mut seen, mut problems) = (BTreeMap::new(), Vec::new());
    for (path, run) in named {
        if let Some(earlier) = seen.insert(identity(run), path) {
            let message = format!("{} and this seed are in {} already", run.strategy, earlier.display());
            problems.push(problem(path, "assumptions.seeds", message));
        }
    }
    problems
}

/// Strategies without a run with a seed that another has: their differences would not be seed by seed.
fn unpaired(named: &[(&Path, Run)]) -> Vec<ImportProblem> {
    let mut seeds: BTreeMap<&[u64], &Path> = BTreeMap::new();
    let mut strategies: BTreeMap<&str, Vec<&[u64]>> = BTreeMap::new();
    for (path, run) in named {
        seeds.entry(&run.assumptions.seeds).or_insert(path);
        strategies.entry(&run.strategy).or_default().push(&run.assumptions.seeds);
    }
    let mut problems = Vec::new();
    for (seed, path) in &seeds {
        for strategy in strategies.iter().filter(|(_, own)| !own.contains(seed)).map(|(name, _)| name) {
            let message =
                format!("{strategy} has no run with {seed:?}; strategies are compared seed by seed");
            problems.push(problem(path, "assumptions.seeds", message));
        }
    }
    problems
}
