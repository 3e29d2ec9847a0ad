//! `NodeAffinity`: the node selector, the required and the preferred node affinity. As in `plugins/nodeaffinity`.

use crate::objects::{Node, NodeOperator, NodeRequirement, PodShape};

/// Whether the node selector and the required node affinity match.
pub(in super::super) fn is_required(shape: &PodShape, node: &Node) -> bool {
    let selected = shape.node_selector.iter().all(|(key, value)| node.labels.get(key) == Some(value));
    selected && (shape.node_affinity.is_empty() || shape.node_affinity.iter().any(|term| holds(term, node)))
}

/// The weights of the preferred terms that the node meets.
pub(in super::super) fn preferred(shape: &PodShape, node: &Node) -> u64 {
    let terms = shape.scheduling.preferred_nodes.iter();
    terms.filter(|one| holds(&one.term, node)).map(|one| u64::from(one.weight)).sum()
}

/// A term without expressions holds nowhere.
fn holds(term: &[NodeRequirement], node: &Node) -> bool {
    !term.is_empty() && term.iter().all(|requirement| meets(requirement, node))
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
