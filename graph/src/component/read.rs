//! From bytes to a [`Component`].

use std::panic;

use wasmparser::{Parser, Payload};
use wit_parser::decoding::DecodedWasm;

use super::producers::Producers;
use super::world::{self, World};
use super::{Component, ComponentKind, WasiGeneration};
use crate::names::Digest;

/// How much a component may have before it is refused; images are hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// The largest image that is read, in bytes.
    pub max_bytes: u64,
    /// The most imports and exports of a world together.
    pub max_world_items: usize,
    /// The most functions and types, with their parameters, fields and cases, of a world together.
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
    /// The bytes end inside the header or inside a section.
    #[error("it is truncated: it has {size} bytes and needs at least {needed}")]
    Truncated {
        /// How many bytes there are.
        size: u64,
        /// How many there are at least when it is whole.
        needed: u64,
    },
    /// The header names a version of the binary format other than the standard's.
    #[error(
        "its binary version {version:#x}, layer {layer}, is not known; modules are 0x1, 0 and components 0xd, 1"
    )]
    UnknownVersion {
        /// The version field of the header.
        version: u16,
        /// The layer field of the header: 0 for modules, 1 for components.
        layer: u16,
    },
    /// It starts as WebAssembly, but is not valid.
    #[error("it is not valid WebAssembly: {0}")]
    Malformed(String),
    /// A world, an interface or a name is larger than the limits allow.
    #[error("it has {found} {what}, more than the limit of {limit}")]
    TooManyItems {
        /// What there are too many of.
        what: &'static str,
        /// How many were found before reading stopped.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A parser gave up with a panic. The process is well; count it.
    #[error("the parser panicked: {0}")]
    Panicked(String),
}

/// What the first bytes say.
enum Header {
    NotWasm,
    Module,
    Component,
}

impl Default for ReadLimits {
    /// 256 MiB; 2,000 imports and exports; 100,000 functions, types and members; names of 1 KiB.
    ///
    /// The largest real components that we know have 18 MB, 60 imports and exports and 2,000 items.
    fn default() -> Self {
        Self { max_bytes: 256 << 20, max_world_items: 2_000, max_items: 100_000, max_name_bytes: 1_024 }
    }
}

/// Reads what an image is from its bytes.
///
/// Function bodies are not validated; that is the runtime's task. It takes about as long as hashing the bytes. A panic
/// of a parser is caught; Rust's panic hook still prints it.
///
/// # Errors
///
/// When the bytes are WebAssembly but cannot be read as such, within these limits. Bytes that are something else are
/// not an error but a [`Component`] of kind [`ComponentKind::NotWasm`], and a valid component without a WIT form is
/// one of kind [`ComponentKind::Opaque`].
pub fn read(bytes: &[u8], limits: &ReadLimits) -> Result<Component, ReadError> {
    let size = bytes.len() as u64;
    if size > limits.max_bytes {
        return Err(ReadError::TooLarge { size, limit: limits.max_bytes });
    }
    match header(bytes)? {
        Header::NotWasm => Ok(not_wasm(bytes)),
        Header::Module => guarded(|| read_module(bytes)),
        Header::Component => guarded(|| read_component(bytes, limits)),
    }
}

/// Runs a parser so that a panic in it is a verdict about the bytes.
fn guarded(
    parse: impl FnOnce() -> Result<Component, ReadError> + panic::UnwindSafe,
) -> Result<Component, ReadError> {
    panic::catch_unwind(parse).unwrap_or_else(|payload| {
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message =
            message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        Err(ReadError::Panicked(shorten(message)))
    })
}

/// Tells by the header what the bytes are, and checks that they hold every section that they begin.
fn header(bytes: &[u8]) -> Result<Header, ReadError> {
    let Some(rest) = bytes.strip_prefix(b"\0asm") else { return Ok(Header::NotWasm) };
    let &[version_low, version_high, layer_low, layer_high, ..] = rest else {
        return Err(ReadError::Truncated { size: bytes.len() as u64, needed: 8 });
    };
    let version = u16::from_le_bytes([version_low, version_high]);
    let layer = u16::from_le_bytes([layer_low, layer_high]);
    let header = if Parser::is_core_wasm(bytes) {
        Header::Module
    } else if Parser::is_component(bytes) {
        Header::Component
    } else {
        return Err(ReadError::UnknownVersion { version, layer });
    };
    check_sections(bytes)?;
    Ok(header)
}

