//! Which nodes may take a pod.
//!
//! The rules, in the order of their codes: capability (can the host on the node run the component at all; decided once
//! per node class), limits (pods, CPU, memory with the shim's, instance cap), blast radius (waived where no other node
//! can take the pod). Near a limit that only we count the answer is narrowed to one node, so that what the ledger then
//! presumes is exact.

use std::collections::BTreeMap;
use std::sync::Arc;

use wit_graph::{Component, DependencyGraph, WorkloadKey};

use crate::hosts::{Capability, Hosts, Providers};
use crate::ledger::OwnLimits;
use crate::nodes::{NodeState, Usage};
use crate::objects::{ImageReference, Millis};
use crate::reasons::{Code, Codes};
use crate::request::{Candidate, PodRequest};
use crate::score::{self, ScoreBoard};
use crate::state::{ClusterState, PodWorld};

/// The verdict on every candidate, or that there is nothing for us to say.
#[derive(Clone, Debug)]
pub enum Filtered {
    /// The pod is none of our business: every node passes.
    Ordinary,
    /// The pod was judged.
    Judged(Judgement),
}

/// The verdict on every candidate.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// For each candidate, in their order: refusals and warnings.
    pub codes: Vec<Codes>,
    /// What to say about a code, without naming nodes.
    pub details: BTreeMap<Code, String>,
    /// The only candidate that is returned, where the answer was narrowed to one.
    pub narrowed: Option<usize>,
    /// Candidates that pass but are held back, because they are near a limit that only we count and the answer names
    /// several nodes.
    pub held_back: Vec<usize>,
    /// Until when the pod may be refused as *reading*.
    pub reading_until: Option<Millis>,
    /// Images of which nothing is known, with why.
    pub unknown: Vec<(ImageReference, Arc<str>)>,
    /// The scores behind a narrowed answer.
    pub board: Option<ScoreBoard>,
}

/// Whether open imports of a workload's component are served, by what the graph knows.
struct GraphProviders<'a> {
    graph: &'a DependencyGraph,
    workload: &'a WorkloadKey,
}

/// What the filter works out once per request.
pub(crate) struct PodContext<'a> {
    pub(crate) state: &'a ClusterState,
    pub(crate) pod: &'a PodRequest,
    pub(crate) handler: &'a str,
    classes: Vec<Option<Arc<Capability>>>,
    components: Vec<Arc<Component>>,
}

impl Providers for GraphProviders<'_> {
    fn serves(&self, interface: &str) -> bool {
        self.graph.imports_of(self.workload).any(|link| link.interface == interface && link.status.serves())
    }
}

impl Judgement {
    /// The positions of the candidates that are returned to the scheduler.
    pub fn returned(&self) -> Vec<usize> {
        if let Some(only) = self.narrowed {
            return vec![only];
        }
        let passing = (0..self.codes.len()).filter(|position| self.passes(*position));
        passing.filter(|position| self.held_back.binary_search(position).is_err()).collect()
    }

    /// Whether the candidate at that position breaks no rule.
    pub fn passes(&self, position: usize) -> bool {
        self.codes.get(position).is_some_and(|codes| !codes.refuse())
    }

    /// The message for a code: its words and what it is about.
    pub fn message(&self, code: Code) -> String {
        message(code, &self.details)
    }
}

pub(crate) fn message(code: Code, details: &BTreeMap<Code, String>) -> String {
    let reason = code.reason();
    match details.get(&code) {
        Some(detail) => format!("{} {}: {detail}", reason.id, reason.message),
        None => format!("{} {}", reason.id, reason.message),
    }
}

/// Judges every candidate for the pod at `now`.
pub fn filter(state: &ClusterState, pod: &PodRequest, candidates: &[Candidate], now: Millis) -> Filtered {
    let Some(handler) = state.wasm_handler(pod.shape.runtime_class.as_deref()) else {
        return Filtered::Ordinary;
    };
    let (components, unknown) = match state.pod_world(&pod.shape, now) {
        PodWorld::Ordinary => return Filtered::Ordinary,
        PodWorld::Reading(until) => return Filtered::Judged(reading(candidates.len(), until)),
        PodWorld::Wasm { components, unknown } => (components, unknown),
    };
    let mut context = PodContext::new(state, pod, handler, components);
    let mut judgement = context.judge(candidates, !unknown.is_empty());
    judgement.unknown = unknown;
    context.limit_blast_radius(candidates, &mut judgement);
    context.narrow(candidates, &mut judgement);
    Filtered::Judged(judgement)
}

