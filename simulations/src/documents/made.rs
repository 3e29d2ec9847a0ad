//! The document of a run that the engine has made.

use std::collections::BTreeMap;

use wit_placement::{ClusterState, Locality, Millis, PodKey};

use super::{Assumptions, IsRun, PlacedPod, Run, RunLink, Version, decision};
use crate::engine;
use crate::metrics::{Course, Details, Metrics, Point, wants_replicas};

impl Run {
    /// The document of a run with this strategy.
    pub fn of(strategy: &str, assumptions: Assumptions, run: &engine::Run) -> Self {
        let (state, now) = (&run.state, run.ended);
        let metrics = Metrics::of(state, now);
        Self {
            api_version: Version,
            kind: IsRun,
            strategy: strategy.to_owned(),
            assumptions,
            metrics,
            course: Course {
                series: run.course.series.iter().copied().chain([Point { at: now.0, metrics }]).collect(),
                ..run.course.clone()
            },
            details: Details::of(state, &reasons(run), now),
            links: links(state, now),
            placements: placements(state),
            decisions: decision::all(run),
        }
    }
}

/// Why each pod that has no node was refused.
fn reasons(run: &engine::Run) -> BTreeMap<PodKey, Vec<String>> {
    let refused = run.attempts.iter().filter(|attempt| !attempt.outcome.is_bound());
    refused.map(|attempt| (attempt.pod.clone(), attempt.reasons.keys().cloned().collect())).collect()
}

/// The links, the heaviest first; those of the same weight in the order of the graph.
fn links(state: &ClusterState, now: Millis) -> Vec<RunLink> {
    let mut links: Vec<_> = state.localities(now).iter().map(|link| RunLink::of(state, link)).collect();
    links.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    links
}

impl RunLink {
    fn of(state: &ClusterState, link: &Locality<'_>) -> Self {
        let calls = wants_replicas(state, link.consumer) && wants_replicas(state, link.provider);
        let of_it = |share: f64| calls.then_some(share);
        Self {
            consumer: link.consumer.clone(),
            provider: link.provider.clone(),
            weight: link.weight,
            gained_affinity: of_it(link.gained),
            random_balancing: of_it(link.random),
            prefer_same_node: of_it(link.same_node),
        }
    }
}

fn placements(state: &ClusterState) -> Vec<PlacedPod> {
    let mut pods: Vec<_> = state.pods().filter(|pod| !pod.finished).collect();
    pods.sort_by(|one, other| one.key.cmp(&other.key));
    let placed = pods.into_iter().map(|pod| PlacedPod {
        pod: pod.key.to_string(),
        workload: pod.workload.clone(),
        node: pod.node.clone(),
    });
    placed.collect()
}
