//! What is known of every node for pods that are alike in some respect, kept as long as there is room for it.

use std::collections::{BTreeMap, VecDeque};

/// How many entries a shelf's tables may have, over all of them: some tens of megabytes.
const MOST_ENTRIES: usize = 4 << 20;

/// A table's place on its shelf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

/// Tables with an entry per node, by what the pods have in common. A table that was put away to make room is found empty.
#[derive(Clone, Debug)]
pub(super) struct Shelf<K, T> {
    places: BTreeMap<K, Place>,
    tables: Vec<Option<T>>,
    /// Those that are there, the oldest first.
    filled: VecDeque<Place>,
}

impl<K, T> Default for Shelf<K, T> {
    fn default() -> Self {
        Self { places: BTreeMap::new(), tables: Vec::new(), filled: VecDeque::new() }
    }
}

impl<K: Ord, T: Default> Shelf<K, T> {
    /// The place for pods of a kind.
    pub(super) fn place(&mut self, kind: K) -> Place {
        let next = Place(self.tables.len());
        let place = *self.places.entry(kind).or_insert(next);
        if place == next {
            self.tables.push(None);
        }
        place
    }

    /// Lends a table.
    pub(super) fn lend(&mut self, place: Place) -> T {
        self.tables.get_mut(place.0).and_then(Option::take).unwrap_or_else(|| {
            self.filled.push_back(place);
            T::default()
        })
    }

    /// Takes a table back that was lent; others go where there are too many, for so many nodes.
    pub(super) fn give_back(&mut self, place: Place, table: T, nodes: usize) {
        if let Some(slot) = self.tables.get_mut(place.0) {
            *slot = Some(table);
        }
        while self.filled.len() > 1 && self.filled.len().saturating_mul(nodes) > MOST_ENTRIES {
            let oldest = self.filled.pop_front();
            if let Some(slot) = oldest.and_then(|oldest| self.tables.get_mut(oldest.0)) {
                *slot = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_kept_for_its_kind_until_there_is_no_room_for_it() {
        let mut shelf: Shelf<&str, Vec<u8>> = Shelf::default();
        let (one, other) = (shelf.place("one"), shelf.place("other"));
        assert_eq!((shelf.place("one"), one == other), (one, false));
        assert!(shelf.lend(one).is_empty());
        shelf.give_back(one, vec![1], 1);
        assert_eq!(shelf.lend(one), [1]);
        shelf.give_back(one, vec![2], 1);
        assert!(shelf.lend(other).is_empty());
        shelf.give_back(other, vec![3], MOST_ENTRIES);
        assert_eq!((shelf.lend(other), shelf.lend(one)), (vec![3], vec![]), "the oldest had to go");
    }
}
