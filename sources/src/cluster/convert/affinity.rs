//! Required node affinity.

use k8s_openapi::api::core::v1::{Affinity, NodeSelectorRequirement, NodeSelectorTerm};
use wit_placement::{NodeOperator, NodeRequirement};

use crate::cluster::problem::{FieldPath, Problems};

/// The terms of a required node affinity, one of which must hold; empty where nothing is required.
///
/// A term without expressions matches no node, so it is left out; where only such terms are given, a requirement that
/// no node meets stands for them.
pub(super) fn required_terms(
    affinity: Option<&Affinity>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<Vec<NodeRequirement>> {
    let node_affinity = affinity.and_then(|affinity| affinity.node_affinity.as_ref());
    let required =
        node_affinity.and_then(|node| node.required_during_scheduling_ignored_during_execution.as_ref());
    let Some(required) = required else { return Vec::new() };
    let node = at.key("nodeAffinity");
    let selector = node.key("requiredDuringSchedulingIgnoredDuringExecution");
    let path = selector.key("nodeSelectorTerms");
    let terms = required.node_selector_terms.iter().enumerate();
    let mut terms: Vec<_> =
        terms.map(|(index, term)| read_term(term, &path.index(index), problems)).collect();
    terms.retain(|term| !term.is_empty());
    if terms.is_empty() {
        terms.push(vec![no_node()]);
    }
    terms
}

fn no_node() -> NodeRequirement {
    NodeRequirement {
        key: "metadata.name".into(),
        operator: NodeOperator::In,
        values: Vec::new(),
        field: true,
    }
}

/// The expressions of a term, all of which must hold.
pub(super) fn read_term(
    term: &NodeSelectorTerm,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<NodeRequirement> {
    let mut requirements = Vec::new();
    let lists =
        [("matchExpressions", &term.match_expressions, false), ("matchFields", &term.match_fields, true)];
    for (key, list, field) in lists {
        let path = at.key(key);
        for (index, requirement) in list.iter().flatten().enumerate() {
            requirements.extend(read_requirement(requirement, field, &path.index(index), problems));
        }
    }
    requirements
}

fn read_requirement(
    requirement: &NodeSelectorRequirement,
    field: bool,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<NodeRequirement> {
    let operator = match requirement.operator.as_str() {
        "In" => NodeOperator::In,
        "NotIn" => NodeOperator::NotIn,
        "Exists" => NodeOperator::Exists,
        "DoesNotExist" => NodeOperator::DoesNotExist,
        "Gt" => NodeOperator::Gt,
        "Lt" => NodeOperator::Lt,
        other => {
            let expected = "In, NotIn, Exists, DoesNotExist, Gt or Lt";
            problems.error(&at.key("operator"), format_args!("\"{other}\" is none of {expected}"));
            return None;
        }
    };
    let values = requirement.values.clone().unwrap_or_default();
    Some(NodeRequirement { key: requirement.key.clone(), operator, values, field })
}
