//! The graph itself: a vertex per workload, an edge per pair of consumer and provider.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef;
use petgraph::{Incoming, Outgoing};

use super::groups::{Group, neighbours, regroup};
use super::index::{Index, any_version};
use super::linking::{Consumer, open_import};
use super::{DeclaredLink, HostOffers, Link, Partner};
use crate::component::Component;
use crate::names::{InterfaceName, WorkloadKey};

/// Who needs whom among the workloads of a cluster; kept up to date as workloads come and go.
///
/// Links stay inside a namespace. A clone is cheap in what it copies (the components are shared), but takes time
/// in proportion to the workloads: ask [`DependencyGraph::holds`] first where most events change nothing.
#[derive(Clone, Debug, Default)]
pub struct DependencyGraph {
    host_offers: HostOffers,
    vertices: Vertices,
    ids: BTreeMap<WorkloadKey, NodeIndex>,
    exporters: Index,
    importers: Index,
    /// The workloads by name.
    names: Index,
    /// The workloads that declare a link to a name.
    declarers: Index,
}

/// Workloads, and the summed weight of the links from a consumer to a provider; 0 where they only do not fit.
pub(super) type Vertices = StableDiGraph<Arc<Workload>, f64>;

/// A vertex.
#[derive(Clone, Debug)]
pub(super) struct Workload {
    pub(super) key: WorkloadKey,
    components: Vec<Arc<Component>>,
    declared: Vec<DeclaredLink>,
    /// What became of its imports and declared links.
    links: Vec<Link>,
    pub(super) group: Group,
}

/// What a change did, beside the change.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// The workloads whose imports are served otherwise, or whose partners or group changed.
    pub(super) changed: BTreeSet<WorkloadKey>,
    /// How many workloads were looked at, linked again or visited to find groups: shows tests that a change stays local.
    pub(super) touched: usize,
}

impl Change {
    fn add(&mut self, other: Self) {
        self.changed.extend(other.changed);
        self.touched += other.touched;
    }
}

impl DependencyGraph {
    /// An empty graph for a cluster whose hosts offer this.
    pub fn new(host_offers: HostOffers) -> Self {
        Self { host_offers, ..Self::default() }
    }

    /// Adds a workload or replaces what it is made of (one component per container); returns the workloads whose
    /// imports are served otherwise than before, or whose partners or group changed.
    ///
    /// Does nothing when the components are the ones that it has, by digest.
    pub fn upsert(&mut self, workload: &WorkloadKey, components: &[Arc<Component>]) -> BTreeSet<WorkloadKey> {
        self.replace(workload, components).changed
    }

    /// Gives a workload the links that are declared for it, instead of those before; returns the same as
    /// [`DependencyGraph::upsert`]. A workload that is not known is added without components.
    pub fn declare(&mut self, workload: &WorkloadKey, links: &[DeclaredLink]) -> BTreeSet<WorkloadKey> {
        self.replace_declared(workload, links).changed
    }

    /// Removes a workload; returns the same as [`DependencyGraph::upsert`], with the removed one.
    pub fn remove(&mut self, workload: &WorkloadKey) -> BTreeSet<WorkloadKey> {
        self.take_out(workload).changed
    }

    /// Whether `upsert` of the same would change nothing.
    pub fn holds(&self, workload: &WorkloadKey, components: &[Arc<Component>]) -> bool {
        let digests =
            |components: &[Arc<Component>]| components.iter().map(|it| it.digest).collect::<Vec<_>>();
        self.workload(workload).is_some_and(|known| digests(&known.components) == digests(components))
    }

    /// What a workload is made of, one component per container; nothing when it is not known.
    pub fn components_of(&self, workload: &WorkloadKey) -> &[Arc<Component>] {
        self.workload(workload).map_or(&[], |workload| &workload.components)
    }

    /// The links that are declared for a workload, as they were given.
    pub fn declared_of(&self, workload: &WorkloadKey) -> &[DeclaredLink] {
        self.workload(workload).map_or(&[], |workload| &workload.declared)
    }

