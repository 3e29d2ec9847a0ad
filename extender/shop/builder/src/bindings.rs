//! From a world's WIT to its C bindings.

use std::path::Path;

use anyhow::{Context, Result};
use wit_bindgen_c::Opts;
use wit_bindgen_core::{Files, wit_parser::Resolve};

use crate::shop;

/// Writes `shop.h`, `shop.c` and `shop_component_type.o` for the world into `directory`. All worlds get the same file
/// and type names, so that the sources which the components share compile for each of them.
pub(crate) fn write(world: &str, directory: &Path) -> Result<()> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(shop::root().join("wit")).context("cannot read the shop's WIT")?;
    let world = resolve.select_world(&[package], Some(world))?;
    let mut files = Files::default();
    let options = Opts { rename_world: Some("shop".to_owned()), ..Opts::default() };
    options.build().generate(&mut resolve, world, &mut files)?;
    for (name, contents) in files.iter() {
        std::fs::write(directory.join(name), contents)?;
    }
    Ok(())
}
