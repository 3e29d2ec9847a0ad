//! What came of each pod's turns: the last attempt, and what is to be known of it later. Of pods that had one name after
//! another it is the last one that counts.

use std::collections::BTreeMap;

use wit_placement::kube_scheduler::{Attempt, Preemption};
use wit_placement::{Millis, NodeName, PodKey, Terms};

use crate::strategy::{Scale, Strategy};

/// When a pod was tried, and what the extender said the last time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Turns {
    /// The first time.
    pub first: Millis,
    /// The last time.
    pub last: Millis,
    /// How often.
    pub count: u32,
    /// What the extender's scores were made of, of the nodes that the attempt tells and the chosen one; empty where the
    /// extender does not say.
    pub terms: BTreeMap<NodeName, Terms>,
    /// What those are measured by; `None` where the extender does not say.
    pub scale: Option<Scale>,
    /// Who was evicted for it the last time that room was made, and where.
    pub made_room: Option<Preemption>,
}

/// The last attempt of each pod by its name, in the order of the first ones.
#[derive(Default)]
pub(super) struct Attempts {
    pub(super) last: Vec<Attempt>,
    pub(super) turns: Vec<Turns>,
    places: BTreeMap<PodKey, usize>,
}

impl Attempts {
    /// Another attempt.
    pub(super) fn push<S: Strategy>(&mut self, attempt: Attempt, now: Millis, strategy: &S) {
        let (terms, scale) = (terms(&attempt, strategy), strategy.scale(&attempt.uid));
        let place = *self.places.entry(attempt.pod.clone()).or_insert(self.last.len());
        let made_room = attempt.preemption.clone();
        let new = Turns { first: now, last: now, count: 1, terms, scale, made_room };
        if let (Some(earlier), Some(turns)) = (self.last.get_mut(place), self.turns.get_mut(place)) {
            let is_same = earlier.uid == attempt.uid;
            let again = || Turns {
                first: turns.first,
                count: turns.count.saturating_add(1),
                made_room: new.made_room.clone().or_else(|| turns.made_room.clone()),
                ..new.clone()
            };
            *turns = if is_same { again() } else { new };
            *earlier = attempt;
        } else {
            self.last.push(attempt);
            self.turns.push(new);
        }
    }
}

fn terms<S: Strategy>(attempt: &Attempt, strategy: &S) -> BTreeMap<NodeName, Terms> {
    let chosen = attempt.choice().map(|choice| &choice.node);
    let nodes = attempt.ranking.iter().map(|ranked| &ranked.node).chain(chosen);
    nodes.filter_map(|node| Some((node.clone(), strategy.terms(&attempt.uid, node)?))).collect()
}
