//! Whether a node has room for who is still to come: the partners of the components there, and those around the pod.
//! Consumers of a component may be created after it: a host that links nothing has no room for them.

use std::collections::HashMap;

use wit_config::LinkMode;

use super::whole;
use crate::nodes::{Hasher, NodeIdx, NodeState, Usage};
use crate::subject::Subject;
use crate::workloads::{WorkloadIdx, WorkloadState};

/// So many workloads around the pod are looked at: room for a whole application, not for a whole connected cluster.
const MOST: usize = super::APPLICATION;

/// A component that others may import from is given room for so many around it: who calls it may be created last.
const EXPECTED: usize = 6;

/// The workloads around the pod's own of which replicas are still to come: its partners, then theirs, and so on.
pub(super) struct Company<'a> {
    subject: Subject<'a>,
    members: Vec<(WorkloadIdx, &'a WorkloadState)>,
    /// How many more than those are expected, in pods of the workload's own size.
    expected: u64,
    /// By node place: whether a replica of the pod's workload or of a member is there.
    visited: Vec<bool>,
    /// By node class: what the members would take on a node where none of them is yet.
    elsewhere: Vec<Option<Demand>>,
    /// What was looked up once about the workloads that are wanted on nodes.
    wanted: HashMap<WorkloadIdx, Wanted, Hasher>,
}

/// A workload that is wanted on a node, as far as it matters here.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// Nobody knows it any more.
    Nobody,
    /// The pod's own workload, which comes by itself.
    Own,
    /// One of the company, which is counted as such.
    Member,
    /// Another one.
    Other {
        pending: u32,
        /// What a replica takes on nodes of this class, the last one that was looked at.
        each: Usage,
        class: u32,
    },
}

/// What replicas still to come would take on a node.
#[derive(Clone, Copy, Debug, Default)]
struct Demand {
    cpu_millis: u64,
    memory_bytes: u64,
    pods: u64,
    /// Replicas beside those, whose host is not there.
    unable: u64,
}

impl<'a> Company<'a> {
    pub(super) fn new(subject: Subject<'a>) -> Self {
        let (members, known) = around(&subject);
        let invites = subject.workload.is_some_and(|own| own.invites);
        let expected = if invites { EXPECTED.saturating_sub(known) as u64 } else { 0 };
        let mut visited = vec![false; subject.state.nodes.capacity()];
        let own = subject.workload.into_iter();
        for place in own.chain(members.iter().map(|(_, member)| *member)).flat_map(|it| it.placed.keys()) {
            visited.iter_mut().skip(place.position()).take(1).for_each(|here| *here = true);
        }
        let elsewhere = vec![None; subject.state.nodes.classes().len()];
        let company = members.iter().map(|(place, _)| (*place, Wanted::Member));
        let wanted = company.chain(subject.place.map(|place| (place, Wanted::Own))).collect();
        Self { subject, members, expected, visited, elsewhere, wanted }
    }

    /// The share of the replicas still to come that fits beside the pod.
    pub(super) fn room(&mut self, place: NodeIdx, node: &NodeState) -> f64 {
        if self.would_stay_alone(node) {
            return 0.0;
        }
        let demand = self.demand(place, node);
        if demand.pods == 0 {
            return if demand.unable == 0 { 1.0 } else { 0.0 };
        }
        let used = self.subject.used(place, node).plus(self.subject.needs(node));
        let (offered, cap) = (node.allocatable, self.subject.instance_cap(node));
        let fits = [
            fits(offered.resources.cpu_millis, used.requests.cpu_millis, demand.cpu_millis),
            fits(offered.resources.memory_bytes, used.memory(), demand.memory_bytes),
            fits(u64::from(offered.pods), u64::from(used.pods), demand.pods),
            fits(u64::from(cap), u64::from(used.instances), demand.pods),
        ];
        let able = demand.pods as f64 / (demand.pods + demand.unable) as f64;
        fits.into_iter().fold(1.0, f64::min) * able
    }

    /// Whether the pod's workload waits for consumers that nobody knows yet, and the node's host links nothing: who
    /// imports from it could not run there.
    fn would_stay_alone(&self, node: &NodeState) -> bool {
        let Subject { state, workload, handler, .. } = self.subject;
        let profile = handler.and_then(|handler| node.class.profile_at(handler));
        let host = profile.and_then(|profile| state.hosts.profile(profile));
        workload.is_some_and(|own| own.invites && own.partners.is_empty())
            && host.is_some_and(|host| host.link_mode == LinkMode::None)
    }

