//! The dependency graph over workloads.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::component::Component;
use crate::links::{Evidence, LinkStatus};
use crate::names::{InterfaceName, NameError, WorkloadKey};

/// Who needs whom among the workloads of a cluster; kept up to date as workloads come and go.
#[derive(Clone, Debug, Default)]
pub struct DependencyGraph {}

/// What the hosts of a cluster offer: imports that it covers need no provider workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOffers {}

/// One import of a workload and who serves it, if anyone does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Who imports.
    pub consumer: WorkloadKey,
    /// Who serves the import, or would if it were compatible.
    pub provider: Option<WorkloadKey>,
    /// The interface as it is imported.
    pub interface: String,
    /// The interface as the provider exports it.
    pub served_by: Option<InterfaceName>,
    /// Whether it is served.
    pub status: LinkStatus,
    /// Where the knowledge comes from.
    pub evidence: Evidence,
    /// How much the two want to be near: 1 per interface, split between the candidates when there are several.
    pub weight: f64,
    /// Why, in one sentence.
    pub why: String,
}

/// A workload that another wants to be near.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Partner {
    /// The other workload.
    pub workload: WorkloadKey,
    /// The weights of the links between the two, both directions, added up.
    pub weight: f64,
}

impl HostOffers {
    /// What these patterns cover: each a package (`wasi:cli@0.2.6`, all its interfaces) or one interface
    /// (`wasi:http/outgoing-handler@0.2.2`), on the version's track.
    pub fn from_patterns<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, NameError> {
        let _ = patterns.into_iter();
        Ok(Self {})
    }

    /// Whether a host offers this interface, by the version-track rule.
    pub fn covers(&self, _interface: &InterfaceName) -> bool {
        false
    }
}

impl DependencyGraph {
    /// An empty graph for a cluster whose hosts offer this.
    pub fn new(_host_offers: HostOffers) -> Self {
        Self {}
    }

    /// Adds a workload or replaces what it is made of; returns the workloads whose partners or group changed.
    ///
    /// Does nothing when the components are the ones that it has.
    pub fn upsert(&mut self, _workload: &WorkloadKey, _components: &[Arc<Component>]) -> BTreeSet<WorkloadKey> {
        BTreeSet::new()
    }

    /// Removes a workload; returns the workloads whose partners or group changed, the removed one included.
    pub fn remove(&mut self, _workload: &WorkloadKey) -> BTreeSet<WorkloadKey> {
        BTreeSet::new()
    }

    /// Whether `upsert` of the same would change nothing.
    pub fn holds(&self, _workload: &WorkloadKey, _components: &[Arc<Component>]) -> bool {
        false
    }

    /// Every link and every unserved import, ordered by consumer, then as the consumer imports.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        [].into_iter()
    }

    /// The links of a workload, first those that it consumes, then those that it provides, by consumer.
    pub fn links_of(&self, _workload: &WorkloadKey) -> impl Iterator<Item = &Link> {
        [].into_iter()
    }

    /// What a workload imports, with what became of it.
    pub fn imports_of(&self, _workload: &WorkloadKey) -> impl Iterator<Item = &Link> {
        [].into_iter()
    }

    /// Whom a workload wants to be near, in the order of their keys. A workload is not its own partner.
    pub fn partners(&self, _workload: &WorkloadKey) -> Vec<Partner> {
        Vec::new()
    }

    /// The connected group that a workload belongs to, sorted, itself included; empty when it is not known.
    pub fn group(&self, _workload: &WorkloadKey) -> Vec<WorkloadKey> {
        Vec::new()
    }

    /// How many workloads there are.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there is no workload.
    pub fn is_empty(&self) -> bool {
        true
    }
}
