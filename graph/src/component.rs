//! What an image is: its kind, and the world that it carries.

mod fingerprint;
mod producers;
mod read;
mod record;
mod types;
mod world;

pub use fingerprint::Fingerprint;
pub(crate) use fingerprint::{Form, Signature};
pub use read::{ReadError, ReadLimits, read};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::names::{Digest, InterfaceName};

/// One image's decoded content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The digest of the bytes that were read.
    pub digest: Digest,
    /// How many bytes that were.
    pub size_bytes: u64,
    /// What the bytes are.
    pub kind: ComponentKind,
    /// What the world imports, in the order of the binary. Empty unless `kind` is a component.
    pub imports: Vec<WorldItem>,
    /// What the world exports, in the order of the binary. Empty unless `kind` is a component.
    pub exports: Vec<WorldItem>,
    /// Languages and tools that made it, those of nested modules included, sorted.
    pub producers: Vec<Producer>,
    /// The generation of WASI that it uses, if any.
    pub wasi: Option<WasiGeneration>,
    /// Why there is no world to read, for [`ComponentKind::Opaque`] and [`ComponentKind::NotWasm`].
    pub opaque_because: Option<String>,
}

/// What the bytes of an image are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentKind {
    /// A WebAssembly component whose world could be read.
    Component,
    /// A core WebAssembly module, such as a `wasip1` command.
    CoreModule,
    /// A WIT package in binary form: interfaces, nothing to run.
    WitPackage,
    /// Not WebAssembly in binary form.
    NotWasm,
    /// A valid component whose imports or exports have no WIT form: it is scheduled without a graph.
    Opaque,
}

/// One import or export of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldItem {
    /// The name in the world: an interface name, a label, or the name of a plain function or type.
    pub name: String,
    /// The interface behind the name; of a labelled import the interface that it `implements`.
    pub interface: Option<InterfaceName>,
    /// What kind of need or offer it is.
    pub shape: Shape,
    /// Its functions and named types; of a world-level function or type that one alone.
    pub items: Arc<BTreeMap<String, Fingerprint>>,
}

impl WorldItem {
    /// Whether it has a resource type of its own, which whoever serves it must own.
    pub(crate) fn needs_owner(&self) -> bool {
        match self.shape {
            Shape::Identity => true,
            Shape::Type => self.items.values().any(|item| item.form().is_resource()),
            Shape::Functions | Shape::Named | Shape::TypesOnly | Shape::Function => false,
        }
    }
}

/// What kind of need or offer a world's item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// An interface with functions: it can be called.
    Functions,
    /// An interface of which only the name is known; it is taken for one that can be called.
    Named,
    /// An interface with resource types but without functions, such as one that others only `use`: it must come from
    /// the same provider as what uses it, but is never called.
    Identity,
    /// An interface of plain types: nobody needs to serve it.
    TypesOnly,
    /// A function of the world itself.
    Function,
    /// A type of the world itself.
    Type,
}

/// The generations of WASI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WasiGeneration {
    /// `wasi_snapshot_preview1`, imported by core modules.
    P1,
    /// `wasi:*@0.2`.
    P2,
    /// `wasi:*@0.3`.
    P3,
}

/// One entry of a `producers` section.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Producer {
    /// What the name is: `language`, `sdk` or `processed-by`.
    pub field: String,
    /// The language or tool.
    pub name: String,
    /// Its version; often empty for languages.
    pub version: String,
}

impl fmt::Display for ComponentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "component",
            Self::CoreModule => "core-module",
            Self::WitPackage => "wit-package",
            Self::NotWasm => "not-wasm",
            Self::Opaque => "opaque",
        })
    }
}
