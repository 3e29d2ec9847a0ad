//! Identities: the names by which interfaces, images and workloads are told apart.
//!
//! Each is a newtype that parses once, at the edge, and is compared, ordered and hashed by value afterwards. The
//! version-track rule, by which a version of an interface may stand in for another, lives in [`Track`].

mod digest;
mod interface;
mod workload;

pub use digest::Digest;
pub use interface::{InterfaceName, Track};
pub(crate) use interface::{check_labels, split_version, track_suffix};
pub use workload::WorkloadKey;

use serde::de::{Deserialize, Deserializer, Error};

/// Why a text is not the name that it was meant to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}: {problem}")]
pub struct NameError {
    /// What was given, cut when it is very long.
    text: String,
    /// What it should have been, with its shape: "an interface name (ns:pkg/iface@1.2.3)".
    expected: &'static str,
    /// What is wrong with it.
    problem: String,
}

impl NameError {
    /// An error about `text`, of which only the start is kept.
    pub(crate) fn new(text: &str, expected: &'static str, problem: impl Into<String>) -> Self {
        Self { text: text.chars().take(120).collect(), expected, problem: problem.into() }
    }
}

/// Deserializes what is written as a string through `FromStr`.
pub(crate) fn parse_string<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr<Err = NameError>,
{
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
