//! The settings file of wit-placement and its host catalogue, validated into plain values.
//!
//! ```
//! use wit_config::{HostCatalogue, LinkMode, Mode, parse};
//!
//! let settings = parse("
//! apiVersion: wit-placement.dev/v1alpha1
//! kind: ExtenderConfiguration
//! mode: steer
//! placement:
//!   blastRadius: 0.25
//! hosts:
//! - name: runwasi-wasmtime # the bundled profile, with one value changed
//!   memoryOverheadBytes: 32Mi
//! ").expect("a valid file");
//! assert_eq!(settings.mode, Mode::Steer);
//!
//! let hosts = HostCatalogue::bundled().merged(&settings.hosts);
//! let wasmtime = hosts.get("runwasi-wasmtime").expect("a bundled profile");
//! assert_eq!((wasmtime.memory_overhead_bytes, wasmtime.link_mode), (32 << 20, LinkMode::None));
//!
//! let wrong = "apiVersion: wit-placement.dev/v1alpha1\nkind: ExtenderConfiguration\nplacment: {}\nmode: on\n";
//! assert_eq!(
//!     parse(wrong).expect_err("two problems, both reported").to_string(),
//!     "line 3: placment: is not a key here; did you mean `placement`?\n\
//!      line 4: mode: must be `observe` or `steer`, found the text \"on\"",
//! );
//! ```
//!
//! # Where to look
//!
//! A file goes through the modules in this order:
//!
//! - `document`: YAML text to an untyped tree with lines; syntax errors and keys written twice end here.
//! - `keys`, `catalogue::keys`: the tables. **Every key stands there once**, with its default, range and meaning.
//! - `key`, `syntax`, `quantity`: what a row of a table can say.
//! - `reader`: the tree by a table into values; unknown keys, wrong types and ranges, all collected.
//! - `check`: what must hold between several settings.
//! - [`Settings`], [`HostProfile`]: the values that come out.
//! - `reference`: the tables as a commented default file and as a page.
//!
//! The host catalogue's data are the files in `catalogue/`. This crate knows neither Kubernetes nor HTTP, and does
//! no I/O.

mod catalogue;
mod check;
mod document;
mod key;
mod keys;
mod overrides;
mod problem;
mod quantity;
mod reader;
mod reference;
mod settings;
mod syntax;

pub use catalogue::{Fact, HostCatalogue, HostProfile, LinkMode, NodeEvidence, Offer, Runs};
pub use overrides::Overrides;
pub use problem::{ConfigError, Problem};
pub use reference::{defaults_yaml, reference_markdown};
pub use settings::{
    Explain, Images, Ledger, Listeners, Log, LogFormat, Mode, Placement, Reading, Requests, Scheduler,
    Scoring, Settings, Startup,
};

/// The version of both formats, the settings file's and the host profile's.
pub const API_VERSION: &str = "wit-placement.dev/v1alpha1";
/// The `kind` of the settings file.
pub const CONFIGURATION_KIND: &str = "ExtenderConfiguration";
/// The `kind` of a host profile's file.
pub const PROFILE_KIND: &str = "HostProfile";

/// Reads a settings file over the defaults. A file with only `apiVersion` and `kind` gives the defaults.
///
/// # Errors
///
/// Everything that is wrong with the file at once: YAML, a key written twice, unknown keys, wrong types, impossible
/// values, each with its path and line.
pub fn parse(yaml: &str) -> Result<Settings, ConfigError> {
    let (node, problems) = document::read(yaml);
    let mut reader = reader::Reader::with(problems);
    let mut settings = Settings::default();
    match node {
        Some(node) if node.value == document::Value::Nothing => reader.report(
            "",
            None,
            format!(
                "the file is empty; the smallest file is the two lines \
                 `apiVersion: {API_VERSION}` and `kind: {CONFIGURATION_KIND}`"
            ),
        ),
        Some(node) => {
            reader.mapping(&node, "", keys::SETTINGS, &mut settings);
            reader.require(&node, "", keys::SETTINGS, |_| true);
            check::together(&settings, &mut reader);
        }
        None => {}
    }
    ConfigError::unless_empty(reader.into_problems())?;
    Ok(settings)
}
