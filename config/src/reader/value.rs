//! One value by the kind of its key.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::document::{Node, Value};
use crate::key::{Key, Kind};
use crate::quantity;
use crate::reader::{Reader, join};
use crate::syntax::Syntax;

impl Reader {
    /// Reads the value of a key into its place, or says what it should have been.
    pub(crate) fn value<T>(&mut self, key: &Key<T>, node: &Node, path: &str, target: &mut T) {
        let read = match &key.kind {
            Kind::Texts(syntax, some, set) => {
                return self.texts(node, path, (*syntax, *some), |list| set(target, list));
            }
            Kind::TextMap(set) => return self.text_map(node, path, |map| set(target, map)),
            Kind::Records(read) => return read(self, node, path, target),
            scalar => set_scalar(scalar, &node.value, target),
        };
        if read.is_none() {
            let hint = hint(&key.kind, &node.value);
            self.report(
                path,
                node.line,
                format!("must be {}, found {}{hint}", key.kind.expected(), node.value),
            );
        }
    }

    fn texts(
        &mut self,
        node: &Node,
        path: &str,
        (syntax, some): (Syntax, bool),
        set: impl FnOnce(Vec<String>),
    ) {
        let mut texts = Vec::new();
        let items = self.items(node, path);
        if some && items.is_empty() && matches!(node.value, Value::List(_) | Value::Nothing) {
            self.report(path, node.line, format!("must not be empty: list {}", syntax.plural()));
        }
        for (path, item) in items {
            if let Some(text) = text(&item.value, syntax) {
                texts.push(text);
            } else {
                let message = format!("must be {}, found {}", syntax.expected(), item.value);
                self.report(&path, item.line, message);
            }
        }
        set(texts);
    }

    fn text_map(&mut self, node: &Node, path: &str, set: impl FnOnce(BTreeMap<String, String>)) {
        let entries = match &node.value {
            Value::Map(entries) => entries.as_slice(),
            Value::Nothing => &[],
            other => return self.report(path, node.line, format!("must be a mapping, found {other}")),
        };
        let mut map = BTreeMap::new();
        for (name, node) in entries {
            if let Value::Text(text) = &node.value {
                map.insert(name.clone(), text.clone());
            } else {
                let message = format!("must be a text (write it in quotes), found {}", node.value);
                self.report(&join(path, name), node.line, message);
            }
        }
        set(map);
    }
}

/// `None` when the value is not what the kind takes; then the target is as it was.
fn set_scalar<T>(kind: &Kind<T>, value: &Value, target: &mut T) -> Option<()> {
    match kind {
        Kind::Exactly(expected) => (text(value, Syntax::Text)? == *expected).then_some(())?,
        Kind::Flag(set) => set(target, flag(value)?),
        Kind::Decimal(bounds, set) => set(target, decimal(value).filter(|number| bounds.contains(*number))?),
        Kind::Count(range, set) => set(target, count(value).filter(|count| range.contains(count))?),
        Kind::OptionalCount(_, set) if *value == Value::Nothing => set(target, None),
        Kind::OptionalCount(range, set) => {
            set(target, Some(count(value).filter(|count| range.contains(count))?));
        }
        Kind::Seconds(least, most, set) => set(target, seconds(value, *least, *most)?),
        Kind::Bytes(range, set) => set(target, bytes(value).filter(|bytes| range.contains(bytes))?),
        Kind::Address(scope, set) => {
            let address = text(value, Syntax::Text)?.parse().ok()?;
            set(target, Some(address).filter(|address| scope.contains(*address))?);
        }
        Kind::Choice(options) => {
            let chosen = text(value, Syntax::Text)?;
            options.iter().find(|(name, _)| *name == chosen)?.1(target);
        }
        Kind::Text(syntax, set) => set(target, text(value, *syntax)?),
        Kind::OptionalText(_, set) if *value == Value::Nothing => set(target, None),
        Kind::OptionalText(syntax, set) => set(target, Some(text(value, *syntax)?)),
        Kind::Section | Kind::Texts(..) | Kind::TextMap(_) | Kind::Records(_) => return None,
    }
    Some(())
}

/// What people meant who wrote the right thing in the wrong type.
fn hint<T>(kind: &Kind<T>, value: &Value) -> &'static str {
    match (kind, value) {
        (Kind::Text(..) | Kind::OptionalText(..), Value::Whole(_) | Value::Decimal(_) | Value::Flag(_)) => {
            "; write it in quotes"
        }
        (Kind::Seconds(..), Value::Text(_)) => "; write the number of seconds without a unit",
        _ => "",
    }
}

fn flag(value: &Value) -> Option<bool> {
    if let Value::Flag(flag) = value { Some(*flag) } else { None }
}

fn text(value: &Value, syntax: Syntax) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()).filter(|text| syntax.accepts(text)) } else { None }
}

fn count(value: &Value) -> Option<u32> {
    if let Value::Whole(number) = value { u32::try_from(*number).ok() } else { None }
}

fn decimal(value: &Value) -> Option<f64> {
    match value {
        Value::Whole(number) => Some(*number as f64),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

fn seconds(value: &Value, least: f64, most: f64) -> Option<Duration> {
    let number = decimal(value).filter(|number| (least..=most).contains(number))?;
    Duration::try_from_secs_f64(number).ok()
}

fn bytes(value: &Value) -> Option<u64> {
    match value {
        Value::Whole(number) => u64::try_from(*number).ok(),
        Value::Text(text) => quantity::parse(text),
        _ => None,
    }
}
