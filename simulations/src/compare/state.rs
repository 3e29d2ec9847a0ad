//! The runs of a comparison that have been made, in a file: whoever is interrupted loses those alone that were being made.
//!
//! The first line says which comparison it is, every other line is a run. It is read by the same version for the same comparison
//! only, so that the result is that of an uninterrupted one, byte for byte.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wit_config::API_VERSION;

use super::{Made, Runs};
use crate::documents::Run;
use crate::lines::{LinesFile, whole_lines};
use crate::strategy::Name;

/// The `kind` of the first line.
const KIND: &str = "ComparisonState";

/// What the runs of a comparison depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatePlan {
    /// The SHA-256 of the trace's bytes in hexadecimal.
    pub trace: Option<String>,
    /// What was asked to be different from the trace and the defaults, by what was typed; of a settings file the digest.
    pub settings: BTreeMap<String, String>,
    /// The strategies.
    pub strategies: Vec<Name>,
    /// How many seeds: 0, 1, 2, ….
    pub seeds: u64,
    /// The order of pods that arrive at the same time.
    pub order: String,
}

/// The file.
#[derive(Debug)]
pub struct State {
    file: LinesFile,
}

/// A line of the file but the first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<R> {
    strategy: Name,
    seed: u64,
    run: R,
}

impl State {
    /// Opens the file of this comparison, or begins it; the runs that are in it. Half a line that a kill left is cut off.
    ///
    /// # Errors
    /// Where the file cannot be used, is no such file, or is that of another comparison: everything that differs. Then it is
    /// left as it was.
    pub fn open(path: &Path, plan: &StatePlan) -> anyhow::Result<(Self, Runs)> {
        let place = || path.display().to_string();
        let (mut file, bytes) = LinesFile::open(path)?;
        let header = header(plan)?;
        let mut lines = whole_lines(&bytes).split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let mut runs = Runs::new();
        match lines.next() {
            Some(first) => same(first, &header).with_context(place)?,
            None if is_beginning(&bytes) => {}
            None => bail!("{}: is no state of a comparison", place()),
        }
        for (number, line) in (2..).zip(lines) {
            let line: Line<Run> =
                serde_json::from_slice(line).with_context(|| format!("{}: line {number}", path.display()))?;
            runs.insert((line.strategy, line.seed), line.run);
        }
        file.cut(&bytes).with_context(place)?;
        if whole_lines(&bytes).is_empty() {
            file.append(&(serde_json::to_string(&header)? + "\n")).with_context(place)?;
        }
        Ok((Self { file }, runs))
    }

    /// Keeps a run; when this returns it is on the disk.
    ///
    /// # Errors
    /// The file's.
    pub fn keep(&mut self, made: &Made<'_>) -> anyhow::Result<()> {
        let Made { strategy, seed, run, .. } = *made;
        let mut line = serde_json::to_vec(&Line { strategy, seed, run })?;
        writeln!(line)?;
        Ok(self.file.append(&String::from_utf8(line)?)?)
    }
}

/// The first line.
fn header(plan: &StatePlan) -> anyhow::Result<Map<String, Value>> {
    let mut header = Map::new();
    let fixed = [("apiVersion", API_VERSION), ("kind", KIND), ("version", env!("CARGO_PKG_VERSION"))];
    header.extend(fixed.map(|(key, value)| (key.to_owned(), value.into())));
    if let Value::Object(plan) = serde_json::to_value(plan)? {
        header.extend(plan);
    }
    Ok(header)
}

/// Whether a kill can have left this of the first line.
fn is_beginning(bytes: &[u8]) -> bool {
    let first = format!("{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"{KIND}\"");
    bytes.iter().zip(first.as_bytes()).all(|(byte, expected)| byte == expected)
}

/// Says everything in which another comparison differs.
fn same(first: &[u8], ours: &Map<String, Value>) -> anyhow::Result<()> {
    let theirs: Map<String, Value> = match serde_json::from_slice(first) {
        Ok(Value::Object(theirs)) if theirs.get("kind").is_some_and(|kind| kind == KIND) => theirs,
        _ => bail!("is no state of a comparison"),
    };
    let nothing = Value::Null;
    let differ = ours.iter().filter_map(|(key, value)| {
        let there = theirs.get(key).unwrap_or(&nothing);
        (there != value).then(|| format!("{key} is {there} there and {value} here"))
    });
    let differ: Vec<_> = differ.collect();
    if differ.is_empty() {
        return Ok(());
    }
    bail!("is the state of another comparison; name another file, or delete this one:\n{}", differ.join("\n"))
}
