//! Which of the nodes that may take a pod it should prefer.
//!
//! Three terms, weighted by the settings under `scoring`:
//!
//! - *gain*: by how much gained affinity grows when the pod comes here,
//!   `ΔG(m) = Σ_b w_ab · [min((x_am+1)/d_a, x_bm/d_b) − min(x_am/d_a, x_bm/d_b)]` over the partners b of the pod's
//!   workload a, with x replicas on the node and d replicas wanted (the formula of gained affinity is that of the RASA
//!   paper); divided by the largest ΔG among the candidates;
//! - *group*: the same formula over the other members of the connected group, each with equal weight, as if they were
//!   partners: a pod whose partners are still to come goes where they will be drawn to; where the group has nothing to
//!   gain, over the components of the namespace, whose common consumer may be created last. Added is what ΔG will be
//!   once partners still to come have drawn level with the replicas that the workload has on the node: six replicas
//!   whose partner has three gather in twos. The sum is divided by the largest among the candidates. A group of more
//!   than 16 workloads is no application that belongs together: there only partners draw;
//! - *room*: the share of the replicas still to come that still fits on the node when the pod is there: of partners of the
//!   components there, and of those around the pod, its partners first, then theirs. A host that cannot run a
//!   partner has no room for it. Gain counts half where there is no room: partners are drawn to where they do not fit.
//!
//! The best node scores 10. Ties are broken by the emptier node, then by the node's name. For a workload
//! with links the best stands [`DECISIVE`] points above the rest: more than default plugins differ in practice, so that
//! what the next pods are scored against is what the scheduler chose.

mod room;
#[cfg(test)]
mod tests;

use self::room::Company;
use crate::nodes::NodeIdx;
use crate::request::{Candidate, PodRequest};
use crate::state::ClusterState;
use crate::subject::Subject;
use crate::workloads::{WorkloadIdx, WorkloadState, whole};

/// The score of the best node.
pub const BEST: u8 = 10;
/// How far the best node stands above the rest where the workload has links.
pub const DECISIVE: u8 = 3;
/// A connected group of more workloads than this is no application whose members all belong together: only partners draw.
const APPLICATION: usize = 16;
/// Into how many steps one is divided: values that are not a step apart may be equal but for rounding.
const STEPS: f64 = 1e9;
/// What nodes with warnings are worth at most beside one without, in shares of that.
const WARNED_AT_MOST: f64 = 0.1;

/// The terms of one node's score.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// ΔG of this node, in shares of the sum of all links' weights of the workload.
    pub gain: f64,
    /// ΔG over the connected group, and once partners still to come have come.
    pub group: f64,
    /// The share of the replicas still to come that fits, 0 to 1.
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

/// ΔG by node place.
#[derive(Default)]
struct Gains {
    of: Vec<f64>,
    /// Where it may be more than nothing.
    touched: Vec<NodeIdx>,
}

/// Scores the candidates for the pod. Unknown nodes score 0.
pub fn board(state: &ClusterState, pod: &PodRequest, candidates: &[Candidate]) -> ScoreBoard {
    scored(&Subject::new(state, pod), candidates, &[])
}

/// As [`board`], where nodes of some classes are warned of, by class: they score low beside others, as unknown nodes do.
pub(crate) fn scored(subject: &Subject<'_>, candidates: &[Candidate], warned: &[bool]) -> ScoreBoard {
    let state = subject.state;
    let gain = subject.gains(subject.partners());
    let group = subject.group_gains();
    let mut company = Company::new(subject);
    gain.touched.iter().chain(&group.touched).for_each(|node| company.concern(*node));
    let mut terms = Vec::with_capacity(candidates.len());
    let (mut concerned, mut some_warned) = (Vec::new(), false);
    for (position, candidate) in candidates.iter().enumerate() {
        let found = match candidate {
            Candidate::Known(place) => state.nodes.get(*place).map(|node| (*place, node)),
            Candidate::Stranger { .. } => None,
        };
        let Some((place, node)) = found else {
            terms.push(Terms { fullness: 1.0, ..Terms::default() });
            continue;
        };
        some_warned |= node.is_of(warned);
        let mut term = Terms::default();
        if company.is_concerned(place) {
            concerned.push(position);
            (term.gain, term.group) = (gain.at(place), group.at(place));
            (term.room, term.fullness) = (company.room_beside(place, node), subject.fullness(place, node));
        } else {
            (term.room, term.fullness) = (company.room_elsewhere(place, node), node.fullness());
        }
        term.value = state.settings.scoring.room * term.room;
        terms.push(term);
    }
    weigh(state, &mut terms, &concerned);
    if some_warned {
        let is_warned = |candidate: &Candidate| match candidate {
            Candidate::Known(place) => state.nodes.get(*place).is_none_or(|node| node.is_of(warned)),
            Candidate::Stranger { .. } => true,
        };
        let warned: Vec<bool> = candidates.iter().map(is_warned).collect();
        subdue(&mut terms, &warned);
    }
    rank(state, candidates, terms, subject.workload.is_some_and(WorkloadState::may_be_linked))
}

