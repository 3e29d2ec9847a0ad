//! Raw shape to values: reads a tree by a table of keys and collects everything that is wrong.

mod suggest;
mod value;

use std::collections::BTreeMap;

use crate::document::{Node, Value};
use crate::key::{Key, Kind};
use crate::problem::Problem;

/// Collects problems while values are read; what cannot be read keeps the value it had.
#[derive(Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
    /// Where each key that was written stands, so that checks over several keys can point at one.
    lines: BTreeMap<String, Option<usize>>,
}

impl Reader {
    /// A reader that starts with what the YAML itself had wrong.
    pub(crate) fn with(problems: Vec<Problem>) -> Self {
        Self { problems, ..Self::default() }
    }

    /// Everything that was wrong.
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes one problem.
    pub(crate) fn report(&mut self, path: &str, line: Option<usize>, message: impl Into<String>) {
        self.problems.push(Problem { line, path: path.to_owned(), message: message.into() });
    }

    /// Reads a mapping by a table. `path` is where the mapping stands in the file, empty at the top.
    pub(crate) fn mapping<T>(&mut self, node: &Node, path: &str, keys: &'static [Key<T>], target: &mut T) {
        match &node.value {
            Value::Map(entries) => self.entries(entries, path, "", keys, target),
            other => self.report(path, node.line, format!("must be a mapping of keys, found {other}")),
        }
    }

    /// Reports the keys without default that a mapping does not have. `wanted` says which of them matter here.
    pub(crate) fn require<T>(
        &mut self,
        node: &Node,
        path: &str,
        keys: &'static [Key<T>],
        wanted: impl Fn(&Key<T>) -> bool,
    ) {
        if !matches!(node.value, Value::Map(_)) {
            return;
        }
        for key in keys.iter().filter(|key| key.default.is_none() && wanted(key)) {
            let shown = join(path, key.path);
            if !self.lines.contains_key(&shown) {
                let parent_line = self.lines.get(&join(path, key.parent())).copied().flatten();
                self.report(
                    &shown,
                    parent_line.or(node.line),
                    format!("is missing; it must be {}", key.kind.expected()),
                );
            }
        }
    }

    /// Reads a list of mappings, each into a fresh `blank()`.
    pub(crate) fn records<T>(
        &mut self,
        node: &Node,
        path: &str,
        keys: &'static [Key<T>],
        blank: fn() -> T,
    ) -> Vec<T> {
        let mut records = Vec::new();
        for (path, item) in self.items(node, path) {
            let mut record = blank();
            self.mapping(item, &path, keys, &mut record);
            self.require(item, &path, keys, |_| true);
            records.push(record);
        }
        records
    }

    /// The items of a list with their paths; anything else is a problem, except nothing at all.
    pub(crate) fn items<'a>(&mut self, node: &'a Node, path: &str) -> Vec<(String, &'a Node)> {
        match &node.value {
            Value::List(items) => {
                items.iter().enumerate().map(|(index, item)| (format!("{path}[{index}]"), item)).collect()
            }
            Value::Nothing => Vec::new(),
            other => {
                self.report(path, node.line, format!("must be a list, found {other}"));
                Vec::new()
            }
        }
    }

    /// Reports what is wrong with several keys together, at the last of them that was written, unless one of
    /// them is wrong on its own already: then its value is not what the file says.
    pub(crate) fn report_together(&mut self, paths: &[&str], message: String) {
        if self.problems.iter().any(|problem| paths.contains(&problem.path.as_str())) {
            return;
        }
        let written = paths.iter().filter_map(|path| Some((*path, *self.lines.get(*path)?)));
        let (path, line) =
            written.max_by_key(|(_, line)| *line).unwrap_or((paths.last().unwrap_or(&""), None));
        self.report(path, line, message);
    }

    /// `within` is the path of the section in the table, `path` where it stands in the file.
    fn entries<T>(
        &mut self,
        entries: &[(String, Node)],
        path: &str,
        within: &str,
        keys: &'static [Key<T>],
        target: &mut T,
    ) {
        for (name, node) in entries {
            let shown = join(path, name);
            self.lines.insert(shown.clone(), node.line);
            // A name with a dot in it is one key, not a path: `placement.strict: true` at the top is unknown.
            let known = keys.iter().find(|key| key.name() == name && key.parent() == within);
            match (known.map(|key| (key, &key.kind)), &node.value) {
                (Some((key, Kind::Section)), Value::Map(inner)) => {
                    self.entries(inner, &shown, key.path, keys, target);
                }
                // A section with every line commented out says nothing.
                (Some((_, Kind::Section)), Value::Nothing) => {}
                (Some((key, _)), _) => self.value(key, node, &shown, target),
                (None, _) => self.report(&shown, node.line, suggest::unknown_key(name, within, keys)),
            }
        }
    }
}

/// The path of a key inside the mapping at `path`.
pub(crate) fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}.{name}"),
    }
}
