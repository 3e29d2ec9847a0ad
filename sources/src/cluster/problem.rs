//! Everything that is wrong with an object, told at once and by name.

use std::fmt;

use kube::api::ObjectMeta;
use thiserror::Error;

/// An object's name for people: `Pod shop/cart-0`, `Node edge-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// The object's kind.
    pub kind: String,
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// Its name, `?` where it has none.
    pub name: String,
}

/// One thing that is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path of the field: `spec.containers[0].resources.requests.memory`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An object that cannot be turned into a plain value, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{object}: {}", list(problems))]
pub struct ConvertError {
    /// The object.
    pub object: ObjectName,
    /// What is wrong with it, in the order of its fields; at least one.
    pub problems: Vec<Problem>,
}

/// A plain value, and what of its object was passed over.
///
/// What a user wrote into an annotation never hides the object that carries it: a running pod with a misspelt
/// `wit-placement.dev/mode` still takes its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted<T> {
    /// The value.
    pub value: T,
    /// What was passed over.
    pub warnings: Vec<Problem>,
}

/// Collects what is wrong with one object while it is converted.
#[derive(Debug, Default)]
pub(super) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// The path of a field inside its object; it is written out only when there is something to say about it.
#[derive(Clone, Copy, Debug)]
pub(super) enum FieldPath<'a> {
    /// The object itself.
    Root,
    /// A named field of what the path before it leads to.
    Key(&'a Self, &'a str),
    /// An element of the list that the path before it leads to.
    Index(&'a Self, usize),
}

impl ObjectName {
    /// The name of an object of this kind.
    pub fn new(kind: &str, metadata: &ObjectMeta) -> Self {
        let name = metadata.name.clone().or_else(|| Some(format!("{}?", metadata.generate_name.as_ref()?)));
        Self {
            kind: kind.to_owned(),
            namespace: metadata.namespace.clone(),
            name: name.unwrap_or_else(|| "?".to_owned()),
        }
    }
}

impl<T> Converted<T> {
    /// The same warnings with another value.
    pub fn map<U>(self, into: impl FnOnce(T) -> U) -> Converted<U> {
        Converted { value: into(self.value), warnings: self.warnings }
    }
}

impl Problems {
    /// The object cannot be converted.
    pub(super) fn error(&mut self, field: &FieldPath<'_>, message: impl fmt::Display) {
        self.errors.push(Problem { field: field.to_string(), message: message.to_string() });
    }

    /// Something of the object is passed over.
    pub(super) fn warn(&mut self, field: &FieldPath<'_>, message: impl fmt::Display) {
        self.warnings.push(Problem { field: field.to_string(), message: message.to_string() });
    }

    /// The value, or everything that speaks against it.
    pub(super) fn finish<T>(
        mut self,
        object: impl FnOnce() -> ObjectName,
        value: T,
    ) -> Result<Converted<T>, ConvertError> {
        if self.errors.is_empty() {
            return Ok(Converted { value, warnings: self.warnings });
        }
        self.errors.append(&mut self.warnings);
        Err(ConvertError { object: object(), problems: self.errors })
    }
}

impl<'a> FieldPath<'a> {
    /// The field `key` of what this path leads to.
    pub(super) fn key(&'a self, key: &'a str) -> Self {
        Self::Key(self, key)
    }

    /// The element `index` of what this path leads to.
    pub(super) fn index(&'a self, index: usize) -> Self {
        Self::Index(self, index)
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) if key.contains(['.', '/']) => write!(f, "{parent}[{key}]"),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.field, self.message)
        }
    }
}

/// Problems in one line.
pub(super) fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_kubernetes_writes_them() {
        let spec = FieldPath::Root.key("spec");
        let containers = spec.key("containers");
        assert_eq!(containers.index(2).key("image").to_string(), "spec.containers[2].image");
        let annotations = FieldPath::Root.key("metadata");
        let annotations = annotations.key("annotations");
        assert_eq!(
            annotations.key("wit-placement.dev/mode").to_string(),
            "metadata.annotations[wit-placement.dev/mode]"
        );
    }

    #[test]
    fn an_error_names_the_object_and_everything_that_is_wrong() {
        let mut problems = Problems::default();
        problems.warn(&FieldPath::Root.key("b"), "odd");
        problems.error(&FieldPath::Root.key("a"), "wrong");
        let metadata =
            ObjectMeta { name: Some("cart".into()), namespace: Some("shop".into()), ..ObjectMeta::default() };
        let error = problems.finish(|| ObjectName::new("Pod", &metadata), ()).unwrap_err();
        assert_eq!(error.to_string(), "Pod shop/cart: a: wrong; b: odd");
    }
}
