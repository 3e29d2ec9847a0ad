//! Replays pods through the placement code on a virtual clock and compares strategies.
//!
//! The same code that answers a real kube-scheduler ([`wit_placement::answer_filter`] and its like) is asked by a model
//! of it ([`wit_placement::kube_scheduler`]), event by event. Nothing waits and nothing is random: the same input gives
//! the same output, byte for byte.
//!
//! ```
//! use wit_placement::{Allocatable, Event, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources};
//! use wit_sim::input::Input;
//! use wit_sim::replay::{Timing, replay};
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
//! let input = Input { events: vec![Event::Node(node), Event::Pod(pod)], ..Input::default() };
//!
//! let replay = replay(&input, &wit_config::Settings::default(), Timing::default())?;
//! let placements = replay.report().placements;
//! assert_eq!(placements[0].node, Some(NodeName::new("worker-1")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | look at |
//! |---|---|
//! | what can be typed? | [`cli`] |
//! | where do cluster and images come from? | [`input`] |
//! | what is a trace, and what is it made from? | [`trace`], [`import`](mod@import), [`join`](mod@join) |
//! | in which order do things happen? | [`engine`]: the virtual clock and its queue |
//! | what happens at an event? | [`replay`](mod@replay): one run per strategy |
//! | who answers the scheduler? | [`strategy`] |
//! | what comes out? | [`output`] |

pub mod cli;
mod commands;
pub mod counts;
pub mod engine;
pub mod import;
pub mod input;
pub mod join;
pub mod output;
pub mod replay;
pub mod strategy;
pub mod trace;

use std::io::Write;
use std::process::ExitCode;

use crate::cli::{Cli, Command, ReplayArguments};
use crate::input::Sources;

/// Runs the command: its result to `out`, what is to be said about the way there to `notes`.
pub fn run(cli: &Cli, out: &mut dyn Write, notes: &mut dyn Write) -> ExitCode {
    let done = match &cli.command {
        Command::Replay(arguments) => replayed(arguments, out, notes),
        Command::Import(arguments) => commands::import(arguments, out, notes),
        Command::Join(arguments) => commands::join(arguments, out, notes),
        Command::Validate(arguments) => commands::validate(arguments, out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(notes, "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what `wit-sim replay` does.
fn replayed(arguments: &ReplayArguments, out: &mut dyn Write, notes: &mut dyn Write) -> anyhow::Result<()> {
    let sources = Sources::open(&arguments.manifests, &arguments.images, arguments.config.as_deref())?;
    let input = sources.input()?;
    for warning in &input.warnings {
        writeln!(notes, "warning: {warning}")?;
    }
    let replay = replay::replay(&input, &sources.settings, arguments.timing())?;
    out.write_all(output::render(&replay, arguments.output)?.as_bytes())?;
    Ok(())
}
