//! Replays pods through the placement code on a virtual clock and compares strategies.
//!
//! The same code that answers a real kube-scheduler ([`wit_placement::answer_filter`] and its like) is asked by a model
//! of it ([`wit_placement::kube_scheduler`]), event by event. Time is virtual, and what is drawn is drawn by a seed:
//! the same input gives the same output, byte for byte.
//!
//! ```
//! use wit_placement::{Allocatable, Millis, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources};
//! use wit_sim::engine::Options;
//! use wit_sim::replay::replay;
//! use wit_sim::scenario::{Scenario, Step};
//!
//! let resources = Resources { cpu_millis: 4000, memory_bytes: 8 << 30 };
//! let node = Node {
//!     name: NodeName::new("worker-1"),
//!     labels: Default::default(),
//!     allocatable: Allocatable { resources, pods: 110 },
//!     runtime_handlers: None,
//!     instance_cap: None,
//!     taints: Vec::new(),
//!     unschedulable: false,
//!     images: Vec::new(),
//! };
//! let pod = Pod {
//!     key: PodKey::new("web", "site-0"),
//!     uid: PodUid::new("1"),
//!     workload: "web/Deployment/site".parse()?,
//!     shape: PodShape::default().into(),
//!     node: None,
//!     finished: false,
//!     gated: false,
//! };
//! let steps = vec![(Millis(0), Step::Node(node)), (Millis(0), Step::Pod(pod))];
//! let scenario = Scenario { steps, ..Scenario::default() };
//!
//! let replay = replay(&scenario, &wit_config::Settings::default(), &Options::default())?;
//! let placements = replay.report().placements;
//! assert_eq!(placements[0].node, Some(NodeName::new("worker-1")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | look at |
//! |---|---|
//! | what can be typed? | [`cli`] |
//! | what can be simulated? | [`scenario`], from folders by [`input`] or from a [`trace`] |
//! | what is a trace, and what is it made from? | [`trace`], [`import`](mod@import), [`join`](mod@join) |
//! | and how is a live cluster watched into one? | [`record`] |
//! | what happens at a step, and what follows from it? | [`engine`], on the virtual clock of [`timeline`] |
//! | in which order do pods come? | [`arrivals`] |
//! | what if the cluster were another? | [`what_if`] |
//! | two strategies beside each other, and many over many seeds | [`replay`](mod@replay), [`compare`](mod@compare) |
//! | who answers the scheduler? | [`strategy`] |
//! | what comes out? | [`output`] |
//! | what is a placement worth? | [`metrics`] |
//! | and one that somebody else made? | [`evaluate`](mod@evaluate) |
//! | how sure is a difference? | [`statistics`] |
//! | what do runs leave behind? | [`documents`] |
//! | why is a pod of a run where it is? | [`explain`] |
//! | what differs between two runs, and why? | [`diff`] |
//! | and how do people see it? | [`report_html`] |
//! | and Prometheus? | [`export`] |
//! | does a comparison fail a build? | [`fail_if`] |
//! | how many nodes do so many pods need? | [`density`] |
//! | is it true what is claimed about Wasm on Kubernetes? | [`claims`] |

pub mod arrivals;
pub mod claims;
pub mod cli;
mod commands;
pub mod compare;
pub mod counts;
pub mod density;
pub mod diff;
pub mod documents;
pub mod engine;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod fail_if;
pub mod import;
pub mod input;
pub mod join;
mod lines;
pub mod metrics;
pub mod output;
pub mod record;
pub mod replay;
pub mod report_html;
mod save;
pub mod scenario;
pub mod statistics;
pub mod strategy;
mod terminal;
pub mod timeline;
pub mod trace;
pub mod what_if;

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{Cli, Command, EvaluateArguments, ReplayArguments};
use crate::evaluate::Evaluation;
use crate::input::Sources;
use crate::terminal::{Escaping, escaped, told};

/// Runs the command: its result to `out`, what is to be said about the way there to `notes`.
pub fn run(cli: &Cli, out: &mut dyn Write, notes: &mut dyn Write) -> ExitCode {
    let out: &mut dyn Write = &mut Escaping::new(out);
    // A comparison writes over its own line on a terminal, and sees to names by itself.
    let mut escaping;
    let notes: &mut dyn Write = if matches!(cli.command, Command::Compare(_)) {
        notes
    } else {
        escaping = Escaping::new(notes);
        &mut escaping
    };
    let done = match &cli.command {
        Command::Replay(arguments) => match &arguments.trace {
            Some(trace) => commands::replay(trace, arguments, out, notes),
            None => replayed(arguments, out, notes),
        },
        Command::Compare(arguments) => commands::compare(arguments, out, notes),
        Command::Metrics => out.write_all(metrics::listing().as_bytes()).map_err(anyhow::Error::from),
        Command::Report(arguments) => commands::report(arguments, notes),
        Command::Quickstart(arguments) => commands::quickstart(arguments, out),
        Command::Export(arguments) => commands::export(arguments, notes),
        Command::Diff(arguments) => commands::diff(arguments, out),
        Command::Explain(arguments) => commands::explain(arguments, out),
        Command::Import(arguments) => commands::import(arguments, out, notes),
        Command::Record(arguments) => commands::record(arguments, notes),
        Command::Join(arguments) => commands::join(arguments, out, notes),
        Command::Validate(arguments) => commands::validate(arguments, out),
        Command::Completions(arguments) => commands::completions(arguments, out),
        Command::Man(arguments) => commands::man(arguments),
        Command::Scenarios(arguments) => commands::scenarios(arguments, out),
        Command::Evaluate(arguments) => evaluated(arguments, out, notes),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the output has seen enough, as `head` has.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(notes, "error: {}", escaped(&told(&error)));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kinds = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    kinds.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::BrokenPipe)
}

/// Prints what `wit-sim replay` does.
fn replayed(arguments: &ReplayArguments, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let (Some(manifests), Some(images)) = (&arguments.manifests, &arguments.images) else {
        anyhow::bail!("say what is placed: a trace, or --manifests and --images");
    };
    anyhow::ensure!(
        arguments.what_if.is_nothing(),
        "what-if options change traces: make one of the folder with `wit-sim import manifests` first"
    );
    let sources = Sources::open(manifests, images, arguments.config.as_deref())?;
    let scenario = sources.scenario()?;
    for warning in &scenario.warnings {
        writeln!(notes, "warning: {warning}")?;
    }
    let replay = replay::replay(&scenario, &sources.settings, &arguments.options())?;
    out.write_all(output::render(&replay, arguments.output)?.as_bytes())?;
    Ok(())
}

/// Prints what `wit-sim evaluate` does.
fn evaluated(
    arguments: &EvaluateArguments,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let evaluate::Files { name, scenario, placement, place, settings } = evaluate::Files::read(arguments)?;
    for warning in &scenario.warnings {
        writeln!(notes, "warning: {warning}")?;
    }
    let evaluation = evaluate::evaluate(&scenario, &placement, &settings)
        .map_err(|error| error.downcast().map_or_else(|error| error, |error| in_file(&place, error)))?;
    let evaluation = Evaluation { trace: name, ..evaluation };
    out.write_all(evaluate::render(&evaluation, arguments.output)?.as_bytes())?;
    Ok(())
}

/// Every problem of a placement with its file.
fn in_file(place: &str, error: evaluate::PlacementError) -> anyhow::Error {
    let problems = error.problems.into_iter().map(|problem| format!("{place}: {problem}"));
    evaluate::PlacementError { problems: problems.collect() }.into()
}
