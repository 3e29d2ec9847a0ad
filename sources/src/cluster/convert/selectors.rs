//! Label selectors.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1;
use wit_placement::{LabelOperator, LabelRequirement, LabelSelector};

use crate::cluster::problem::{FieldPath, Problems};

/// The label that every namespace has, with its name; the only one of which the model of kube-scheduler knows.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A label selector; one with an operator that does not exist means nothing.
pub(super) fn label_selector(
    selector: Option<&v1::LabelSelector>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<LabelSelector> {
    let selector = selector?;
    let labels = selector.match_labels.iter().flatten();
    let mut read = LabelSelector::labels(labels.map(|(key, value)| (key.as_str(), value.as_str())));
    let path = at.key("matchExpressions");
    for (index, one) in selector.match_expressions.iter().flatten().enumerate() {
        let Some(operator) = operator(&one.operator) else {
            let expected = "expected In, NotIn, Exists or DoesNotExist";
            let message = format!("\"{}\" is ignored with its selector, {expected}", one.operator);
            problems.warn(&path.index(index).key("operator"), message);
            return None;
        };
        let values = one.values.clone().unwrap_or_default();
        read.requirements.push(LabelRequirement { key: one.key.clone(), operator, values });
    }
    Some(read)
}

/// A selector of namespaces. Nothing but their names is known: a warning says so where it asks for more.
pub(super) fn namespace_selector(
    selector: Option<&v1::LabelSelector>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<LabelSelector> {
    let read = label_selector(selector, at, problems)?;
    for unknown in read.requirements.iter().filter(|one| one.key != NAMESPACE_NAME) {
        let message =
            format!("the label \"{}\" of namespaces is not known, only {NAMESPACE_NAME}", unknown.key);
        problems.warn(at, message);
    }
    Some(read)
}

/// The selector that also asks for the pod's own value of each of these labels, or for another one; labels that the pod
/// has not ask for nothing.
pub(super) fn with_label_keys(
    selector: Option<LabelSelector>,
    keys: Option<&[String]>,
    labels: &BTreeMap<String, String>,
    same: bool,
) -> Option<LabelSelector> {
    let mut selector = selector?;
    for key in keys.into_iter().flatten() {
        let Some(value) = labels.get(key) else { continue };
        let operator = if same { LabelOperator::In } else { LabelOperator::NotIn };
        let requirement = LabelRequirement { key: key.clone(), operator, values: vec![value.clone()] };
        if !selector.requirements.contains(&requirement) {
            selector.requirements.push(requirement);
        }
    }
    Some(selector)
}

fn operator(text: &str) -> Option<LabelOperator> {
    match text {
        "In" => Some(LabelOperator::In),
        "NotIn" => Some(LabelOperator::NotIn),
        "Exists" => Some(LabelOperator::Exists),
        "DoesNotExist" => Some(LabelOperator::DoesNotExist),
        _ => None,
    }
}
