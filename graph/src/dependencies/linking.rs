//! The links of one consumer, from what the workloads around it export.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{HostOffers, Link};
use crate::component::{Component, Shape, WorldItem};
use crate::links::{Evidence, ImportVerdict, LinkStatus, serve, unserved};
use crate::names::{InterfaceName, WorkloadKey};

/// What is made of a workload's replicas: one component per container.
pub(super) type Components = [Arc<Component>];

/// A workload that exports the imported interface in some version.
pub(super) type Candidate<'a> = (&'a WorkloadKey, &'a Components);

/// A consumer and what surrounds it.
pub(super) struct Consumer<'a, F> {
    pub(super) key: &'a WorkloadKey,
    pub(super) components: &'a Components,
    pub(super) host_offers: &'a HostOffers,
    /// The workloads that export an interface in some version, the consumer itself possibly among them, in order.
    pub(super) exporters: F,
}

/// Whether only workloads can serve this import: it is not plain types, not private, and no host offers it.
pub(super) fn open_import<'a>(import: &'a WorldItem, host_offers: &HostOffers) -> Option<&'a InterfaceName> {
    let interface = import.interface.as_ref()?;
    (unserved(import).is_none() && !host_offers.covers(interface)).then_some(interface)
}

impl<'a, F> Consumer<'a, F>
where
    F: Fn(&InterfaceName) -> Vec<Candidate<'a>>,
{
    /// What became of each import, each once though several components may have it.
    pub(super) fn links(&self) -> Vec<Link> {
        let mut seen = BTreeSet::new();
        let imports = (0..self.components.len()).flat_map(|container| self.links_of_container(container));
        imports
            .filter(|link| seen.insert((link.interface.clone(), link.provider.clone(), link.status)))
            .collect()
    }

    fn links_of_container(&self, container: usize) -> Vec<Link> {
        let Some(component) = self.components.get(container) else { return Vec::new() };
        component.imports.iter().flat_map(|import| self.link(container, import)).collect()
    }

    /// Who serves an import: nobody needs to, the host, a sibling in the same pods, one workload, one of several.
    fn link(&self, container: usize, import: &WorldItem) -> Vec<Link> {
        if let Some(verdict) = unserved(import) {
            return vec![self.to_link(verdict, None, 0.0)];
        }
        let Some(interface) = open_import(import, self.host_offers) else {
            return vec![self.host_link(import)];
        };
        if let Some(verdict) = self.served_by_sibling(container, import) {
            return vec![self.to_link(verdict, Some(self.key), 0.0)];
        }
        self.links_to_workloads(import, interface)
    }

    fn served_by_sibling(&self, container: usize, import: &WorldItem) -> Option<ImportVerdict> {
        let siblings = self.components.iter().enumerate().filter(|(index, _)| *index != container);
        let mut verdict = siblings
            .map(|(_, sibling)| serve(import, sibling))
            .find(|verdict| verdict.status == LinkStatus::Verified)?;
        verdict.why = format!("another component of the same pods serves it: {}", verdict.why);
        Some(verdict)
    }

    fn links_to_workloads(&self, import: &WorldItem, interface: &InterfaceName) -> Vec<Link> {
        let others = (self.exporters)(interface).into_iter().filter(|(key, _)| *key != self.key);
        let mut verdicts: Vec<(&WorkloadKey, ImportVerdict)> =
            others.filter_map(|(key, components)| Some((key, best_verdict(import, components)?))).collect();
        let best = verdicts.iter().map(|(_, verdict)| preference(verdict.status)).min();
        verdicts.retain(|(_, verdict)| Some(preference(verdict.status)) == best);
        let count = verdicts.len();
        match verdicts.first().map(|(_, verdict)| verdict.status) {
            Some(LinkStatus::Verified | LinkStatus::NameOnly) => {
                let weight = if import.shape == Shape::Identity { 0.0 } else { 1.0 / count as f64 };
                let links = verdicts.into_iter().map(|(key, verdict)| (key, ambiguous(verdict, count)));
                links.map(|(key, verdict)| self.to_link(verdict, Some(key), weight)).collect()
            }
            Some(LinkStatus::Incompatible) => {
                verdicts.into_iter().map(|(key, verdict)| self.to_link(verdict, Some(key), 0.0)).collect()
            }
            _ => vec![self.unsatisfied_link(import, verdicts.first())],
        }
    }

    fn unsatisfied_link(&self, import: &WorldItem, other: Option<&(&WorkloadKey, ImportVerdict)>) -> Link {
        let namespace = &self.key.namespace;
        let why = match other {
            Some((key, verdict)) => {
                format!("no workload of namespace `{namespace}` serves it; of `{key}`: {}", verdict.why)
            }
            None => format!("no workload of namespace `{namespace}` exports it in any version"),
        };
        self.to_link(import_verdict(import, LinkStatus::Unsatisfied, why), None, 0.0)
    }

    fn host_link(&self, import: &WorldItem) -> Link {
        let why = "a host profile offers it; whether a node's does is decided per node".to_owned();
        self.to_link(import_verdict(import, LinkStatus::Host, why), None, 0.0)
    }

    fn to_link(&self, verdict: ImportVerdict, provider: Option<&WorkloadKey>, weight: f64) -> Link {
        Link {
            consumer: self.key.clone(),
            provider: provider.cloned(),
            interface: verdict.interface,
            served_by: verdict.served_by,
            status: verdict.status,
            evidence: Evidence::Wit,
            weight,
            why: verdict.why,
        }
    }
}

/// The best of what the components of a workload say to an import.
fn best_verdict(import: &WorldItem, components: &Components) -> Option<ImportVerdict> {
    components.iter().map(|provider| serve(import, provider)).min_by_key(|verdict| preference(verdict.status))
}

/// Which verdict tells more about a workload: the smaller.
fn preference(status: LinkStatus) -> u8 {
    match status {
        LinkStatus::Verified => 0,
        LinkStatus::NameOnly => 1,
        LinkStatus::Incompatible => 2,
        _ => 3,
    }
}

/// A link to one of several candidates that are known equally well.
fn ambiguous(mut verdict: ImportVerdict, count: usize) -> ImportVerdict {
    if count > 1 {
        verdict.status = LinkStatus::Ambiguous;
        verdict.why = format!("one of {count} workloads that would serve it: {}", verdict.why);
    }
    verdict
}

fn import_verdict(import: &WorldItem, status: LinkStatus, why: String) -> ImportVerdict {
    let interface = import.interface.as_ref().map_or_else(|| import.name.clone(), ToString::to_string);
    ImportVerdict { interface, status, served_by: None, why }
}
