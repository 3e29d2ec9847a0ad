//! Which nodes may take a pod.
//!
//! The rules, in the order of their codes: capability (can the host on the node run the component at all; decided once
//! per node class), limits (pods, CPU, memory with the shim's, instance cap), blast radius (waived where no other node
//! can take the pod). Near a limit that only we count the answer is narrowed to one node, so that what the ledger then
//! presumes is exact: a node is near when it has room for fewer pods of this kind than `placement.exactBelow`.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wit_graph::{Component, DependencyGraph, Evidence, Link, WorkloadKey};

use crate::hosts::{Capability, NodeClass, Providers};
use crate::nodes::{NodeIdx, NodeState};
use crate::objects::{ImageReference, Millis};
use crate::reasons::{Code, Codes};
use crate::request::{Candidate, PodRequest};
use crate::score::{self, ScoreBoard};
use crate::state::{ClusterState, PodWorld};
use crate::subject::{InstanceCaps, Subject};

/// The verdict on every candidate, or that there is nothing for us to say.
#[derive(Clone, Debug)]
pub enum Filtered {
    /// The pod is none of our business: every node passes.
    Ordinary,
    /// The pod was judged.
    Judged(Judgement),
}

/// The verdict on every candidate.
#[derive(Clone, Debug, Default)]
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
    /// Until when the pod may be refused because something about it is not read yet: its image, or its class.
    pub reading_until: Option<Millis>,
    /// Images of which nothing is known, with why.
    pub unknown: Vec<(ImageReference, Arc<str>)>,
    /// The scores behind a narrowed answer, by candidate; those that were refused score 0.
    pub board: Option<ScoreBoard>,
}

/// Whether open imports of a workload's component are served, by what the graph knows.
struct GraphProviders<'a> {
    graph: &'a DependencyGraph,
    workload: &'a WorkloadKey,
}

/// What the filter works out once per request.
pub(crate) struct PodContext<'a> {
    pub(crate) subject: Subject<'a>,
    /// The capability verdict by node class.
    classes: Cow<'a, [Capability]>,
}

impl Providers for GraphProviders<'_> {
    /// An import that the graph has not heard of (the pod runs another image than its workload's template) passes:
    /// unknown is not incompatible.
    fn serves(&self, interface: &str) -> bool {
        let is_asked_for = |link: &&Link| link.evidence == Evidence::Wit && link.interface == interface;
        let mut links = self.graph.imports_of(self.workload).filter(is_asked_for).peekable();
        links.peek().is_none() || links.any(|link| link.status.serves())
    }
}

impl Judgement {
    fn unread(code: Code, candidates: usize, until: Millis) -> Self {
        let codes = vec![Codes::NONE.with(code); candidates];
        Self { codes, reading_until: Some(until), ..Self::default() }
    }

    /// The positions of the candidates that are returned to the scheduler.
    pub fn returned(&self) -> Vec<usize> {
        if let Some(only) = self.narrowed {
            return vec![only];
        }
        let mut returned: Vec<usize> = (0..self.codes.len()).collect();
        // Most answers refuse nobody.
        if self.codes.iter().copied().fold(Codes::NONE, Codes::union).refuse() {
            returned.retain(|position| self.passes(*position));
        }
        if !self.held_back.is_empty() {
            returned.retain(|position| self.held_back.binary_search(position).is_err());
        }
        returned
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
    let class = pod.shape.runtime_class.as_deref();
    let Some(handler) = state.wasm_handler(class) else {
        return state.class_unread_until(class, now).map_or(Filtered::Ordinary, |until| {
            Filtered::Judged(Judgement::unread(Code::ClassUnread, candidates.len(), until))
        });
    };
    let (components, unknown) = match state.pod_world(&pod.shape, now) {
        PodWorld::Ordinary => return Filtered::Ordinary,
        PodWorld::Reading(until) => {
            return Filtered::Judged(Judgement::unread(Code::Reading, candidates.len(), until));
        }
        PodWorld::Wasm { components, unknown } => (components, unknown),
    };
    let context = PodContext::new(state, pod, handler, &components);
    let (mut judgement, near) = context.judge(candidates, &unknown);
    context.limit_blast_radius(candidates, &mut judgement);
    context.narrow(candidates, near, &mut judgement);
    judgement.unknown = unknown;
    Filtered::Judged(judgement)
}

impl<'a> PodContext<'a> {
    pub(crate) fn new(
        state: &'a ClusterState,
        pod: &'a PodRequest,
        handler: &'a str,
        components: &[Arc<Component>],
    ) -> Self {
        let subject = Subject::new(state, pod);
        // What holds for the workload's template holds for its pods, unless they are made of an earlier one. Labels make no
        // difference, which controllers add to pods.
        let of_workload = subject.workload.filter(|workload| {
            workload.shape.runtime_class == pod.shape.runtime_class
                && workload.shape.images == pod.shape.images
                && workload.capabilities.len() == state.nodes.classes().len()
        });
        let classes = of_workload.map_or_else(
            || {
                let components: Vec<&Component> = components.iter().map(Arc::as_ref).collect();
                Cow::Owned(capabilities(state, handler, &components, &pod.workload))
            },
            |workload| Cow::Borrowed(&*workload.capabilities),
        );
        Self { subject, classes }
    }

