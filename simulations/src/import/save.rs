//! A trace into its file, whole or not at all.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

use crate::trace::Trace;

/// Writes a trace to a file. It is written under a temporary name beside it first and then renamed, so that there is never
/// half a trace under this name.
///
/// # Errors
/// Where it cannot be written; what was there before is still there.
pub fn save(trace: &Trace, path: &Path) -> anyhow::Result<()> {
    let place = || format!("{} cannot be written", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().with_context(place)?;
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    let mut file = tempfile::Builder::new()
        .prefix(&prefix)
        // Less what the umask takes away, as for any other file that is made.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(place)?;
    let mut writer = BufWriter::new(file.as_file_mut());
    trace.write(&mut writer).and_then(|()| writer.flush()).with_context(place)?;
    drop(writer);
    file.persist(path).with_context(place)?;
    Ok(())
}