/// Checks that the last section ends where the bytes end: of all damage the most common, and worth its own word.
fn check_sections(bytes: &[u8]) -> Result<(), ReadError> {
    let mut reader = wasmparser::BinaryReader::new(bytes.get(8..).unwrap_or_default(), 8);
    let size = bytes.len() as u64;
    while !reader.eof() {
        let section = reader.read_u8().and_then(|_id| reader.read_var_u32());
        let Ok(length) = section else {
            return Err(ReadError::Truncated { size, needed: size + 1 });
        };
        let needed = reader.original_position() + u64::from(length);
        if needed > size {
            return Err(ReadError::Truncated { size, needed });
        }
        reader.read_bytes(length as usize).map_err(malformed)?;
    }
    Ok(())
}

fn read_module(bytes: &[u8]) -> Result<Component, ReadError> {
    let mut wasi = None;
    let mut producers = Producers::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::CustomSection(section) => producers.add(&section),
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let module = import.map_err(malformed)?.module;
                    if matches!(module, "wasi_snapshot_preview1" | "wasi_unstable") {
                        wasi = Some(WasiGeneration::P1);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(Component { producers: producers.into_sorted(), wasi, ..empty(bytes, ComponentKind::CoreModule) })
}

/// Reads a component. `wit-parser` decides whether it has a world in WIT's terms; the types come from the validator.
fn read_component(bytes: &[u8], limits: &ReadLimits) -> Result<Component, ReadError> {
    let validated = world::validate(bytes)?;
    let known = |kind| Component { producers: validated.producers.clone(), ..empty(bytes, kind) };
    let opaque =
        |reason: &str| Component { opaque_because: Some(shorten(reason)), ..known(ComponentKind::Opaque) };
    if let Some(reason) = validated.without_wit_form() {
        return Ok(opaque(&reason));
    }
    match wit_parser::decoding::decode(bytes) {
        Err(error) => Ok(opaque(&format!("{error:#}"))),
        Ok(DecodedWasm::WitPackage(..)) => Ok(known(ComponentKind::WitPackage)),
        Ok(DecodedWasm::Component(..)) => {
            let World { imports, exports } = validated.world(limits)?;
            let wasi = world::wasi_generation(imports.iter().chain(&exports));
            Ok(Component { imports, exports, wasi, ..known(ComponentKind::Component) })
        }
    }
}

fn not_wasm(bytes: &[u8]) -> Component {
    let reason = match bytes {
        [] => "it is empty",
        bytes if bytes.trim_ascii_start().starts_with(b"(") => {
            "it looks like WebAssembly text; only the binary format is read"
        }
        _ => "it does not start as WebAssembly does",
    };
    Component { opaque_because: Some(reason.into()), ..empty(bytes, ComponentKind::NotWasm) }
}

/// A component of this kind of which nothing else is known.
fn empty(bytes: &[u8], kind: ComponentKind) -> Component {
    Component {
        digest: Digest::of(bytes),
        size_bytes: bytes.len() as u64,
        kind,
        imports: Vec::new(),
        exports: Vec::new(),
        producers: Vec::new(),
        wasi: None,
        opaque_because: None,
    }
}

/// What a parser says about bytes that are not valid.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` passes")]
pub(super) fn malformed(error: wasmparser::BinaryReaderError) -> ReadError {
    ReadError::Malformed(shorten(&error.to_string()))
}

/// The start of a message that may quote what a hostile image says.
fn shorten(message: &str) -> String {
    let one_line = message.replace('\n', " ");
    match one_line.char_indices().nth(400) {
        Some((end, _)) => one_line.get(..end).unwrap_or_default().to_owned() + "…",
        None => one_line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_a_parser_is_a_verdict() {
        let verdict = guarded(|| panic!("an unreachable {}", "place"));
        assert_eq!(verdict, Err(ReadError::Panicked("an unreachable place".into())));
    }
}
