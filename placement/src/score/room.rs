//! Whether a node has room for who is still to come: the partners of the components there, and those around the pod.
//! Consumers of a component may be created after it: a host that links nothing has no room for them.

use wit_config::LinkMode;

use crate::hosts::NodeClass;
use crate::nodes::{Demand, Left, NodeIdx, NodeState, Wanted};
use crate::subject::{OnClass, Subject};
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
    /// What holds for the nodes of a class, by class.
    classes: Vec<Option<OnNodes>>,
}

/// What holds for the nodes of a class.
#[derive(Clone, Copy)]
struct OnNodes {
    /// Nobody who imports from the pod's component could run there.
    stays_alone: bool,
    /// What holds for the pod.
    pod: OnClass,
    /// What the members would take on a node that is not concerned.
    members: Demand,
    /// What they and the pod would.
    with_members: Demand,
}

impl<'a> Company<'a> {
    pub(super) fn new(subject: &'a Subject<'a>) -> Self {
        let (members, known) = around(subject);
        let invites = subject.workload.is_some_and(|own| own.invites);
        let expected = if invites { EXPECTED.saturating_sub(known) as u64 } else { 0 };
        let classes = vec![None; subject.state.nodes.classes().len()];
        let mut company = Self { subject, members, expected, concerned: Vec::new(), classes };
        company.concerned = company.concerned();
        subject.own_place().into_iter().for_each(|place| company.concern(place));
        company
    }

    /// Whether anything about the pod or its company sets a node apart from others of its class with as much on them.
    pub(super) fn is_concerned(&self, place: NodeIdx) -> bool {
        self.concerned.get(place.position()) == Some(&true)
    }

    /// Notes that a node is set apart.
    pub(super) fn concern(&mut self, place: NodeIdx) {
        self.concerned.iter_mut().skip(place.position()).take(1).for_each(|concerned| *concerned = true);
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

    /// The share of the replicas still to come that fits beside the pod, on a node that is concerned.
    pub(super) fn room_beside(&mut self, place: NodeIdx, node: &NodeState) -> f64 {
        let demand = self.demand_beside(place, node);
        let subject = self.subject;
        let Some(class) = self.class_of(place, node).filter(|class| !class.stays_alone) else { return 0.0 };
        let (left, instances) = subject.left(place, node, &class.pod);
        share_that_fits(left, instances, &class.pod, &demand)
    }

    /// The same on any other node.
    pub(super) fn room_elsewhere(&mut self, place: NodeIdx, node: &NodeState) -> f64 {
        let Some(class) = self.class_of(place, node).filter(|class| !class.stays_alone) else { return 0.0 };
        let (left, demand, with) = (node.left(), node.demand(), &class.with_members);
        let instances = class.pod.cap_of(node).saturating_sub(node.used().instances);
        let pods = demand.pods.saturating_add(with.pods);
        let all_fit = with.unable == 0
            && demand.unable == 0
            && left.cpu_millis >= demand.cpu_millis.saturating_add(with.cpu_millis)
            && left.memory_bytes >= demand.memory_bytes.saturating_add(with.memory_bytes)
            && u64::from(left.pods) >= pods
            && u64::from(instances) >= pods;
        if all_fit {
            return 1.0;
        }
        share_that_fits(left, instances, &class.pod, &demand.plus(class.members))
    }

    /// What holds for the nodes of the node's class.
    fn class_of(&mut self, place: NodeIdx, node: &NodeState) -> Option<&OnNodes> {
        let class = node.class_idx as usize;
        if matches!(self.classes.get(class), Some(None)) {
            self.learn(class, place, node);
        }
        self.classes.get(class).and_then(Option::as_ref)
    }

    #[cold]
    fn learn(&mut self, class: usize, place: NodeIdx, node: &NodeState) {
        // Where nobody is concerned, what members would take is equal for the class.
        let (pod, members) = (*self.subject.on_class(node), self.members_on(place, node, false));
        let on_nodes = OnNodes {
            stays_alone: would_stay_alone(self.subject, node.class()),
            pod,
            members,
            with_members: Demand::of(pod.needs, 1).plus(members),
        };
        self.classes.iter_mut().skip(class).take(1).for_each(|known| *known = Some(on_nodes));
    }

    /// What the replicas still to come would take, were the pod on a node that is concerned.
    fn demand_beside(&self, place: NodeIdx, node: &NodeState) -> Demand {
        let own = self.subject.place.into_iter().chain(self.members.iter().map(|(member, _)| *member));
        let counted = own.filter_map(|workload| node.wanted_of(workload)).map(Wanted::demand);
        counted.fold(node.demand(), Demand::minus).plus(self.members_on(place, node, true))
    }

    /// What members would take on a node, those among them that nobody knows yet included. Where it is not `concerned`,
    /// neither they nor the pod's workload are there or wanted there.
    fn members_on(&self, place: NodeIdx, node: &NodeState, concerned: bool) -> Demand {
        let on = |counted: u32| if concerned { counted } else { 0 };
        let own_level = self.subject.workload.map_or(0.0, |own| own.share(on(self.subject.on(place)) + 1));
        let mut demand = Demand::of(self.subject.on_class(node).needs, self.expected);
        for (workload, member) in &self.members {
            let wanted = node.wanted_of(*workload).filter(|_| concerned);
            let level = wanted.map_or(own_level, |wanted| wanted.level.max(own_level));
            let missing = whole(level * f64::from(member.replicas())).saturating_sub(on(member.on(place)));
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

/// Whether the pod's workload waits for consumers that nobody knows yet, and the hosts of the class link nothing: who imports
/// from it could not run there.
fn would_stay_alone(subject: &Subject<'_>, class: &NodeClass) -> bool {
    let profile = subject.handler.and_then(|handler| class.profile_at(handler));
    let host = profile.and_then(|profile| subject.state.hosts.profile(profile));
    subject.workload.is_some_and(|own| own.invites && own.partners.is_empty())
        && host.is_some_and(|host| host.link_mode == LinkMode::None)
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

/// The share of a demand that fits into what is left where the pod is there too.
fn share_that_fits(left: Left, instances: u32, pod: &OnClass, demand: &Demand) -> f64 {
    if demand.pods == 0 {
        return if demand.unable == 0 { 1.0 } else { 0.0 };
    }
    let left = Left {
        cpu_millis: left.cpu_millis.saturating_sub(pod.needs.requests.cpu_millis),
        memory_bytes: left.memory_bytes.saturating_sub(pod.memory),
        pods: left.pods.saturating_sub(1).min(instances.saturating_sub(pod.needs.instances)),
    };
    let able = demand.pods as f64 / (demand.pods + demand.unable) as f64;
    left.share_for(demand) * able
}
