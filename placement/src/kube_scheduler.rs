//! What kube-scheduler itself does, for the demo and the simulator.
//!
//! A model of Kubernetes 1.36 after its sources (`pkg/scheduler`), not a copy; where it is simpler, that is listed below.
//! The end-to-end tests run the real one.
//!
//! - [`Scheduler`]: the scheduling loop, with its queue and its cache; [`Profile`]: how it is configured;
//! - [`SchedulerExtender`]: what it asks an extender, over HTTP or in process;
//! - `cycle`: one pod against all nodes; `plugins`: the filters and scores, one file each;
//! - `snapshot`, `classes`: the cluster by position and in whole numbers, and which pods are alike; `standing`, `fits`: what is
//!   kept of it for those, so that a cycle looks only at what changed.
//!
//! What is simpler than in the real one:
//! - **Resources** are CPU, memory and pods: no ephemeral storage, no extended resources, no devices. What scoring assumes of
//!   a pod that requests nothing is assumed for the pod, not for each of its containers.
//! - **Plugins** that are missing: `NodePorts`, the four for volumes, `NodeDeclaredFeatures`, `DynamicResources`, gang and
//!   topology-aware scheduling, batching. Image volumes do not count for `ImageLocality`. Tolerations know `Exists` and
//!   `Equal`. Of namespaces only the name is known.
//! - **Spreading by default** is off unless [`Profile::spreads_by_default`] asks for it, and then counts the pods of the
//!   workload where that is a Deployment or its like; the real one counts what its controller selects, and for pods of any
//!   owner what Services select, of which nothing is known here.
//! - **Nodes** are looked at one after another; the real one looks at 16 at a time, so that its sample is not the same twice.
//! - **Chance**: among equal nodes the first is taken, or one by a seed ([`Ties`]); so is where the search for victims begins.
//! - **The queue** wakes pods for any event but bindings, which wake only those that a neighbour or the extender kept out;
//!   the real one asks each plugin. Back-off is not rounded to seconds, an extender's error counts as a refusal, and five
//!   minutes are five minutes, not up to half a minute more.
//! - **Preemption** knows no `PodDisruptionBudget`s and does not ask the extender (its verb `preempt`). The room of
//!   nominated pods is kept, their affinity is not heeded. A pod starts when the scheduler hears of it on its node. How long
//!   victims take to go is up to the caller, who deletes them.
//! - **Binding** never fails, and nothing waits in between: the cycle assumes the pod, and the caller decides when a
//!   watch shows it.

mod attempt;
mod classes;
mod cycle;
mod driver;
mod extender;
mod fits;
mod nominations;
mod plugins;
mod preemption;
mod profile;
mod queue;
mod relation;
pub mod report;
mod room;
mod sampling;
mod shelf;
mod snapshot;
mod spreading;
mod standing;
mod topology;
mod turn;
mod unfit;
mod verdicts;

pub use attempt::{Attempt, Choice, Outcome, PluginScore, Preemption, Ranked, Victim, last_attempts};
pub use driver::Scheduler;
pub use extender::{FilterReply, NoExtender, NodeList, PlacesReply, SchedulerExtender};
pub use profile::{BackOff, Profile, ScoringStrategy, Ties, Weights};
pub use unfit::{Unfit, Unfits};

use crate::objects::{Node, PodShape};

/// Why a node does not take a pod however empty it is: cordon, taints, selectors.
pub fn refusal(shape: &PodShape, node: &Node) -> Unfits {
    standing::Standing::read(shape, node).unfit
}

#[cfg(test)]
pub(crate) mod single;
#[cfg(test)]
mod tests;
