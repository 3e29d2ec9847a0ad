//! Who may ask and who may read now: a fair share for every registry, and one reader for each layer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedSemaphorePermit, Semaphore};
use wit_graph::Digest;

/// What those who use a key at the moment share; nothing is kept for keys that nobody uses.
type Shared<K, V> = Mutex<HashMap<K, Weak<V>>>;

/// How many times more may ask a registry at the same time than may read a layer.
const ASKERS_PER_READER: usize = 16;

/// Those who may work at the same time.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    again: Arc<Semaphore>,
    share: usize,
    lanes: Shared<String, Semaphore>,
}

/// The right to work; dropping it lets the next one.
pub(super) struct Slot {
    _permits: Vec<OwnedSemaphorePermit>,
}

/// One turn at a time for each layer of a lane.
#[derive(Default)]
pub(super) struct Gates {
    gates: Shared<(String, Digest), Turn<()>>,
}

impl Slots {
    /// `concurrency` readers of layers, of which one lane has at most half.
    pub(super) fn readers(concurrency: usize) -> Self {
        Self::new(concurrency, concurrency / 2)
    }

    /// Those who ask and wait for answers, of which one lane has at most `concurrency`: it takes many registries that
    /// hang to keep others from asking.
    pub(super) fn askers(concurrency: usize) -> Self {
        Self::new(concurrency.saturating_mul(ASKERS_PER_READER), concurrency)
    }

    /// `all` at a time, of which one lane has at most `share`; second tries together have at most half.
    fn new(all: usize, share: usize) -> Self {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            all: Arc::new(Semaphore::new(all)),
            again: Arc::new(Semaphore::new((all / 2).max(1))),
            share: share.clamp(1, all),
            lanes: Mutex::default(),
        }
    }

    /// Waits for a slot. The scarcest right is waited for first, so that nobody holds what others could use.
    pub(super) async fn take(&self, lane: &str, first: bool) -> Slot {
        let lane = self.lane(lane);
        let again = (!first).then(|| Arc::clone(&self.again));
        let wanted = std::iter::once(lane).chain(again).chain([Arc::clone(&self.all)]);
        let mut permits = Vec::with_capacity(3);
        for semaphore in wanted {
            // Fails only for semaphores that were closed, and these never are.
            permits.extend(semaphore.acquire_owned().await);
        }
        Slot { _permits: permits }
    }

    fn lane(&self, name: &str) -> Arc<Semaphore> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        shared(&mut lanes, name.to_owned(), || Semaphore::new(self.share))
    }
}

impl Gates {
    /// The gate of a layer.
    pub(super) fn of(&self, lane: &str, layer: Digest) -> Arc<Turn<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        shared(&mut gates, (lane.to_owned(), layer), Turn::default)
    }
}

/// What all who use `key` at the moment share; it is gone when the last of them is.
fn shared<K: std::hash::Hash + Eq, V>(
    all: &mut HashMap<K, Weak<V>>,
    key: K,
    new: impl FnOnce() -> V,
) -> Arc<V> {
    if let Some(value) = all.get(&key).and_then(Weak::upgrade) {
        return value;
    }
    all.retain(|_, value| value.strong_count() > 0);
    let value = Arc::new(new());
    all.insert(key, Arc::downgrade(&value));
    value
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn take(slots: &Slots, lane: &str, first: bool) -> Option<Slot> {
        slots.take(lane, first).now_or_never()
    }

    #[test]
    fn one_lane_has_at_most_half_of_the_readers() {
        let slots = Slots::readers(4);
        let mine = [take(&slots, "a", true), take(&slots, "a", true)];
        assert!(mine.iter().all(Option::is_some));
        assert!(take(&slots, "a", true).is_none());
        assert!(take(&slots, "b", true).is_some());
        drop(mine);
        assert!(take(&slots, "a", true).is_some());
    }

    #[test]
    fn second_tries_have_at_most_half_of_the_readers_together() {
        let slots = Slots::readers(4);
        let again = [take(&slots, "a", false), take(&slots, "b", false)];
        assert!(again.iter().all(Option::is_some));
        assert!(take(&slots, "c", false).is_none());
        let first = [take(&slots, "c", true), take(&slots, "d", true)];
        assert!(first.iter().all(Option::is_some));
        assert!(take(&slots, "e", true).is_none());
    }

    #[test]
    fn one_reader_is_enough_for_everybody_in_turn() {
        let slots = Slots::readers(1);
        let held = take(&slots, "a", false);
        assert!(take(&slots, "b", true).is_none());
        drop(held);
        assert!(take(&slots, "b", true).is_some());
    }

    #[test]
    fn it_takes_sixteen_lanes_to_keep_others_from_asking() {
        let slots = Slots::askers(2);
        let mut held = Vec::new();
        for lane in 0..16 {
            let lane = lane.to_string();
            held.extend([take(&slots, &lane, true), take(&slots, &lane, true)]);
            assert!(take(&slots, &lane, true).is_none());
        }
        assert!(held.iter().all(Option::is_some));
        assert!(take(&slots, "other", true).is_none());
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let slots = Slots::readers(4);
        for lane in 0..100 {
            drop(take(&slots, &lane.to_string(), true));
        }
        assert!(slots.lanes.lock().unwrap().len() <= 1);
    }
}
