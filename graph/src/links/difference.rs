//! What keeps an export from serving an import, in words.
//!
//! "Here" is the consumer that imports, "there" the provider that exports.

use std::collections::BTreeMap;

use crate::component::{Fingerprint, Form, Signature};

/// How many problems a summary tells before it only counts them.
const TOLD: usize = 3;

/// Everything of an import that the export lacks or has otherwise, types first; each cause once, though every function
/// that uses a type differs with it.
pub(super) fn problems(
    import: &BTreeMap<String, Fingerprint>,
    export: &BTreeMap<String, Fingerprint>,
) -> Vec<String> {
    let (functions, types): (Vec<_>, Vec<_>) = import.iter().partition(|(_, item)| item.form().is_function());
    let mut problems: Vec<String> = Vec::new();
    for (name, here) in types.into_iter().chain(functions) {
        let owner = owner(name, here);
        let problem = match export.get(name) {
            None => format!("{owner} is missing there"),
            Some(there) if there != here => describe(&owner, here, there),
            Some(_) => continue,
        };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// The first problems in one sentence.
pub(super) fn summary(problems: &[String]) -> String {
    let told = problems.iter().take(TOLD).map(String::as_str).collect::<Vec<_>>().join("; ");
    match problems.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told}; and {more} more"),
    }
}

/// What an item is and is called: "record `line`".
fn owner(name: &str, item: &Fingerprint) -> String {
    let kind = match item.form() {
        form if form.is_function() => "function",
        Form::Record(_) => "record",
        Form::Variant(_) => "variant",
        Form::Names(keyword, _) => keyword,
        form if form.is_resource() => "resource",
        _ => "type",
    };
    format!("{kind} `{name}`")
}

/// How two items differ that should be equal.
fn describe(owner: &str, here: &Fingerprint, there: &Fingerprint) -> String {
    let told = match (here.form(), there.form()) {
        (Form::Function(here), Form::Function(there)) => return describe_function(owner, here, there),
        (Form::Record(here), Form::Record(there)) => {
            let field = |(name, ty): &(String, Fingerprint)| (name.clone(), Some(ty.clone()));
            describe_members(
                owner,
                "field",
                here.iter().map(field).collect(),
                there.iter().map(field).collect(),
            )
        }
        (Form::Variant(here), Form::Variant(there)) => {
            describe_members(owner, "case", here.clone(), there.clone())
        }
        (Form::Names(keyword, here), Form::Names(other, there)) if keyword == other => {
            let name = |name: &String| (name.clone(), None);
            describe_members(owner, "name", here.iter().map(name).collect(), there.iter().map(name).collect())
        }
        _ => inner_difference(here, there),
    };
    told.unwrap_or_else(|| format!("{owner}: {here} here, {there} there"))
}

fn describe_function(owner: &str, here: &Signature, there: &Signature) -> String {
    if here.is_async != there.is_async {
        let [here, there] = [here, there].map(|it| if it.is_async { "async" } else { "not async" });
        return format!("{owner}: {here} here, {there} there");
    }
    let names =
        |it: &Signature| it.params.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if names(here) != names(there) {
        return format!("parameters of {owner}: ({}) here, ({}) there", names(here), names(there));
    }
    let mut params = here.params.iter().zip(&there.params);
    match params.find(|((_, here), (_, there))| here != there) {
        Some(((name, here), (_, there))) => {
            describe_use(&format!("parameter `{name}` of {owner}"), Some(here), Some(there))
        }
        None => describe_use(&format!("result of {owner}"), here.result.as_ref(), there.result.as_ref()),
    }
}

/// A member of a record, variant, enum or flags.
type Member = (String, Option<Fingerprint>);

/// How the members of two types differ; nothing when they do not.
fn describe_members(owner: &str, what: &str, here: Vec<Member>, there: Vec<Member>) -> Option<String> {
    let lacks = |list: &[Member], name: &str| list.iter().all(|(other, _)| other != name);
    if let Some((name, _)) = here.iter().find(|(name, _)| lacks(&there, name)) {
        return Some(format!("{owner} has the {what} `{name}` here, but not there"));
    }
    if let Some((name, _)) = there.iter().find(|(name, _)| lacks(&here, name)) {
        return Some(format!("{owner} has the {what} `{name}` there, but not here"));
    }
    for ((name, here), (other, there)) in here.into_iter().zip(there) {
        if name != other {
            return Some(format!("{owner} has its {what}s in another order there"));
        }
        if here != there {
            return Some(describe_use(&format!("{what} `{name}` of {owner}"), here.as_ref(), there.as_ref()));
        }
    }
    None
}

/// How the types differ that are used at a place: by what differs inside a type that both use, where there is one.
fn describe_use(place: &str, here: Option<&Fingerprint>, there: Option<&Fingerprint>) -> String {
    if let Some(inner) = here.zip(there).and_then(|(here, there)| inner_difference(here, there)) {
        return inner;
    }
    let [here, there] =
        [here, there].map(|ty| ty.map_or_else(|| "nothing".to_owned(), Fingerprint::reference));
    format!("{place}: {here} here, {there} there")
}

/// Follows two types through lists, options and their like to the records, variants and resources that differ.
fn inner_difference(here: &Fingerprint, there: &Fingerprint) -> Option<String> {
    let name = here.name().or_else(|| there.name());
    match (here.form(), there.form()) {
        (Form::Record(_), Form::Record(_)) | (Form::Variant(_), Form::Variant(_)) => {
            Some(describe(&owner(name.unwrap_or("_"), here), here, there))
        }
        (Form::Names(keyword, _), Form::Names(other, _)) if keyword == other => {
            Some(describe(&owner(name.unwrap_or("_"), here), here, there))
        }
        (Form::Resource { .. }, Form::Resource { .. }) => Some(format!("{here} here, {there} there")),
        (Form::Compound(keyword, here), Form::Compound(other, there)) if keyword == other => {
            let (here, there) = here.iter().zip(there).find(|(here, there)| here != there)?;
            inner_difference(here.as_ref()?, there.as_ref()?)
        }
        (Form::Array(here, length), Form::Array(there, other)) if length == other => {
            inner_difference(here, there)
        }
        _ => None,
    }
}
