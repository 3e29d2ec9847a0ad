//! The dependency graph over workloads.
//!
//! [`DependencyGraph`] knows which workload needs which, and keeps that up to date as workloads come and go: a change
//! of one workload looks again only at the workloads of its namespace that import an interface which it exports or name
//! it in a declared link, and at the connected groups that this touches. What it costs does not depend on how many other workloads there are.

mod declared;
mod graph;
mod groups;
mod index;
mod linking;
mod offers;
#[cfg(test)]
mod tests;

pub use declared::{DeclaredLink, Weight};
pub use graph::DependencyGraph;
pub use offers::HostOffers;

use serde::{Deserialize, Serialize};

use crate::links::{Evidence, LinkStatus};
use crate::names::{InterfaceName, WorkloadKey};

/// One import of a workload and who serves it, if anyone does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Who imports.
    pub consumer: WorkloadKey,
    /// Who serves the import, or would if it were compatible. The consumer itself when another component of its own
    /// pods does.
    pub provider: Option<WorkloadKey>,
    /// The interface as it is imported; the plain name of what has no full interface name. Of a link that is only declared
    /// the provider's name, as it was written.
    pub interface: String,
    /// The interface as the provider exports it.
    pub served_by: Option<InterfaceName>,
    /// Whether it is served.
    pub status: LinkStatus,
    /// Where the knowledge comes from.
    pub evidence: Evidence,
    /// How much the two want to be near: 1 per interface, split evenly between the candidates when there are several,
    /// 0 when nothing is gained by being near. Where a weight is declared for the provider, its links share that.
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

impl Link {
    /// Whether consumer and provider gain from being on one node.
    pub fn draws_together(&self) -> bool {
        self.weight > 0.0
    }
}
