//! Files → documents → objects, as they are written.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use serde_json::Value;

use super::ManifestProblem;
use crate::cluster::problem::ObjectName;

/// A file of the folder.
#[derive(Clone, Debug, Hash)]
pub struct File {
    /// Its path in the folder, with `/`.
    pub path: String,
    /// Its text, or why it cannot be read.
    pub text: Result<String, String>,
}

/// Where an object was found.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file's path in the folder.
    pub file: String,
    /// Which document of the file, counted from one.
    pub document: usize,
}

impl Place {
    /// Something that is wrong here.
    pub(super) fn problem(&self, object: Option<ObjectName>, message: String) -> ManifestProblem {
        ManifestProblem { file: self.file.clone(), document: Some(self.document), object, message }
    }
}

/// The folder's files, sorted by path.
///
/// # Errors
/// Where the folder cannot be read.
pub fn files(directory: &Path) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    gather(directory, "", &mut files)?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn gather(directory: &Path, prefix: &str, files: &mut Vec<File>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            gather(&entry.path(), &format!("{path}/"), files)?;
        } else if is_manifest(&entry.path()) {
            let text = fs::read_to_string(entry.path()).map_err(|error| error.to_string());
            files.push(File { path, text });
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json")) && path.is_file()
}

/// The objects of a file, lists taken apart, each with its place.
pub fn objects(file: &File, problems: &mut Vec<ManifestProblem>) -> Vec<(Place, Value)> {
    let mut objects = Vec::new();
    let text = match &file.text {
        Ok(text) => text,
        Err(message) => {
            let (file, message) = (file.path.clone(), message.clone());
            problems.push(ManifestProblem { file, document: None, object: None, message });
            return objects;
        }
    };
    for (index, document) in documents(&file.path, text).into_iter().enumerate() {
        let place = Place { file: file.path.clone(), document: index + 1 };
        match document {
            Ok(value) => take_apart(&place, value, &mut objects),
            Err(message) => problems.push(place.problem(None, message)),
        }
    }
    objects
}

/// The documents of a file; one that cannot be parsed does not hide the others.
fn documents(path: &str, text: &str) -> Vec<Result<Value, String>> {
    if Path::new(path).extension().is_some_and(|extension| extension == "json") {
        return vec![serde_json::from_str(text).map_err(|error| error.to_string())];
    }
    let documents = split(text).into_iter().map(|document| parse_document(text, document));
    documents.filter(|document| !matches!(document, Ok(Value::Null))).collect()
}

/// The YAML documents of a text, as ranges of bytes: `---` at the beginning of a line always starts one.
fn split(text: &str) -> Vec<Range<usize>> {
    let mut documents = Vec::new();
    let (mut start, mut position) = (0, 0);
    for line in text.split_inclusive('\n') {
        let rest = line.strip_prefix("---");
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)) {
            documents.push(start..position);
            start = position;
        }
        position += line.len();
    }
    documents.push(start..position);
    documents
}

/// One document of a text. Its errors count the lines of the whole text.
fn parse_document(text: &str, document: Range<usize>) -> Result<Value, String> {
    let before = text.get(..document.start).unwrap_or_default();
    let document = text.get(document).unwrap_or_default();
    parse_yaml(document).or_else(|_| {
        let lines_before = "\n".repeat(before.matches('\n').count());
        parse_yaml(&format!("{lines_before}{document}"))
    })
}

fn parse_yaml(text: &str) -> Result<Value, String> {
    // The folder is the operator's own: a dump of a large cluster is not an attack.
    let budget = serde_saphyr::budget! {
        max_events: usize::MAX,
        max_nodes: usize::MAX,
        max_total_scalar_bytes: usize::MAX,
    };
    let options = serde_saphyr::options! { budget: budget, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

/// Adds an object, or the items of a list. The items of a `PodList` that do not say what they are, are pods.
fn take_apart(place: &Place, mut value: Value, objects: &mut Vec<(Place, Value)>) {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let items = value.get_mut("items").filter(|_| kind.ends_with("List")).and_then(Value::as_array_mut);
    let Some(items) = items.map(std::mem::take) else {
        objects.push((place.clone(), value));
        return;
    };
    let api_version = value.get("apiVersion").cloned();
    let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
    for mut item in items {
        if let (Some(kind), Some(fields)) = (item_kind, item.as_object_mut()) {
            fields.entry("kind").or_insert_with(|| kind.into());
            fields.entry("apiVersion").or_insert_with(|| api_version.clone().unwrap_or_default());
        }
        take_apart(place, item, objects);
    }
}
