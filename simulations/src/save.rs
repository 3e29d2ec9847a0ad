//! Files that are written whole or not at all.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

/// Makes a file. It is written under a temporary name beside it first and then renamed, so that there is never half a file
/// under this name.
///
/// # Errors
/// Where it cannot be written; what was there before is still there.
pub(crate) fn whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
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
    write(&mut writer).and_then(|()| writer.flush()).with_context(place)?;
    drop(writer);
    file.persist(path).with_context(place)?;
    Ok(())
}
