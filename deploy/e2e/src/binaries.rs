//! Where the programs are that the harness starts.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Set to the path of the `wit-extender` to test; otherwise it is looked for beside the running test.
pub const EXTENDER_VARIABLE: &str = "WIT_EXTENDER_BIN";

/// The top of the checkout that this crate was built from.
pub fn repository_root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// One of the programs that `deploy/control-plane/build` makes.
pub fn control_plane_binary(name: &str) -> Result<PathBuf> {
    let path = repository_root().join("deploy/control-plane/bin").join(name);
    if !path.is_file() {
        bail!("{} does not exist: run deploy/control-plane/build", path.display());
    }
    Ok(path)
}

/// The `wit-extender` to test: the one that [`EXTENDER_VARIABLE`] names, or the one that Cargo built in the same target
/// directory, the profile of the running program first.
pub fn extender_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(EXTENDER_VARIABLE).map(PathBuf::from) {
        if !path.is_file() {
            bail!("{EXTENDER_VARIABLE} is {}, which does not exist", path.display());
        }
        return Ok(path);
    }
    built("wit-extender")?.with_context(|| {
        format!("there is no wit-extender: run `cargo build -p wit-extender` or set {EXTENDER_VARIABLE}")
    })
}

/// The `wit-sim` that Cargo built in the same target directory, the profile of the running program first.
pub fn simulator_binary() -> Result<PathBuf> {
    built("wit-sim")?.context("there is no wit-sim: run `cargo build -p wit-sim`")
}

/// A program that Cargo built in the target directory of the running one.
fn built(name: &str) -> Result<Option<PathBuf>> {
    let running = std::env::current_exe()?;
    let own_profile = running.ancestors().skip(1).take(2);
    let other_profiles = running
        .ancestors()
        .nth(3)
        .into_iter()
        .chain(running.ancestors().nth(2))
        .flat_map(|target| [target.join("release"), target.join("debug")]);
    let mut found = own_profile.map(Path::to_owned).chain(other_profiles).map(|folder| folder.join(name));
    Ok(found.find(|path| path.is_file()))
}
