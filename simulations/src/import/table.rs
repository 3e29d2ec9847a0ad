//! Tables in files: comma-separated values whose first line names the columns.

use std::fmt::Display;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord};

use super::InputFile;
use super::problems::Problems;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    columns: StringRecord,
    rows: Vec<StringRecord>,
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    columns: &'a StringRecord,
    fields: &'a StringRecord,
}

impl Table {
    /// Reads a table without the rows that cannot be read, which are told; nothing where one of `required` is no column.
    pub(super) fn read(file: &InputFile, required: &[&str], problems: &mut Problems<'_>) -> Option<Self> {
        let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.bytes.as_slice());
        let columns = reader.headers().cloned().unwrap_or_else(|error| {
            problems.add("line 1", error);
            StringRecord::new()
        });
        let missing: Vec<_> =
            required.iter().filter(|column| !columns.iter().any(|name| name == **column)).collect();
        for column in &missing {
            problems.add("line 1", format_args!("there is no column `{column}`"));
        }
        let mut rows = Vec::new();
        for row in reader.records() {
            match row {
                Ok(row) => rows.push(row),
                Err(error) => problems.add(place(error.position()), of_row(&error)),
            }
        }
        missing.is_empty().then_some(Self { columns, rows })
    }

    /// Whether there is a column of this name.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|fields| Row { columns: &self.columns, fields })
    }
}

impl<'a> Row<'a> {
    /// Where the row is: `line 7`.
    pub(super) fn place(&self) -> String {
        place(self.fields.position())
    }

    /// A field; empty where there is none.
    pub(super) fn text(&self, column: &str) -> &'a str {
        let index = self.columns.iter().position(|name| name == column);
        index.and_then(|index| self.fields.get(index)).unwrap_or_default()
    }

    /// A field as a number; a problem where it is none.
    pub(super) fn number<T: FromStr<Err: Display>>(
        &self,
        column: &str,
        problems: &mut Problems<'_>,
    ) -> Option<T> {
        let text = self.text(column);
        let parsed = text.parse();
        parsed.map_err(|error| problems.add(self.at(column), format_args!("\"{text}\": {error}"))).ok()
    }

    /// The place of a field: `line 7: cpu_milli`.
    pub(super) fn at(&self, column: &str) -> String {
        format!("{}: {column}", self.place())
    }
}

fn place(position: Option<&csv::Position>) -> String {
    position.map(|position| format!("line {}", position.line())).unwrap_or_default()
}

/// What is wrong with a row, without the place, which is said already.
fn of_row(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields, and there are {expected_len} columns")
        }
        csv::ErrorKind::Utf8 { .. } => "is no UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
