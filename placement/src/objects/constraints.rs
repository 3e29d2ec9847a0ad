//! What the plugins of kube-scheduler read of a pod beside its requests. Our own decisions do not look at it.

use std::collections::BTreeMap;

use super::{ImageReference, NodeRequirement};

/// What of a pod only kube-scheduler looks at. By default nothing: a pod without labels and wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Its labels, which the selectors of others are held against.
    pub labels: BTreeMap<String, String>,
    /// The images of its init containers, in order.
    pub init_images: Vec<ImageReference>,
    /// The terms of the preferred node affinity.
    pub preferred_nodes: Vec<PreferredNodes>,
    /// Near which pods it wants to be.
    pub pod_affinity: PodAffinity,
    /// From which pods it wants to stay away.
    pub pod_anti_affinity: PodAffinity,
    /// How the pods of its kind are to be spread.
    pub topology_spread: Vec<TopologySpread>,
    /// Whether it may evict pods of a lower priority.
    pub preemption: PreemptionPolicy,
}

/// A term of the preferred node affinity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PreferredNodes {
    /// What a node that meets the term gains, 1 to 100.
    pub weight: u32,
    /// The expressions, all of which must hold. A term without any prefers no node.
    pub term: Vec<NodeRequirement>,
}

/// Pod affinity or anti-affinity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodAffinity {
    /// All of these must hold.
    pub required: Vec<PodTerm>,
    /// These are wished for.
    pub preferred: Vec<PreferredPods>,
}

/// A term of the preferred pod affinity or anti-affinity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreferredPods {
    /// What a node gains or loses for each pod that the term means, 1 to 100.
    pub weight: u32,
    /// Which pods are meant, and where.
    pub term: PodTerm,
}

/// Which pods a term of a pod affinity means, and how near is near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodTerm {
    /// The pods that are meant; `None` means no pod.
    pub selector: Option<LabelSelector>,
    /// The namespaces in which they are, as they are named; the pod's own where the term says nothing.
    pub namespaces: Vec<String>,
    /// More namespaces. Only their label `kubernetes.io/metadata.name` is known; an empty selector is every namespace.
    pub namespace_selector: Option<LabelSelector>,
    /// The node label of which nodes that are near to each other have the same value.
    pub topology_key: String,
}

/// Which labels are meant: all requirements must hold; without any, everything is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    /// What must hold.
    pub requirements: Vec<LabelRequirement>,
}

/// What a selector asks of one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRequirement {
    /// The label.
    pub key: String,
    /// How its value is held against `values`.
    pub operator: LabelOperator,
    /// The values of the requirement.
    pub values: Vec<String>,
}

/// The operator of a label selector's requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// The value is one of those named.
    In,
    /// The label is not there, or its value is none of those named.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

/// One of a pod's `topologySpreadConstraints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopologySpread {
    /// By how many pods a domain may be ahead of the emptiest.
    pub max_skew: u32,
    /// The node label whose values are the domains.
    pub topology_key: String,
    /// Whether a node that would break this is refused, or only liked less.
    pub required: bool,
    /// With fewer domains than this the emptiest counts as empty; for what is required only.
    pub min_domains: u32,
    /// The pods that are counted, of the pod's own namespace; `None` counts no pod.
    pub selector: Option<LabelSelector>,
    /// `nodeAffinityPolicy: Honor`: nodes that the pod's own node affinity refuses are no domains.
    pub honours_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: nor are nodes whose taints it does not tolerate.
    pub honours_taints: bool,
}

/// Whether a pod may evict others (`spec.preemptionPolicy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreemptionPolicy {
    /// It may evict pods of a lower priority.
    #[default]
    LowerPriority,
    /// It only goes first in the queue.
    Never,
}

impl Default for TopologySpread {
    /// What Kubernetes takes for granted, with a skew of 1 and no domains yet.
    fn default() -> Self {
        Self {
            max_skew: 1,
            topology_key: String::new(),
            required: true,
            min_domains: 1,
            selector: None,
            honours_affinity: true,
            honours_taints: false,
        }
    }
}

impl LabelSelector {
    /// The selector that means exactly what has all of these labels.
    pub fn labels<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let requirement = |(key, value): (&str, &str)| LabelRequirement {
            key: key.to_owned(),
            operator: LabelOperator::In,
            values: vec![value.to_owned()],
        };
        Self { requirements: labels.into_iter().map(requirement).collect() }
    }

    /// Whether these labels are meant.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = |key: &str| labels.get(key).map(String::as_str);
        self.requirements.iter().all(|requirement| requirement.holds(value(&requirement.key)))
    }
}

impl LabelRequirement {
    /// Whether it holds for a label's value, `None` where there is no such label.
    pub fn holds(&self, value: Option<&str>) -> bool {
        let named = value.is_some_and(|value| self.values.iter().any(|one| one == value));
        match self.operator {
            LabelOperator::In => named,
            LabelOperator::NotIn => !named,
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_wants_every_requirement_and_an_empty_one_wants_none() {
        let labels = BTreeMap::from([("app".to_owned(), "cart".to_owned())]);
        let with = |key: &str, operator, values: &[&str]| LabelSelector {
            requirements: vec![LabelRequirement {
                key: key.to_owned(),
                operator,
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
        };
        assert!(LabelSelector::default().matches(&labels));
        assert!(LabelSelector::labels([("app", "cart")]).matches(&labels));
        assert!(!LabelSelector::labels([("app", "cart"), ("tier", "a")]).matches(&labels));
        let cases = [
            (with("app", LabelOperator::In, &["mail", "cart"]), true),
            (with("app", LabelOperator::NotIn, &["cart"]), false),
            (with("tier", LabelOperator::NotIn, &["a"]), true),
            (with("app", LabelOperator::Exists, &[]), true),
            (with("tier", LabelOperator::Exists, &[]), false),
            (with("tier", LabelOperator::DoesNotExist, &[]), true),
        ];
        for (selector, expected) in cases {
            assert_eq!(selector.matches(&labels), expected, "{selector:?}");
        }
    }
}
