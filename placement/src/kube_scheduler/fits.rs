//! What follows from the room on the nodes, for pods that ask for as much.

use super::plugins::{balanced_allocation, resources_fit};
use super::profile::ScoringStrategy;
use super::room::{Ask, Rooms};
use super::unfit::Unfits;

/// How pods that ask for the same fit on each node, by position.
#[derive(Clone, Debug, Default)]
pub(super) struct Fits(Vec<Fit>);

/// How a pod fits on a node.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fit {
    /// Of which state of the node's room.
    version: u32,
    /// What there is too little of.
    pub(super) unfit: Unfits,
    /// The score of `NodeResourcesFit`.
    pub(super) resources: u8,
    /// The score of `NodeResourcesBalancedAllocation`.
    pub(super) balanced: u8,
}

impl Fits {
    /// Makes it as long as there are nodes.
    pub(super) fn cover(&mut self, nodes: usize) {
        self.0.resize(nodes, Fit::default());
    }

    /// How the pods fit on a node, worked out anew if its room has changed.
    pub(super) fn at(&mut self, node: u32, rooms: &Rooms, ask: &Ask, strategy: ScoringStrategy) -> Fit {
        let Some(known) = self.0.get_mut(node as usize) else { return Fit::default() };
        let version = rooms.version(node);
        if known.version != version {
            let room = &rooms.at(node);
            *known = Fit {
                version,
                unfit: resources_fit::unfit(ask, room),
                resources: small(resources_fit::score(strategy, ask, room)),
                balanced: small(balanced_allocation::score(ask, room)),
            };
        }
        *known
    }

    /// How the pods fit on a node as it was last looked at.
    pub(super) fn known(&self, node: u32) -> Fit {
        self.0.get(node as usize).copied().unwrap_or_default()
    }
}

fn small(score: u64) -> u8 {
    u8::try_from(score).unwrap_or(u8::MAX)
}
