//! The structural fingerprint of a function or type.

mod text;

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

/// What a function or type is, structurally: two are equal exactly when the component model would link them.
///
/// Equality is that of a SHA-256 hash over the structure, in which types count by what they are, not by what they are
/// called, and resources by the version track of the interface that owns them and their name. The structure is kept
/// beside the hash, shared, so that a difference can be told in words. `Display` writes it in the words of WIT, cut to
/// a line.
#[derive(Clone)]
pub struct Fingerprint {
    node: Arc<Node>,
    name: Option<Arc<str>>,
}

/// One function or type; what it is made of hangs below it.
struct Node {
    hash: [u8; 32],
    form: Form,
}

/// The structure of a function or type, one level of it.
pub(crate) enum Form {
    /// A number, a string and their like, by WIT's name.
    Primitive(&'static str),
    /// A function.
    Function(Signature),
    /// A record with its fields in order.
    Record(Vec<(String, Fingerprint)>),
    /// A variant with its cases in order.
    Variant(Vec<(String, Option<Fingerprint>)>),
    /// An `enum` or `flags`, which the first field tells, with its names in order.
    Names(&'static str, Vec<String>),
    /// A resource, known by who owns it and how it is called there.
    Resource {
        /// The track of the owning interface, or a plain label where the owner has no full name.
        owner: String,
        /// The resource's name in its owner.
        name: String,
    },
    /// A type made of others without names of their own: `list`, `option`, `tuple`, `result`, `own`, `borrow`, …
    Compound(&'static str, Vec<Option<Fingerprint>>),
    /// A list of a fixed length.
    Array(Fingerprint, u32),
    /// What was read elsewhere: its text; its hash is all that counts.
    Recorded(String),
}

/// The type of a function. Whether it is a method, a constructor or static is part of its name.
pub(crate) struct Signature {
    /// Whether it is `async`, which is part of a function's type since WASI 0.3.
    pub(crate) is_async: bool,
    /// The parameters in order; their names count.
    pub(crate) params: Vec<(String, Fingerprint)>,
    /// What it returns.
    pub(crate) result: Option<Fingerprint>,
}

impl Fingerprint {
    /// The fingerprint of a structure.
    pub(crate) fn of(form: Form) -> Self {
        let hash = hash(&form);
        Self { node: Arc::new(Node { hash, form }), name: None }
    }

    /// A fingerprint that was read elsewhere and written down.
    pub(crate) fn recorded(hash: [u8; 32], text: &str) -> Self {
        Self { node: Arc::new(Node { hash, form: Form::Recorded(text.to_owned()) }), name: None }
    }

    /// The same, called `name` in texts.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { node: Arc::clone(&self.node), name: Some(name.into()) }
    }

    /// The structure, one level of it.
    pub(crate) fn form(&self) -> &Form {
        &self.node.form
    }

    /// The name under which an interface exports it.
    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// How it is referred to where it is used: by its name, otherwise in full.
    pub(crate) fn reference(&self) -> String {
        text::reference(self)
    }

    /// The hash of the structure.
    pub fn hash(&self) -> &[u8; 32] {
        &self.node.hash
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        self.node.hash == other.node.hash
    }
}

impl Eq for Fingerprint {}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::definition(self))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The hash of a structure: a tag, then its parts in order, each with its length or presence so that no two structures
/// write the same bytes.
fn hash(form: &Form) -> [u8; 32] {
    let mut hasher = StructureHasher(Sha256::new());
    match form {
        Form::Primitive(name) => hasher.text("primitive").text(name),
        Form::Function(signature) => hasher
            .text(if signature.is_async { "async func" } else { "func" })
            .members(signature.params.iter().map(|(name, ty)| (name, Some(ty))))
            .part(signature.result.as_ref()),
        Form::Record(fields) => {
            hasher.text("record").members(fields.iter().map(|(name, ty)| (name, Some(ty))))
        }
        Form::Variant(cases) => {
            hasher.text("variant").members(cases.iter().map(|(name, ty)| (name, ty.as_ref())))
        }
        Form::Names(keyword, names) => hasher.text(keyword).members(names.iter().map(|name| (name, None))),
        Form::Resource { owner, name } => hasher.text("resource").text(owner).text(name),
        Form::Compound(keyword, parts) => hasher.text(keyword).parts(parts),
        Form::Array(element, length) => hasher.text("array").part(Some(element)).number(u64::from(*length)),
        Form::Recorded(text) => hasher.text("recorded").text(text),
    };
    hasher.0.finalize().into()
}

/// Writes a structure into SHA-256 without ambiguity.
struct StructureHasher(Sha256);

impl StructureHasher {
    fn text(&mut self, text: &str) -> &mut Self {
        self.number(text.len() as u64);
        self.0.update(text);
        self
    }

    fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(number.to_le_bytes());
        self
    }

    fn part(&mut self, part: Option<&Fingerprint>) -> &mut Self {
        match part {
            None => self.number(0),
            Some(part) => {
                self.number(1);
                self.0.update(part.hash());
                self
            }
        }
    }

    fn parts(&mut self, parts: &[Option<Fingerprint>]) -> &mut Self {
        self.number(parts.len() as u64);
        parts.iter().fold(self, |hasher, part| hasher.part(part.as_ref()))
    }

    fn members<'a>(
        &mut self,
        members: impl ExactSizeIterator<Item = (&'a String, Option<&'a Fingerprint>)>,
    ) -> &mut Self {
        self.number(members.len() as u64);
        members.fold(self, |hasher, (name, ty)| hasher.text(name).part(ty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primitive(name: &'static str) -> Fingerprint {
        Fingerprint::of(Form::Primitive(name))
    }

    fn record(fields: &[(&str, &'static str)]) -> Fingerprint {
        let field = |(name, ty): &(&str, &'static str)| ((*name).to_owned(), primitive(ty));
        Fingerprint::of(Form::Record(fields.iter().map(field).collect()))
    }

    #[test]
    fn a_type_counts_by_what_it_is_not_by_what_it_is_called() {
        let line = record(&[("sku", "string")]);
        assert_eq!(line.named("line"), line.named("row"));
        assert_ne!(line, record(&[("sku", "u32")]));
        assert_ne!(line, record(&[("id", "string")]));
    }

    #[test]
    fn the_order_of_fields_counts() {
        assert_ne!(record(&[("a", "u8"), ("b", "u8")]), record(&[("b", "u8"), ("a", "u8")]));
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let names = |names: &[&str]| {
            Fingerprint::of(Form::Names("enum", names.iter().map(|name| (*name).to_owned()).collect()))
        };
        assert_ne!(names(&["ab", "c"]), names(&["a", "bc"]));
    }

    #[test]
    fn whether_a_function_is_async_counts() {
        let function = |is_async| {
            Fingerprint::of(Form::Function(Signature { is_async, params: Vec::new(), result: None }))
        };
        assert_ne!(function(true), function(false));
    }
}
