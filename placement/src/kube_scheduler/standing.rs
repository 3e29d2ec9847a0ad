//! What follows from the nodes' objects alone, for pods that ask the same of them.

use std::collections::BTreeMap;

use super::plugins::{node_affinity, taint_toleration};
use super::unfit::{Unfit, Unfits};
use crate::objects::{Node, NodeRequirement, PodShape, PreferredNodes, Toleration};

/// What pods ask of a node's object. Pods for which it is equal stand equal with all nodes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeNeeds {
    selector: BTreeMap<String, String>,
    affinity: Vec<Vec<NodeRequirement>>,
    tolerations: Vec<Toleration>,
    preferred: Vec<PreferredNodes>,
}

/// How pods of one kind stand with each node, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Standings {
    of: Vec<Standing>,
    /// Of which state of the nodes' objects.
    generation: u64,
    /// Some nodes are unfit.
    pub(super) some_unfit: bool,
    /// Some nodes ask the pods to go elsewhere.
    pub(super) some_discourage: bool,
    /// The pods prefer some nodes.
    pub(super) some_preferred: bool,
}

/// How a pod stands with a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) unfit: Unfits,
    /// The node selector and the required node affinity match.
    pub(super) affinity: bool,
    /// The taints that keep pods off are tolerated.
    pub(super) taints: bool,
    /// How many taints ask the pod to go elsewhere.
    pub(super) discouraging: u16,
    /// The weight of the preferred node affinity.
    pub(super) preferred: u32,
}

impl NodeNeeds {
    pub(super) fn of(shape: &PodShape) -> Self {
        Self {
            selector: shape.node_selector.clone(),
            affinity: shape.node_affinity.clone(),
            tolerations: shape.tolerations.clone(),
            preferred: shape.scheduling.preferred_nodes.clone(),
        }
    }
}

impl Standings {
    /// Reads the nodes' objects, unless that is done.
    pub(super) fn read<'a>(
        &mut self,
        shape: &PodShape,
        nodes: impl Iterator<Item = Option<&'a Node>>,
        generation: u64,
    ) {
        if self.generation == generation {
            return;
        }
        self.of.clear();
        self.of.extend(nodes.map(|node| node.map(|node| Standing::read(shape, node)).unwrap_or_default()));
        self.some_unfit = self.of.iter().any(|standing| !standing.unfit.is_empty());
        self.some_discourage = self.of.iter().any(|standing| standing.discouraging > 0);
        self.some_preferred = self.of.iter().any(|standing| standing.preferred > 0);
        self.generation = generation;
    }

    /// How the pods stand with a node.
    pub(super) fn at(&self, node: u32) -> Standing {
        self.of.get(node as usize).copied().unwrap_or_default()
    }
}

impl Standing {
    pub(super) fn read(shape: &PodShape, node: &Node) -> Self {
        let affinity = node_affinity::is_required(shape, node);
        let taints = taint_toleration::tolerates_all(shape, node);
        let unfit = if taint_toleration::is_cordoned(shape, node) {
            Unfit::Unschedulable.into()
        } else if !taints {
            Unfit::Taint.into()
        } else if !affinity {
            Unfit::Affinity.into()
        } else {
            Unfits::NONE
        };
        Self {
            unfit,
            affinity,
            taints,
            discouraging: u16::try_from(taint_toleration::discouraging(shape, node)).unwrap_or(u16::MAX),
            preferred: u32::try_from(node_affinity::preferred(shape, node)).unwrap_or(u32::MAX),
        }
    }
}
