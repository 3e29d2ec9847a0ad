//! The scheduling queue: higher priority first, then whoever came first; who was refused waits.
//!
//! As in `backend/queue/scheduling_queue.go` and `backoff_queue.go`: a pod that was refused waits until something happens
//! that may help, or for five minutes; and then until its back-off is over, unless nobody else waits.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::profile::BackOff;
use crate::objects::{Millis, Pod, PodUid};

/// The pods that wait to be scheduled.
///
/// Without back-off a pod that was refused waits until something changes in the cluster, and until all others had their
/// turn.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    back_off: Option<BackOff>,
    ready: BTreeMap<Turn, Waiting>,
    backing_off: BTreeMap<(Millis, Turn), Waiting>,
    refused: BTreeMap<u64, Waiting>,
    places: BTreeMap<PodUid, Place>,
    entered: u64,
    changed: bool,
}

/// A pod that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) pod: Pod,
    /// How often it was refused.
    refusals: u32,
    /// When it was refused last.
    since: Millis,
    /// Whether it may pass when others are bound.
    hopes_for_bindings: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A pod was bound, which takes room: it helps only who waits for neighbours or was refused by the extender.
    Bound,
    /// Anything else.
    Other,
}

/// Priority, then the number of the entry.
type Turn = (Reverse<i32>, u64);

#[derive(Clone, Copy, Debug)]
enum Place {
    Ready(Turn),
    BackingOff(Millis, Turn),
    Refused(u64),
}

impl Queue {
    pub(super) fn new(back_off: Option<BackOff>) -> Self {
        Self {
            back_off,
            ready: BTreeMap::new(),
            backing_off: BTreeMap::new(),
            refused: BTreeMap::new(),
            places: BTreeMap::new(),
            entered: 0,
            changed: false,
        }
    }

    /// Lets a pod wait for its turn; one that waits for it already keeps its place unless its priority changes. One that
    /// was refused has changed, which may help.
    pub(super) fn enter(&mut self, pod: Pod, now: Millis) {
        let priority = Reverse(pod.shape.priority);
        let new = |pod| Waiting { pod, refusals: 0, since: now, hopes_for_bindings: false };
        match self.leave(&pod.uid) {
            Some((Place::Ready((before, number)), waiting)) if before == priority => {
                self.make_ready((priority, number), Waiting { pod, ..waiting });
            }
            Some((Place::BackingOff(until, (_, number)), waiting)) => {
                self.hold_back(until, (priority, number), Waiting { pod, ..waiting });
            }
            Some((Place::Refused(number), waiting)) if self.back_off.is_some() => {
                self.move_on(number, Waiting { pod, ..waiting }, now);
            }
            _ => {
                let number = self.number();
                self.make_ready((priority, number), new(pod));
            }
        }
    }

    fn make_ready(&mut self, turn: Turn, waiting: Waiting) {
        self.places.insert(waiting.pod.uid.clone(), Place::Ready(turn));
        self.ready.insert(turn, waiting);
    }

    fn hold_back(&mut self, until: Millis, turn: Turn, waiting: Waiting) {
        self.places.insert(waiting.pod.uid.clone(), Place::BackingOff(until, turn));
        self.backing_off.insert((until, turn), waiting);
    }

    /// A pod that was refused may try again: at once, or when its back-off is over.
    fn move_on(&mut self, number: u64, waiting: Waiting, now: Millis) {
        let turn = (Reverse(waiting.pod.shape.priority), number);
        let until = self.back_off.map_or(now, |back_off| back_off.until(waiting.since, waiting.refusals));
        if until <= now {
            self.make_ready(turn, waiting);
        } else {
            self.hold_back(until, turn, waiting);
        }
    }

    /// The pod was refused and waits for a change.
    pub(super) fn refuse(&mut self, waiting: Waiting, hopes_for_bindings: bool, now: Millis) {
        let number = self.number();
        let refusals = waiting.refusals.saturating_add(1);
        self.places.insert(waiting.pod.uid.clone(), Place::Refused(number));
        self.refused.insert(number, Waiting { refusals, since: now, hopes_for_bindings, ..waiting });
    }

    /// The pod waits no longer; says where it did.
    fn leave(&mut self, uid: &PodUid) -> Option<(Place, Waiting)> {
        let place = self.places.remove(uid)?;
        let waiting = match place {
            Place::Ready(turn) => self.ready.remove(&turn),
            Place::BackingOff(until, turn) => self.backing_off.remove(&(until, turn)),
            Place::Refused(number) => self.refused.remove(&number),
        };
        waiting.map(|waiting| (place, waiting))
    }

    /// The pod waits no longer.
    pub(super) fn remove(&mut self, uid: &PodUid) {
        self.leave(uid);
    }

    /// Something changed: pods that were refused before get another turn.
    pub(super) fn change(&mut self, change: Change, now: Millis) {
        if self.back_off.is_none() {
            self.changed |= !self.refused.is_empty();
            return;
        }
        let helped = |waiting: &Waiting| change == Change::Other || waiting.hopes_for_bindings;
        let helped: Vec<u64> =
            self.refused.iter().filter(|(_, it)| helped(it)).map(|(number, _)| *number).collect();
        for number in helped {
            if let Some(waiting) = self.refused.remove(&number) {
                self.move_on(number, waiting, now);
            }
        }
    }

    /// The pod whose turn it is. `None` where nobody may try now.
    pub(super) fn next(&mut self, now: Millis) -> Option<Waiting> {
        match self.back_off {
            Some(back_off) => self.catch_up(back_off, now),
            None if self.ready.is_empty() && std::mem::take(&mut self.changed) => {
                for waiting in std::mem::take(&mut self.refused).into_values() {
                    let turn = (Reverse(waiting.pod.shape.priority), self.number());
                    self.make_ready(turn, waiting);
                }
            }
            None => {}
        }
        let early = self.back_off.is_some_and(|back_off| back_off.ends_when_idle);
        let ready = self.ready.pop_first().map(|(_, waiting)| waiting);
        let next = ready.or_else(|| {
            let held_back = if early { self.backing_off.pop_first() } else { None };
            held_back.map(|(_, waiting)| waiting)
        })?;
        self.places.remove(&next.pod.uid);
        Some(next)
    }

    /// Lets those try whose time has come.
    fn catch_up(&mut self, back_off: BackOff, now: Millis) {
        while let Some(first) = self.refused.first_entry()
            && back_off.forgotten(first.get().since) <= now
        {
            let (number, waiting) = first.remove_entry();
            self.move_on(number, waiting, now);
        }
        while let Some(first) = self.backing_off.first_entry()
            && first.key().0 <= now
        {
            let ((_, turn), waiting) = first.remove_entry();
            self.make_ready(turn, waiting);
        }
    }

    /// When a pod may have its turn though nothing happens until then; `now` at the earliest.
    pub(super) fn next_wakeup(&self, now: Millis) -> Option<Millis> {
        let Some(back_off) = self.back_off else {
            return (!self.ready.is_empty() || self.changed).then_some(now);
        };
        let held_back = self.backing_off.first_key_value().map(|((until, _), _)| *until);
        if !self.ready.is_empty() || (back_off.ends_when_idle && held_back.is_some()) {
            return Some(now);
        }
        let forgotten = self.refused.first_key_value().map(|(_, it)| back_off.forgotten(it.since));
        held_back.into_iter().chain(forgotten).min().map(|at| at.max(now))
    }

    fn number(&mut self) -> u64 {
        self.entered += 1;
        self.entered
    }
}