    /// What the replicas still to come would take, were the pod on the node.
    fn demand(&mut self, place: NodeIdx, node: &NodeState) -> Demand {
        let mut others = Demand::default();
        let mut members_too = self.visited.get(place.position()) == Some(&true);
        for wanted in node.wanted.iter() {
            match self.look_up(wanted.workload, node) {
                Wanted::Other { pending, each, .. } => {
                    others.take(each, u64::from(wanted.missing.min(pending)));
                }
                Wanted::Member => members_too = true,
                Wanted::Own | Wanted::Nobody => {}
            }
        }
        let company =
            if members_too { self.members_on(place, node) } else { self.members_elsewhere(place, node) };
        others.plus(company)
    }

    fn look_up(&mut self, workload: WorkloadIdx, node: &NodeState) -> Wanted {
        let known = self.wanted.entry(workload).or_insert(Wanted::Nobody);
        let is_current = match known {
            Wanted::Nobody => false,
            Wanted::Other { class, .. } => *class == node.class_idx,
            Wanted::Own | Wanted::Member => true,
        };
        if !is_current && let Some(state) = self.subject.state.workloads.get(workload) {
            let each = self.subject.state.usage_under(state.handler, &state.shape, node);
            *known = Wanted::Other { pending: state.pending(), each, class: node.class_idx };
        }
        *known
    }

    /// What members would take on a node where neither they nor the pod's workload are, which is equal for the class.
    fn members_elsewhere(&mut self, place: NodeIdx, node: &NodeState) -> Demand {
        let class = node.class_idx as usize;
        if let Some(Some(known)) = self.elsewhere.get(class) {
            return *known;
        }
        let demand = self.members_on(place, node);
        if let Some(known) = self.elsewhere.get_mut(class) {
            *known = Some(demand);
        }
        demand
    }

    /// What members would take on a node, those among them that nobody knows yet included.
    fn members_on(&self, place: NodeIdx, node: &NodeState) -> Demand {
        let own_level = self.subject.workload.map_or(0.0, |own| own.share(self.subject.on(place) + 1));
        let mut demand = Demand::default();
        demand.take(self.subject.needs(node), self.expected);
        for (workload, member) in &self.members {
            let wanted = node.wanted.binary_search_by_key(workload, |wanted| wanted.workload);
            let wanted = wanted.ok().and_then(|wanted| node.wanted.get(wanted));
            let level = wanted.map_or(own_level, |wanted| wanted.level.max(own_level));
            let missing = whole(level * f64::from(member.replicas())).saturating_sub(member.on(place));
            let coming = u64::from(missing.min(member.pending()));
            if member.can_run_on(node) {
                demand.take(self.subject.state.usage_under(member.handler, &member.shape, node), coming);
            } else {
                demand.unable += coming;
            }
        }
        demand
    }
}

impl Demand {
    /// Adds so many pods that take as much as this each.
    fn take(&mut self, each: Usage, coming: u64) {
        self.pods += coming;
        self.cpu_millis = self.cpu_millis.saturating_add(each.requests.cpu_millis.saturating_mul(coming));
        self.memory_bytes = self.memory_bytes.saturating_add(each.memory().saturating_mul(coming));
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cpu_millis: self.cpu_millis.saturating_add(other.cpu_millis),
            memory_bytes: self.memory_bytes.saturating_add(other.memory_bytes),
            pods: self.pods + other.pods,
            unable: self.unable + other.unable,
        }
    }
}

/// The workloads nearest to the pod's own, at most [`MOST`]: those of which replicas are still to come, and how many there
/// are in all.
fn around<'a>(subject: &Subject<'a>) -> (Vec<(WorkloadIdx, &'a WorkloadState)>, usize) {
    let (Some(place), Some(own)) = (subject.place, subject.workload) else { return (Vec::new(), 0) };
    let mut reached = vec![(place, own)];
    let mut next = 0;
    while let Some((_, workload)) = reached.get(next).copied().filter(|_| reached.len() <= MOST) {
        next += 1;
        for partner in workload.partners.iter().map(|partner| partner.workload) {
            let is_new = reached.iter().all(|(known, _)| *known != partner);
            if let Some(state) =
                subject.state.workloads.get(partner).filter(|_| is_new && reached.len() <= MOST)
            {
                reached.push((partner, state));
            }
        }
    }
    let known = reached.len() - 1;
    (reached.into_iter().skip(1).filter(|(_, workload)| workload.pending() > 0).collect(), known)
}

/// The share of a demand that fits into what is left.
fn fits(offered: u64, used: u64, demand: u64) -> f64 {
    let left = offered.saturating_sub(used);
    if left >= demand { 1.0 } else { left as f64 / demand as f64 }
}
