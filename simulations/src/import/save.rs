//! A trace into its file, whole or not at all.

use std::path::Path;

use crate::save;
use crate::trace::Trace;

/// Writes a trace to a file. It is written under a temporary name beside it first and then renamed, so that there is never
/// half a trace under this name.
///
/// # Errors
/// Where it cannot be written; what was there before is still there.
pub fn save(trace: &Trace, path: &Path) -> anyhow::Result<()> {
    save::whole(path, |file| trace.write(file))
}
