//! YAML text to an untyped tree that remembers lines: the raw shape, before anything is known about keys.
//!
//! The YAML library can read straight into structs, but then it stops at the first thing that does not fit. Here the
//! tree is read whole first, so that [`crate::reader`] can report everything at once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

use crate::problem::Problem;

/// A value and the line where it stands (for a value of a mapping: the line of its key).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: Option<usize>,
    pub(crate) value: Value,
}

/// What YAML can say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nothing,
    Flag(bool),
    Whole(i128),
    Decimal(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The tree of a file, as far as it can be read, and what is wrong with the file as YAML.
///
/// A key that is written twice is a problem, and the rest of the file is still read (with the first of the two).
pub(crate) fn read(yaml: &str) -> (Option<Node>, Vec<Problem>) {
    match serde_saphyr::from_str_with_options(yaml, options(DuplicateKeyPolicy::Error)) {
        Ok(node) => (Some(node), Vec::new()),
        Err(error) => {
            let twice = matches!(error.without_snippet(), serde_saphyr::Error::DuplicateMappingKey { .. });
            let rest = serde_saphyr::from_str_with_options(yaml, options(DuplicateKeyPolicy::FirstWins));
            (rest.ok().filter(|_| twice), vec![syntax_problem(&error)])
        }
    }
}

fn options(duplicate_keys: DuplicateKeyPolicy) -> serde_saphyr::Options {
    serde_saphyr::options! {
        duplicate_keys: duplicate_keys,
        // `no` and `off` are texts, as in the YAML that kubectl reads today, not surprises.
        strict_booleans: true,
        // Left to the keys: "must be a number above 0" tells more than a syntax error.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        // A settings file has a few dozen values; these bounds only stop files made to hurt.
        budget: serde_saphyr::budget! { max_depth: 32, max_nodes: 100_000, max_documents: 2 },
    }
}

fn syntax_problem(error: &serde_saphyr::Error) -> Problem {
    let (path, message) = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            (key.clone().unwrap_or_default(), "is written twice in the same mapping; keep one".to_owned())
        }
        serde_saphyr::Error::MultipleDocuments { .. } => {
            (String::new(), "the file has more than one YAML document; keep one".to_owned())
        }
        other => (String::new(), format!("this is not YAML: {}", one_line(&other.render()))),
    };
    Problem { line: error.location().and_then(line_of), path, message }
}

/// A problem is one line of the report, whatever the library says.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_of(location: Location) -> Option<usize> {
    usize::try_from(location.line()).ok().filter(|line| *line > 0)
}

impl Node {
    /// A value that stands in no file: from a flag, the environment, or the table of keys.
    pub(crate) fn text(text: &str) -> Self {
        Self { line: None, value: Value::Text(text.to_owned()) }
    }
}

impl fmt::Display for Value {
    /// How a message calls what it found.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 60;
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(number) => write!(f, "the number {number}"),
            Self::Decimal(number) => write!(f, "the number {number}"),
            Self::Text(text) if text.chars().count() > SHOWN => {
                write!(f, "the text {:?} and more", text.chars().take(SHOWN).collect::<String>())
            }
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::List(_) => f.write_str("a list"),
            Self::Map(_) => f.write_str("a mapping"),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { line: line_of(spanned.referenced), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Decimal(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let node: Node = entries.next_value()?;
            map.push((key.value, Node { line: line_of(key.referenced).or(node.line), ..node }));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(yaml: &str) -> Vec<(String, Node)> {
        match read(yaml) {
            (Some(Node { value: Value::Map(entries), .. }), problems) if problems.is_empty() => entries,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_kind_of_value_keeps_the_line_of_its_key() {
        let entries = map("a: 1\nb: -2.5\n\nc: off\nd: \"7\"\ne:\n  - x\nf:\n  g: true\nh:\n");
        let seen: Vec<_> = entries.iter().map(|(key, node)| (key.as_str(), node.line.unwrap())).collect();
        assert_eq!(seen, [("a", 1), ("b", 2), ("c", 4), ("d", 5), ("e", 6), ("f", 8), ("h", 10)]);
        let found: Vec<_> = entries.iter().map(|(_, node)| node.value.to_string()).collect();
        assert_eq!(
            found,
            [
                "the number 1",
                "the number -2.5",
                "the text \"off\"",
                "the text \"7\"",
                "a list",
                "a mapping",
                "nothing"
            ]
        );
    }

    #[test]
    fn a_key_written_twice_is_one_problem_and_the_rest_is_read() {
        let (node, problems) = read("a: 1\nb: 2\na: 3\n");
        assert!(matches!(node.map(|node| node.value), Some(Value::Map(entries)) if entries.len() == 2));
        assert_eq!(problems[0].to_string(), "line 3: a: is written twice in the same mapping; keep one");
    }

    #[test]
    fn what_is_not_yaml_is_said_with_its_line() {
        let (node, problems) = read("a: [1\nb: }\n");
        assert_eq!(node, None);
        assert!(
            problems[0].line.is_some() && problems[0].message.starts_with("this is not YAML: "),
            "{problems:?}"
        );
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let bomb = ('b'..='k').zip('a'..='j').map(|(this, last)| {
            let ninefold = vec![format!("*{last}"); 9].join(", ");
            format!("{this}: &{this} [{ninefold}]\n")
        });
        let yaml = format!("a: &a [x, x, x, x, x, x, x, x, x]\n{}", bomb.collect::<String>());
        let (node, problems) = read(&yaml);
        assert_eq!((node, problems.len()), (None, 1));
    }
}
