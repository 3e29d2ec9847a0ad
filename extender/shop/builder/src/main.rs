//! Builds, checks, composes and runs the shop, the bundled example of wit-placement.
//!
//! ```text
//! WIT + C ──compile──► components/NAME.wasm ──layout──► images/ (OCI image layout)
//!                              │
//!                              └──compose──► one component in memory ──run──► its answer
//! ```

mod bindings;
mod check;
mod compile;
mod compose;
mod describe;
mod layout;
mod run;
mod shop;

use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    match dispatch(std::env::args().nth(1).as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop-builder: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Option<&str>) -> Result<()> {
    match command {
        Some("build") => build(),
        Some("check") => check::check(),
        Some("run") => run::run(),
        _ => bail!(
            "give one of these commands:\n\
             build  make components/ and images/ from wit/ and source/ (needs clang and wasm-ld)\n\
             check  see that the committed components/ and images/ are what build makes\n\
             run    compose the components and let the shop answer an order"
        ),
    }
}

/// Writes the six components, then the image layout made from them.
fn build() -> Result<()> {
    std::fs::create_dir_all(shop::components())?;
    for name in shop::COMPONENTS {
        let component = compile::compile(name)?;
        std::fs::write(shop::component(name), &component)?;
        println!("{name}: {} bytes", component.len());
    }
    layout::Layout::of_components()?.write()
}
