//! `InterPodAffinity`: which pods must, should, should not or must not be near. As in `plugins/interpodaffinity/filtering.go`
//! and `scoring.go`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::classes::PodClass;
use super::super::relation::Relation;
use super::super::snapshot::Snapshot;
use super::super::topology::{Domains, KeyIdx};
use super::super::unfit::{Unfit, Unfits};
use super::MAX_SCORE;

/// The pods that decide where a pod of a class may be, counted by domain.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Neighbours {
    /// For each of its required affinity terms: pods that meet all of them.
    near: Vec<Counts>,
    /// For each of its required anti-affinity terms: pods that it means.
    away: Vec<Counts>,
    /// Pods that must be away from it, by the key of the term.
    kept_away: BTreeMap<KeyIdx, Counts>,
    /// It meets its own affinity terms: the first of its kind may go anywhere.
    meets_itself: bool,
}

/// Pods by domain.
#[derive(Clone, Debug)]
struct Counts {
    domains: Arc<Domains>,
    pods: Vec<i64>,
}

impl Counts {
    fn new(snapshot: &Snapshot, key: KeyIdx) -> Self {
        let domains = snapshot.topologies.domains(key);
        Self { pods: domains.zeros(), domains }
    }

    fn shift(&mut self, node: u32, by: i64) {
        if let Some(pods) = self.domains.of(node).and_then(|domain| self.pods.get_mut(domain)) {
            *pods += by;
        }
    }

    /// What is counted in a node's domain; `None` where it has no such label.
    fn at(&self, node: u32) -> Option<i64> {
        self.domains.of(node).and_then(|domain| self.pods.get(domain)).copied()
    }
}

impl Neighbours {
    /// Counts the pods that decide about a pod of the class.
    pub(in super::super) fn new(snapshot: &Snapshot, class: &PodClass) -> Self {
        let counts = |keys: &[super::super::relation::Term]| -> Vec<_> {
            keys.iter().map(|term| Counts::new(snapshot, term.key)).collect()
        };
        let mut neighbours = Self {
            near: counts(&class.near),
            away: counts(&class.away),
            kept_away: BTreeMap::new(),
            meets_itself: class.near.iter().all(|term| term.means(class)),
        };
        for relation in class.relations.iter().filter(|it| it.decides()) {
            for (node, count) in snapshot.placed(relation) {
                neighbours.shift(snapshot, relation, node, i64::from(count));
            }
        }
        neighbours
    }

    /// Counts more pods of a class on a node, or fewer.
    pub(in super::super) fn shift(&mut self, snapshot: &Snapshot, relation: &Relation, node: u32, by: i64) {
        if relation.nears {
            self.near.iter_mut().for_each(|counts| counts.shift(node, by));
        }
        for term in &relation.aways {
            self.away.get_mut(*term).into_iter().for_each(|counts| counts.shift(node, by));
        }
        for key in &relation.kept_away {
            let counts = self.kept_away.entry(*key);
            counts.or_insert_with(|| Counts::new(snapshot, *key)).shift(node, by);
        }
    }

    /// Whether no pod decides.
    pub(in super::super) fn is_nothing(&self) -> bool {
        self.near.is_empty() && self.away.is_empty() && self.kept_away.is_empty()
    }

    /// Why the node is refused, if it is.
    pub(in super::super) fn unfit(&self, node: u32) -> Unfits {
        let is_near = |counts: &Counts| counts.at(node).is_some_and(|pods| pods > 0);
        if !self.near.iter().all(is_near) && !self.may_be_first(node) {
            Unfit::PodAffinity.into()
        } else if self.away.iter().any(is_near) {
            Unfit::PodAntiAffinity.into()
        } else if self.kept_away.values().any(is_near) {
            Unfit::ExistingAntiAffinity.into()
        } else {
            Unfits::NONE
        }
    }

    /// Whether it is the first of pods that want to be near each other, on a node that has the labels.
    fn may_be_first(&self, node: u32) -> bool {
        self.meets_itself
            && self.near.iter().all(|counts| counts.at(node).is_some())
            && self.near.iter().all(|counts| counts.pods.iter().all(|pods| *pods <= 0))
    }
}

/// The scores of the nodes; `None` where no wish concerns any of them, which is 0 for all.
pub(in super::super) fn scores(snapshot: &Snapshot, class: &PodClass, nodes: &[u32]) -> Option<Vec<u64>> {
    let mut worth: BTreeMap<KeyIdx, Counts> = BTreeMap::new();
    for relation in &class.relations {
        for (key, weight) in &relation.worth {
            let counts = worth.entry(*key).or_insert_with(|| Counts::new(snapshot, *key));
            for (node, count) in snapshot.placed(relation) {
                counts.shift(node, weight * i64::from(count));
            }
        }
    }
    if worth.is_empty() {
        return None;
    }
    let sum = |node: &u32| worth.values().filter_map(|counts| counts.at(*node)).sum::<i64>();
    let sums: Vec<i64> = nodes.iter().map(sum).collect();
    let least = sums.iter().copied().min()?;
    let range = sums.iter().copied().max()? - least;
    let scaled = |sum: &i64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 100")]
        let score = (MAX_SCORE as f64 * ((sum - least) as f64 / range as f64)) as u64;
        if range > 0 { score } else { 0 }
    };
    Some(sums.iter().map(scaled).collect())
}
