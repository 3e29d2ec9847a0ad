//! How kube-scheduler is configured.

use std::time::Duration;

use crate::objects::Millis;

/// A scheduler profile: what the operator sets in a `KubeSchedulerConfiguration`, and what a simulation sets beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// How much each plugin's score counts.
    pub weights: Weights,
    /// What `NodeResourcesFit` prefers.
    pub scoring: ScoringStrategy,
    /// How much the extender's scores count: each point is worth ten of a plugin with that weight.
    pub extender_weight: u32,
    /// How many of a hundred nodes that fit are scored; 0 takes fewer the more there are (`percentageOfNodesToScore`).
    pub percentage_of_nodes_to_score: u32,
    /// Which of equally good nodes is taken.
    pub ties: Ties,
    /// Whether pods of a Deployment, `ReplicaSet`, `StatefulSet` or `ReplicationController` without spread constraints are
    /// spread all the same, as the real scheduler does unless it is told not to (`defaultingType: System`): over nodes, and
    /// over zones.
    pub spreads_by_default: bool,
    /// How long a pod that was refused waits; `None` lets it try again as soon as something changed and all others had
    /// their turn, for runs that have no clock.
    pub back_off: Option<BackOff>,
    /// Whether a pod that fits nowhere may evict others of a lower priority.
    pub preemption: bool,
    /// Whether [`Attempt::reasons`](super::Attempt::reasons) also tells which nodes did not fit a pod that was bound.
    /// Naming them costs more than the whole rest of a cycle in a large cluster.
    pub tells_unfit_of_bound: bool,
    /// Of how many of the best nodes [`Attempt::ranking`](super::Attempt::ranking) tells what their scores are made of.
    pub tells_best: usize,
}

/// The weights of the scoring plugins. Each gives 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// `TaintToleration`.
    pub taint_toleration: u64,
    /// `NodeAffinity`.
    pub node_affinity: u64,
    /// `PodTopologySpread`.
    pub pod_topology_spread: u64,
    /// `InterPodAffinity`.
    pub inter_pod_affinity: u64,
    /// `NodeResourcesFit`.
    pub node_resources_fit: u64,
    /// `NodeResourcesBalancedAllocation`.
    pub node_resources_balanced_allocation: u64,
    /// `ImageLocality`.
    pub image_locality: u64,
}

/// What `NodeResourcesFit` prefers, with the same weight for CPU and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// The emptiest node.
    #[default]
    LeastAllocated,
    /// The fullest node that still takes the pod.
    MostAllocated,
}

/// Which of equally good nodes is taken. The real scheduler takes any of them, at random.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ties {
    /// The first that was looked at.
    #[default]
    First,
    /// Any, by a sequence of numbers that begins with this seed.
    Seeded(u64),
}

/// How long a pod that was refused waits before it is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// After the first refusal; it doubles with each.
    pub initial: Duration,
    /// The longest back-off.
    pub most: Duration,
    /// After this time a pod is tried again though nothing happened that may help.
    pub forgotten: Duration,
    /// Whether a pod whose back-off is not over is tried where nobody else waits (`SchedulerPopFromBackoffQ`).
    pub ends_when_idle: bool,
}

impl BackOff {
    /// Until when a pod backs off that was refused at `since`, for the `refusals`th time.
    pub(super) fn until(&self, since: Millis, refusals: u32) -> Millis {
        let factor = 1_u32.checked_shl(refusals.saturating_sub(1)).unwrap_or(u32::MAX);
        since.after(self.initial.saturating_mul(factor).min(self.most))
    }

    /// When a pod is tried again that was refused at `since`, whatever happens.
    pub(super) fn forgotten(&self, since: Millis) -> Millis {
        since.after(self.forgotten)
    }
}

impl Default for BackOff {
    /// `podInitialBackoffSeconds`, `podMaxBackoffSeconds`, five minutes and the feature gate as in 1.36.
    fn default() -> Self {
        Self {
            initial: Duration::from_secs(1),
            most: Duration::from_secs(10),
            forgotten: Duration::from_secs(300),
            ends_when_idle: true,
        }
    }
}

impl Profile {
    /// A profile that waits for nothing and evicts nobody; everything else as by default.
    pub fn rehearsal() -> Self {
        Self { back_off: None, preemption: false, ..Self::default() }
    }
}

impl Default for Profile {
    /// What Kubernetes 1.36 does where nothing is configured, with the weight that we recommend for our extender and
    /// without spreading by default.
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            scoring: ScoringStrategy::default(),
            extender_weight: 15,
            percentage_of_nodes_to_score: 0,
            ties: Ties::default(),
            spreads_by_default: false,
            back_off: Some(BackOff::default()),
            preemption: true,
            tells_unfit_of_bound: true,
            tells_best: 0,
        }
    }
}

impl Default for Weights {
    /// As in `pkg/scheduler/apis/config/v1/default_plugins.go`.
    fn default() -> Self {
        Self {
            taint_toleration: 3,
            node_affinity: 2,
            pod_topology_spread: 2,
            inter_pod_affinity: 2,
            node_resources_fit: 1,
            node_resources_balanced_allocation: 1,
            image_locality: 1,
        }
    }
}
