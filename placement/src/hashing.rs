//! How names are looked up.

use std::hash::{BuildHasherDefault, RandomState};

/// A fast hash, eight bytes at a time as rustc's own does it, for short keys that ordinary users do not choose: names of nodes,
/// UIDs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FastHasher(u64);

pub(crate) type Hasher = BuildHasherDefault<FastHasher>;

/// A map without an order whose copies share what they have in common. Users choose names of pods and images, so it is hashed
/// by a key that nobody knows: what comes out must not depend on the order, which is another one in every process.
pub(crate) type SharedMap<K, V> = imbl::GenericHashMap<K, V, RandomState, imbl::shared_ptr::DefaultSharedPtr>;

impl FastHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0xf135_7aea_2e62_a9c5);
    }
}

impl std::hash::Hasher for FastHasher {
    /// The best bits are the highest; a hash table looks at the lowest.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        self.add(rest.iter().fold(rest.len() as u64, |word, byte| word << 8 | u64::from(*byte)));
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }
}
