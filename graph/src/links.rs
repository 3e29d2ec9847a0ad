//! Who serves whose imports.
//!
//! A link is *verified* when the provider exports the interface on the same version track and has everything that the
//! import has: each function with the same parameter names and types in order, result and async-ness, and each named
//! type with the same structure. The provider may have more. This is the rule of Wasmtime and of `wac`.

mod difference;
mod matching;

pub use matching::link;
pub(crate) use matching::{serve, unserved};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::InterfaceName;

/// What is known about an import and who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkStatus {
    /// The provider's export serves the import: its types were compared.
    Verified,
    /// The names match; the types are not known.
    NameOnly,
    /// An annotation or a lockfile says so.
    Declared,
    /// Traffic was seen.
    Observed,
    /// The provider exports the interface on the same version track, but a type or function does not match.
    Incompatible,
    /// Nobody exports the interface on a version track that would do.
    Unsatisfied,
    /// Several providers would serve the import.
    Ambiguous,
    /// Some host profile offers the interface; whether a node does is decided per node.
    Host,
    /// The interface has plain types only: nobody needs to serve it.
    TypesOnly,
}

/// Where the knowledge of a link comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The worlds of both components.
    Wit,
    /// The lockfile of a Spin application.
    SpinLockfile,
    /// The hosts that a Spin component may call.
    OutboundHosts,
    /// An annotation of the operator or author.
    Annotation,
    /// Calls that were seen.
    Traffic,
}

/// What became of one import of a consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportVerdict {
    /// The interface that is imported, of a labelled import the one that it `implements`; the name alone for what has
    /// no full interface name.
    pub interface: String,
    /// Whether it is served.
    pub status: LinkStatus,
    /// The export that serves it, or that would if it were compatible.
    pub served_by: Option<InterfaceName>,
    /// Why, in one sentence.
    pub why: String,
}

impl LinkStatus {
    /// Every status, in the order in which they are documented.
    pub const ALL: [Self; 9] = [
        Self::Verified,
        Self::NameOnly,
        Self::Declared,
        Self::Observed,
        Self::Incompatible,
        Self::Unsatisfied,
        Self::Ambiguous,
        Self::Host,
        Self::TypesOnly,
    ];

    /// Whether a provider workload serves the import, so that the two want to be near.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Verified | Self::NameOnly | Self::Declared | Self::Observed | Self::Ambiguous)
    }

    /// The name that users see: `name-only`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NameOnly => "name-only",
            Self::Declared => "declared",
            Self::Observed => "observed",
            Self::Incompatible => "incompatible",
            Self::Unsatisfied => "unsatisfied",
            Self::Ambiguous => "ambiguous",
            Self::Host => "host",
            Self::TypesOnly => "types-only",
        }
    }
}

impl fmt::Display for LinkStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Evidence {
    /// The name that users see: `spin-lockfile`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wit => "wit",
            Self::SpinLockfile => "spin-lockfile",
            Self::OutboundHosts => "outbound-hosts",
            Self::Annotation => "annotation",
            Self::Traffic => "traffic",
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
