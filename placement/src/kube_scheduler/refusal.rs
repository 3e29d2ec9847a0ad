//! Why a node refuses a pod whatever else is on it: for who looks at a placement that somebody else made.

use super::plugins::{node_affinity, taint_toleration};
use super::unfit::Unfit;
use crate::objects::{Node, PodShape};

/// The first reason why the node refuses pods of this shape however empty it is: it is cordoned, it has a taint that they do
/// not tolerate, or it is none of those that they select. Room, spreading and other pods are not asked for.
pub fn refusal(shape: &PodShape, node: &Node) -> Option<Unfit> {
    let reasons = [
        (taint_toleration::is_cordoned(shape, node), Unfit::Unschedulable),
        (!taint_toleration::tolerates_all(shape, node), Unfit::Taint),
        (!node_affinity::is_required(shape, node), Unfit::Affinity),
    ];
    reasons.into_iter().find(|(refuses, _)| *refuses).map(|(_, reason)| reason)
}