    /// Whether a workload is known.
    pub fn contains(&self, workload: &WorkloadKey) -> bool {
        self.ids.contains_key(workload)
    }

    /// Whether a link to this workload is declared, whether or not it is known.
    pub fn is_named(&self, workload: &WorkloadKey) -> bool {
        self.declarers.get(workload, workload.name.clone()).any(|consumer| consumer != workload)
    }

    /// The workloads, in the order of their keys.
    pub fn workloads(&self) -> impl Iterator<Item = &WorkloadKey> {
        self.ids.keys()
    }

    /// Every link and every unserved import, ordered by consumer, then as the consumer imports.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.ids.values().filter_map(|&id| self.vertices.node_weight(id)).flat_map(|workload| &workload.links)
    }

    /// The links of a workload: first those that it consumes, then those that it provides, by consumer.
    pub fn links_of(&self, workload: &WorkloadKey) -> impl Iterator<Item = &Link> {
        let id = self.ids.get(workload);
        let incoming = id.into_iter().flat_map(|&id| self.vertices.neighbors_directed(id, Incoming));
        let consumers = incoming.filter_map(|id| self.vertices.node_weight(id));
        let consumers: BTreeMap<&WorkloadKey, &Workload> = consumers.map(|it| (&it.key, &**it)).collect();
        let provided: Vec<&Link> = consumers
            .into_values()
            .flat_map(|consumer| &consumer.links)
            .filter(|link| link.provider.as_ref() == Some(workload))
            .collect();
        self.imports_of(workload).chain(provided)
    }

    /// What a workload imports, with what became of it.
    pub fn imports_of(&self, workload: &WorkloadKey) -> impl Iterator<Item = &Link> {
        self.workload(workload).into_iter().flat_map(|workload| &workload.links)
    }

    /// Whom a workload wants to be near, in the order of their keys. A workload is not its own partner.
    pub fn partners(&self, workload: &WorkloadKey) -> Vec<Partner> {
        let Some(&id) = self.ids.get(workload) else { return Vec::new() };
        let others: BTreeSet<NodeIndex> = neighbours(&self.vertices, id).collect();
        let partner = |other| {
            let workload = self.vertices.node_weight(other)?.key.clone();
            Some(Partner { workload, weight: self.weight(id, other) + self.weight(other, id) })
        };
        let mut partners: Vec<Partner> = others.into_iter().filter_map(partner).collect();
        partners.sort_unstable_by(|a, b| a.workload.cmp(&b.workload));
        partners
    }

    /// The connected group that a workload belongs to, sorted, itself included; empty when it is not known.
    pub fn group(&self, workload: &WorkloadKey) -> Vec<WorkloadKey> {
        self.workload(workload).map_or_else(Vec::new, |workload| workload.group.to_vec())
    }

    /// How many workloads there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no workload.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn workload(&self, key: &WorkloadKey) -> Option<&Workload> {
        self.vertices.node_weight(*self.ids.get(key)?).map(|workload| &**workload)
    }

    /// The weight of the edge from a consumer to a provider; 0 without one.
    fn weight(&self, consumer: NodeIndex, provider: NodeIndex) -> f64 {
        let edge = self.vertices.find_edge(consumer, provider);
        edge.and_then(|edge| self.vertices.edge_weight(edge)).copied().unwrap_or(0.0)
    }
}

/// How the graph is changed.
impl DependencyGraph {
    pub(super) fn replace(&mut self, key: &WorkloadKey, components: &[Arc<Component>]) -> Change {
        if self.holds(key, components) {
            return Change::default();
        }
        let (id, is_new) = self.vertex(key);
        let exports = self.reindex(id, components);
        let importers = exports.iter().flat_map(|interface| self.importers.get(key, any_version(interface)));
        let mut consumers: BTreeSet<WorkloadKey> = importers.cloned().collect();
        if is_new {
            consumers.extend(self.declarers.get(key, key.name.clone()).cloned());
        }
        consumers.insert(key.clone());
        self.relink(&consumers, is_new.then_some(id))
    }

