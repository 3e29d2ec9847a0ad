//! From WIT and C to a component: bindings, clang, wasm-ld, component encoder.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::{bindings, shop};

const CLANG_FLAGS: [&str; 9] = [
    "--target=wasm32",
    "-std=c11",
    "-Oz",
    "-Wall",
    "-Wextra",
    "-nostdlib",
    "-ffreestanding",
    "-fno-builtin",
    "-Wno-unused-parameter",
];

const LINKER_FLAGS: [&str; 4] =
    ["-Wl,--no-entry", "-Wl,--gc-sections", "-Wl,--strip-debug", "-Wl,-z,stack-size=16384"];

/// The bytes of a component. The same clang gives the same bytes.
pub(crate) fn compile(name: &str) -> Result<Vec<u8>> {
    let work = tempfile::tempdir()?;
    bindings::write(name, work.path())?;
    let module = compile_module(name, work.path()).with_context(|| format!("cannot compile {name}"))?;
    ComponentEncoder::default()
        .module(&strip(&module)?)?
        .validate(true)
        .encode()
        .with_context(|| format!("cannot make {name} a component"))
}

/// Clang compiles and links in one call; paths are relative to the work directory so that none gets into the output.
fn compile_module(name: &str, work: &Path) -> Result<Vec<u8>> {
    let source = shop::root().join("source").canonicalize()?;
    let status = Command::new("clang")
        .current_dir(work)
        .args(CLANG_FLAGS)
        .args(LINKER_FLAGS)
        .arg("-I.")
        .arg("-I")
        .arg(source.join("include"))
        .args(
            [format!("{name}.c"), "print.c".to_owned(), "freestanding.c".to_owned()]
                .map(|file| source.join(file)),
        )
        .args(["shop.c", "shop_component_type.o", "-o", "module.wasm"])
        .status()
        .context("cannot start clang (apt-get install clang lld)")?;
    ensure!(status.success(), "clang failed: {status}");
    Ok(std::fs::read(work.join("module.wasm"))?)
}

/// The module without its custom sections, but for those that say what the component is and who made it.
fn strip(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && section.name() != "producers"
            && !section.name().starts_with("component-type")
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            let data = module.get(range).context("a section is larger than its module")?;
            stripped.section(&RawSection { id, data });
        }
    }
    Ok(stripped.finish())
}
