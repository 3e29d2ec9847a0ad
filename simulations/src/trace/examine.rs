//! Everything that is to be said of a trace, of its lines and of what they mean together.

use std::io::BufRead;

use serde_json::Value;

use super::read::{self, Lines};
use super::{Happening, Trace, TraceProblem};

/// What is to be said of a trace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examined {
    /// The trace, as far as it can be read.
    pub trace: Trace,
    /// What keeps it from being simulated, in the order of the lines.
    pub problems: Vec<TraceProblem>,
    /// What is passed over, or leads nowhere, with its line.
    pub warnings: Vec<String>,
}

/// Where records have objects as Kubernetes writes them.
const OBJECTS: [&str; 4] = ["/node", "/runtimeClass", "/workload/template", "/pod/template"];

impl Trace {
    /// Reads a trace and looks at everything in it: what is no record, what cannot be simulated, and what would be passed over
    /// without a word.
    pub fn examine(input: impl BufRead) -> Examined {
        let Lines { header, unfinished, reading } = read::lines(input, true);
        let mut problems = reading.problems;
        let trace = Self { header: header.unwrap_or_default(), records: reading.records, unfinished };
        let mut warnings: Vec<String> = reading.unknown.iter().map(ToString::to_string).collect();
        let (scenario, semantic) = trace.loaded(reading.numbers.into_iter(), &reading.unread);
        warnings.extend(scenario.warnings);
        problems.extend(semantic);
        problems.sort_by_key(|problem| problem.line);
        Examined { trace, problems, warnings }
    }
}

/// The fields of Kubernetes objects that Kubernetes does not have: their paths.
pub(super) fn unknown_fields(given: &Value, happening: &Happening) -> Vec<String> {
    let mut unknown = Vec::new();
    let Ok(read) = serde_json::to_value(happening) else { return unknown };
    for object in OBJECTS {
        if let (Some(given), Some(read)) = (given.pointer(object), read.pointer(object)) {
            compare(given, read, &object.trim_start_matches('/').replace('/', "."), &mut unknown);
        }
    }
    unknown
}

/// What is given and was not read: it would be there again when the object is written.
fn compare(given: &Value, read: &Value, path: &str, unknown: &mut Vec<String>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (key, given) in given.iter().filter(|(_, given)| !given.is_null()) {
                let path = format!("{path}.{key}");
                match read.get(key) {
                    Some(read) => compare(given, read, &path, unknown),
                    None => unknown.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (index, (given, read)) in given.iter().zip(read).enumerate() {
                compare(given, read, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}
