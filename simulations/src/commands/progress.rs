//! How far a long command has come: a line that is written over on a terminal, or plain lines where they are asked for.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Not at all.
    Never,
    /// A line that is written over.
    OnTerminal,
    /// A line each time.
    AsLines,
}

/// How many runs have been made.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: Shown,
    began: Instant,
    before: usize,
    all: usize,
}

impl Progress {
    /// The runs begin; so many were made before.
    pub(crate) fn begun(shown: Shown, before: usize, all: usize, notes: &mut dyn Write) -> io::Result<Self> {
        let progress = Self { shown, began: Instant::now(), before, all };
        progress.made(before, notes)?;
        Ok(progress)
    }

    /// There are so many now.
    pub(crate) fn made(&self, runs: usize, notes: &mut dyn Write) -> io::Result<()> {
        let text = || text(self.before, runs, self.all, self.began.elapsed());
        match self.shown {
            Shown::Never => return Ok(()),
            // To the beginning of the line, which is erased.
            Shown::OnTerminal => write!(notes, "\r\u{1b}[K{}", text())?,
            Shown::AsLines => writeln!(notes, "{}", text())?,
        }
        notes.flush()
    }

    /// No more is made.
    pub(crate) fn ended(self, notes: &mut dyn Write) -> io::Result<()> {
        if self.shown == Shown::OnTerminal {
            write!(notes, "\r\u{1b}[K")?;
            notes.flush()?;
        }
        Ok(())
    }
}

/// `12 of 30 runs, about 1:05 left`, from what those since the beginning took.
fn text(before: usize, runs: usize, all: usize, took: Duration) -> String {
    let own = runs.saturating_sub(before);
    if own == 0 || runs >= all {
        return format!("{runs} of {all} runs");
    }
    let left = took.as_secs_f64() / own as f64 * (all - runs) as f64;
    // A run may take for ever, and then it is said to take long.
    let left = Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX).as_secs();
    let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
    let left = if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    };
    format!("{runs} of {all} runs, about {left} left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_worked_out_from_the_runs_that_were_not_there_before() {
        let seconds = Duration::from_secs;
        assert_eq!(text(0, 0, 30, seconds(5)), "0 of 30 runs");
        assert_eq!(text(10, 10, 30, seconds(5)), "10 of 30 runs");
        assert_eq!(text(10, 12, 30, seconds(10)), "12 of 30 runs, about 1:30 left");
        assert_eq!(text(0, 1, 10_000, seconds(10)), "1 of 10000 runs, about 27:46:30 left");
        assert_eq!(text(0, 30, 30, seconds(10)), "30 of 30 runs");
        assert!(text(0, 1, usize::MAX, Duration::MAX).ends_with(" left"));
    }

    #[test]
    fn only_a_terminal_gets_a_line_that_is_written_over() {
        let shown = |shown| {
            let mut notes = Vec::new();
            let progress = Progress::begun(shown, 1, 2, &mut notes).unwrap();
            progress.made(2, &mut notes).unwrap();
            progress.ended(&mut notes).unwrap();
            String::from_utf8(notes).unwrap()
        };
        assert_eq!(shown(Shown::Never), "");
        assert_eq!(shown(Shown::AsLines), "1 of 2 runs\n2 of 2 runs\n");
        assert_eq!(shown(Shown::OnTerminal), "\r\u{1b}[K1 of 2 runs\r\u{1b}[K2 of 2 runs\r\u{1b}[K");
    }
}
