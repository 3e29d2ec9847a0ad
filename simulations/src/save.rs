//! Files that are written whole or not at all.

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, ensure};

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

/// Sees to it before any work that a file can be made.
///
/// # Errors
/// Where its folder is not there.
pub(crate) fn has_folder(output: &Path) -> anyhow::Result<()> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        let (output, folder_name) = (output.display(), folder.display());
        ensure!(
            folder.is_dir(),
            "{output} cannot be written: there is no folder {folder_name}; make it first"
        );
    }
    Ok(())
}

/// Keeps what is read from being written over, and says before any work where the folder of what is written is not there.
///
/// # Errors
/// Where the file is one of those that are read, or in one of the folders; as [`has_folder`].
pub(crate) fn apart<'a>(output: &Path, read: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    has_folder(output)?;
    let Ok(output) = output.canonicalize() else { return Ok(()) };
    for path in read {
        let is_read = path.canonicalize().is_ok_and(|path| output.starts_with(path));
        ensure!(!is_read, "{} is read: name another file to write", output.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (input, other) = (folder.path().join("input"), folder.path().join("other"));
        std::fs::write(&input, "").unwrap();
        let apart = |output: &Path, read: &Path| super::apart(output, [read]).is_ok();
        assert!(!apart(&folder.path().join("./input"), &input));
        assert!(!apart(&input, folder.path()), "a file of a folder that is read");
        assert!(apart(&other, folder.path()), "a new file is none that was read");
        std::fs::write(&other, "").unwrap();
        assert!(apart(&other, &input));
        let nowhere = folder.path().join("no/folder");
        let error = super::apart(&nowhere, [input.as_path()]).unwrap_err().to_string();
        assert!(error.ends_with("no; make it first"), "{error}");
    }
}