    /// What becomes of the pod's components, by node class.
    #[cfg(test)]
    pub(crate) fn classes(&self) -> &[Capability] {
        &self.classes
    }

    /// Every rule that looks at one node alone, and which candidates are near a limit that only we count.
    fn judge(
        &self,
        candidates: &[Candidate],
        unknown: &[(ImageReference, Arc<str>)],
    ) -> (Judgement, Vec<usize>) {
        let common = if unknown.is_empty() { Codes::NONE } else { Codes::NONE.with(Code::WorldUnknown) };
        let settings = &self.subject.state.settings.placement;
        let strict = self.subject.pod.shape.strict.unwrap_or(settings.strict);
        let (mut codes, mut all_near) = (Vec::with_capacity(candidates.len()), Vec::new());
        for (position, candidate) in candidates.iter().enumerate() {
            let (verdict, near) = self.verdict(*candidate);
            if near {
                all_near.push(position);
            }
            let verdict = common.union(verdict);
            codes.push(if strict && verdict.warn() { verdict.with(Code::Strict) } else { verdict });
        }
        let mut details = BTreeMap::new();
        let told = (0_u32..).zip(&*self.classes).filter(|(_, capability)| !capability.details.is_empty());
        let told = told.filter(|(class, _)| self.concerns(*class, candidates));
        for (code, detail) in told.flat_map(|(_, capability)| &capability.details) {
            details.entry(*code).or_insert_with(|| detail.clone());
        }
        (Judgement { codes, details, ..Judgement::default() }, all_near)
    }

    /// The codes for a candidate, and whether it is near a limit that only we count.
    fn verdict(&self, candidate: Candidate) -> (Codes, bool) {
        let place = match candidate {
            Candidate::Stranger { overdue: true } => return (Codes::NONE.with(Code::NodeUnknown), false),
            Candidate::Stranger { overdue: false } => return (Codes::NONE.with(Code::NodeUnread), false),
            Candidate::Known(place) => place,
        };
        let Some(node) = self.subject.state.nodes.get(place) else {
            return (Codes::NONE.with(Code::NodeUnknown), false);
        };
        let (limits, near) = self.limits(place, node);
        (self.capability(node).union(limits), near)
    }

    /// What the node's class can run.
    fn capability(&self, node: &NodeState) -> Codes {
        let capability = self.classes.get(node.class_idx as usize);
        capability.map_or(Codes::NONE.with(Code::HostUnknown), |capability| capability.codes)
    }

    /// By node class: whether capability alone gives a warning.
    pub(crate) fn warned_classes(&self) -> Vec<bool> {
        self.classes.iter().map(|capability| capability.codes.warn()).collect()
    }

    /// Whether one of the candidates is of a node class.
    fn concerns(&self, class: u32, candidates: &[Candidate]) -> bool {
        let nodes = &self.subject.state.nodes;
        candidates.iter().any(|candidate| match candidate {
            Candidate::Known(place) => nodes.get(*place).is_some_and(|node| node.class_idx == class),
            Candidate::Stranger { .. } => false,
        })
    }

