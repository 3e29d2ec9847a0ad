//! Files that grow line by line, so that whoever is killed leaves half a line at most.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::Path;

use anyhow::{Context, bail};

/// A file that grows by whole lines, and that nobody else writes into meanwhile.
#[derive(Debug)]
pub(crate) struct LinesFile {
    file: File,
}

impl LinesFile {
    /// Opens the file, or makes it; what is in it.
    ///
    /// # Errors
    /// Where it cannot be opened or read, or where somebody writes into it already.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, Vec<u8>)> {
        let place = || path.display().to_string();
        let mut options = OpenOptions::new();
        let mut file = options.read(true).append(true).create(true).open(path).with_context(place)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{}: another `wit-sim` writes into it", place()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(place),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).with_context(place)?;
        Ok((Self { file }, bytes))
    }

    /// Cuts off what is behind the last whole line of what is in the file; how many bytes that were.
    ///
    /// # Errors
    /// The file's.
    pub(crate) fn cut(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let whole = whole_lines(bytes).len();
        if whole < bytes.len() {
            self.file.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
        }
        Ok(bytes.len() - whole)
    }

    /// Appends lines, each with its end; when this returns they are on the disk.
    ///
    /// # Errors
    /// The file's; half a line may have been written then.
    pub(crate) fn append(&mut self, lines: &str) -> io::Result<()> {
        self.file.write_all(lines.as_bytes())?;
        self.file.sync_data()
    }
}

/// What of these bytes is whole lines.
pub(crate) fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    bytes.get(..end).unwrap_or_default()
}
