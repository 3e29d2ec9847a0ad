//! `TaintToleration` and `NodeUnschedulable`: which taints a pod tolerates. As in `plugins/tainttoleration` and
//! `plugins/nodeunschedulable`.

use crate::objects::{Node, PodShape, Taint, TaintEffect, Toleration};

/// Whether the node is cordoned and the pod does not tolerate that.
pub(in super::super) fn is_cordoned(shape: &PodShape, node: &Node) -> bool {
    node.unschedulable && !is_tolerated(shape, &cordon())
}

/// Whether the pod tolerates the taints that keep pods off.
pub(in super::super) fn tolerates_all(shape: &PodShape, node: &Node) -> bool {
    let mut repelling = node.taints.iter().filter(|taint| taint.effect != TaintEffect::PreferNoSchedule);
    repelling.all(|taint| is_tolerated(shape, taint))
}

/// How many taints ask the pod to go elsewhere if it can.
pub(in super::super) fn discouraging(shape: &PodShape, node: &Node) -> u64 {
    let soft = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
    soft.filter(|taint| !is_tolerated(shape, taint)).count() as u64
}

fn cordon() -> Taint {
    Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    }
}

fn is_tolerated(shape: &PodShape, taint: &Taint) -> bool {
    shape.tolerations.iter().any(|toleration| tolerates(toleration, taint))
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
