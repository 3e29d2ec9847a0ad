//! Taints and tolerations.

use k8s_openapi::api::core::v1;
use wit_placement::{Taint, TaintEffect, Toleration};

use crate::cluster::problem::{FieldPath, Problems};

/// The tolerations of a pod or `RuntimeClass`.
///
/// One with an operator that is not known here tolerates nothing: it is left out with a warning.
pub(super) fn tolerations(
    list: Option<&Vec<v1::Toleration>>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<Toleration> {
    let list = list.into_iter().flatten().enumerate();
    list.filter_map(|(index, toleration)| read_toleration(toleration, &at.index(index), problems)).collect()
}

fn read_toleration(
    toleration: &v1::Toleration,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Option<Toleration> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let value = match toleration.operator.as_deref() {
        Some("Exists") => None,
        None | Some("" | "Equal") => Some(toleration.value.clone().unwrap_or_default()),
        Some(other) => {
            problems
                .warn(&at.key("operator"), format_args!("\"{other}\" is ignored, expected Exists or Equal"));
            return None;
        }
    };
    Some(Toleration { key: given(&toleration.key), value, effect: given(&toleration.effect) })
}

/// The taints of a node.
pub(super) fn taints(
    list: Option<&Vec<v1::Taint>>,
    at: &FieldPath<'_>,
    problems: &mut Problems,
) -> Vec<Taint> {
    let list = list.into_iter().flatten().enumerate();
    list.filter_map(|(index, taint)| {
        let effect = effect(&taint.effect, &at.index(index), problems)?;
        Some(Taint { key: taint.key.clone(), value: taint.value.clone().unwrap_or_default(), effect })
    })
    .collect()
}

fn effect(text: &str, at: &FieldPath<'_>, problems: &mut Problems) -> Option<TaintEffect> {
    match text {
        "NoSchedule" => Some(TaintEffect::NoSchedule),
        "PreferNoSchedule" => Some(TaintEffect::PreferNoSchedule),
        "NoExecute" => Some(TaintEffect::NoExecute),
        other => {
            let expected = "NoSchedule, PreferNoSchedule or NoExecute";
            problems.error(&at.key("effect"), format_args!("\"{other}\" is none of {expected}"));
            None
        }
    }
}
