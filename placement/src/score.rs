//! Which of the nodes that may take a pod it should prefer.
//!
//! Three terms, weighted by the settings under `scoring`:
//!
//! - *gain*: by how much gained affinity grows when the pod comes here,
//!   ΔG(m) = Σ_b w_ab · [min((x_am+1)/d_a, x_bm/d_b) − min(x_am/d_a, x_bm/d_b)] over the partners b of the pod's
//!   workload a, with x replicas on the node and d replicas wanted (the formula of gained affinity is that of the RASA
//!   paper); divided by the largest ΔG among the candidates;
//! - *group*: the same formula over the other members of the connected group, each with equal weight, as if they were
//!   partners: a pod whose partners are still to come goes where they will be drawn to;
//! - *room*: the share of the partners still to come that still fits on the node when the pod is there.
//!
//! The best node scores 10. Ties are broken by the emptier node, then by the node's place in the state. For a workload
//! with links the best stands [`DECISIVE`] points above the rest: more than default plugins differ in practice, so that
//! what the next pods are scored against is what the scheduler chose.

use std::cmp::Ordering;

use crate::filter::instance_cap;
use crate::nodes::{NodeIdx, NodeState, Usage};
use crate::objects::Resources;
use crate::reasons::Codes;
use crate::request::{Candidate, PodRequest};
use crate::state::ClusterState;
use crate::workloads::{WorkloadIdx, WorkloadState};

/// The score of the best node.
pub const BEST: u8 = 10;
/// How far the best node stands above the rest where the workload has links.
pub const DECISIVE: u8 = 3;
/// The most that nodes with warnings score beside one without.
const WARNED_AT_MOST: f64 = 0.1;

/// The terms of one node's score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// ΔG of this node, in shares of the sum of all links' weights of the workload.
    pub gain: f64,
    /// ΔG over the connected group.
    pub group: f64,
    /// The share of partners still to come that fits, 0 to 1.
    pub room: f64,
    /// How full the node is, 0 to 1: the tie-break.
    pub fullness: f64,
    /// The weighted sum that scores are made from.
    pub value: f64,
}

/// The scores of all candidates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScoreBoard {
    /// For each candidate, in their order: 0 to 10.
    pub scores: Vec<u8>,
    /// For each candidate, in their order: what its score is made of.
    pub terms: Vec<Terms>,
    /// The position of the best candidate; `None` where there is no preference.
    pub best: Option<usize>,
    /// Whether there is any preference: without one every score is 0.
    pub prefers: bool,
}

/// The workload that is scored, with what stays the same for all nodes.
struct Subject<'a> {
    state: &'a ClusterState,
    pod: &'a PodRequest,
    place: Option<WorkloadIdx>,
    workload: Option<&'a WorkloadState>,
    own_presumed: Option<NodeIdx>,
    handler: &'a str,
}

/// Partners' demand on a node.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    resources: Resources,
    pods: f64,
}

/// Scores the candidates for the pod. Unknown nodes score 0.
pub fn board(state: &ClusterState, pod: &PodRequest, candidates: &[Candidate]) -> ScoreBoard {
    scored(state, pod, candidates, &[])
}

/// As [`board`], with the filter's codes for the candidates: nodes with warnings score low beside one without.
pub fn scored(
    state: &ClusterState,
    pod: &PodRequest,
    candidates: &[Candidate],
    codes: &[Codes],
) -> ScoreBoard {
    let subject = Subject::new(state, pod);
    let gain = subject.affinity(subject.partners());
    let group = subject.affinity(subject.group());
    let mut terms: Vec<Terms> =
        candidates.iter().map(|candidate| subject.terms(*candidate, &gain, &group)).collect();
    weigh(state, &mut terms);
    let warned = |position: usize| codes.get(position).is_some_and(|codes| codes.warn());
    if (0..terms.len()).any(|position| !warned(position)) {
        for (position, term) in terms.iter_mut().enumerate().filter(|(position, _)| warned(*position)) {
            let _ = position;
            term.value *= WARNED_AT_MOST;
        }
    }
    let linked = subject.workload.is_some_and(|workload| !workload.group.is_empty());
    rank(candidates, terms, linked)
}

