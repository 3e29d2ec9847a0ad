//! How a run is made.

use std::sync::Arc;

use wit_graph::WorkloadKey;
use wit_placement::Millis;
use wit_placement::kube_scheduler::Profile;

use crate::arrivals::Order;

/// What takes how long in virtual time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From one pending pod to the next, of those that arrive at the same time.
    pub arrival: Millis,
    /// From the moment an image matters until its world is known.
    pub reading: Millis,
    /// From a binding until the extender's watch shows it.
    pub binding: Millis,
}

/// How a run is made.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What takes how long.
    pub timing: Timing,
    /// The order of pods that arrive at the same time.
    pub order: Order,
    /// What is drawn is drawn by this.
    pub seed: u64,
    /// How kube-scheduler is configured; the extender's weight and spreading by default are those of the settings.
    pub profile: Profile,
    /// Pairs of workloads: where there are any, pods of one time come in their order ([`arrivals::batch`](crate::arrivals::batch)).
    pub batch: Arc<[(WorkloadKey, WorkloadKey)]>,
    /// At how many points in time at most, evenly spread, the numbers are taken beside those of the end.
    pub points: u32,
    /// At how many points in time at most the numbers are taken to average them over time; 0 does not average.
    pub averages: u32,
}