impl Subject<'_> {
    /// The partners with their weights, whose sum is one.
    fn partners(&self) -> Vec<(WorkloadIdx, f64)> {
        let partners = self.workload.map_or(&[][..], |workload| &workload.partners);
        let sum: f64 = partners.iter().map(|partner| partner.weight).sum();
        partners.iter().map(|partner| (partner.workload, partner.weight / sum)).collect()
    }

    /// Whether the connected group is small enough to belong together.
    fn is_application(&self) -> bool {
        self.workload.is_none_or(|workload| workload.group.len() <= APPLICATION)
    }

    /// What draws the pod beside its partners: its group, or else its namespace, and partners still to come.
    fn group_gains(&self) -> Gains {
        if !self.is_application() {
            return Gains::default();
        }
        let mut gains = self.gains(self.group());
        if gains.is_nothing() {
            gains = self.gains(self.neighbours());
        }
        self.add_expected(&mut gains);
        gains
    }

    /// The other members of the connected group with equal weights, whose sum is one.
    fn group(&self) -> Vec<(WorkloadIdx, f64)> {
        let group = self.workload.map_or(&[][..], |workload| &workload.group);
        equally(group.iter().copied().filter(|member| Some(*member) != self.place).collect())
    }

    /// The workloads of the namespace with replicas that may turn out to belong to the same group: whoever calls them all
    /// may not exist yet.
    fn neighbours(&self) -> Vec<(WorkloadIdx, f64)> {
        let Some(own) = self.workload.filter(|own| own.may_be_linked()) else { return Vec::new() };
        let others = self.state.workloads.in_namespace(&own.key.namespace);
        let others = others.filter(|(place, other)| {
            Some(*place) != self.place && other.may_be_linked() && !other.placed.is_empty()
        });
        equally(others.map(|(place, _)| place).collect())
    }

    /// ΔG by node place, over the others with their weights. Costs the nodes that those are on, not all nodes.
    fn gains(&self, others: Vec<(WorkloadIdx, f64)>) -> Gains {
        let mut gains = Gains::default();
        let Some(own) = self.workload else { return gains };
        let own_share = own.shares();
        for (other, weight) in others {
            let Some(other) = self.state.workloads.get(other) else { continue };
            let other_share = other.shares();
            for (node, replicas) in other.placed.iter() {
                let (here, there) = (self.on(node), other_share(replicas));
                let gain = own_share(here + 1).min(there) - own_share(here).min(there);
                gains.add(self.state, node, weight * gain);
            }
        }
        gains
    }

    /// Adds to ΔG what partners still to come will make of another replica here: where the workload has replicas already,
    /// partners will be drawn until their share matches. What their share is now is in `gains` already.
    fn add_expected(&self, gains: &mut Gains) {
        let Some(own) = self.workload else { return };
        for (partner, weight) in self.partners() {
            let Some(partner) = self.state.workloads.get(partner).filter(|partner| partner.pending() > 0)
            else {
                continue;
            };
            for place in own.placed.keys() {
                let (here, there) = (own.share(self.on(place)), partner.on(place));
                let drawn = whole(here * f64::from(partner.replicas())).min(there + partner.pending());
                if drawn > there {
                    let with = own.share(self.on(place) + 1);
                    let gain = |share: f64| with.min(share) - here.min(share);
                    let more = gain(partner.share(drawn)) - gain(partner.share(there));
                    gains.add(self.state, place, weight * more);
                }
            }
        }
    }
}

/// Equal weights, whose sum is one.
fn equally(workloads: Vec<WorkloadIdx>) -> Vec<(WorkloadIdx, f64)> {
    let weight = 1.0 / workloads.len().max(1) as f64;
    workloads.into_iter().map(|workload| (workload, weight)).collect()
}

impl Gains {
    fn add(&mut self, state: &ClusterState, node: NodeIdx, gain: f64) {
        if self.of.is_empty() {
            self.of = vec![0.0; state.nodes.capacity()];
        }
        if let Some(sum) = self.of.get_mut(node.position()) {
            *sum += gain;
            self.touched.push(node);
        }
    }

    fn is_nothing(&self) -> bool {
        self.touched.iter().all(|node| self.at(*node) <= 0.0)
    }

    fn at(&self, place: NodeIdx) -> f64 {
        self.of.get(place.position()).copied().unwrap_or(0.0)
    }
}

