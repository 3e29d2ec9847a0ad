//! A class's spread constraints, ready to be counted.

use super::classes::PodClass;
use super::topology::{HOSTNAME, KeyIdx, Topologies};
use crate::objects::{LabelSelector, PodShape, TopologySpread};

/// The constraints of a pod that has none, where the scheduler spreads by default
/// (`plugins/podtopologyspread/plugin.go`): at most three more on a node, five more in a zone, and neither is required.
const BY_DEFAULT: [(&str, u32); 2] = [(HOSTNAME, 3), ("topology.kubernetes.io/zone", 5)];

/// A spread constraint.
#[derive(Clone, Debug)]
pub(super) struct Spreading {
    pub(super) key: KeyIdx,
    pub(super) max_skew: u32,
    pub(super) min_domains: u32,
    pub(super) required: bool,
    pub(super) honours_affinity: bool,
    pub(super) honours_taints: bool,
    counted: Counted,
}

/// The pods that a constraint counts.
#[derive(Clone, Debug)]
enum Counted {
    Selected(Option<LabelSelector>),
    OwnWorkload,
}

/// The constraints of pods of this shape.
pub(super) fn spreadings(shape: &PodShape, by_default: bool, topologies: &mut Topologies) -> Vec<Spreading> {
    let own = shape.scheduling.topology_spread.iter();
    let mut spreadings: Vec<_> = own.map(|constraint| Spreading::new(constraint, topologies)).collect();
    if by_default {
        for (key, max_skew) in BY_DEFAULT {
            let topology_key = key.to_owned();
            let constraint =
                TopologySpread { max_skew, topology_key, required: false, ..TopologySpread::default() };
            let counted = Counted::OwnWorkload;
            spreadings.push(Spreading { counted, ..Spreading::new(&constraint, topologies) });
        }
    }
    spreadings
}

impl Spreading {
    fn new(constraint: &TopologySpread, topologies: &mut Topologies) -> Self {
        let key = topologies.key(&constraint.topology_key);
        Self {
            key,
            max_skew: constraint.max_skew,
            min_domains: constraint.min_domains,
            required: constraint.required,
            honours_affinity: constraint.honours_affinity,
            honours_taints: constraint.honours_taints,
            counted: Counted::Selected(constraint.selector.clone()),
        }
    }

    /// Whether the pod has it by default: nodes that lack one of the keys take part then.
    pub(super) fn is_by_default(&self) -> bool {
        matches!(self.counted, Counted::OwnWorkload)
    }

    /// Whether it counts pods of `other` where it is a constraint of `own`. A selector without requirements means every
    /// pod and counts none, as `countPodsMatchSelector` does.
    pub(super) fn counts(&self, own: &PodClass, other: &PodClass) -> bool {
        let counted = match &self.counted {
            Counted::Selected(selector) => selector
                .as_ref()
                .is_some_and(|it| !it.requirements.is_empty() && it.matches(&other.shape.scheduling.labels)),
            Counted::OwnWorkload => own.workload == other.workload,
        };
        counted && own.namespace == other.namespace
    }

    /// Whether the pod to come counts itself.
    pub(super) fn means_itself(&self, own: &PodClass) -> bool {
        match &self.counted {
            Counted::Selected(selector) => {
                selector.as_ref().is_some_and(|it| it.matches(&own.shape.scheduling.labels))
            }
            Counted::OwnWorkload => true,
        }
    }
}
