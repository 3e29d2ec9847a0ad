//! From bytes to a [`Component`].

use super::Component;

/// How much a component may have before it is refused; images are hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The largest image that is read, in bytes.
    pub max_bytes: u64,
    /// The most imports and exports of a world together.
    pub max_world_items: usize,
    /// The most functions and named types of all its interfaces together.
    pub max_items: usize,
    /// The longest name, in bytes.
    pub max_name_bytes: usize,
}

/// Why bytes could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There are more bytes than the limit.
    #[error("it has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// How many there are.
        size: u64,
        /// How many may be.
        limit: u64,
    },
    /// The bytes end inside the header or a section.
    #[error("it is truncated: it ends at byte {size}, {place}")]
    Truncated {
        /// How many bytes there are.
        size: u64,
        /// Where the end is: "in the header", "in a section that ends at byte 1200".
        place: String,
    },
    /// The header names a version of the binary format that is not the standard's.
    #[error("its binary version {version:#x} (layer {layer}) is not known; only modules (0x1) and components (0xd) are")]
    UnknownVersion {
        /// The version field of the header.
        version: u16,
        /// The layer field of the header: 0 for modules, 1 for components.
        layer: u16,
    },
    /// It is WebAssembly, but not valid.
    #[error("it is not valid WebAssembly: {0}")]
    Malformed(String),
    /// A world, an interface or a name is larger than the limits allow.
    #[error("it has {found} {what}, more than the limit of {limit}")]
    TooManyItems {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A parser gave up with a panic. The process is fine; count it.
    #[error("the parser panicked: {0}")]
    Panicked(String),
}

impl Default for ReadLimits {
    /// 256 MiB; 2,000 imports and exports; 20,000 functions and types; names of 1 KiB.
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_world_items: 2_000, max_items: 20_000, max_name_bytes: 1_024 }
    }
}

/// Reads what an image is from its bytes.
///
/// # Errors
///
/// When the bytes are WebAssembly but cannot be read as such, within these limits. Bytes that are something else are
/// not an error but a [`Component`] of kind `not-wasm`.
pub fn read(_bytes: &[u8], _limits: &ReadLimits) -> Result<Component, ReadError> {
    Err(ReadError::Malformed("reading is not there yet".into()))
}
