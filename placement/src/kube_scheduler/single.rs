//! The filters and the score of one node, for tests that choose nodes themselves.

use super::plugins::resources_fit;
use super::profile::ScoringStrategy;
use super::room::{Ask, Room};
use super::standing::Standing;
use super::unfit::{Unfit, Unfits};
use crate::nodes::NodeState;
use crate::objects::PodShape;

fn room(node: &NodeState) -> Room {
    let (offered, used) = (node.allocatable(), node.used());
    Room {
        offered: offered.resources,
        requested: used.requests,
        assumed: used.requests,
        pods: offered.pods,
        resident: used.pods,
    }
}

/// Why the node does not fit, by what it is and has.
pub(crate) fn unfit(shape: &PodShape, node: &NodeState) -> Option<Unfit> {
    let object = node.object()?;
    let standing = Standing::read(shape, object);
    let room = resources_fit::unfit(&Ask::of(shape), &room(node));
    let unfits = if standing.unfit == Unfits::NONE { room } else { standing.unfit };
    unfits.iter().next()
}

/// The score of `NodeResourcesFit`.
pub(crate) fn least_allocated(shape: &PodShape, node: &NodeState) -> u64 {
    resources_fit::score(ScoringStrategy::LeastAllocated, &Ask::of(shape), &room(node))
}
