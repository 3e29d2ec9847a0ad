//! Who has something by which others look for it: an interface that is exported or imported, or a name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::names::{InterfaceName, WorkloadKey};

/// The workloads of each namespace by what they have.
#[derive(Clone, Debug, Default)]
pub(super) struct Index(BTreeMap<(Arc<str>, Arc<str>), BTreeSet<WorkloadKey>>);

impl Index {
    pub(super) fn insert(&mut self, workload: &WorkloadKey, what: impl Into<Arc<str>>) {
        self.0.entry((Arc::clone(&workload.namespace), what.into())).or_default().insert(workload.clone());
    }

    pub(super) fn remove(&mut self, workload: &WorkloadKey, what: impl Into<Arc<str>>) {
        let key = (Arc::clone(&workload.namespace), what.into());
        if let Some(workloads) = self.0.get_mut(&key) {
            workloads.remove(workload);
            if workloads.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// The workloads in the namespace of `near` that have it, `near` possibly among them.
    pub(super) fn get<'a, T: Into<Arc<str>>>(
        &'a self,
        near: &WorkloadKey,
        what: T,
    ) -> impl Iterator<Item = &'a WorkloadKey> + use<'a, T> {
        self.0.get(&(Arc::clone(&near.namespace), what.into())).into_iter().flatten()
    }
}

/// What an interface is looked for by, whatever its version: who exports it on another version track cannot serve an
/// import, but is named in the reason why it is unsatisfied.
pub(super) fn any_version(interface: &InterfaceName) -> String {
    interface.unversioned()
}
