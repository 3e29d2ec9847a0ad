//! `OpenMetrics` 1.0, <https://prometheus.io/docs/specs/om/open_metrics_spec/>: families, and below each its samples.

use std::fmt::Write;

/// What kind of numbers a family has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Gauge,
    Info,
    Summary,
}

/// A metric with all its series.
#[derive(Clone, Debug)]
pub(super) struct Family {
    name: String,
    of: Type,
    help: &'static str,
}

/// The text as it grows.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Family {
    /// A family; the name is without the `_total` or `_info` of its samples.
    pub(super) fn new(name: &str, of: Type, help: &'static str) -> Self {
        Self { name: name.to_owned(), of, help }
    }
}

impl Text {
    /// Begins a family.
    pub(super) fn family(&mut self, Family { name, of, help }: &Family) {
        let of = match of {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Info => "info",
            Type::Summary => "summary",
        };
        let _ = writeln!(self.0, "# TYPE {name} {of}\n# HELP {name} {}", escaped(help));
    }

    /// A number at a time in milliseconds since 1970.
    pub(super) fn sample(
        &mut self,
        family: &Family,
        suffix: &str,
        labels: &[(&'static str, String)],
        value: f64,
        at: i64,
    ) {
        let labels: Vec<_> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let (sign, millis) = (if at < 0 { "-" } else { "" }, at.unsigned_abs());
        let _ = writeln!(
            self.0,
            "{}{suffix}{{{}}} {} {sign}{}.{:03}",
            family.name,
            labels.join(","),
            number(value),
            millis / 1000,
            millis % 1000
        );
    }

    /// The whole text.
    pub(super) fn end(mut self) -> String {
        self.0.push_str("# EOF\n");
        self.0
    }
}

/// A text as a label has it; control characters that have no escape of their own as `\\u{…}`, readable and harmless.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            // The backslash is escaped itself: OpenMetrics knows no other escape.
            _ if letter.is_control() => {
                let _ = write!(escaped, "\\\\u{{{:x}}}", u32::from(letter));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

fn number(value: f64) -> String {
    match value {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_in_a_label() {
        assert_eq!(escaped("a\u{1b}[31m\r\n\"b\\"), "a\\\\u{1b}[31m\\\\u{d}\\n\\\"b\\\\");
    }
}
