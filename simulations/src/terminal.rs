//! What people read on a terminal: names from files may hold anything, and are shown so that they do nothing there.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Text whose control characters, but for line breaks and tabs, are written out: `\u{1b}` for the one that begins commands to a
/// terminal.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    let acts = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let letters = text.chars().fold(String::with_capacity(text.len()), |mut told, letter| {
        if acts(letter) {
            let _ = write!(told, "\\u{{{:x}}}", u32::from(letter));
        } else {
            told.push(letter);
        }
        told
    });
    Cow::Owned(letters)
}

/// An error with what it comes from, each told once: many an error repeats what it comes from.
pub(crate) fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut text, cause| {
        let cause = cause.to_string();
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
        text
    })
}

/// A name as a shell takes it for one word.
pub(crate) fn quoted(name: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:=@%+,-".contains(letter);
    if !name.is_empty() && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("'{}'", name.replace('\'', r"'\''")))
}

/// A writer through which control characters come as [`escaped`] shows them.
pub(crate) struct Escaping<'a> {
    inner: &'a mut dyn Write,
    /// The beginning of a letter whose other bytes are still to come.
    begun: Vec<u8>,
}

impl<'a> Escaping<'a> {
    /// Writes to this.
    pub(crate) fn new(inner: &'a mut dyn Write) -> Self {
        Self { inner, begun: Vec::new() }
    }

    /// What is whole of these bytes is written, and the rest kept; what is no text goes through as it is.
    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.inner.write_all(escaped(text).as_bytes()),
            Err(error) => {
                let (whole, rest) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
                self.inner.write_all(escaped(&String::from_utf8_lossy(whole)).as_bytes())?;
                if error.error_len().is_none() {
                    self.begun = rest.to_vec();
                    return Ok(());
                }
                self.inner.write_all(rest)
            }
        }
    }
}

impl Write for Escaping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() {
            self.pass(bytes)?;
        } else {
            let mut whole = std::mem::take(&mut self.begun);
            whole.extend_from_slice(bytes);
            self.pass(&whole)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_act_on_a_terminal_is_written_out() {
        assert_eq!(escaped("pod\u{1b}[2J\u{9b}1m\r\n\tend"), "pod\\u{1b}[2J\\u{9b}1m\\u{d}\n\tend");
        assert!(matches!(escaped("plain – text\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn an_error_says_everything_once() {
        let error =
            anyhow::anyhow!("no such file").context("cannot read `a`: no such file").context("no cluster");
        assert_eq!(told(&error), "no cluster: cannot read `a`: no such file");
    }

    #[test]
    fn a_name_is_one_word_to_a_shell() {
        assert_eq!(
            ["a/b-1.json", "a b", "it's", ""].map(quoted),
            ["a/b-1.json", "'a b'", r"'it'\''s'", "''"]
        );
    }

    proptest! {
        #[test]
        fn pieces_come_through_as_the_whole(text in ".{0,40}", piece in 1_usize..5) {
            let mut out = Vec::new();
            let mut writer = Escaping::new(&mut out);
            for bytes in text.as_bytes().chunks(piece) {
                writer.write_all(bytes).unwrap();
            }
            prop_assert_eq!(String::from_utf8(out).unwrap(), escaped(&text).into_owned());
        }
    }
}
