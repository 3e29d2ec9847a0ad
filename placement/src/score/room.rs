//! Whether a node has room for who is still to come: the partners of the components there, and those around the pod.
//! Consumers of a component may be created after it: a host that links nothing has no room for them.

use wit_config::LinkMode;

use crate::nodes::{Demand, NodeIdx, NodeState, Wanted};
use crate::subject::Subject;
use crate::workloads::{WorkloadIdx, WorkloadState, whole};

/// So many workloads around the pod are looked at: room for a whole application, not for a whole connected cluster.
const MOST: usize = super::APPLICATION;

/// A component that others may import from is given room for so many around it: who calls it may be created last.
const EXPECTED: usize = 6;

/// The workloads around the pod's own of which replicas are still to come: its partners, then theirs, and so on.
pub(super) struct Company<'a> {
    subject: &'a Subject<'a>,
    members: Vec<(WorkloadIdx, &'a WorkloadState)>,
    /// How many more than those are expected, in pods of the workload's own size.
    expected: u64,
    /// By node place: whether the pod's workload or a member is there or wanted there.
    concerned: Vec<bool>,
    /// By node class: what the members would take on a node that is not concerned.
    elsewhere: Vec<Option<Demand>>,
}

impl<'a> Company<'a> {
    pub(super) fn new(subject: &'a Subject<'a>) -> Self {
        let (members, known) = around(subject);
        let invites = subject.workload.is_some_and(|own| own.invites);
        let expected = if invites { EXPECTED.saturating_sub(known) as u64 } else { 0 };
        let elsewhere = vec![None; subject.state.nodes.classes().len()];
        let mut company = Self { subject, members, expected, concerned: Vec::new(), elsewhere };
        company.concerned = company.concerned();
        company
    }

    /// Who is wanted on a node has a partner there.
    fn concerned(&self) -> Vec<bool> {
        let Subject { state, workload, .. } = *self.subject;
        let mut concerned = vec![false; state.nodes.capacity()];
        let mut note = |workload: &WorkloadState| {
            for place in workload.placed.keys() {
                if let Some(node) = concerned.get_mut(place.position()) {
                    *node = true;
                }
            }
        };
        for one in workload.into_iter().chain(self.members.iter().map(|(_, member)| *member)) {
            note(one);
            for partner in one.partners.iter() {
                state.workloads.get(partner.workload).into_iter().for_each(|partner| note(partner));
            }
        }
        concerned
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
        let Subject { state, workload, handler, .. } = *self.subject;
        let profile = handler.and_then(|handler| node.class.profile_at(handler));
        let host = profile.and_then(|profile| state.hosts.profile(profile));
        workload.is_some_and(|own| own.invites && own.partners.is_empty())
            && host.is_some_and(|host| host.link_mode == LinkMode::None)
    }

    /// What the replicas still to come would take, were the pod on the node.
    fn demand(&mut self, place: NodeIdx, node: &NodeState) -> Demand {
        if self.concerned.get(place.position()) != Some(&true) {
            return node.demand().plus(self.members_elsewhere(place, node));
        }
        let own = self.subject.place.into_iter().chain(self.members.iter().map(|(member, _)| *member));
        let counted = own.filter_map(|workload| node.wanted_of(workload)).map(Wanted::demand);
        counted.fold(node.demand(), Demand::minus).plus(self.members_on(place, node))
    }

    /// What members would take on a node that is not concerned, which is equal for the class.
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
        let mut demand = Demand::of(self.subject.needs(node), self.expected);
        for (workload, member) in &self.members {
            let level = node.wanted_of(*workload).map_or(own_level, |wanted| wanted.level.max(own_level));
            let missing = whole(level * f64::from(member.replicas())).saturating_sub(member.on(place));
            let coming = u64::from(missing.min(member.pending()));
            if member.can_run_on(node) {
                let each = self.subject.state.usage_under(member.handler, &member.shape, node);
                demand = demand.plus(Demand::of(each, coming));
            } else {
                demand.unable += coming;
            }
        }
        demand
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
