//! What can be typed.

mod documents;
mod import;
mod record;
mod remote;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use wit_placement::Millis;
use wit_placement::kube_scheduler::Profile;

pub use self::documents::{
    DiffArguments, ExplainArguments, ExportArguments, ExportFormat, QuickstartArguments, ReportArguments,
};
pub use self::import::{
    ClusterArguments, Format, ImportArguments, ManifestsArguments, OpenbArguments, RasaArguments,
    RecordedArguments, SktraceArguments, Target,
};
pub use self::record::RecordArguments;
pub use self::remote::{ComparedRemoteArguments, RemoteArguments};
use crate::arrivals::Order;
use crate::commands::Shown;
use crate::engine::{Options, Timing};
use crate::fail_if::FailIf;
use crate::strategy::Name;
use crate::what_if::WhatIf;

/// Asks what a cluster would look like with wit-placement: the very code that places pods there, on a virtual clock.
#[derive(Clone, Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Runs an example from end to end: a trace, runs, their comparison and a report, and says what to type next
    Quickstart(QuickstartArguments),
    /// Places the pods of a trace, or the pending pods of a folder of manifests
    Replay(ReplayArguments),
    /// Holds strategies against each other over several seeds: means, intervals, differences, who is best at what
    ///
    /// Behind a mean stands its 95 % confidence interval over the seeds, after Student's t distribution. `*` marks the best strategy where
    /// it is better than every other one by a paired t-test: the 95 % interval of the differences seed by seed leaves zero
    /// out. With one seed there is neither. The numbers are those of the end, on average over time, and of the whole run; `wit-sim
    /// metrics` lists their names for --fail-if, docs/numbers.md their formulas. There is nothing to measure where `–` stands.
    Compare(CompareArguments),
    /// Lists the numbers by the names that they have in JSON and in `compare --fail-if`
    Metrics,
    /// Makes a page of runs for a browser: the headline, what it rests on, figures and tables
    Report(ReportArguments),
    /// Writes the numbers of runs for Prometheus, so that Grafana shows a replay as it shows a cluster
    Export(ExportArguments),
    /// Says what differs between two runs of one trace: numbers, pods that are elsewhere, and why
    Diff(DiffArguments),
    /// Says why a pod of a run is where it is: refused nodes, the best nodes, and every term of their scores
    Explain(ExplainArguments),
    /// Says what a given placement of a trace's pods is worth: every metric, and whether it could be
    Evaluate(EvaluateArguments),
    /// Makes a trace of what others record: a cluster and what happens in it, a JSON object on each line
    Import(ImportArguments),
    /// Watches a live cluster into a trace until it is stopped: what is there, and every change as it comes
    Record(RecordArguments),
    /// Gives the pods of one trace the times of another's: traffic from here, arrivals and lifetimes from there
    Join(JoinArguments),
    /// Replays what is claimed about Wasm on Kubernetes and says what is true of it; fails where that has changed
    Scenarios(ScenariosArguments),
    /// Says everything that is wrong with traces, and what is in them
    Validate(ValidateArguments),
    /// Prints the script by which a shell completes command lines of `wit-sim`
    Completions(CompletionsArguments),
    /// Writes the manual pages of `wit-sim` and of each of its commands
    Man(ManArguments),
}

/// The arguments of `completions`.
#[derive(Clone, Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// The arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct ManArguments {
    /// The folder that the pages go to; it must be there
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// The arguments of `join`.
#[derive(Clone, Debug, Args)]
pub struct JoinArguments {
    /// The trace whose listed pods get times, such as that of a RASA file
    #[arg(value_name = "CLUSTER")]
    pub cluster: PathBuf,
    /// The trace whose pods come and go, such as that of `OpenB`; large pods get the times of large pods
    #[arg(value_name = "TIMES")]
    pub times: PathBuf,
    /// Decides which pod gets which times; the same seed gives the same trace
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `validate`.
#[derive(Clone, Debug, Args)]
pub struct ValidateArguments {
    /// The traces
    #[arg(value_name = "TRACE", required = true)]
    pub traces: Vec<PathBuf>,
}

/// The arguments of `replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayArguments {
    /// The trace; without it `--manifests` and `--images` say what is placed, with wit-placement and with kube-scheduler alone
    #[arg(value_name = "TRACE", required_unless_present = "manifests", conflicts_with = "manifests")]
    pub trace: Option<PathBuf>,
    /// Who places the pods of the trace
    #[arg(long, value_enum, value_name = "STRATEGY", default_value = "wit", conflicts_with = "manifests")]
    pub strategy: Name,
    /// How runs over the trace are made
    #[command(flatten)]
    pub runs: RunArguments,
    /// What is drawn in the run over the trace is drawn by this
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "manifests")]
    pub seed: u64,
    /// Of how many of the best nodes the JSON document keeps what their scores are made of, for `explain` and `diff`; 0 keeps no
    /// decisions, and makes it smaller
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "manifests")]
    pub decisions: usize,
    /// Folder of Kubernetes YAML or JSON, as `kubectl get -o yaml` prints it; a workload without pods gets pending ones
    #[arg(long, value_name = "DIR", requires = "images")]
    pub manifests: Option<PathBuf>,
    /// OCI image layout with the images of the components
    #[arg(long, value_name = "DIR", requires = "manifests", conflicts_with = "trace")]
    pub images: Option<PathBuf>,
    /// Settings file of the extender; its `mode` is passed over, since a replay shows what steering does
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is printed: a table for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// What takes how long
    #[command(flatten)]
    pub timing: TimingArguments,
    /// What is other than the trace has it
    #[command(flatten)]
    pub what_if: WhatIf,
    /// Who is asked in place of a strategy.
    #[command(flatten)]
    pub remote: RemoteArguments,
}

