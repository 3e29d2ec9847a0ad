//! What is known of each node for a class of pods, kept until the node changes.

use super::classes::PodClass;
use super::plugins::{balanced_allocation, image_locality, node_affinity, resources_fit, taint_toleration};
use super::profile::ScoringStrategy;
use super::room::Room;
use super::unfit::{Unfit, Unfits};
use crate::objects::{Node, PodShape};

/// What is known of the nodes, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdicts {
    of: Vec<Verdict>,
    /// Of which state of the nodes' objects.
    generation: u64,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    pub(super) fixed: Fixed,
    /// Of which state of the node's room the rest is.
    version: u32,
    /// What there is too little of.
    pub(super) room: Unfits,
    /// The score of `NodeResourcesFit`.
    pub(super) fit: u8,
    /// The score of `NodeResourcesBalancedAllocation`.
    pub(super) balanced: u8,
}

/// What follows from the node's object alone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fixed {
    pub(super) unfit: Unfits,
    /// The node selector and the required node affinity match.
    pub(super) affinity: bool,
    /// The taints that keep pods off are tolerated.
    pub(super) taints: bool,
    /// The score of `ImageLocality`.
    pub(super) images: u8,
    /// How many taints ask the pod to go elsewhere.
    pub(super) discouraging: u16,
    /// The weight of the preferred node affinity.
    pub(super) preferred: u32,
}

impl Verdicts {
    /// Reads everything that follows from the nodes' objects, unless that is known.
    pub(super) fn read<'a>(
        &mut self,
        shape: &PodShape,
        nodes: impl Iterator<Item = Option<&'a Node>>,
        images: &image_locality::Images,
        generation: u64,
    ) {
        if self.generation == generation {
            return;
        }
        let verdict = |node: Option<&Node>| Verdict {
            fixed: node.map(|node| Fixed::read(shape, node, images)).unwrap_or_default(),
            ..Verdict::default()
        };
        self.of.clear();
        self.of.extend(nodes.map(verdict));
        self.generation = generation;
    }

    /// Whether nothing is known yet.
    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// What is known of a node whose room this is, worked out anew if it has changed.
    pub(super) fn at(
        &mut self,
        node: u32,
        room: &Room,
        class: &PodClass,
        strategy: ScoringStrategy,
    ) -> Verdict {
        let Some(verdict) = self.of.get_mut(node as usize) else { return Verdict::default() };
        if verdict.version != room.version {
            verdict.version = room.version;
            verdict.room = resources_fit::unfit(&class.ask, room);
            verdict.fit = small(resources_fit::score(strategy, &class.ask, room));
            verdict.balanced = small(balanced_allocation::score(&class.ask, room));
        }
        *verdict
    }

    /// What follows from a node's object.
    pub(super) fn fixed(&self, node: u32) -> Fixed {
        self.of.get(node as usize).map(|verdict| verdict.fixed).unwrap_or_default()
    }

    /// What is known of a node as it was last looked at.
    pub(super) fn known(&self, node: u32) -> Verdict {
        self.of.get(node as usize).copied().unwrap_or_default()
    }
}

impl Fixed {
    pub(super) fn read(shape: &PodShape, node: &Node, images: &image_locality::Images) -> Self {
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
            images: small(images.score(shape, node)),
            discouraging: u16::try_from(taint_toleration::discouraging(shape, node)).unwrap_or(u16::MAX),
            preferred: u32::try_from(node_affinity::preferred(shape, node)).unwrap_or(u32::MAX),
        }
    }
}

fn small(score: u64) -> u8 {
    u8::try_from(score).unwrap_or(u8::MAX)
}