impl<'a> Subject<'a> {
    fn new(state: &'a ClusterState, pod: &'a PodRequest) -> Self {
        let place = state.workloads.place_of(&pod.workload);
        let workload = place.and_then(|place| state.workloads.get(place)).map(AsRef::as_ref);
        let own_presumed = state.ledger.get(&pod.uid).map(|entry| entry.best);
        let handler = state.wasm_handler(pod.shape.runtime_class.as_deref()).unwrap_or_default();
        Self { state, pod, place, workload, own_presumed, handler }
    }

    /// The partners with their weights, whose sum is one.
    fn partners(&self) -> Vec<(WorkloadIdx, f64)> {
        let partners = self.workload.map_or(&[][..], |workload| &workload.partners);
        let sum: f64 = partners.iter().map(|partner| partner.weight).sum();
        partners.iter().map(|partner| (partner.workload, partner.weight / sum)).collect()
    }

    fn group(&self) -> Vec<(WorkloadIdx, f64)> {
        let group = self.workload.map_or(&[][..], |workload| &workload.group);
        group.iter().map(|member| (*member, 1.0 / group.len() as f64)).collect()
    }

    /// Replicas of the pod's workload on a node, the pod itself left out.
    fn on(&self, node: NodeIdx) -> u32 {
        let counted = self.workload.map_or(0, |workload| workload.on(node));
        counted.saturating_sub(u32::from(self.own_presumed == Some(node)))
    }

    /// ΔG by node place, over the others with their weights. Costs the nodes that those are on, not all nodes.
    fn affinity(&self, others: Vec<(WorkloadIdx, f64)>) -> Vec<f64> {
        let mut gains = vec![0.0; self.state.nodes.capacity()];
        let Some(own) = self.workload else { return gains };
        for (other, weight) in others {
            let Some(other) = self.state.workloads.get(other) else { continue };
            for (node, replicas) in &other.placed {
                let (here, there) = (self.on(*node), other.share(*replicas));
                let gain = own.share(here + 1).min(there) - own.share(here).min(there);
                if let Some(sum) = gains.get_mut(node.position()) {
                    *sum += weight * gain;
                }
            }
        }
        gains
    }

    fn terms(&self, candidate: Candidate, gain: &[f64], group: &[f64]) -> Terms {
        let Candidate::Known(node) = candidate else { return Terms { fullness: 1.0, ..Terms::default() } };
        let Some(state) = self.state.nodes.get(node) else { return Terms::default() };
        let at = |values: &[f64]| values.get(node.position()).copied().unwrap_or(0.0);
        Terms {
            gain: at(gain),
            group: at(group),
            room: self.room(node, state),
            fullness: state.fullness(),
            value: 0.0,
        }
    }

    /// The share of the partners still to come, those of the pod among them, that fits beside the pod.
    fn room(&self, node: NodeIdx, state: &NodeState) -> f64 {
        let demand = self.demand(node, state);
        if demand.pods <= 0.0 {
            return 1.0;
        }
        let needs = self.state.usage_on(&self.pod.shape, state);
        let own = self.state.ledger.get(&self.pod.uid).filter(|entry| entry.best == node);
        let used = own.map_or(state.used, |entry| state.used.minus(entry.counted)).plus(needs);
        let cap = instance_cap(self.state, state, self.handler).min(state.allocatable.pods);
        [
            fits(
                state.allocatable.resources.cpu_millis,
                used.requests.cpu_millis,
                demand.resources.cpu_millis as f64,
            ),
            fits(
                state.allocatable.resources.memory_bytes,
                used.memory(),
                demand.resources.memory_bytes as f64,
            ),
            fits(u64::from(state.allocatable.pods), u64::from(used.pods), demand.pods),
            fits(u64::from(cap), u64::from(used.instances), demand.pods),
        ]
        .into_iter()
        .fold(1.0, f64::min)
    }

    /// What the partners still to come would take, were the pod on the node.
    fn demand(&self, node: NodeIdx, state: &NodeState) -> Demand {
        let mut demand = Demand::default();
        let own_level = self.workload.map_or(0.0, |workload| workload.share(self.on(node) + 1));
        for wanted in state.wanted.iter().filter(|wanted| Some(wanted.workload) != self.place) {
            demand.add(self.state, wanted.workload, node, wanted.level, state);
        }
        for partner in self.workload.iter().flat_map(|workload| workload.partners.iter()) {
            let known = state.wanted.iter().find(|wanted| wanted.workload == partner.workload);
            let already = known.map_or(0.0, |wanted| wanted.level);
            if own_level > already {
                demand.add_above(self.state, partner.workload, node, (already, own_level), state);
            }
        }
        demand
    }
}

