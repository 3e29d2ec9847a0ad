//! `wit-sim record`.

use std::future::pending;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::cli::RecordArguments;
use crate::import::live;
use crate::record::{Names, Opened, Recorder, Told, TraceFile, watch};
use crate::save;
use crate::trace::{Header, RECORD, Record, Source, Trace};

/// How often what came is written: a kill loses no more than this and the time that the disk takes.
const WRITTEN_EVERY: Duration = Duration::from_millis(500);

/// `wit-sim record`.
pub(crate) fn record(arguments: &RecordArguments, notes: &mut dyn Write) -> anyhow::Result<()> {
    save::has_folder(&arguments.output)?;
    let names = names(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (kubeconfig, context) = (arguments.kubeconfig.as_deref(), arguments.context.as_deref());
        let (client, server) = live::connect(kubeconfig, context).await?;
        live::check(&client, &server).await?;
        let name = names.as_ref().map_or_else(|| server.clone(), |names| names.hashed(&server));
        let source = Source { format: RECORD.to_owned(), name, sha256: None };
        let stopped = stopped(arguments.lasts)?;
        let recording = Recording::open(&arguments.output, arguments.append, source, names, notes)?;
        let (_watches, told) = watch(&client);
        recording.run(told, stopped, notes).await
    })
}

fn names(arguments: &RecordArguments) -> anyhow::Result<Option<Names>> {
    if !arguments.hash_names {
        return Ok(None);
    }
    ensure!(
        arguments.salt.is_some() || !arguments.append,
        "--append with --hash-names needs the --salt of the recording that goes on"
    );
    let salt = arguments.salt.clone().unwrap_or_else(drawn);
    Ok(Some(Names::new(salt, arguments.keep_label.iter().cloned())))
}

/// From the keys that the standard library draws for its hash maps.
fn drawn() -> String {
    let drawn = |number: u8| RandomState::new().hash_one(number);
    format!("{:016x}{:016x}", drawn(0), drawn(1))
}

/// When the recording is to end.
fn stopped(lasts: Option<Duration>) -> anyhow::Result<impl Future<Output = ()>> {
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        let over = async {
            match lasts {
                Some(lasts) => sleep(lasts).await,
                None => pending().await,
            }
        };
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
            () = over => {}
        }
    })
}

/// A recording that goes on.
struct Recording<'a> {
    path: &'a Path,
    file: TraceFile,
    /// The first line, until it is written.
    header: Option<Header>,
    recorder: Recorder,
    /// How many records were written, and the time of the last.
    written: usize,
    last: u64,
}

impl<'a> Recording<'a> {
    fn open(
        path: &'a Path,
        append: bool,
        source: Source,
        names: Option<Names>,
        notes: &mut dyn Write,
    ) -> anyhow::Result<Self> {
        let Opened { file, before, cut } = TraceFile::open(path, append)?;
        if cut > 0 {
            writeln!(notes, "{}: {cut} bytes of an unfinished line were cut off", path.display())?;
        }
        let (recorder, header) = match before {
            None => (Recorder::new(names), Some(Header::new("recording", vec![source]))),
            Some(before) => {
                same_cluster(&before, &source).with_context(|| path.display().to_string())?;
                (Recorder::after(&before, names), None)
            }
        };
        Ok(Self { path, file, header, recorder, written: 0, last: 0 })
    }

    async fn run(
        mut self,
        mut told: tokio::sync::mpsc::Receiver<Told>,
        stopped: impl Future<Output = ()>,
        notes: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut stopped = std::pin::pin!(stopped);
        let mut ticks = interval(WRITTEN_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopped => break,
                _ = ticks.tick() => self.write(notes)?,
                next = told.recv() => {
                    let Some(Told { kind, event }) = next else { bail!("every watch has ended") };
                    let now = u64::try_from(began.elapsed().as_millis())?;
                    match event {
                        Ok(event) => {
                            for said in self.recorder.told(now, &kind, event) {
                                writeln!(notes, "passed over: {said}")?;
                            }
                        }
                        Err(error) => writeln!(notes, "warning: {error}")?,
                    }
                }
            }
        }
        self.write(notes)?;
        ensure!(
            self.recorder.is_complete(),
            "nothing was recorded: the cluster was not listed whole before this ended"
        );
        let (records, seconds) = (self.written, began.elapsed().as_secs());
        let last = self.last as f64 / 1000.0;
        writeln!(
            notes,
            "{}: {records} records in {seconds} s, the last at {last:.3} s of the trace",
            self.path.display()
        )?;
        Ok(())
    }

    fn write(&mut self, notes: &mut dyn Write) -> anyhow::Result<()> {
        if !self.recorder.is_complete() {
            return Ok(());
        }
        let records = self.recorder.take();
        let place = || format!("{} cannot be written", self.path.display());
        if let Some(header) = self.header.take() {
            self.file.begin(&header).with_context(place)?;
        }
        self.file.append(&records).with_context(place)?;
        if self.written == 0 && !records.is_empty() {
            writeln!(
                notes,
                "{}: recording, {} records at the beginning",
                self.path.display(),
                records.len()
            )?;
        }
        self.written += records.len();
        self.last = records.last().map_or(self.last, |record: &Record| record.at);
        Ok(())
    }
}

/// A recording goes on with the cluster, the names and the salt that it began with.
fn same_cluster(before: &Trace, source: &Source) -> anyhow::Result<()> {
    if before.header.sources.contains(source) {
        return Ok(());
    }
    let names: Vec<_> = before.header.sources.iter().map(|source| format!("`{}`", source.name)).collect();
    bail!(
        "was recorded from {}, this is `{}`; with --hash-names also the --salt must be the same",
        names.join(", "),
        source.name
    )
}
