//! Kubernetes YAML and JSON: what people write, and what `kubectl get -o yaml` prints.
//!
//! What comes of it: see [`changes`](super::changes); everything is there from the beginning. A cluster's dump keeps its pods
//! on their nodes; pods of manifests wait. Beside the files there may be
//! - who calls whom (`--edges`): the annotation `wit-placement.dev/links` on the callers;
//! - a load over time (`--load`): what KEDA's `ScaledObject`s and `HorizontalPodAutoscaler`s would make of it.

mod edges;
mod scalers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wit_sources::cluster::manifests::documents::{self, File};

use self::scalers::Scaler;
use super::additions::Additions;
use super::changes::{Changes, reference};
use super::live::Live;
use super::problems::Problems;
use super::{ImportError, ImportProblem, Imported, InputFile};
use crate::trace::{Happening, Header, Record, Source};

/// What a trace is made of.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The files with objects.
    pub objects: Vec<InputFile>,
    /// A cluster instead of files.
    pub live: Option<Live>,
    /// Who calls whom: a table with the columns `src`, `dst` and `weight` or `calls_per_user_task`.
    pub edges: Option<InputFile>,
    /// The load over time: a table with the columns `seconds` and `value`.
    pub load: Option<InputFile>,
}

/// Whether pods stay where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// They wait.
    Forgotten,
    /// They stay on their nodes.
    Kept,
}

impl Bound {
    /// What is said of times, which no manifest has.
    fn made_up(self) -> &'static str {
        match self {
            Self::Forgotten => {
                "all pods come at the beginning, in an order that is drawn: manifests do not say when they came"
            }
            Self::Kept => "everything is there from the beginning: manifests do not say when it came",
        }
    }
}

/// Reads files and every manifest in folders and in the folders in them. Hidden files and folders are left out.
///
/// # Errors
/// Each that cannot be read.
pub fn read(paths: &[PathBuf]) -> Result<Vec<InputFile>, ImportError> {
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        let read = if path.is_dir() { folder(path) } else { InputFile::read(path).map(|file| vec![file]) };
        match read {
            Ok(read) => files.extend(read),
            Err(error) => problems.extend(error.problems),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(ImportError { problems }) }
}

fn folder(path: &Path) -> Result<Vec<InputFile>, ImportError> {
    let name = path.display().to_string();
    let mut problems = Problems::of(&name);
    let found = documents::files(path).unwrap_or_else(|error| {
        problems.add("", format_args!("cannot be read: {error}"));
        Vec::new()
    });
    let mut files = Vec::new();
    for File { path: file, text } in found {
        match text {
            Ok(text) => files.push(InputFile { path: path.join(file), bytes: text.into_bytes() }),
            Err(error) => problems.add(file, format_args!("cannot be read: {error}")),
        }
    }
    problems.finish(files)
}

/// Makes a trace of objects.
///
/// # Errors
/// Everything in the files that does not make sense.
pub fn import(
    input: &Input,
    format: &str,
    bound: Bound,
    additions: &Additions,
) -> Result<Imported, ImportError> {
    let mut reading = Reading::default();
    for file in &input.objects {
        reading.file(file);
    }
    if let Some(live) = &input.live {
        reading.live(live);
    }
    let Reading { changes, scalers, mut problems, .. } = reading;
    let mut ended = changes.end();
    if bound == Bound::Forgotten {
        forget(&mut ended.records);
        ended.strays.clear();
    }
    if let Some(edges) = &input.edges {
        problems.extend(edges::add(edges, &mut ended.records));
    }
    let mut passed_over = Vec::new();
    match &input.load {
        Some(load) => match scalers::load(load) {
            Ok(load) => passed_over.extend(scalers::add(&scalers, &load, &mut ended.records)),
            Err(error) => problems.extend(error.problems),
        },
        None => passed_over.extend(scalers.iter().map(|scaler| scaler.without_load(bound))),
    }
    if !problems.is_empty() {
        return Err(ImportError { problems });
    }
    let mut imported = match &input.live {
        None => additions.trace(format, &input.objects, ended)?,
        Some(live) => {
            let source = Source { format: format.to_owned(), name: live.server.clone(), sha256: None };
            additions.onto(Header::new("cluster", vec![source]), ended)?
        }
    };
    let header = &mut imported.trace.header;
    header.synthetic.push(bound.made_up().to_owned());
    header.sources.extend(input.edges.iter().map(|edges| edges.source("edges")));
    header.sources.extend(input.load.iter().map(|load| load.source("load")));
    if input.load.is_some() {
        header.synthetic.push("replicas follow a load curve, without any delay of the scaler".to_owned());
    }
    imported.passed_over.extend(passed_over);
    Ok(imported)
}

fn forget(records: &mut [Record]) {
    for record in records {
        if let Happening::Pod(pod) = &mut record.happening {
            pod.node = None;
        }
    }
}

#[derive(Default)]
struct Reading {
    changes: Changes,
    scalers: Vec<Scaler>,
    /// Where each object was found first.
    places: BTreeMap<(String, String, String), String>,
    problems: Vec<ImportProblem>,
}

impl Reading {
    fn file(&mut self, file: &InputFile) {
        let name = file.name();
        let mut problems = Problems::of(&name);
        let text = String::from_utf8(file.bytes.clone()).map_err(|_| "is no UTF-8".to_owned());
        let mut found = Vec::new();
        let objects = documents::objects(&File { path: name.clone(), text }, &mut found);
        for problem in found {
            let place = problem.document.map(|document| format!("document {document}"));
            problems.add(place.unwrap_or_default(), problem.message);
        }
        for (place, object) in objects {
            self.object(&name, &format!("document {}", place.document), object, &mut problems);
        }
        self.problems.extend(problems.into_inner());
    }

    fn live(&mut self, live: &Live) {
        let mut problems = Problems::of(&live.server);
        for object in &live.objects {
            self.object(&live.server, "", object.clone(), &mut problems);
        }
        self.problems.extend(problems.into_inner());
    }

    fn object(&mut self, file: &str, place: &str, object: Value, problems: &mut Problems<'_>) {
        let (kind, namespace, name) = reference(&object);
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        if let Some(first) = self.places.get(&key) {
            problems.add(place, format_args!("{kind} {name} is also in {first}"));
            return;
        }
        self.places.insert(key, format!("{file}: {place}"));
        if scalers::is_scaler(&object) {
            self.scalers.extend(scalers::read(file, place, &object, problems));
        } else {
            self.changes.applied(0, place, object, problems);
        }
    }
}