/// The longest time that can be typed, ten years in milliseconds: more is a slip of the finger.
const LONGEST: u64 = 10 * 365 * 86_400_000;

fn millis() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=LONGEST)
}

/// What takes how long in virtual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct TimingArguments {
    /// Virtual time from one pending pod to the next, of those that arrive at the same time
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = millis())]
    pub arrive_every: u64,
    /// Virtual time until the world of an image is known
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = millis())]
    pub read_after: u64,
    /// Virtual time until wit-placement sees a binding
    #[arg(long, value_name = "MS", default_value_t = 0, value_parser = millis())]
    pub bind_after: u64,
}

/// How runs over a trace are made.
#[derive(Clone, Copy, Debug, Args)]
pub struct RunArguments {
    /// The order of pods that arrive at the same time
    #[arg(long, value_enum, default_value_t = Order::Random, conflicts_with = "manifests")]
    pub order: Order,
    /// At how many points in time at most the numbers are taken beside those of the end
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "manifests", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub points: u32,
}

/// The arguments of `compare`.
#[derive(Clone, Debug, Args)]
pub struct CompareArguments {
    /// The trace
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// The strategies; without any `default`, `pod-affinity` and `wit`
    #[arg(value_name = "STRATEGY", value_enum)]
    pub strategies: Vec<Name>,
    /// How many runs of each, with the seeds 0, 1, 2, …
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: u64,
    /// The order of pods that arrive at the same time
    #[arg(long, value_enum, default_value_t = Order::Random)]
    pub order: Order,
    /// Ends with an error where this holds of the means, for CI; may be given several times. `wit-sim metrics` lists the names
    #[arg(long, value_name = "'wit.G < default.G + 0.3'")]
    pub fail_if: Vec<FailIf>,
    /// Settings file of the extender
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keeps every finished run in this file, so that after an interruption the same command goes on and prints the same; that of
    /// another trace, settings, strategies, seeds, order or version is refused
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Says how far it has come in plain lines; on a terminal there is a line that tells, without
    #[arg(long)]
    pub progress: bool,
    /// Whether what is said beside the output is read on a terminal.
    #[arg(skip)]
    pub on_terminal: bool,
    /// Runs at the same time; as many as there are processors without it. The output does not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// What is printed: a table for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
    /// What takes how long
    #[command(flatten)]
    pub timing: TimingArguments,
    /// What is other than the trace has it
    #[command(flatten)]
    pub what_if: WhatIf,
    /// Who else is compared.
    #[command(flatten)]
    pub remote: ComparedRemoteArguments,
}

/// The arguments of `evaluate`.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArguments {
    /// The trace; the cluster is as it is after the last record
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// The placement: a JSON object {"NODE": ["POD", …]}, a pod as namespace/name, or by its name where no other has it
    #[arg(long, value_name = "FILE")]
    pub placement: PathBuf,
    /// Settings file of the extender, for its host catalogue and its limits
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is printed: a table for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// The arguments of `scenarios`.
#[derive(Clone, Debug, Args)]
pub struct ScenariosArguments {
    /// The claims; without any all of them
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Lists the claims and replays none
    #[arg(long, conflicts_with = "output")]
    pub list: bool,
    /// What is printed: verdicts for people or a document for programs
    #[arg(long, value_enum, default_value_t)]
    pub output: Output,
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table and a summary.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

impl TimingArguments {
    /// As the engine takes it.
    pub fn timing(self) -> Timing {
        let Self { arrive_every, read_after, bind_after } = self;
        Timing { arrival: Millis(arrive_every), reading: Millis(read_after), binding: Millis(bind_after) }
    }

    /// What was typed that is not 0, with its unit.
    pub fn told(self) -> impl Iterator<Item = (String, String)> {
        let Self { arrive_every, read_after, bind_after } = self;
        let all = [("arriveEvery", arrive_every), ("readAfter", read_after), ("bindAfter", bind_after)];
        let told = all.into_iter().filter(|(_, millis)| *millis > 0);
        told.map(|(name, millis)| (name.to_owned(), format!("{millis} ms")))
    }
}

impl ReplayArguments {
    /// How the runs over folders are made.
    pub fn options(&self) -> Options {
        let timing = self.timing.timing();
        Options { timing, profile: Profile::rehearsal(), ..Options::default() }
    }
}

impl Cli {
    /// What is said beside the output is read on a terminal, where a line can be written over.
    #[must_use]
    pub fn on_terminal(mut self, is_terminal: bool) -> Self {
        if let Command::Compare(compare) = &mut self.command {
            compare.on_terminal = is_terminal;
        }
        self
    }
}

impl CompareArguments {
    /// How far the command has come is shown so.
    pub(crate) fn shown(&self) -> Shown {
        match (self.progress, self.on_terminal) {
            (true, _) => Shown::AsLines,
            (false, true) => Shown::OnTerminal,
            (false, false) => Shown::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let refused = |arguments: &str| {
            let words = std::iter::once("wit-sim").chain(arguments.split_whitespace());
            Cli::try_parse_from(words).unwrap_err().to_string()
        };
        assert!(refused("replay t --images i").contains("cannot be used with"));
        assert!(refused("replay t --points 10001").contains("10001 is not in 0..=10000"));
        assert!(refused("replay t --bind-after 315360000001").contains("is not in 0..=315360000000"));
    }
}
