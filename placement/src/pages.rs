//! Values by place, in pages that copies share until one of them writes there.
//!
//! A decision reads hundreds of them one after another: looking one up takes two steps, however many there are.

use std::sync::Arc;

/// How many values a page holds: few enough that copying one is cheap, many enough that the list of pages is short.
const PAGE: usize = 64;

/// The values. A place may be empty.
#[derive(Clone, Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<Arc<[Option<T>]>>,
    len: usize,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { pages: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Pages<T> {
    /// One more than the largest place that was ever used.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The value at a place.
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.pages.get(place / PAGE)?.get(place % PAGE)?.as_ref()
    }

    /// The value at a place, to be changed.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.slot(place)?.as_mut()
    }

    /// Replaces what is at a place, were it nothing; beyond the last place there is nothing to replace.
    pub(crate) fn set(&mut self, place: usize, value: Option<T>) {
        if let Some(slot) = self.slot(place) {
            *slot = value;
        }
    }

    /// Adds a value behind the last; returns its place.
    pub(crate) fn push(&mut self, value: T) -> usize {
        let place = self.len;
        if place / PAGE == self.pages.len() {
            self.pages.push(vec![None; PAGE].into());
        }
        self.len += 1;
        self.set(place, Some(value));
        place
    }

    /// What is there, in the order of places.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let slots = self.pages.iter().flat_map(|page| page.iter()).enumerate();
        slots.filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
    }

    fn slot(&mut self, place: usize) -> Option<&mut Option<T>> {
        let page = self.pages.get_mut(place / PAGE).filter(|_| place < self.len)?;
        Arc::make_mut(page).get_mut(place % PAGE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_vector_and_copies_do_not_see_what_is_written_later(
            changes in prop::collection::vec((any::<bool>(), 0_usize..200, prop::option::of(0_u8..9)), 0..300),
        ) {
            let (mut pages, mut expected) = (Pages::default(), Vec::new());
            let mut copies = Vec::new();
            for (push, place, value) in changes {
                if push {
                    let value = value.unwrap_or(9);
                    prop_assert_eq!(pages.push(value), expected.len());
                    expected.push(Some(value));
                } else if let (None, Some(known)) = (value, pages.get_mut(place)) {
                    *known += 1;
                    expected[place] = expected[place].map(|known: u8| known + 1);
                } else {
                    pages.set(place, value);
                    if let Some(slot) = expected.get_mut(place) {
                        *slot = value;
                    }
                }
                copies.push((pages.clone(), expected.clone()));
            }
            for (pages, expected) in copies {
                prop_assert_eq!(pages.len(), expected.len());
                let places = (0..300).map(|place| pages.get(place).copied());
                prop_assert_eq!(places.collect::<Vec<_>>(), (0..300).map(|it| expected.get(it).copied().flatten()).collect::<Vec<_>>());
                let there = expected.iter().enumerate().filter_map(|(place, value)| Some((place, value.as_ref()?)));
                prop_assert!(pages.iter().eq(there));
            }
        }
    }
}
