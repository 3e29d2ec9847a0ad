//! Functions and types in the words of WIT, on one line of bounded length.

use std::fmt::{self, Write};

use super::{Fingerprint, Form, Signature};

/// The longest text in bytes; a hostile type is far larger than what anybody wants to read.
const MAX_TEXT: usize = 200;

/// What an item is, in full; the types that it uses by their names.
pub(super) fn definition(item: &Fingerprint) -> String {
    bounded(|text| write_form(text, item.form()))
}

/// How a type is referred to where it is used: by its name, or in full where it has none.
pub(super) fn reference(item: &Fingerprint) -> String {
    bounded(|text| write_reference(text, item))
}

/// A text that refuses more than it may hold, which ends the recursion that writes it.
struct BoundedText(String);

impl Write for BoundedText {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = MAX_TEXT.saturating_sub(self.0.len());
        if part.len() <= room {
            self.0.push_str(part);
            return Ok(());
        }
        let end = (0..=room).rev().find(|&end| part.is_char_boundary(end)).unwrap_or(0);
        self.0.push_str(part.get(..end).unwrap_or_default());
        self.0.push('…');
        Err(fmt::Error)
    }
}

fn bounded(write: impl FnOnce(&mut BoundedText) -> fmt::Result) -> String {
    let mut text = BoundedText(String::new());
    // The only error is that the text is full, and then it says so itself.
    let _full = write(&mut text);
    text.0
}

fn write_form(text: &mut BoundedText, form: &Form) -> fmt::Result {
    match form {
        Form::Primitive(name) => text.write_str(name),
        Form::Recorded(recorded) => text.write_str(recorded),
        Form::Function(signature) => write_signature(text, signature),
        Form::Record(fields) => {
            text.write_str("record ")?;
            write_list(text, "{ ", fields, " }", |text, (name, ty)| write_member(text, name, Some(ty)))
        }
        Form::Variant(cases) => {
            text.write_str("variant ")?;
            write_list(text, "{ ", cases, " }", |text, (name, ty)| write_case(text, name, ty.as_ref()))
        }
        Form::Names(keyword, names) => {
            write!(text, "{keyword} ")?;
            write_list(text, "{ ", names, " }", |text, name| text.write_str(name))
        }
        Form::Resource { owner, name } => write!(text, "resource {name} of {owner}"),
        Form::Compound(keyword, parts) => write_compound(text, keyword, parts),
        Form::Array(element, length) => {
            text.write_str("list<")?;
            write_reference(text, element)?;
            write!(text, ", {length}>")
        }
    }
}

fn write_reference(text: &mut BoundedText, item: &Fingerprint) -> fmt::Result {
    match item.name() {
        Some(name) => text.write_str(name),
        None => write_form(text, item.form()),
    }
}

fn write_signature(text: &mut BoundedText, signature: &Signature) -> fmt::Result {
    text.write_str(if signature.is_async { "async func" } else { "func" })?;
    write_list(text, "(", &signature.params, ")", |text, (name, ty)| write_member(text, name, Some(ty)))?;
    let Some(result) = &signature.result else { return Ok(()) };
    text.write_str(" -> ")?;
    write_reference(text, result)
}

/// Writes `result<_, e>` and the like: absent parts at the end are left out, absent parts before others are `_`.
fn write_compound(text: &mut BoundedText, keyword: &str, parts: &[Option<Fingerprint>]) -> fmt::Result {
    text.write_str(keyword)?;
    let given = parts.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    if given == 0 {
        return Ok(());
    }
    write_list(text, "<", parts.get(..given).unwrap_or_default(), ">", |text, part| match part {
        Some(part) => write_reference(text, part),
        None => text.write_str("_"),
    })
}

fn write_member(text: &mut BoundedText, name: &str, ty: Option<&Fingerprint>) -> fmt::Result {
    text.write_str(name)?;
    let Some(ty) = ty else { return Ok(()) };
    text.write_str(": ")?;
    write_reference(text, ty)
}

fn write_case(text: &mut BoundedText, name: &str, ty: Option<&Fingerprint>) -> fmt::Result {
    text.write_str(name)?;
    let Some(ty) = ty else { return Ok(()) };
    text.write_str("(")?;
    write_reference(text, ty)?;
    text.write_str(")")
}

fn write_list<T>(
    text: &mut BoundedText,
    open: &str,
    items: &[T],
    close: &str,
    mut write: impl FnMut(&mut BoundedText, &T) -> fmt::Result,
) -> fmt::Result {
    text.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            text.write_str(", ")?;
        }
        write(text, item)?;
    }
    text.write_str(close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primitive(name: &'static str) -> Fingerprint {
        Fingerprint::of(Form::Primitive(name))
    }

    #[test]
    fn a_function_reads_as_wit() {
        let line = Fingerprint::of(Form::Record(vec![("qty".into(), primitive("u32"))])).named("line");
        let lines = Fingerprint::of(Form::Compound("list", vec![Some(line.clone())]));
        let result = Fingerprint::of(Form::Compound("result", vec![None, Some(primitive("string"))]));
        let function = Fingerprint::of(Form::Function(Signature {
            is_async: true,
            params: vec![("lines".into(), lines)],
            result: Some(result),
        }));
        assert_eq!(function.to_string(), "async func(lines: list<line>) -> result<_, string>");
        assert_eq!(line.to_string(), "record { qty: u32 }");
    }

    #[test]
    fn a_type_that_doubles_at_every_level_is_cut() {
        let mut ty = primitive("u8");
        for _ in 0..60 {
            ty = Fingerprint::of(Form::Compound("tuple", vec![Some(ty.clone()), Some(ty)]));
        }
        let text = ty.to_string();
        assert!(text.ends_with('…') && text.len() < MAX_TEXT + 8, "{text}");
    }
}
