//! Who exports or imports an interface, by namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{InterfaceName, WorkloadKey};

/// The workloads of each namespace by an interface that they have.
///
/// The key leaves the version out: who exports the interface on another version track cannot serve an import, but is
/// named in the reason why it is unsatisfied.
#[derive(Clone, Debug, Default)]
pub(super) struct InterfaceIndex(BTreeMap<(String, String), BTreeSet<WorkloadKey>>);

impl InterfaceIndex {
    pub(super) fn insert(&mut self, workload: &WorkloadKey, interface: &InterfaceName) {
        self.0.entry(key(workload, interface)).or_default().insert(workload.clone());
    }

    pub(super) fn remove(&mut self, workload: &WorkloadKey, interface: &InterfaceName) {
        let key = key(workload, interface);
        if let Some(workloads) = self.0.get_mut(&key) {
            workloads.remove(workload);
            if workloads.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// The workloads in the namespace of `near` that have the interface in some version, `near` included.
    pub(super) fn get<'a>(
        &'a self,
        near: &WorkloadKey,
        interface: &InterfaceName,
    ) -> impl Iterator<Item = &'a WorkloadKey> + use<'a> {
        self.0.get(&key(near, interface)).into_iter().flatten()
    }
}

fn key(workload: &WorkloadKey, interface: &InterfaceName) -> (String, String) {
    (workload.namespace.clone(), interface.unversioned())
}