    fn replace_declared(&mut self, key: &WorkloadKey, links: &[DeclaredLink]) -> Change {
        if self.declared_of(key) == links {
            return Change::default();
        }
        let (id, is_new) = self.vertex(key);
        if let Some(workload) = self.vertices.node_weight_mut(id).map(Arc::make_mut) {
            let old = std::mem::replace(&mut workload.declared, links.to_vec());
            for link in old {
                self.declarers.remove(key, link.provider);
            }
            for link in links {
                self.declarers.insert(key, link.provider.clone());
            }
        }
        let mut consumers = BTreeSet::from([key.clone()]);
        if is_new {
            consumers.extend(self.declarers.get(key, key.name.clone()).cloned());
        }
        self.relink(&consumers, is_new.then_some(id))
    }

    pub(super) fn take_out(&mut self, key: &WorkloadKey) -> Change {
        let Some(&id) = self.ids.get(key) else { return Change::default() };
        let mut change = self.replace(key, &[]);
        change.add(self.replace_declared(key, &[]));
        self.names.remove(key, key.name.clone());
        let declarers: BTreeSet<WorkloadKey> = self.declarers.get(key, key.name.clone()).cloned().collect();
        change.add(self.relink(&declarers, None));
        self.ids.remove(key);
        self.vertices.remove_node(id);
        change.changed.insert(key.clone());
        change
    }

    /// The vertex of a workload, a new one when it is not known.
    fn vertex(&mut self, key: &WorkloadKey) -> (NodeIndex, bool) {
        if let Some(&id) = self.ids.get(key) {
            return (id, false);
        }
        let workload = Workload {
            key: key.clone(),
            components: Vec::new(),
            declared: Vec::new(),
            links: Vec::new(),
            group: Group::default(),
        };
        let id = self.vertices.add_node(Arc::new(workload));
        self.ids.insert(key.clone(), id);
        self.names.insert(key, key.name.clone());
        (id, true)
    }

    /// Gives a workload its components; returns every interface that it exported before or exports now.
    fn reindex(&mut self, id: NodeIndex, components: &[Arc<Component>]) -> BTreeSet<InterfaceName> {
        let Some(workload) = self.vertices.node_weight_mut(id).map(Arc::make_mut) else {
            return BTreeSet::new();
        };
        let old = std::mem::replace(&mut workload.components, components.to_vec());
        let key = &workload.key;
        imported(&old, &self.host_offers)
            .for_each(|interface| self.importers.remove(key, any_version(interface)));
        imported(components, &self.host_offers)
            .for_each(|interface| self.importers.insert(key, any_version(interface)));
        exported(&old).for_each(|interface| self.exporters.remove(key, any_version(interface)));
        exported(components).for_each(|interface| self.exporters.insert(key, any_version(interface)));
        exported(&old).chain(exported(components)).cloned().collect()
    }

    /// Links these consumers again, then finds again the groups whose edges came or went.
    fn relink(&mut self, consumers: &BTreeSet<WorkloadKey>, new: Option<NodeIndex>) -> Change {
        let mut changed = BTreeSet::new();
        let mut pairs = BTreeMap::new();
        for consumer in consumers {
            let Some(&id) = self.ids.get(consumer) else { continue };
            let before = self.pulls(id);
            if self.set_links(id, self.links_for(consumer)) {
                changed.insert(consumer.clone());
            }
            for (provider, weight) in differing(&before, &self.pulls(id)) {
                // The first time that a pair differs, its other direction is as it was.
                let pair = (id.min(provider), id.max(provider));
                pairs.entry(pair).or_insert(weight + self.weight(provider, id));
            }
        }
        let mut seeds = BTreeSet::from_iter(new);
        for (&(a, b), before) in &pairs {
            let now = self.weight(a, b) + self.weight(b, a);
            if now.to_bits() != f64::to_bits(*before) {
                changed.extend(
                    [a, b].iter().filter_map(|&end| Some(self.vertices.node_weight(end)?.key.clone())),
                );
            }
            if (now > 0.0) != (*before > 0.0) {
                seeds.extend([a, b]);
            }
        }
        let regrouped = regroup(&mut self.vertices, &seeds);
        changed.extend(regrouped.changed);
        Change { changed, touched: consumers.len() + regrouped.visited.len() }
    }

