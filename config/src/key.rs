//! What a key of a file is: its path, default, type, range and meaning, said once.
//!
//! A table of [`Key`]s is all there is to know about a file. [`crate::reader`] reads by it and
//! [`crate::reference`] prints it; neither knows a single key by name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::document::Node;
use crate::overrides::Overrides;
use crate::quantity;
use crate::reader::Reader;
use crate::syntax::Syntax;

/// One row of a table that fills a `T`.
pub(crate) struct Key<T: 'static> {
    /// The path from the top of the `T`: `placement.blastRadius`. Its parents are rows too.
    pub(crate) path: &'static str,
    /// The default as it would stand in the file; `None` when the key has to be written.
    pub(crate) default: Option<&'static str>,
    /// Type, range and where the value goes.
    pub(crate) kind: Kind<T>,
    /// What it means, in sentences.
    pub(crate) doc: &'static str,
    /// The flag and the environment variable that override it.
    pub(crate) outside: Option<Outside>,
}

/// A flag and an environment variable that set the same value.
#[derive(Clone, Copy)]
pub(crate) struct Outside {
    pub(crate) flag: &'static str,
    pub(crate) variable: &'static str,
    pub(crate) value: fn(&Overrides) -> Option<&str>,
}

/// The type of a key with its range and the place in `T` that it fills.
pub(crate) enum Kind<T: 'static> {
    /// A mapping whose keys are rows of the same table.
    Section,
    /// Exactly this text: the version and kind of the file itself.
    Exactly(&'static str),
    /// True or false.
    Flag(fn(&mut T, bool)),
    /// A number with a fraction.
    Decimal(Bounds, fn(&mut T, f64)),
    /// A whole number.
    Count(RangeInclusive<u32>, fn(&mut T, u32)),
    /// A whole number or `null`.
    OptionalCount(RangeInclusive<u32>, fn(&mut T, Option<u32>)),
    /// A duration, in seconds from the first to the second number.
    Seconds(f64, f64, fn(&mut T, Duration)),
    /// A size, in bytes.
    Bytes(RangeInclusive<u64>, fn(&mut T, u64)),
    /// IP address and port.
    Address(Scope, fn(&mut T, SocketAddr)),
    /// One of a few words.
    Choice(&'static [Word<T>]),
    /// A text.
    Text(Syntax, fn(&mut T, String)),
    /// A text or `null`.
    OptionalText(Syntax, fn(&mut T, Option<String>)),
    /// A list of texts; the flag says whether it must have one.
    Texts(Syntax, bool, fn(&mut T, Vec<String>)),
    /// A mapping of texts to texts.
    TextMap(fn(&mut T, BTreeMap<String, String>)),
    /// A list of mappings, each read by a table of its own.
    Records(fn(&mut Reader, &Node, &str, &mut T)),
}

/// A word that can be chosen and what it does.
pub(crate) type Word<T> = (&'static str, fn(&mut T));

/// Which decimals are allowed; all of them finite.
#[derive(Clone, Copy)]
pub(crate) enum Bounds {
    /// Above 0 and at most 1.
    Share,
    /// Above 0.
    Positive,
    /// 0 and above.
    NotNegative,
}

/// Which addresses a listener may bind.
#[derive(Clone, Copy)]
pub(crate) enum Scope {
    /// Any.
    Anywhere,
    /// Only those that nobody outside the machine (or pod) reaches.
    Loopback,
}

impl<T> Key<T> {
    /// A key with a default.
    pub(crate) const fn new(
        path: &'static str,
        default: &'static str,
        kind: Kind<T>,
        doc: &'static str,
    ) -> Self {
        Self { path, default: Some(default), kind, doc, outside: None }
    }

    /// A key that has to be written.
    pub(crate) const fn required(path: &'static str, kind: Kind<T>, doc: &'static str) -> Self {
        Self { path, default: None, kind, doc, outside: None }
    }

    /// A mapping of other keys.
    pub(crate) const fn section(path: &'static str, doc: &'static str) -> Self {
        Self::new(path, "", Kind::Section, doc)
    }

    /// The same key with a flag and an environment variable over it.
    #[must_use]
    pub(crate) const fn overridden_by(
        self,
        flag: &'static str,
        variable: &'static str,
        value: fn(&Overrides) -> Option<&str>,
    ) -> Self {
        Self { outside: Some(Outside { flag, variable, value }), ..self }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path without its last part; empty at the top.
    pub(crate) fn parent(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(parent, _)| parent)
    }
}

impl<T> Kind<T> {
    /// Type and range as one phrase, for messages ("must be …") and the reference page.
    pub(crate) fn expected(&self) -> String {
        match self {
            Self::Section => "a mapping".to_owned(),
            Self::Exactly(text) => format!("`{text}`"),
            Self::Flag(_) => "true or false".to_owned(),
            Self::Decimal(bounds, _) => bounds.expected().to_owned(),
            Self::Count(range, _) => whole_number(range),
            Self::OptionalCount(range, _) => format!("{}, or null", whole_number(range)),
            Self::Seconds(least, most, _) => format!("seconds as a number from {least} to {most}"),
            Self::Bytes(range, _) => {
                let (least, most) = (quantity::text(*range.start()), quantity::text(*range.end()));
                format!("bytes as a number or a quantity such as `64Mi`, from {least} to {most}")
            }
            Self::Address(scope, _) => scope.expected().to_owned(),
            Self::Choice(options) => {
                options.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
            }
            Self::Text(syntax, _) => syntax.expected().to_owned(),
            Self::OptionalText(syntax, _) => format!("{}, or null", syntax.expected()),
            Self::Texts(syntax, false, _) => format!("a list of {}", syntax.plural()),
            Self::Texts(syntax, true, _) => format!("a list, not empty, of {}", syntax.plural()),
            Self::TextMap(_) => "a mapping of texts to texts".to_owned(),
            Self::Records(_) => "a list of mappings".to_owned(),
        }
    }
}

fn whole_number(range: &RangeInclusive<u32>) -> String {
    match (*range.start(), *range.end()) {
        (least, u32::MAX) => format!("a whole number, at least {least}"),
        (least, most) => format!("a whole number from {least} to {most}"),
    }
}

impl Bounds {
    /// Whether the number is allowed.
    pub(crate) fn contains(self, number: f64) -> bool {
        number.is_finite()
            && match self {
                Self::Share => number > 0.0 && number <= 1.0,
                Self::Positive => number > 0.0,
                Self::NotNegative => number >= 0.0,
            }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Share => "a number above 0 and at most 1",
            Self::Positive => "a number above 0",
            Self::NotNegative => "a number, at least 0",
        }
    }
}

impl Scope {
    /// Whether the address is allowed.
    pub(crate) fn contains(self, address: SocketAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Loopback => address.ip().is_loopback(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Anywhere => "an IP address and port such as `127.0.0.1:8080`",
            Self::Loopback => {
                "a loopback address and port such as `127.0.0.1:8082`, because this version has no authentication on it"
            }
        }
    }
}
