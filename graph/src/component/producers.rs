//! Which languages and tools made a binary.

use std::collections::BTreeSet;

use wasmparser::{CustomSectionReader, KnownCustom};

use super::Producer;

/// How many entries are kept; a real component has about ten.
const MAX_ENTRIES: usize = 100;

/// How long a name or version may be.
const MAX_TEXT: usize = 100;

/// The entries of every `producers` section that was seen.
///
/// They come from nested modules too: of a component made with Rust or C, only the module inside names the language.
#[derive(Default)]
pub(super) struct Producers(BTreeSet<Producer>);

impl Producers {
    /// Adds the entries of a custom section, if it is a `producers` section. Anybody may write anything into one, so
    /// what cannot be read is left out.
    pub(super) fn add(&mut self, section: &CustomSectionReader<'_>) {
        if !matches!(section.as_known(), KnownCustom::Producers(_)) {
            return;
        }
        let Ok(producers) = wasm_metadata::Producers::from_bytes(section.data(), section.data_offset())
        else {
            return;
        };
        for (field, values) in producers.iter() {
            for (name, version) in values.iter() {
                self.insert(Producer { field: field.clone(), name: name.clone(), version: version.clone() });
            }
        }
    }

    /// The entries in order, each once.
    pub(super) fn into_sorted(self) -> Vec<Producer> {
        self.0.into_iter().collect()
    }

    fn insert(&mut self, producer: Producer) {
        let short =
            [&producer.field, &producer.name, &producer.version].iter().all(|text| text.len() <= MAX_TEXT);
        if short && self.0.len() < MAX_ENTRIES {
            self.0.insert(producer);
        }
    }
}