impl Demand {
    /// Adds what brings the workload's share on the node up to `level`.
    fn add(
        &mut self,
        state: &ClusterState,
        workload: WorkloadIdx,
        node: NodeIdx,
        level: f64,
        on: &NodeState,
    ) {
        self.add_above(state, workload, node, (0.0, level), on);
    }

    /// Adds what brings the workload's share from `from` (or what is there already) up to `level`.
    fn add_above(
        &mut self,
        state: &ClusterState,
        workload: WorkloadIdx,
        node: NodeIdx,
        (from, level): (f64, f64),
        on: &NodeState,
    ) {
        let Some(partner) = state.workloads.get(workload) else { return };
        let replicas = f64::from(partner.replicas());
        let pending = replicas - f64::from(partner.placed_replicas());
        let missing = (level - partner.share(partner.on(node)).max(from)) * replicas;
        let coming = missing.min(pending).max(0.0);
        let each: Usage = state.usage_on(&partner.shape, on);
        self.pods += coming;
        self.resources.cpu_millis += scaled(each.requests.cpu_millis, coming);
        self.resources.memory_bytes += scaled(each.memory(), coming);
    }
}

/// `amount` times a count that may be a fraction, rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a non-negative product of bytes or milli-cores"
)]
fn scaled(amount: u64, times: f64) -> u64 {
    (amount as f64 * times).ceil() as u64
}

/// The share of a demand that fits into what is left.
fn fits(offered: u64, used: u64, demand: f64) -> f64 {
    if demand <= 0.0 { 1.0 } else { (offered.saturating_sub(used) as f64 / demand).min(1.0) }
}

/// Weighs the terms, gain and group each by its largest value.
fn weigh(state: &ClusterState, terms: &mut [Terms]) {
    let weights = &state.settings.scoring;
    let most = |value: fn(&Terms) -> f64, terms: &[Terms]| terms.iter().map(value).fold(0.0, f64::max);
    let normalised = |value: f64, most: f64| if most > 0.0 { value / most } else { 0.0 };
    let (gain, group) = (most(|term| term.gain, terms), most(|term| term.group, terms));
    for term in terms {
        term.value = weights.gain * normalised(term.gain, gain)
            + weights.group * normalised(term.group, group)
            + weights.room * term.room;
    }
}

fn rank(candidates: &[Candidate], terms: Vec<Terms>, linked: bool) -> ScoreBoard {
    let known = |position: &usize| matches!(candidates.get(*position), Some(Candidate::Known(_)));
    let term = |position: usize| terms.get(position).copied().unwrap_or_default();
    let place = |position: usize| match candidates.get(position) {
        Some(Candidate::Known(node)) => *node,
        _ => NodeIdx(u32::MAX),
    };
    let better = |left: &usize, right: &usize| {
        let (a, b) = (term(*left), term(*right));
        compare(a.value, b.value)
            .then_with(|| compare(b.fullness, a.fullness))
            .then_with(|| place(*right).cmp(&place(*left)))
    };
    let best = (0..terms.len()).filter(known).max_by(better);
    let most = best.map_or(0.0, |best| term(best).value);
    let differ = terms.iter().any(|term| compare(term.value, most) != Ordering::Equal);
    let prefers = most > 0.0 && (linked || differ);
    let score = |position: usize| {
        if !prefers {
            0
        } else if Some(position) == best {
            BEST
        } else {
            points(term(position).value / most, if linked { BEST - DECISIVE } else { BEST })
        }
    };
    let scores = (0..terms.len()).map(score).collect();
    ScoreBoard { scores, best, prefers, terms }
}

/// Values that differ by rounding only are equal.
fn compare(left: f64, right: f64) -> Ordering {
    if (left - right).abs() < 1e-9 { Ordering::Equal } else { left.total_cmp(&right) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one times at most ten"
)]
fn points(share: f64, most: u8) -> u8 {
    (share.clamp(0.0, 1.0) * f64::from(most)).round() as u8
}
