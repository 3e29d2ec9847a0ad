//! What one class of pods has to do with another: whose terms mean whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::classes::{ClassIdx, PodClass};
use super::topology::{KeyIdx, Topologies};
use crate::objects::PodTerm;

/// What a required affinity of a pod that is there counts for a pod to come (`hardPodAffinityWeight`).
const HARD_AFFINITY_WEIGHT: i64 = 1;

/// The label that every namespace has, with its name.
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// A term of a pod affinity, ready to be held against pods.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) key: KeyIdx,
    /// What it counts where it is a wish, less than 0 for one to stay away.
    pub(super) weight: i64,
    meaning: PodTerm,
    /// The namespace of the pod whose term it is.
    namespace: Arc<str>,
}

/// What a class's pods, where they are, mean for a pod of another class that is to be placed.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) other: Option<ClassIdx>,
    /// They meet all its required affinity terms.
    pub(super) nears: bool,
    /// Its required anti-affinity terms that mean them, by place.
    pub(super) aways: Vec<usize>,
    /// The keys of their required anti-affinity terms that mean it.
    pub(super) kept_away: Vec<KeyIdx>,
    /// What their being there is worth, by key: wishes of both sides.
    pub(super) worth: Vec<(KeyIdx, i64)>,
    /// Its spread constraints that count them, by place.
    pub(super) spreads: Vec<usize>,
}

impl Term {
    pub(super) fn new(
        weight: i64,
        term: &PodTerm,
        namespace: &Arc<str>,
        topologies: &mut Topologies,
    ) -> Self {
        let key = topologies.key(&term.topology_key);
        Self { key, weight, meaning: term.clone(), namespace: Arc::clone(namespace) }
    }

    /// Whether pods of the class are meant.
    pub(super) fn means(&self, class: &PodClass) -> bool {
        let selector = self.meaning.selector.as_ref();
        selector.is_some_and(|selector| selector.matches(&class.shape.scheduling.labels))
            && self.is_in(&class.namespace)
    }

    fn is_in(&self, namespace: &str) -> bool {
        let (named, selector) = (&self.meaning.namespaces, &self.meaning.namespace_selector);
        if named.is_empty() && selector.is_none() {
            return *self.namespace == *namespace;
        }
        let labels = || BTreeMap::from([(NAMESPACE_NAME.to_owned(), namespace.to_owned())]);
        named.iter().any(|one| one == namespace)
            || selector.as_ref().is_some_and(|selector| selector.matches(&labels()))
    }
}

impl Relation {
    /// What pods of `other` mean for one of `own`; `None` where they mean nothing.
    pub(super) fn between(own: &PodClass, other: &PodClass, place: ClassIdx) -> Option<Self> {
        let meant = |terms: &[Term]| -> Vec<usize> {
            let places = terms.iter().enumerate().filter(|(_, term)| term.means(other));
            places.map(|(place, _)| place).collect()
        };
        let relation = Self {
            other: Some(place),
            nears: !own.near.is_empty() && own.near.iter().all(|term| term.means(other)),
            aways: meant(&own.away),
            kept_away: other.away.iter().filter(|term| term.means(own)).map(|term| term.key).collect(),
            worth: worth(own, other),
            spreads: (0..own.spreadings.len())
                .filter(|place| own.spreadings.get(*place).is_some_and(|it| it.counts(own, other)))
                .collect(),
        };
        relation.is_any().then_some(relation)
    }

    /// Whether it decides which nodes fit, by affinity.
    pub(super) fn decides(&self) -> bool {
        self.nears || !self.aways.is_empty() || !self.kept_away.is_empty()
    }

    fn is_any(&self) -> bool {
        self.decides() || !self.worth.is_empty() || !self.spreads.is_empty()
    }
}

fn worth(own: &PodClass, other: &PodClass) -> Vec<(KeyIdx, i64)> {
    let mine = own.wishes.iter().filter(|term| term.means(other));
    let theirs = other.wishes.iter().filter(|term| term.means(own));
    let needed = other.near.iter().filter(|term| term.means(own));
    let wishes = mine.chain(theirs).map(|term| (term.key, term.weight));
    wishes.chain(needed.map(|term| (term.key, HARD_AFFINITY_WEIGHT))).collect()
}
