//! Full names of WIT interfaces, and which versions may stand in for each other.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameError, parse_string};

/// What an interface name must look like, for messages.
const EXPECTED: &str = "an interface name (ns:pkg/iface@1.2.3)";

/// A full interface name, such as `wasi:http/incoming-handler@0.2.6`.
///
/// The namespace may itself be nested (`a:b:c/d`). The order is by namespace, package, interface, then version as
/// semver orders versions, so that the highest version of an interface is the last.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName {
    namespace: String,
    package: String,
    interface: String,
    version: Option<Version>,
}

/// The track of versions of one interface that may stand in for each other: `ns:pkg/iface@0.2`.
///
/// The rule is the one that Wasmtime, `wac` and `wit-parser` share: a major version above zero is a track (`@1`), a
/// minor version below it is one (`@0.2`), and `0.0.z`, prereleases and names without a version match exactly only.
/// Build metadata never matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Track(String);

impl InterfaceName {
    /// The part before the colon: `wasi` of `wasi:http/types@0.2.6`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The package: `http` of `wasi:http/types@0.2.6`.
    pub fn package(&self) -> &str {
        &self.package
    }

    /// The interface: `types` of `wasi:http/types@0.2.6`.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// The version of the package, if it has one.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// The track of versions that may stand in for this one.
    pub fn track(&self) -> Track {
        Track(self.unversioned() + &track_suffix(self.version()))
    }

    /// Whether this is the same interface in some version.
    pub fn is_same_interface(&self, other: &Self) -> bool {
        (&self.interface, &self.package, &self.namespace)
            == (&other.interface, &other.package, &other.namespace)
    }

    /// The name without its version: `wasi:http/types`.
    pub fn unversioned(&self) -> String {
        format!("{}:{}/{}", self.namespace, self.package, self.interface)
    }
}

impl Track {
    /// The key as text: `ns:pkg/iface@0.2`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.namespace, self.package, self.interface)?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

impl fmt::Debug for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for InterfaceName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let fail = |problem: &str| NameError::new(text, EXPECTED, problem);
        let (id, version) = split_version(text, EXPECTED)?;
        let (package, interface) = id.split_once('/').ok_or_else(|| fail("it has no `/interface`"))?;
        let (namespace, package) = package.rsplit_once(':').ok_or_else(|| fail("it has no `namespace:`"))?;
        let labels = namespace.split(':').chain([package, interface]);
        check_labels(labels).map_err(|problem| fail(&problem))?;
        Ok(Self {
            namespace: namespace.into(),
            package: package.into(),
            interface: interface.into(),
            version,
        })
    }
}

impl Serialize for InterfaceName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InterfaceName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_string(deserializer)
    }
}

/// Splits `name@version`, where the version is optional.
pub(crate) fn split_version<'a>(
    text: &'a str,
    expected: &'static str,
) -> Result<(&'a str, Option<Version>), NameError> {
    let Some((id, version)) = text.split_once('@') else { return Ok((text, None)) };
    match Version::parse(version) {
        Ok(version) => Ok((id, Some(version))),
        Err(error) => Err(NameError::new(text, expected, format!("its version: {error}"))),
    }
}

/// Checks that every label is of the form that WIT allows: letters, digits and single hyphens, a letter first.
pub(crate) fn check_labels<'a>(mut labels: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let is_label =
        |label: &str| label.starts_with(|c: char| c.is_ascii_alphabetic()) && label.split('-').all(is_word);
    match labels.find(|label| !is_label(label)) {
        Some(label) => Err(format!("`{label}` is not a word of letters, digits and hyphens")),
        None => Ok(()),
    }
}

/// What a track adds to a name without version: the part of the version that must be equal.
pub(crate) fn track_suffix(version: Option<&Version>) -> String {
    match version {
        None => String::new(),
        Some(v) if !v.pre.is_empty() => format!("@{}.{}.{}-{}", v.major, v.minor, v.patch, v.pre),
        Some(v) if v.major > 0 => format!("@{}", v.major),
        Some(v) if v.minor > 0 => format!("@0.{}", v.minor),
        Some(v) => format!("@0.0.{}", v.patch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> InterfaceName {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_is_displayed_as_it_was_written() {
        for text in ["wasi:http/types@0.2.6", "a:b:c/d", "acme:pricing/quote@1.0.0-rc.1+build.7"] {
            assert_eq!(name(text).to_string(), text);
        }
    }

    #[test]
    fn the_parts_are_told_apart() {
        let name = name("a:b:c/d-e@1.2.3");
        assert_eq!((name.namespace(), name.package(), name.interface()), ("a:b", "c", "d-e"));
        assert_eq!(name.version(), Some(&Version::new(1, 2, 3)));
    }

    #[test]
    fn the_version_track_rule() {
        for (text, track) in [
            ("a:b/c@1.2.3", "a:b/c@1"),
            ("a:b/c@0.2.12", "a:b/c@0.2"),
            ("a:b/c@0.0.7", "a:b/c@0.0.7"),
            ("a:b/c@0.2.0-draft", "a:b/c@0.2.0-draft"),
            ("a:b/c@1.2.3+build", "a:b/c@1"),
            ("a:b/c@0.0.1+build", "a:b/c@0.0.1"),
            ("a:b/c", "a:b/c"),
        ] {
            assert_eq!(name(text).track().as_str(), track, "{text}");
        }
    }

    #[test]
    fn a_bad_name_is_refused_with_what_is_wrong() {
        for (text, problem) in [
            ("plain", "no `/interface`"),
            ("b/c", "no `namespace:`"),
            ("a:b/c@1", "its version"),
            ("a:b/", "`` is not a word"),
            ("a:b/c d", "`c d` is not a word"),
            ("a:b/-c", "`-c` is not a word"),
        ] {
            let error = text.parse::<InterfaceName>().unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn versions_are_ordered_as_semver_orders_them() {
        assert!(name("a:b/c@0.2.9") < name("a:b/c@0.2.12"));
    }
}
