//! Files that are written whole or not at all.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// Makes a file. It is written under a temporary name beside it first and then renamed, so that there is never half a file
/// under this name. A file that is there keeps its mode, and a link leads to the new file; what is no regular file, such as
/// a pipe or a device, is written into.
///
/// # Errors
/// Where it cannot be written; a file that was there before is still there.
pub(crate) fn whole(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    let place = || format!("{} cannot be written", path.display());
    let into = |file: &mut File| {
        let mut writer = BufWriter::new(file);
        write(&mut writer).and_then(|()| writer.flush()).with_context(place)
    };
    let path = followed(path);
    let before = std::fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return into(&mut OpenOptions::new().write(true).open(&path).with_context(place)?);
    }
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
    into(file.as_file_mut())?;
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions()).with_context(place)?;
    }
    file.persist(path).with_context(place)?;
    Ok(())
}

/// Links in a row that are followed, as the kernel does.
const MOST_LINKS: usize = 40;

/// Where a path leads that is a link, also where nothing is there yet.
fn followed(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = std::fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
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
    fn a_file_keeps_its_mode_and_a_link_leads_to_the_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        whole(&link, |out| out.write_all(b"new")).unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        std::fs::remove_file(&file).unwrap();
        whole(&link, |out| out.write_all(b"again")).unwrap();
        assert!(link.is_symlink(), "a link to nothing leads to what is made");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "again");
    }

    #[test]
    fn a_pipe_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read_to_string(pipe).unwrap()
        });
        whole(&pipe, |out| out.write_all(b"told")).unwrap();
        assert_eq!(reader.join().unwrap(), "told");
        assert!(!pipe.metadata().unwrap().is_file(), "it is still a pipe");
    }

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
