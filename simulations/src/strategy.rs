//! Who answers the scheduler, and how it is set up: the strategies that are compared.
//!
//! An extender in process hears of the cluster what its watch would show.

mod favourites;
mod network_overhead;
mod over_http;
mod pod_affinity;
mod scale;
mod wit;

use std::collections::BTreeSet;
use std::convert::Infallible;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_config::Settings;
use wit_graph::WorkloadKey;
use wit_placement::kube_scheduler::{NoExtender, SchedulerExtender, ScoringStrategy};
use wit_placement::{ClusterState, Event, Millis, NodeName, PodUid, Terms};

pub use favourites::{Favourites, Taste};
pub use network_overhead::NetworkOverhead;
pub use over_http::{Mirror, OverHttp, Shown};
pub use scale::Scale;
pub use wit::WitPlacement;

use crate::engine::{Options, Run, run};
use crate::scenario::{Scenario, Step};

/// The strategies by name.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// kube-scheduler as it comes, with `LeastAllocated`.
    Default,
    /// kube-scheduler with `MostAllocated`: the fullest node that still takes the pod.
    MostAllocated,
    /// The node with the fewest pods.
    Spread,
    /// Any node that takes the pod, drawn by the seed.
    Random,
    /// kube-scheduler, each workload asking by preferred pod affinity to be near those it is linked to, as a user can write
    /// by hand: weights in proportion to its heaviest link, which has 100.
    PodAffinity,
    /// kube-scheduler with what scheduler-plugins' `NetworkOverhead` scores in place of `NodeResourcesFit`, as it suggests: the
    /// node from which the pods that a pod calls are cheapest to reach.
    NetworkOverhead,
    /// wit-placement as the scheduler's extender.
    Wit,
    /// wit-placement, and pods of one time come in the order of the heaviest links, the replicas of both ends in turns.
    WitBatch,
}

/// An extender under simulation.
pub trait Strategy: SchedulerExtender<Error = Infallible> {
    /// Sets its clock: questions are answered at this time. Says whether a pod that was refused before may pass now.
    fn now(&mut self, now: Millis) -> bool;

    /// Tells it what its watch shows; says whether a pod that was refused before may pass now.
    fn hear(&mut self, event: &Event) -> bool;

    /// The bindings since the last call, which its watch is still to show.
    fn bindings(&mut self) -> Vec<Event>;

    /// What its score of the node was made of when it last answered about the pod, where it says.
    fn terms(&self, _pod: &PodUid, _node: &NodeName) -> Option<Terms> {
        None
    }

    /// What the terms were measured by when it last answered about the pod, where it says.
    fn scale(&self, _pod: &PodUid) -> Option<Scale> {
        None
    }

    /// When pods that it refused are to be tried again at the latest, as far as they were not asked for yet.
    fn deadlines(&mut self) -> BTreeSet<Millis>;
}

impl Strategy for NoExtender {
    fn now(&mut self, _now: Millis) -> bool {
        false
    }

    fn hear(&mut self, _event: &Event) -> bool {
        false
    }

    fn bindings(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        BTreeSet::new()
    }
}

impl Name {
    /// The name as it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::MostAllocated => "most-allocated",
            Self::Spread => "spread",
            Self::Random => "random",
            Self::PodAffinity => "pod-affinity",
            Self::NetworkOverhead => "network-overhead",
            Self::Wit => "wit",
            Self::WitBatch => "wit-batch",
        }
    }

    /// Runs the scenario with the strategy.
    ///
    /// # Errors
    /// Says which interface name in the host catalogue is none.
    pub fn run(self, scenario: &Scenario, settings: &Settings, options: &Options) -> anyhow::Result<Run> {
        let mut options = options.clone();
        match self {
            Self::Default => run(scenario, settings, &options, &mut NoExtender),
            Self::MostAllocated => {
                options.profile.scoring = ScoringStrategy::MostAllocated;
                run(scenario, settings, &options, &mut NoExtender)
            }
            Self::Spread => {
                let settings = weighing(settings, favourites::WEIGHT);
                run(scenario, &settings, &options, &mut Favourites::new(Taste::FewestPods))
            }
            Self::Random => {
                let settings = weighing(settings, favourites::WEIGHT);
                run(scenario, &settings, &options, &mut Favourites::new(Taste::Any(options.seed)))
            }
            Self::PodAffinity => {
                let wishing = pod_affinity::wishing(scenario, &graph_of(scenario, settings)?);
                run(&wishing, settings, &options, &mut NoExtender)
            }
            Self::NetworkOverhead => {
                options.profile.weights.node_resources_fit = 0;
                let mut plugin = NetworkOverhead::new(&graph_of(scenario, settings)?);
                let settings = weighing(settings, network_overhead::WEIGHT);
                run(scenario, &settings, &options, &mut plugin)
            }
            Self::Wit => run(scenario, settings, &options, &mut WitPlacement::new(settings.clone())?),
            Self::WitBatch => {
                options.batch = heaviest_first(&graph_of(scenario, settings)?).into();
                run(scenario, settings, &options, &mut WitPlacement::new(settings.clone())?)
            }
        }
    }
}

/// The settings with a weight of the strategy's own.
fn weighing(settings: &Settings, weight: u32) -> Settings {
    let mut settings = settings.clone();
    settings.scheduler.weight = weight;
    settings
}

/// A state that knows the scenario's workloads and their links, and nothing else.
fn graph_of(scenario: &Scenario, settings: &Settings) -> anyhow::Result<ClusterState> {
    let mut state = ClusterState::new(settings.clone())?;
    for (_, step) in &scenario.steps {
        let event = match step {
            Step::RuntimeClass(class) => Event::RuntimeClass(class.clone()),
            Step::Workload { workload, .. } => Event::Workload(workload.clone()),
            _ => continue,
        };
        for image in state.apply(event, Millis(0)).read {
            if let Some(world) = scenario.worlds.get(&image).cloned() {
                state.apply(Event::World(image, world), Millis(0));
            }
        }
    }
    Ok(state)
}

/// The pairs of linked workloads, the heaviest first.
fn heaviest_first(state: &ClusterState) -> Vec<(WorkloadKey, WorkloadKey)> {
    let mut pairs = Vec::new();
    for workload in state.workloads().map(wit_placement::WorkloadState::key) {
        let partners = state.graph().partners(workload).into_iter();
        let later = partners.filter(|partner| partner.workload > *workload);
        pairs.extend(later.map(|partner| (partner.weight, (workload.clone(), partner.workload))));
    }
    pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    pairs.into_iter().map(|(_, pair)| pair).collect()
}
