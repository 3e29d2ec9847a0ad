//! The scheduling queue: higher priority first, then whoever came first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::objects::{Pod, PodUid};

/// The pods that wait to be scheduled.
///
/// A pod that was refused waits until something changes in the cluster, and until all others had their turn: the real
/// scheduler holds it back for a second or more.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    ready: BTreeMap<Turn, Pod>,
    refused: BTreeMap<u64, Pod>,
    places: BTreeMap<PodUid, Place>,
    entered: u64,
    changed: bool,
}

/// Priority, then the number of the entry.
type Turn = (Reverse<i32>, u64);

#[derive(Clone, Copy, Debug)]
enum Place {
    Ready(Turn),
    Refused(u64),
}

impl Queue {
    /// Lets a pod wait for its turn; one that waits for it already keeps its place unless its priority changes.
    pub(super) fn enter(&mut self, pod: Pod) {
        let priority = Reverse(pod.shape.priority);
        let number = match self.leave(&pod.uid) {
            Some(Place::Ready((before, number))) if before == priority => number,
            _ => self.number(),
        };
        self.places.insert(pod.uid.clone(), Place::Ready((priority, number)));
        self.ready.insert((priority, number), pod);
    }

    /// The pod was refused and waits for a change.
    pub(super) fn refuse(&mut self, pod: Pod) {
        let number = self.number();
        self.places.insert(pod.uid.clone(), Place::Refused(number));
        self.refused.insert(number, pod);
    }

    /// The pod waits no longer; says where it did.
    fn leave(&mut self, uid: &PodUid) -> Option<Place> {
        let place = self.places.remove(uid)?;
        match place {
            Place::Ready(turn) => self.ready.remove(&turn),
            Place::Refused(number) => self.refused.remove(&number),
        };
        Some(place)
    }

    /// The pod waits no longer.
    pub(super) fn remove(&mut self, uid: &PodUid) {
        self.leave(uid);
    }

    /// Something changed: pods that were refused before get another turn, once all others had theirs.
    pub(super) fn change(&mut self) {
        self.changed |= !self.refused.is_empty();
    }

    /// The pod whose turn it is. `None` where nobody waits but pods that were refused since the last change.
    pub(super) fn next(&mut self) -> Option<Pod> {
        if self.ready.is_empty() && std::mem::take(&mut self.changed) {
            for pod in std::mem::take(&mut self.refused).into_values() {
                self.enter(pod);
            }
        }
        let (_, pod) = self.ready.pop_first()?;
        self.places.remove(&pod.uid);
        Some(pod)
    }

    fn number(&mut self) -> u64 {
        self.entered += 1;
        self.entered
    }
}
