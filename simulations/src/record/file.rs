//! The file of a trace that grows.
//!
//! Records are appended as whole lines and are on the disk when they have been. Whoever is killed between leaves half a line
//! at most: `Trace::read` passes it over, and a recording that goes on cuts it off.

use std::io;
use std::path::Path;

use anyhow::{Context, ensure};

use crate::lines::{LinesFile, whole_lines};
use crate::trace::{Header, Record, Trace};

/// The file of a trace that grows.
#[derive(Debug)]
pub struct TraceFile {
    file: LinesFile,
}

/// A file to which records are to be appended.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: TraceFile,
    /// What is in it, where it goes on.
    pub before: Option<Trace>,
    /// How many bytes of an unfinished line were cut off.
    pub cut: usize,
}

impl TraceFile {
    /// Opens a file that is not there, or is empty, or is to go on (`append`). Nobody else can record into it meanwhile.
    ///
    /// # Errors
    /// Where it cannot be opened, is recorded into already, holds something and is not to go on, or holds no recorded trace;
    /// then it is left as it was.
    pub fn open(path: &Path, append: bool) -> anyhow::Result<Opened> {
        let place = || path.display().to_string();
        let (mut file, bytes) = LinesFile::open(path)?;
        ensure!(
            append || bytes.is_empty(),
            "{}: is there already; --append goes on with it, or name another file",
            place()
        );
        let kept = whole_lines(&bytes);
        let before = if kept.trim_ascii().is_empty() {
            None
        } else {
            let trace = Trace::read(kept).with_context(place)?;
            ensure!(trace.header.is_recorded(), "{}: was not made by `wit-sim record`", place());
            Some(trace)
        };
        let cut = file.cut(&bytes).with_context(place)?;
        Ok(Opened { file: Self { file }, before, cut })
    }

    /// Writes the first line.
    ///
    /// # Errors
    /// The file's.
    pub fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.file.append(&(serde_json::to_string(header)? + "\n"))
    }

    /// Appends records; when this returns they are on the disk.
    ///
    /// # Errors
    /// The file's; half a line may have been written then.
    pub fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let mut lines = String::new();
        for record in records {
            lines += &serde_json::to_string(record)?;
            lines.push('\n');
        }
        if lines.is_empty() { Ok(()) } else { self.file.append(&lines) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::trace::{Happening, NodeRef, RECORD, Source};

    fn header() -> Header {
        let source = Source { format: RECORD.to_owned(), name: "cluster".to_owned(), sha256: None };
        Header::new("recording", vec![source])
    }

    fn gone(at: u64) -> Record {
        Record::new(at, Happening::NodeDeleted(NodeRef { node: "n1".to_owned() }))
    }

    #[test]
    fn a_file_cut_anywhere_is_read_and_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        let mut file = TraceFile::open(&path, false).unwrap().file;
        file.begin(&header()).unwrap();
        let first = fs::metadata(&path).unwrap().len();
        file.append(&[gone(1), gone(2)]).unwrap();
        drop(file);
        let whole = fs::read(&path).unwrap();
        for end in 0..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let lines = whole[..end].split(|byte| *byte == b'\n').count() - 1;
            let is_whole = whole[..end].ends_with(b"\n") || end == 0;
            let read = Trace::read(&whole[..end]);
            if end as u64 >= first {
                let read = read.unwrap();
                // All but the end of the line is a record too.
                let is_record = whole.get(end) == Some(&b'\n');
                assert_eq!(read.unfinished, (!is_whole && !is_record).then_some(lines + 1), "{end}");
                assert_eq!(read.records.len(), lines - 1 + usize::from(is_record), "{end}");
            }
            let Opened { mut file, before, cut } = TraceFile::open(&path, true).unwrap();
            assert_eq!(cut > 0, !is_whole, "{end}");
            assert_eq!(before.as_ref().map(|trace| trace.records.len()), lines.checked_sub(1), "{end}");
            if before.is_none() {
                file.begin(&header()).unwrap();
            }
            file.append(&[gone(7)]).unwrap();
            let read = Trace::read(fs::read(&path).unwrap().as_slice()).unwrap();
            assert_eq!(read.records.last(), Some(&gone(7)), "{end}");
        }
    }

    #[test]
    fn a_file_is_not_written_over_nor_by_two_at_once_nor_what_others_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trace.jsonl");
        let refused = |append| TraceFile::open(&path, append).unwrap_err().to_string();
        let mut file = TraceFile::open(&path, false).unwrap().file;
        assert!(refused(true).contains("another `wit-sim` writes into it"));
        file.begin(&header()).unwrap();
        drop(file);
        assert!(refused(false).contains("--append goes on with it"));
        let imported = serde_json::to_string(&Header::new("imported", Vec::new())).unwrap() + "\n{";
        fs::write(&path, &imported).unwrap();
        assert!(refused(true).contains("was not made by `wit-sim record`"));
        assert_eq!(fs::read_to_string(&path).unwrap(), imported, "it is left as it was");
    }
}
