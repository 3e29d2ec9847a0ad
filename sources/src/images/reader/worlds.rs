//! The worlds that are remembered by the digest of their layer, those included that cannot be read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wit_graph::{Component, Digest, ReadError};

/// What became of a layer's bytes. The same bytes decode to the same again.
pub(super) type Decoded = Result<Arc<Component>, ReadError>;

/// A bounded memory; what was not used for longest goes first.
pub(super) struct Worlds {
    most: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    uses: u64,
    worlds: HashMap<Digest, (u64, Decoded)>,
}

impl Worlds {
    /// A memory of at most `most` worlds.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), inner: Mutex::default() }
    }

    /// The world of a layer that was decoded before.
    pub(super) fn get(&self, layer: Digest) -> Option<Decoded> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let now = inner.uses;
        let (used, world) = inner.worlds.get_mut(&layer)?;
        *used = now;
        Some(world.clone())
    }

    /// Remembers the world of a layer.
    pub(super) fn insert(&self, layer: Digest, world: Decoded) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let now = inner.uses;
        if inner.worlds.len() >= self.most && !inner.worlds.contains_key(&layer) {
            let oldest = inner.worlds.iter().min_by_key(|(_, (used, _))| *used).map(|(layer, _)| *layer);
            oldest.map(|oldest| inner.worlds.remove(&oldest));
        }
        inner.worlds.insert(layer, (now, world));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let worlds = Worlds::new(2);
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| Digest::of(bytes));
        let world = || Err(ReadError::Malformed(String::new()));
        worlds.insert(a, world());
        worlds.insert(b, world());
        assert!(worlds.get(a).is_some());
        worlds.insert(c, world());
        assert!(worlds.get(b).is_none());
        assert!(worlds.get(a).is_some() && worlds.get(c).is_some());
    }
}