fn reading(candidates: usize, until: Millis) -> Judgement {
    Judgement {
        codes: vec![Codes::NONE.with(Code::Reading); candidates],
        details: BTreeMap::new(),
        narrowed: None,
        held_back: Vec::new(),
        reading_until: Some(until),
        unknown: Vec::new(),
        board: None,
    }
}

impl<'a> PodContext<'a> {
    pub(crate) fn new(
        state: &'a ClusterState,
        pod: &'a PodRequest,
        handler: &'a str,
        components: Vec<Arc<Component>>,
    ) -> Self {
        Self { state, pod, handler, classes: vec![None; state.nodes.classes().len()], components }
    }

    fn judge(&mut self, candidates: &[Candidate], world_unknown: bool) -> Judgement {
        let mut details = BTreeMap::new();
        let common = if world_unknown { Codes::NONE.with(Code::WorldUnknown) } else { Codes::NONE };
        let strict = self.pod.shape.strict.unwrap_or(self.state.settings.placement.strict);
        let mut codes = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let verdict = common.union(self.verdict(*candidate, &mut details));
            codes.push(if strict && verdict.warn() { verdict.with(Code::Strict) } else { verdict });
        }
        Judgement {
            codes,
            details,
            narrowed: None,
            held_back: Vec::new(),
            reading_until: None,
            unknown: Vec::new(),
            board: None,
        }
    }

    fn verdict(&mut self, candidate: Candidate, details: &mut BTreeMap<Code, String>) -> Codes {
        let node = match candidate {
            Candidate::Stranger { overdue: true } => return Codes::NONE.with(Code::NodeUnknown),
            Candidate::Stranger { overdue: false } => return Codes::NONE.with(Code::NodeUnread),
            Candidate::Known(node) => node,
        };
        let Some(node_state) = self.state.nodes.get(node) else { return Codes::NONE.with(Code::NodeUnknown) };
        let capability = self.capability(node_state);
        for (code, detail) in &capability.details {
            details.entry(*code).or_insert_with(|| detail.clone());
        }
        capability.codes.union(self.limits(node, node_state))
    }

    /// What the node's class can run; worked out once per class.
    fn capability(&mut self, node: &NodeState) -> Arc<Capability> {
        let slot = node.class_idx as usize;
        if let Some(Some(known)) = self.classes.get(slot) {
            return Arc::clone(known);
        }
        let components: Vec<&Component> = self.components.iter().map(Arc::as_ref).collect();
        let verdict = Arc::new(capability(self.state, node, self.handler, &components, &self.pod.workload));
        if let Some(place) = self.classes.get_mut(slot) {
            *place = Some(Arc::clone(&verdict));
        }
        verdict
    }

    /// The codes of capability alone, for each candidate.
    pub(crate) fn capabilities(&mut self, candidates: &[Candidate]) -> Vec<Codes> {
        let codes = |candidate: &Candidate| match candidate {
            Candidate::Known(node) => {
                let node = self.state.nodes.get(*node);
                node.map_or(Codes::NONE.with(Code::NodeUnknown), |node| self.capability(node).codes)
            }
            Candidate::Stranger { .. } => Codes::NONE.with(Code::NodeUnknown),
        };
        candidates.iter().map(codes).collect()
    }

    fn limits(&self, node: crate::nodes::NodeIdx, state: &NodeState) -> Codes {
        let used = self.used_without_pod(node, state);
        let needs = self.state.usage_on(&self.pod.shape, state);
        let offered = state.allocatable;
        let after = used.plus(needs);
        let mut codes = Codes::NONE;
        if after.pods > offered.pods {
            codes = codes.with(Code::PodsFull);
        }
        if after.requests.cpu_millis > offered.resources.cpu_millis && needs.requests.cpu_millis > 0 {
            codes = codes.with(Code::CpuFull);
        }
        let room = self.room(node, state);
        if room.memory_bytes < needs.memory() {
            codes = codes.with(Code::MemoryFull);
        }
        if room.instances < needs.instances {
            codes = codes.with(Code::InstancesFull);
        }
        codes
    }

    /// What is used on the node, the pod itself left out where the ledger already presumes it there.
    pub(crate) fn used_without_pod(&self, node: crate::nodes::NodeIdx, state: &NodeState) -> Usage {
        let own = self.state.ledger.get(&self.pod.uid).filter(|entry| entry.best == node);
        own.map_or(state.used, |entry| state.used.minus(entry.counted))
    }

    /// What is left for certain of the limits that only we count, whatever the scheduler made of presumed pods.
    pub(crate) fn room(&self, node: crate::nodes::NodeIdx, state: &NodeState) -> OwnLimits {
        let used = self.used_without_pod(node, state);
        let ledger = &self.state.ledger;
        let left = |elsewhere: OwnLimits| OwnLimits {
            memory_bytes: state
                .allocatable
                .resources
                .memory_bytes
                .saturating_sub(used.memory().saturating_add(elsewhere.memory_bytes)),
            instances: instance_cap(self.state, state, self.handler)
                .saturating_sub(used.instances.saturating_add(elsewhere.instances)),
        };
        let needs = self.near_limit(self.state.usage_on(&self.pod.shape, state));
        let at_least = left(ledger.elsewhere_at_most());
        if !ledger.has_ambiguous()
            || (at_least.memory_bytes >= needs.memory_bytes && at_least.instances >= needs.instances)
        {
            return at_least;
        }
        left(ledger.elsewhere(node, &self.pod.uid))
    }

    /// With less room than this left for pods of this kind, a node is near a limit that only we count.
    fn near_limit(&self, needs: Usage) -> OwnLimits {
        let times = self.state.settings.placement.exact_below.max(1);
        OwnLimits {
            memory_bytes: needs.memory().saturating_mul(u64::from(times)),
            instances: needs.instances.saturating_mul(times),
        }
    }

    /// At most a share of the workload's replicas on one node, while another node can take the pod.
    fn limit_blast_radius(&self, candidates: &[Candidate], judgement: &mut Judgement) {
        let state = self.state;
        let Some(workload) =
            state.workloads.place_of(&self.pod.workload).and_then(|place| state.workloads.get(place))
        else {
            return;
        };
        let most = (f64::from(workload.replicas()) * state.settings.placement.blast_radius).ceil();
        let own = state.ledger.get(&self.pod.uid).map(|entry| entry.best);
        let full = |candidate: &Candidate| match candidate {
            Candidate::Known(node) => {
                let others = workload.on(*node).saturating_sub(u32::from(own == Some(*node)));
                f64::from(others + 1) > most
            }
            Candidate::Stranger { .. } => false,
        };
        let passing = |position: usize| judgement.codes.get(position).is_some_and(|codes| !codes.refuse());
        let (full, free): (Vec<_>, Vec<_>) = candidates
            .iter()
            .enumerate()
            .filter(|(position, _)| passing(*position))
            .partition(|(_, candidate)| full(candidate));
        if free.is_empty() {
            return;
        }
        for (position, _) in full {
            judgement
                .codes
                .iter_mut()
                .skip(position)
                .take(1)
                .for_each(|codes| *codes = codes.with(Code::BlastRadius));
        }
    }

    /// Where nodes are near a limit that only we count, either the best of all is near and is returned alone, or those
    /// that are near are held back.
    fn narrow(&self, candidates: &[Candidate], judgement: &mut Judgement) {
        let near = |candidate: &Candidate| {
            let Candidate::Known(node) = candidate else { return false };
            let Some(state) = self.state.nodes.get(*node) else { return false };
            let room = self.room(*node, state);
            let limit = self.near_limit(self.state.usage_on(&self.pod.shape, state));
            room.memory_bytes < limit.memory_bytes || room.instances < limit.instances
        };
        let passing: Vec<_> =
            candidates.iter().enumerate().filter(|(position, _)| judgement.passes(*position)).collect();
        let near: Vec<usize> =
            passing.iter().filter(|(_, candidate)| near(candidate)).map(|(position, _)| *position).collect();
        if near.is_empty() {
            return;
        }
        let offered: Vec<Candidate> = passing.iter().map(|(_, candidate)| **candidate).collect();
        let board = score::board(self.state, self.pod, &offered);
        let best = board.best.and_then(|best| passing.get(best)).map(|(position, _)| *position);
        if best.is_some_and(|best| near.binary_search(&best).is_ok()) {
            judgement.narrowed = best;
        } else {
            judgement.held_back = near;
        }
        judgement.board = Some(board);
    }
}

/// What a node's class can run of a pod's components.
pub(crate) fn capability(
    state: &ClusterState,
    node: &NodeState,
    handler: &str,
    components: &[&Component],
    workload: &WorkloadKey,
) -> Capability {
    let hosts: &Hosts = &state.hosts;
    hosts.capability(&node.class, handler, components, &GraphProviders { graph: &state.graph, workload })
}

/// The most Wasm instances that a node takes: the smallest of its annotation (else the setting) and the host's own cap.
pub fn instance_cap(state: &ClusterState, node: &NodeState, handler: &str) -> u32 {
    let own = node.object().and_then(|object| object.instance_cap);
    let set = own.or(state.settings.placement.instances_per_node);
    let profile = node.class.profile(handler).and_then(|profile| state.hosts.profile(profile));
    let host = profile.and_then(|profile| profile.instance_cap);
    set.unwrap_or(u32::MAX).min(host.unwrap_or(u32::MAX))
}
