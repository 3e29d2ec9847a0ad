//! What kube-scheduler itself does, as far as the demo and the simulator need it: its filters for cordons, node
//! selectors, node affinity, taints and resources, and its default scoring of free resources (`LeastAllocated`).
//!
//! A model of the defaults of Kubernetes 1.36, not a copy: the other default plugins say the same of every node in the
//! clusters that the demo and the traces describe. The end-to-end tests run the real one.
//!
//! - [`Scheduler`]: the scheduling loop, with its queue and its cache;
//! - [`SchedulerExtender`]: what it asks an extender, over HTTP or in process;
//! - [`feasible`], [`total`]: its own filters and scores.

mod driver;
mod extender;
mod queue;
pub mod report;

use std::collections::BTreeMap;

pub use driver::{Attempt, Choice, Outcome, Scheduler, last_attempts};
pub use extender::{FilterReply, NoExtender, SchedulerExtender};

use crate::nodes::{NodeIdx, NodeState};
use crate::objects::{Node, NodeOperator, NodeRequirement, PodShape, Taint, TaintEffect, Toleration};
use crate::state::ClusterState;

/// What kube-scheduler assumes of a pod without requests when it scores: a tenth of a core.
const DEFAULT_CPU_MILLIS: u64 = 100;
/// And 200 MiB.
const DEFAULT_MEMORY_BYTES: u64 = 200 << 20;

/// Why kube-scheduler's own filters refuse a node, in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The node is cordoned.
    Unschedulable,
    /// The node selector or the required node affinity does not match.
    Affinity,
    /// A taint is not tolerated.
    Taint,
    /// No more pods.
    Pods,
    /// Not enough CPU.
    Cpu,
    /// Not enough memory.
    Memory,
}

/// The nodes that pass kube-scheduler's own filters, and how many do not, by reason.
#[derive(Clone, Debug, Default)]
pub struct Feasible {
    /// Those that pass, in the state's order.
    pub nodes: Vec<NodeIdx>,
    /// Those that do not.
    pub unfit: BTreeMap<Unfit, Vec<NodeIdx>>,
}

impl Unfit {
    /// The words of kube-scheduler's event.
    pub fn message(self) -> &'static str {
        match self {
            Self::Unschedulable => "node(s) were unschedulable",
            Self::Affinity => "node(s) didn't match Pod's node affinity/selector",
            Self::Taint => "node(s) had untolerated taint(s)",
            Self::Pods => "Too many pods",
            Self::Cpu => "Insufficient cpu",
            Self::Memory => "Insufficient memory",
        }
    }
}

/// The nodes that kube-scheduler's own filters let through for a pod.
pub fn feasible(state: &ClusterState, shape: &PodShape) -> Feasible {
    let mut feasible = Feasible::default();
    for (place, node) in state.nodes() {
        match unfit(shape, node) {
            None => feasible.nodes.push(place),
            Some(reason) => feasible.unfit.entry(reason).or_default().push(place),
        }
    }
    feasible
}

/// What a node's score adds up to: the scheduler's own, and what the extender adds (`score × 10 × weight`).
pub fn total(state: &ClusterState, shape: &PodShape, node: NodeIdx, extender: u8, weight: u64) -> u64 {
    let own = state.node(node).map_or(0, |node| least_allocated(shape, node));
    own.saturating_add(u64::from(extender).saturating_mul(10).saturating_mul(weight))
}

/// `NodeResourcesFit` with `LeastAllocated`: the free share of CPU and memory, averaged, 0 to 100. Whole numbers as in
/// `least_allocated.go`.
pub fn least_allocated(shape: &PodShape, node: &NodeState) -> u64 {
    let requests = shape.requests + shape.overhead;
    let or = |amount: u64, default: u64| if amount == 0 { default } else { amount };
    let free = |offered: u64, used: u64, wanted: u64| {
        let left = offered.saturating_sub(used).saturating_sub(wanted);
        left.saturating_mul(100).checked_div(offered).unwrap_or(0)
    };
    let (offered, used) = (node.allocatable().resources, node.used().requests);
    let cpu = free(offered.cpu_millis, used.cpu_millis, or(requests.cpu_millis, DEFAULT_CPU_MILLIS));
    let memory =
        free(offered.memory_bytes, used.memory_bytes, or(requests.memory_bytes, DEFAULT_MEMORY_BYTES));
    u64::midpoint(cpu, memory)
}

/// Why kube-scheduler's own filters refuse the node, if they do.
pub fn unfit(shape: &PodShape, state: &NodeState) -> Option<Unfit> {
    let node = state.object()?;
    if node.unschedulable && !shape.tolerations.iter().any(|toleration| tolerates(toleration, &cordon())) {
        return Some(Unfit::Unschedulable);
    }
    if !selected(shape, node) {
        return Some(Unfit::Affinity);
    }
    let repels = |taint: &&Taint| taint.effect != TaintEffect::PreferNoSchedule;
    let tolerated = |taint: &Taint| shape.tolerations.iter().any(|toleration| tolerates(toleration, taint));
    if !node.taints.iter().filter(repels).all(tolerated) {
        return Some(Unfit::Taint);
    }
    let (offered, used, needs) = (state.allocatable(), state.used(), shape.requests + shape.overhead);
    let after = used.requests + needs;
    if used.pods + 1 > offered.pods {
        Some(Unfit::Pods)
    } else if needs.cpu_millis > 0 && after.cpu_millis > offered.resources.cpu_millis {
        Some(Unfit::Cpu)
    } else if needs.memory_bytes > 0 && after.memory_bytes > offered.resources.memory_bytes {
        Some(Unfit::Memory)
    } else {
        None
    }
}

fn cordon() -> Taint {
    Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = match taint.effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    };
    toleration.key.as_ref().is_none_or(|key| *key == taint.key)
        && toleration.value.as_ref().is_none_or(|value| *value == taint.value)
        && toleration.effect.as_ref().is_none_or(|tolerated| tolerated == effect)
}

fn selected(shape: &PodShape, node: &Node) -> bool {
    let selector = shape.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    let affinity = shape.node_affinity.is_empty()
        || shape.node_affinity.iter().any(|term| !term.is_empty() && term.iter().all(|one| meets(one, node)));
    selector && affinity
}

fn meets(requirement: &NodeRequirement, node: &Node) -> bool {
    let value = if requirement.field {
        (requirement.key == "metadata.name").then(|| node.name.as_str())
    } else {
        node.labels.get(&requirement.key).map(String::as_str)
    };
    let named = value.is_some_and(|value| requirement.values.iter().any(|one| one == value));
    let number = |text: &str| text.parse::<i64>().ok();
    let held = value.and_then(number).zip(requirement.values.first().and_then(|bound| number(bound)));
    match requirement.operator {
        NodeOperator::In => named,
        NodeOperator::NotIn => !named,
        NodeOperator::Exists => value.is_some(),
        NodeOperator::DoesNotExist => value.is_none(),
        NodeOperator::Gt => held.is_some_and(|(value, bound)| value > bound),
        NodeOperator::Lt => held.is_some_and(|(value, bound)| value < bound),
    }
}

#[cfg(test)]
mod tests;
