//! A trace from its lines.

use std::fmt;
use std::io::BufRead;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use thiserror::Error;
use wit_config::API_VERSION;

use super::examine::unknown_fields;
use super::{Happening, Header, KIND, Record, Trace};

/// What is said of a file whose first line is no JSON object.
const NO_HEADER: &str = "is no header of a trace, which is a JSON object on one line: \
    {\"apiVersion\":\"wit-placement.dev/v1alpha1\",\"kind\":\"Trace\",\"name\":\"…\"}";

/// A trace that cannot be used, with everything that is wrong with it.
#[derive(Debug, Error)]
#[error("{}", all_of(problems))]
pub struct TraceError {
    /// What is wrong, in the order of the lines; at least one.
    pub problems: Vec<TraceProblem>,
}

/// Something that is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TraceProblem {
    /// The line, counted from one.
    pub line: usize,
    /// The path of the field in the line; empty where the whole line is meant.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// What some editors begin a file with.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How many problems people are told.
pub(crate) const MOST_TOLD: usize = 50;

impl Trace {
    /// Reads a trace. Empty lines are passed over, and so is a last line that `wit-sim record` did not finish because it was
    /// killed: see [`Trace::unfinished`].
    ///
    /// # Errors
    /// Every problem of every line: what is no JSON, what is no record, and times that run back.
    pub fn read(input: impl BufRead) -> Result<Self, TraceError> {
        let Lines { header, unfinished, reading } = lines(input, false);
        match header {
            Some(header) if reading.problems.is_empty() => {
                Ok(Self { header, records: reading.records, unfinished })
            }
            _ => Err(TraceError { problems: reading.problems }),
        }
    }
}

/// What the lines of a trace say, one by one.
pub(super) struct Lines {
    pub(super) header: Option<Header>,
    pub(super) unfinished: Option<usize>,
    pub(super) reading: Reading,
}

/// Reads the lines; one that examines looks for more than what is needed to simulate them.
pub(super) fn lines(mut input: impl BufRead, examines: bool) -> Lines {
    let mut reading = Reading { examines, ..Reading::default() };
    let mut header = None;
    let mut unfinished = None;
    let mut line = Vec::new();
    for number in 1.. {
        reading.line = number;
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                reading.problem("", format!("it cannot be read: {error}"));
                break;
            }
        }
        if number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        if header.is_none() {
            if serde_json::from_slice::<Map<String, Value>>(&line).is_err() {
                // It is no trace at all: what is wrong with each of its lines would help nobody.
                reading.problem("", NO_HEADER.to_owned());
                header = Some(None);
                break;
            }
            header = Some(reading.header(&line));
        } else if header.iter().flatten().any(Header::is_recorded) && is_cut_off(&line) {
            unfinished = Some(number);
        } else {
            let before = reading.problems.len();
            reading.record(&line);
            if examines && reading.problems.len() > before {
                reading.unread.push(String::from_utf8_lossy(&line).into_owned());
            }
        }
    }
    if header.is_none() {
        reading.line = 1;
        reading.problem("", "the trace is empty: its first line is its header".to_owned());
    }
    Lines { header: header.flatten(), unfinished, reading }
}

/// Whether this is the beginning of a record and no more: the end of the line is missing, and of the JSON too.
fn is_cut_off(line: &[u8]) -> bool {
    !line.ends_with(b"\n") && serde_json::from_slice::<IgnoredAny>(line).is_err()
}

#[derive(Default)]
pub(super) struct Reading {
    examines: bool,
    line: usize,
    pub(super) records: Vec<Record>,
    /// The line of each record.
    pub(super) numbers: Vec<usize>,
    pub(super) problems: Vec<TraceProblem>,
    /// Fields that Kubernetes does not have.
    pub(super) unknown: Vec<TraceProblem>,
    /// The lines that something is wrong with.
    pub(super) unread: Vec<String>,
}

