//! What a given placement is worth: every metric of pods that somebody else put on nodes.
//!
//! The cluster is that of a trace after its last record, as the engine of replays makes it; where the trace itself has pods on
//! nodes is passed over, since the placement says where each pod is, and a pod that it does not name has no node. Which of the pods
//! that workloads make are left depends on where they were: the placement may call them as it does, `NAME-3` and so on. A pod of
//! nobody that a replay would have lost with its node is still there.
//!
//! ```
//! use wit_sim::evaluate::{Placement, evaluate};
//! use wit_sim::trace::Trace;
//!
//! let trace = concat!(
//!     r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"two services"}"#, "\n",
//!     r#"{"at":0,"node":{"metadata":{"name":"n1"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"9"}}}}"#, "\n",
//!     r#"{"at":0,"node":{"metadata":{"name":"n2"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"9"}}}}"#, "\n",
//!     r#"{"at":0,"workload":{"workload":"shop/Deployment/cart","replicas":2,"template":{"#,
//!     r#""metadata":{"annotations":{"wit-placement.dev/links":"redis=1"}},"spec":{"containers":[{"name":"c","image":"c"}]}}}}"#, "\n",
//!     r#"{"at":0,"workload":{"workload":"shop/Deployment/redis","replicas":1,"template":{"#,
//!     r#""spec":{"containers":[{"name":"c","image":"c"}]}}}}"#, "\n",
//! );
//! let scenario = Trace::read(trace.as_bytes())?.load()?;
//! let placement: Placement = serde_json::from_str(r#"{"n1": ["cart-0", "redis-0"], "n2": ["shop/cart-1"]}"#)?;
//! let evaluation = evaluate(&scenario, &placement, &wit_config::Settings::default())?;
//! assert!(evaluation.feasible && evaluation.metrics.prefer_same_node == Some(0.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ending;
mod files;
mod output;
mod placement;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_config::Settings;
use wit_placement::{ClusterState, Event, Millis, Pod, PodKey};

pub use files::Files;
pub use output::render;
pub use placement::{Placement, PlacementError};
pub use rules::{OverCapacity, Refused};

use self::ending::Ending;
use crate::density::Constraint;
use crate::documents::{IsEvaluation, Version};
use crate::engine::unknown_world;
use crate::metrics::{Details, Metrics};
use crate::scenario::Scenario;

/// What a placement is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsEvaluation,
    /// What the trace calls itself.
    pub trace: String,
    /// Whether every node has room for what is on it and takes it.
    pub feasible: bool,
    /// What is asked for more of than there is, node by node.
    pub over_capacity: Vec<OverCapacity>,
    /// Pods on nodes that kube-scheduler would refuse to them however empty.
    pub refused: Vec<Refused>,
    /// The numbers.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// How many nodes each resource binds on: the one of which the largest share is taken.
    pub binding: BTreeMap<Constraint, u32>,
    /// The tables behind the numbers.
    pub details: Details,
}

/// Why the placement does not name a pod.
const NOT_NAMED: &str = "the placement does not name it";

/// Evaluates a placement of a scenario's pods.
///
/// # Errors
/// Everything that the placement names and the scenario does not have, and pods that it names twice; which interface name
/// in the host catalogue is none.
pub fn evaluate(
    scenario: &Scenario,
    placement: &Placement,
    settings: &Settings,
) -> anyhow::Result<Evaluation> {
    let mut ending = Ending::of(scenario, settings)?;
    ending.take_names(placement, scenario);
    let nodes = placement.resolve(&ending)?;
    let on = |pod: &Pod| nodes.get(&pod.key);
    let mut state = ending.state.clone();
    let refused = rules::refused(&state, ending.pods().filter_map(|pod| Some((pod, on(pod)?))));
    for pod in ending.pods() {
        apply(&mut state, Event::Pod(Pod { node: on(pod).cloned(), ..pod.clone() }), scenario);
    }
    let unnamed = ending.pods().filter(|pod| on(pod).is_none());
    let unnamed = unnamed.map(|pod| (pod.key.clone(), vec![NOT_NAMED.to_owned()])).collect();
    Ok(Evaluation::of(&state, refused, &unnamed))
}

impl Evaluation {
    fn of(state: &ClusterState, refused: Vec<Refused>, unnamed: &BTreeMap<PodKey, Vec<String>>) -> Self {
        let details = Details::of(state, unnamed, NOW);
        let over_capacity = rules::over_capacity(state);
        let mut binding = BTreeMap::new();
        for constraint in details.nodes.iter().filter_map(|node| node.binding) {
            *binding.entry(constraint).or_insert(0) += 1;
        }
        Self {
            api_version: Version,
            kind: IsEvaluation,
            trace: String::new(),
            feasible: over_capacity.is_empty() && refused.is_empty(),
            over_capacity,
            refused,
            metrics: Metrics::of(state, NOW),
            binding,
            details,
        }
    }
}

/// Nothing waits here.
const NOW: Millis = Millis(0);

/// Takes in an event, and the worlds of the images that it makes of interest.
fn apply(state: &mut ClusterState, event: Event, scenario: &Scenario) {
    for image in state.apply(event, NOW).read {
        let world = scenario.worlds.get(&image).cloned().unwrap_or_else(|| unknown_world(&image));
        state.apply(Event::World(image, world), NOW);
    }
}