    /// What became of a workload's imports, given what the others export now.
    fn links_for(&self, key: &WorkloadKey) -> Vec<Link> {
        let exporters = |interface: &InterfaceName| {
            let keys = self.exporters.get(key, any_version(interface));
            keys.filter_map(|key| Some((key, &*self.workload(key)?.components))).collect()
        };
        let components = self.components_of(key);
        let mut links = Consumer { key, components, host_offers: &self.host_offers, exporters }.links();
        for declared in self.declared_of(key) {
            let named = self.names.get(key, declared.provider.clone()).filter(|named| *named != key);
            declared.weigh(key, &named.collect::<Vec<_>>(), &mut links);
        }
        links
    }

    /// The weights of a consumer's edges, by provider.
    fn pulls(&self, consumer: NodeIndex) -> BTreeMap<NodeIndex, f64> {
        let edges = self.vertices.edges_directed(consumer, Outgoing);
        edges.map(|edge| (edge.target(), *edge.weight())).collect()
    }

    /// Gives a consumer its links, and the edges that follow from them; returns whether they are others than before.
    fn set_links(&mut self, id: NodeIndex, links: Vec<Link>) -> bool {
        let mut pulls: BTreeMap<NodeIndex, f64> = BTreeMap::new();
        for link in &links {
            let provider = link.provider.as_ref().filter(|&provider| *provider != link.consumer);
            if let Some(&provider) = provider.and_then(|provider| self.ids.get(provider)) {
                *pulls.entry(provider).or_default() += link.weight;
            }
        }
        for provider in self.pulls(id).into_keys().filter(|provider| !pulls.contains_key(provider)) {
            if let Some(edge) = self.vertices.find_edge(id, provider) {
                self.vertices.remove_edge(edge);
            }
        }
        for (provider, weight) in pulls {
            self.vertices.update_edge(id, provider, weight);
        }
        let Some(workload) = self.vertices.node_weight_mut(id).filter(|workload| workload.links != links)
        else {
            return false;
        };
        Arc::make_mut(workload).links = links;
        true
    }
}

/// The interfaces that only workloads can serve to these components.
fn imported<'a>(
    components: &'a [Arc<Component>],
    host_offers: &'a HostOffers,
) -> impl Iterator<Item = &'a InterfaceName> {
    components.iter().flat_map(|it| &it.imports).filter_map(|import| open_import(import, host_offers))
}

/// The interfaces that these components export.
fn exported(components: &[Arc<Component>]) -> impl Iterator<Item = &InterfaceName> {
    components.iter().flat_map(|component| &component.exports).filter_map(|export| export.interface.as_ref())
}

/// The providers whose edges from one consumer differ, with the weight before.
fn differing(before: &BTreeMap<NodeIndex, f64>, now: &BTreeMap<NodeIndex, f64>) -> Vec<(NodeIndex, f64)> {
    let weight =
        |pulls: &BTreeMap<NodeIndex, f64>, provider: NodeIndex| pulls.get(&provider).copied().unwrap_or(0.0);
    let providers: BTreeSet<NodeIndex> = before.keys().chain(now.keys()).copied().collect();
    let weights = providers.into_iter().map(|it| (it, weight(before, it), weight(now, it)));
    weights.filter(|(_, was, is)| was.to_bits() != is.to_bits()).map(|(it, was, _)| (it, was)).collect()
}