    /// The limits that the pod would break on a node, and whether the node is near one that only we count.
    ///
    /// The scheduler counts pods and CPU itself and has asked itself first: there only what is certain refuses. What
    /// only we count must hold wherever the presumed pods are.
    fn limits(&self, place: NodeIdx, node: &NodeState) -> (Codes, bool) {
        let on_class = self.subject.on_class(node);
        if self.subject.is_at_ease(place, node, on_class) {
            return (Codes::NONE, false);
        }
        let (left, own_limits) = self.subject.left_for_certain(place, node, on_class);
        let (cpu, memory, instances) =
            (on_class.needs.requests.cpu_millis, on_class.memory, on_class.needs.instances);
        let mut codes = Codes::NONE;
        if left.pods == 0 {
            codes = codes.with(Code::PodsFull);
        }
        if cpu > left.cpu_millis {
            codes = codes.with(Code::CpuFull);
        }
        if own_limits.memory_bytes < memory {
            codes = codes.with(Code::MemoryFull);
        }
        if own_limits.instances < instances {
            codes = codes.with(Code::InstancesFull);
        }
        let times = self.subject.state.settings.placement.exact_below;
        let near = own_limits.memory_bytes < memory.saturating_mul(u64::from(times))
            || own_limits.instances < instances.saturating_mul(times);
        (codes, near)
    }

    /// At most a share of the workload's replicas on one node, while another node can take the pod.
    fn limit_blast_radius(&self, candidates: &[Candidate], judgement: &mut Judgement) {
        let Some(workload) = self.subject.workload else { return };
        let most = f64::from(workload.replicas()) * self.subject.state.settings.placement.blast_radius;
        let is_full = |place: &NodeIdx| f64::from(self.subject.on(*place) + 1) > most.ceil();
        let full: BTreeSet<NodeIdx> = workload.placed.keys().filter(is_full).collect();
        let on_full =
            |candidate: &Candidate| matches!(candidate, Candidate::Known(place) if full.contains(place));
        let mut others = candidates.iter().zip(&judgement.codes);
        if full.is_empty() || !others.any(|(candidate, codes)| !codes.refuse() && !on_full(candidate)) {
            return;
        }
        for (candidate, codes) in candidates.iter().zip(&mut judgement.codes) {
            if on_full(candidate) && !codes.refuse() {
                *codes = codes.with(Code::BlastRadius);
            }
        }
    }

    /// Where nodes are near a limit that only we count, either the best of all is near and is returned alone, or those
    /// that are near are held back.
    fn narrow(&self, candidates: &[Candidate], mut near: Vec<usize>, judgement: &mut Judgement) {
        near.retain(|position| judgement.passes(*position));
        if near.is_empty() {
            return;
        }
        let passing: Vec<usize> =
            (0..candidates.len()).filter(|position| judgement.passes(*position)).collect();
        let offered: Vec<Candidate> =
            passing.iter().filter_map(|position| candidates.get(*position).copied()).collect();
        let board = score::scored(&self.subject, &offered, &self.warned_classes());
        let board = board.spread(&passing, candidates.len());
        let best = board.best;
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
    class: &NodeClass,
    handler: &str,
    components: &[&Component],
    workload: &WorkloadKey,
) -> Capability {
    state.hosts.capability(class, handler, components, &GraphProviders { graph: &state.graph, workload })
}

/// The same by node class.
pub(crate) fn capabilities(
    state: &ClusterState,
    handler: &str,
    components: &[&Component],
    workload: &WorkloadKey,
) -> Vec<Capability> {
    let classes = state.nodes.classes().iter();
    classes.map(|class| capability(state, class, handler, components, workload)).collect()
}

/// The most Wasm instances that a node takes: the smallest of its annotation (else the setting) and the host's own cap.
pub fn instance_cap(state: &ClusterState, node: &NodeState, handler: &str) -> u32 {
    let host = node.class.profile(handler).and_then(|profile| state.hosts.profile(profile));
    InstanceCaps::new(state, host).of(node)
}
