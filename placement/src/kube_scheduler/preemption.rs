//! `DefaultPreemption`: whom a pod that fits nowhere may evict. As in `plugins/defaultpreemption/default_preemption.go` and
//! `framework/preemption/preemption.go`; there are no `PodDisruptionBudget`s.

use std::cmp::Reverse;

use super::attempt::Victim;
use super::cycle::Cycle;
use super::snapshot::Resident;
use crate::objects::{Millis, PreemptionPolicy};

/// At least so many nodes on which evicting helps are compared (`minCandidateNodesAbsolute`)…
const LEAST_CANDIDATES: usize = 100;
/// …or one of so many that are looked at (`minCandidateNodesPercentage`: 10).
const CANDIDATES_OF: usize = 10;

/// A node on which evicting helps.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) node: u32,
    /// The most important first.
    pub(super) victims: Vec<Victim>,
    rank: Rank,
}

/// How bad a candidate is: the highest priority of a victim, the sum of the priorities, the number of victims, and how
/// long ago the first of the most important ones started.
type Rank = (i32, i64, usize, Reverse<Millis>);

impl Cycle<'_> {
    /// The best node to evict pods from, of those that are named; looked at from the one at `offset` on.
    pub(super) fn preempt(&mut self, nodes: &[u32], offset: usize) -> Option<Candidate> {
        if self.class.shape.scheduling.preemption == PreemptionPolicy::Never {
            return None;
        }
        let enough = (nodes.len() / CANDIDATES_OF).max(LEAST_CANDIDATES);
        let (before, from) = nodes.split_at(offset.min(nodes.len()));
        let candidates = from.iter().chain(before).filter_map(|node| self.candidate(*node)).take(enough);
        candidates.min_by_key(|candidate| candidate.rank)
    }

    /// The fewest and least important pods that have to go from a node so that the pod fits; `None` where that does not
    /// help.
    fn candidate(&mut self, node: u32) -> Option<Candidate> {
        let mut lower = self.lower(node);
        lower.sort_by_key(|(priority, resident)| (Reverse(*priority), resident.since));
        if lower.is_empty() {
            return None;
        }
        for (_, resident) in &lower {
            self.take_away(node, resident.class);
        }
        let helps = self.unfit_by_pods(node).is_empty();
        let mut victims = Vec::new();
        for one in &lower {
            self.put_back(node, one.1.class);
            if helps && !self.unfit_by_pods(node).is_empty() {
                self.take_away(node, one.1.class);
                victims.push(*one);
            }
        }
        for (_, resident) in &victims {
            self.put_back(node, resident.class);
        }
        let rank = rank(&victims)?;
        let victim = |(_, resident): &(i32, &Resident)| Victim {
            uid: resident.uid.clone(),
            pod: resident.key.clone(),
        };
        Some(Candidate { node, victims: victims.iter().map(victim).collect(), rank })
    }
}

/// `None` without victims.
fn rank(victims: &[(i32, &Resident)]) -> Option<Rank> {
    let highest = victims.iter().map(|(priority, _)| *priority).max()?;
    // Negative priorities, too, must make more victims worse than fewer.
    let sum = victims.iter().map(|(priority, _)| i64::from(*priority) + (1 << 31)).sum();
    let most_important = victims.iter().filter(|(priority, _)| *priority == highest);
    let earliest = most_important.map(|(_, resident)| resident.since).min()?;
    Some((highest, sum, victims.len(), Reverse(earliest)))
}
