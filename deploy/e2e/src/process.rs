//! Children that are ready when we say so and never outlive us.
//!
//! Each child gets SIGKILL from the kernel when this process ends, however it ends: `setpriv --pdeathsig` (util-linux)
//! arranges that before it becomes the program. The kernel counts the end of the *thread* that started a child as its
//! parent's death, so one thread that lives as long as the process starts them all.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a child may take to end after SIGTERM before it gets SIGKILL.
const GRACE: Duration = Duration::from_secs(3);
const LOG_LINES_IN_ERRORS: usize = 30;

/// What to start: a program, its arguments and its environment.
#[derive(Debug, Clone)]
pub struct Launch {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
}

impl Launch {
    /// A program under the name that its log and errors carry.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), program: program.into(), arguments: Vec::new(), environment: Vec::new() }
    }

    /// Adds one argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds `--FLAG=VALUE`.
    #[must_use]
    pub fn flag(self, flag: &str, value: impl AsRef<OsStr>) -> Self {
        let mut argument = OsString::from(format!("--{flag}="));
        argument.push(value);
        self.argument(argument)
    }

    /// Sets a variable in the child's environment.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn command(&self, log: File) -> Result<Command> {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program).args(&self.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let errors = log.try_clone().context("cannot share the log file")?;
        // A group of its own keeps a terminal's Ctrl-C away from it: we stop it, in order.
        command.stdin(Stdio::null()).stdout(log).stderr(errors).process_group(0);
        Ok(command)
    }
}

/// A running child, ended when dropped.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    log: PathBuf,
    child: Child,
}

impl Process {
    /// Starts a program whose output goes to `LOGS/NAME.log`, after what an earlier child of that name wrote there.
    pub fn start(launch: Launch, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{}.log", launch.name));
        let child = start_child(&launch, &log)?;
        Ok(Self { launch, log, child })
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The file that its output goes to.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The end of its output, for an error message.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask after {}", self.launch.name))
    }

    /// Sends SIGKILL and waits for the end: what a crash or the kernel's out-of-memory killer does.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("cannot kill {}", self.launch.name))?;
        self.child.wait().with_context(|| format!("cannot wait for {}", self.launch.name))?;
        Ok(())
    }

    /// Sends SIGTERM and waits for the end, which must come within `deadline`.
    pub fn terminate(&mut self, deadline: Duration) -> Result<ExitStatus> {
        if let Some(status) = self.exit_status()? {
            return Ok(status);
        }
        self.signal(Signal::TERM)?;
        let end = Instant::now() + deadline;
        loop {
            if let Some(status) = self.exit_status()? {
                return Ok(status);
            }
            if Instant::now() >= end {
                bail!("{} did not end within {deadline:?} of SIGTERM\n{}", self.launch.name, self.log_tail());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it from running (SIGSTOP): it accepts connections and answers nothing.
    pub fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it run again after [`pause`](Self::pause).
    pub fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Starts the same program again; the one that ran is ended first if it still runs.
    pub fn restart(&mut self) -> Result<()> {
        self.end();
        self.child = start_child(&self.launch, &self.log)?;
        Ok(())
    }

    /// Waits until `url` answers 200, and fails early when the child ends.
    ///
    /// Certificates are not looked at: the address is loopback and the answer is only "ready".
    pub async fn wait_ready(&mut self, url: &str, deadline: Duration) -> Result<()> {
        let client = crate::access::probe_client()?;
        let end = Instant::now() + deadline;
        let mut last = String::from("no answer yet");
        while Instant::now() < end {
            if let Some(status) = self.exit_status()? {
                bail!("{} ended early ({status})\n{}", self.launch.name, self.log_tail());
            }
            match client.get(url).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => {
                    last = format!("{} {}", answer.status(), answer.text().await.unwrap_or_default());
                }
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("{} is not ready after {deadline:?}: {url}: {last}\n{}", self.launch.name, self.log_tail())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        kill_process(Pid::from_child(&self.child), signal)
            .with_context(|| format!("cannot signal {}", self.launch.name))
    }

    fn end(&mut self) {
        if self.terminate(GRACE).is_err() {
            let _already_gone = self.kill();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn start_child(launch: &Launch, log: &Path) -> Result<Child> {
    let file = File::options().create(true).append(true).open(log);
    let file = file.with_context(|| format!("cannot open {}", log.display()))?;
    let command = launch.command(file)?;
    spawn_on_lasting_thread(command).with_context(|| {
        format!("cannot start {} through setpriv (from util-linux)", launch.program.display())
    })
}

type SpawnRequest = (Command, mpsc::Sender<std::io::Result<Child>>);

fn spawn_on_lasting_thread(command: Command) -> Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<SpawnRequest>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, incoming) = mpsc::channel::<SpawnRequest>();
        std::thread::spawn(move || {
            for (mut command, reply) in incoming {
                let _requester_gone = reply.send(command.spawn());
            }
        });
        requests
    });
    let (reply, answer) = mpsc::channel();
    spawner.send((command, reply)).map_err(|_| anyhow::anyhow!("the thread that starts children is gone"))?;
    Ok(answer.recv().context("the thread that starts children is gone")??)
}

fn tail(log: &Path) -> String {
    let content = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().collect();
    let shown = lines.get(lines.len().saturating_sub(LOG_LINES_IN_ERRORS)..).unwrap_or_default();
    format!("--- end of {} ---\n{}", log.display(), shown.join("\n"))
}
