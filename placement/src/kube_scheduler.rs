//! What kube-scheduler itself does, for the demo and the simulator.
//!
//! A model of Kubernetes 1.36 after its sources (`pkg/scheduler`), not a copy; where it is simpler, that is listed below.
//! The end-to-end tests run the real one.
//!
//! - [`Scheduler`]: the scheduling loop, with its queue and its cache; [`Profile`]: how it is configured;
//! - [`SchedulerExtender`]: what it asks an extender, over HTTP or in process;
//! - `cycle`: one pod against all nodes; `plugins`: the filters and scores, one file each;
//! - `snapshot`, `classes`, `verdicts`: the cluster by position and in whole numbers, and what is kept of it for pods
//!   that are alike, so that a cycle looks only at what changed.

mod attempt;
mod classes;
mod cycle;
mod driver;
mod extender;
mod plugins;
mod profile;
mod queue;
mod relation;
pub mod report;
mod room;
mod sampling;
mod snapshot;
mod spreading;
mod topology;
mod unfit;
mod verdicts;

pub use attempt::{Attempt, Choice, Outcome, last_attempts};
pub use driver::Scheduler;
pub use extender::{FilterReply, NoExtender, SchedulerExtender};
pub use profile::{BackOff, Profile, ScoringStrategy, Ties, Weights};
pub use unfit::{Unfit, Unfits};

#[cfg(test)]
pub(crate) mod single;
#[cfg(test)]
mod tests;
