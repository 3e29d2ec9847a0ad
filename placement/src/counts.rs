//! How many there are of each of a few things.

use std::sync::Arc;

/// How many there are by key, none of them 0. Counting and looking up are quick while there are up to thousands of keys; going
/// through all of them is as quick as through an array. Copies share it until one of them changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counts<K>(Arc<Vec<(K, u32)>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Copy + Ord> Counts<K> {
    /// One more.
    pub(crate) fn add(&mut self, key: K) {
        let all = Arc::make_mut(&mut self.0);
        match all.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(place) => all.iter_mut().skip(place).take(1).for_each(|(_, count)| *count += 1),
            Err(place) => all.insert(place, (key, 1)),
        }
    }

    /// One less, where there is one.
    pub(crate) fn take(&mut self, key: K) {
        let all = Arc::make_mut(&mut self.0);
        let Ok(place) = all.binary_search_by_key(&key, |(key, _)| *key) else { return };
        match all.get_mut(place) {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => drop(all.remove(place)),
        }
    }

    /// How many there are of one.
    pub(crate) fn of(&self, key: K) -> u32 {
        let found = self.0.binary_search_by_key(&key, |(key, _)| *key);
        found.ok().and_then(|place| self.0.get(place)).map_or(0, |(_, count)| *count)
    }

    /// All of them in the order of keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, u32)> {
        self.0.iter().copied()
    }

    /// Of what there are any, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.iter().map(|(key, _)| key)
    }

    /// The numbers, in the order of keys.
    pub(crate) fn values(&self) -> impl Iterator<Item = u32> {
        self.iter().map(|(_, count)| count)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_added_and_taken_is_counted(changes in prop::collection::vec((any::<bool>(), 0_u8..6), 0..60)) {
            let (mut counts, mut expected) = (Counts::default(), BTreeMap::<u8, u32>::new());
            for (add, key) in changes {
                if add {
                    counts.add(key);
                    *expected.entry(key).or_default() += 1;
                } else {
                    counts.take(key);
                    if let Some(count) = expected.get_mut(&key) {
                        *count -= 1;
                    }
                    expected.retain(|_, count| *count > 0);
                }
                prop_assert!(counts.iter().eq(expected.iter().map(|(key, count)| (*key, *count))));
                prop_assert!((0..6).all(|key| counts.of(key) == expected.get(&key).copied().unwrap_or(0)));
                prop_assert_eq!(counts.is_empty(), expected.is_empty());
            }
        }
    }
}