impl Reading {
    fn problem(&mut self, field: &str, message: String) {
        self.problems.push(TraceProblem { line: self.line, field: field.to_owned(), message });
    }

    fn header(&mut self, line: &[u8]) -> Option<Header> {
        let header: Header = self.parsed(line)?;
        let expected = [("apiVersion", &header.api_version, API_VERSION), ("kind", &header.kind, KIND)];
        for (field, found, expected) in expected {
            if found != expected {
                self.problem(field, format!("is `{found}`, expected `{expected}`"));
            }
        }
        Some(header)
    }

    fn record(&mut self, line: &[u8]) {
        let Some(mut fields) = self.parsed::<Map<String, Value>>(line) else { return };
        let at = match fields.remove("at").map(|at| at.as_u64()) {
            Some(Some(at)) => at,
            Some(None) => return self.problem("at", "is no whole number of milliseconds".to_owned()),
            None => return self.problem("at", "is missing: milliseconds since the beginning".to_owned()),
        };
        if fields.len() != 1 {
            let found: Vec<_> = fields.keys().map(String::as_str).collect();
            let found = if found.is_empty() { "nothing".to_owned() } else { found.join(", ") };
            return self.problem("", format!("a record has `at` and one happening, found {found}"));
        }
        if let Some(before) = self.records.last().map(|record| record.at).filter(|before| *before > at) {
            self.problem("at", format!("is {at}, and the record before is later: {before}"));
        }
        let given = self.examines.then(|| Value::Object(fields.clone()));
        if let Some(happening) = self.decoded::<Happening, _>(Value::Object(fields)) {
            for field in given.iter().flat_map(|given| unknown_fields(given, &happening)) {
                let message = "is no field of Kubernetes: it is passed over".to_owned();
                self.unknown.push(TraceProblem { line: self.line, field, message });
            }
            self.records.push(Record { at, happening });
            self.numbers.push(self.line);
        }
    }

    fn parsed<T: DeserializeOwned>(&mut self, line: &[u8]) -> Option<T> {
        let mut json = serde_json::Deserializer::from_slice(line);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| self.refused(&error));
        let value = value.ok()?;
        json.end().map_err(|error| self.problem("", in_the_line(&error.to_string()))).ok()?;
        Some(value)
    }

    fn decoded<T: DeserializeOwned, D>(&mut self, from: D) -> Option<T>
    where
        D: for<'de> serde::Deserializer<'de>,
        for<'de> <D as serde::Deserializer<'de>>::Error: fmt::Display,
    {
        serde_path_to_error::deserialize(from).map_err(|error| self.refused(&error)).ok()
    }

    fn refused<E: fmt::Display>(&mut self, error: &serde_path_to_error::Error<E>) {
        self.problem(&field_of(error.path()), in_the_line(&error.inner().to_string()));
    }
}

/// The field that a parser had come to; empty at the very beginning, and what it had not read the name of is left out.
pub(crate) fn field_of(path: &serde_path_to_error::Path) -> String {
    path.to_string().trim_end_matches('?').trim_end_matches('.').to_owned()
}

/// What is wrong with the JSON of a line: the parser counts lines of its own, of which there is one.
pub(crate) fn in_the_line(message: &str) -> String {
    let Some((said, place)) = message.rsplit_once(" at line ") else { return message.to_owned() };
    match place.split_once(" column ") {
        Some(("1", column)) => format!("{said} at column {column}"),
        Some(_) => format!("{said} at its end"),
        None => message.to_owned(),
    }
}

impl fmt::Display for TraceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Problems, a line for each.
fn all_of(problems: &[TraceProblem]) -> String {
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    capped(&told)
}

/// Lines, and how many more there are of too many.
pub(crate) fn capped(lines: &[String]) -> String {
    let more = lines.len().saturating_sub(MOST_TOLD);
    let told = lines.iter().take(MOST_TOLD).cloned();
    told.chain((more > 0).then(|| format!("… and {more} more"))).collect::<Vec<_>>().join("\n")
}