impl ScoreBoard {
    /// The same scores for a longer list of candidates, of which these are the ones at `positions`; the rest score 0.
    pub(crate) fn spread(self, positions: &[usize], len: usize) -> Self {
        let (mut scores, mut terms) = (vec![0; len], vec![Terms::default(); len]);
        for ((position, score), term) in positions.iter().zip(self.scores).zip(self.terms) {
            scores.iter_mut().skip(*position).take(1).for_each(|place| *place = score);
            terms.iter_mut().skip(*position).take(1).for_each(|place| *place = term);
        }
        let best = self.best.and_then(|best| positions.get(best).copied());
        Self { scores, terms, best, prefers: self.prefers }
    }
}

/// Adds what candidates gain to their values, gain and group each in shares of its largest.
fn weigh(state: &ClusterState, terms: &mut [Terms], concerned: &[usize]) {
    let weights = &state.settings.scoring;
    let (mut gain, mut group) = (0.0_f64, 0.0_f64);
    for term in concerned.iter().filter_map(|position| terms.get(*position)) {
        (gain, group) = (gain.max(term.gain), group.max(term.group));
    }
    for position in concerned {
        let Some(term) = terms.get_mut(*position) else { continue };
        if term.gain > 0.0 {
            term.value += weights.gain * (term.gain / gain) * f64::midpoint(1.0, term.room);
        }
        if term.group > 0.0 {
            term.value += weights.group * (term.group / group);
        }
    }
}

/// Brings nodes with warnings below those without, in the order that they have among themselves.
fn subdue(terms: &mut [Terms], warned: &[bool]) {
    let (mut most, mut most_warned) = (None::<f64>, 0.0_f64);
    for (term, warned) in terms.iter().zip(warned) {
        if *warned {
            most_warned = most_warned.max(term.value);
        } else {
            most = Some(most.unwrap_or(0.0).max(term.value));
        }
    }
    let Some(most) = most.filter(|_| most_warned > 0.0) else { return };
    for (term, _) in terms.iter_mut().zip(warned).filter(|(_, warned)| **warned) {
        term.value *= WARNED_AT_MOST * most / most_warned;
    }
}

fn rank(state: &ClusterState, candidates: &[Candidate], terms: Vec<Terms>, linked: bool) -> ScoreBoard {
    let best = best(state, candidates, &terms);
    let most = best.and_then(|best| terms.get(best)).map_or(0.0, |term| term.value);
    let prefers = most > 0.0 && (linked || terms.iter().any(|term| grain(term.value) != grain(most)));
    let mut scores = vec![0; terms.len()];
    if prefers {
        let most_of_others = if linked { BEST - DECISIVE } else { BEST };
        // Most candidates are worth the same.
        let (mut known, mut points_of_known) = (most, points(1.0, most_of_others));
        for (score, term) in scores.iter_mut().zip(&terms) {
            if term.value.total_cmp(&known).is_ne() {
                (known, points_of_known) = (term.value, points(term.value / most, most_of_others));
            }
            *score = points_of_known;
        }
        best.and_then(|best| scores.get_mut(best)).into_iter().for_each(|score| *score = BEST);
    }
    ScoreBoard { scores, terms, best, prefers }
}

/// The candidate of the highest value; of equal ones the emptier node, then the first by name.
fn best(state: &ClusterState, candidates: &[Candidate], terms: &[Terms]) -> Option<usize> {
    let name = |place: NodeIdx| state.nodes.get(place).map(|node| &node.name);
    let mut best: Option<(usize, NodeIdx, &Terms)> = None;
    for (position, (candidate, term)) in candidates.iter().zip(terms).enumerate() {
        let Candidate::Known(place) = candidate else { continue };
        let Some((_, other, highest)) = best else {
            best = Some((position, *place, term));
            continue;
        };
        // Most are told from the best without a closer look.
        let is_fuller = term.fullness > highest.fullness + 2.0 / STEPS;
        if term.value <= highest.value && is_fuller || term.value + 2.0 / STEPS < highest.value {
            continue;
        }
        let rank = |term: &Terms| (grain(term.value), -grain(term.fullness));
        let (own, others) = (rank(term), rank(highest));
        if own > others || (own == others && name(*place) < name(other)) {
            best = Some((position, *place, term));
        }
    }
    best.map(|(position, ..)| position)
}

/// A value, at least 0, on a scale so coarse that values which differ by rounding only are equal.
#[expect(
    clippy::cast_possible_truncation,
    reason = "sums of weighted shares; beyond the scale they are equal"
)]
fn grain(value: f64) -> i64 {
    (value * STEPS + 0.5) as i64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one times at most ten"
)]
fn points(share: f64, most: u8) -> u8 {
    (share.clamp(0.0, 1.0) * f64::from(most) + 0.5) as u8
}
