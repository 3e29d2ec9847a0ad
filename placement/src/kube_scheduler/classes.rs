//! Pods that are alike for kube-scheduler: what is worked out for one holds for all.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use wit_graph::WorkloadKey;

use super::profile::Profile;
use super::relation::{Relation, Term};
use super::room::Ask;
use super::spreading::{Spreading, spreadings};
use super::topology::Topologies;
use super::verdicts::{AllVerdicts, Places};
use crate::hashing::Hasher as Fast;
use crate::objects::{Pod, PodShape};

/// A class's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClassIdx(usize);

/// Pods of one namespace and one shape.
#[derive(Clone, Debug)]
pub(super) struct PodClass {
    pub(super) namespace: Arc<str>,
    pub(super) shape: Arc<PodShape>,
    /// The workload, where its pods are spread because they belong to it.
    pub(super) workload: Option<WorkloadKey>,
    pub(super) ask: Ask,
    /// The terms of its pod affinity and anti-affinity.
    pub(super) near: Vec<Term>,
    pub(super) away: Vec<Term>,
    pub(super) wishes: Vec<Term>,
    pub(super) spreadings: Vec<Spreading>,
    /// On which nodes its pods are, and how many.
    pub(super) placed: BTreeMap<u32, u32>,
    /// The classes with which it has to do, itself included.
    pub(super) relations: Vec<Relation>,
    /// How many classes have been looked at for `relations`.
    related: usize,
    /// Where it is kept what is known of the nodes.
    pub(super) verdicts: Places,
}

/// All classes. They stay when their pods go: most come again.
#[derive(Clone, Debug, Default)]
pub(super) struct Classes {
    all: Vec<PodClass>,
    by_hash: HashMap<u64, Vec<ClassIdx>>,
    /// The latest by their shape's address, which is kept alive by the class.
    by_shape: HashMap<(usize, Arc<str>), ClassIdx, Fast>,
    /// Those with terms that may mean others.
    about_others: Vec<ClassIdx>,
}

impl PodClass {
    fn new(pod: &Pod, profile: &Profile, topologies: &mut Topologies, verdicts: &mut AllVerdicts) -> Self {
        let scheduling = &pod.shape.scheduling;
        let namespace = &pod.key.namespace;
        let term = |weight, term, topologies: &mut Topologies| Term::new(weight, term, namespace, topologies);
        let (near, away) = (&scheduling.pod_affinity, &scheduling.pod_anti_affinity);
        let mut wishes = Vec::new();
        wishes.extend(near.preferred.iter().map(|one| term(i64::from(one.weight), &one.term, topologies)));
        wishes.extend(away.preferred.iter().map(|one| term(-i64::from(one.weight), &one.term, topologies)));
        Self {
            namespace: Arc::clone(namespace),
            workload: workload(pod, profile),
            verdicts: verdicts.places(&pod.shape, &Ask::of(&pod.shape)),
            ask: Ask::of(&pod.shape),
            near: near.required.iter().map(|one| term(1, one, topologies)).collect(),
            away: away.required.iter().map(|one| term(1, one, topologies)).collect(),
            wishes,
            spreadings: spreadings(&pod.shape, workload(pod, profile).is_some(), topologies),
            shape: Arc::clone(&pod.shape),
            placed: BTreeMap::new(),
            relations: Vec::new(),
            related: 0,
        }
    }

    fn is_of(&self, pod: &Pod, profile: &Profile) -> bool {
        self.namespace == pod.key.namespace
            && self.shape == pod.shape
            && self.workload == workload(pod, profile)
    }

    /// Whether it has terms of pod affinity or anti-affinity.
    fn is_about_others(&self) -> bool {
        [&self.near, &self.away, &self.wishes].into_iter().any(|terms| !terms.is_empty())
    }

    /// A pod of the class comes to a node.
    pub(super) fn place(&mut self, node: u32) {
        *self.placed.entry(node).or_insert(0) += 1;
    }

    /// A pod of the class leaves a node.
    pub(super) fn displace(&mut self, node: u32) {
        if let Some(count) = self.placed.get_mut(&node) {
            *count -= 1;
            if *count == 0 {
                self.placed.remove(&node);
            }
        }
    }
}

/// The owners by whose selector the real scheduler spreads (`helper.DefaultSelector`); a Deployment's pods are a `ReplicaSet`'s.
const SPREADABLE: [&str; 4] = ["Deployment", "ReplicaSet", "StatefulSet", "ReplicationController"];

/// The workload by which the pod is spread by default: where it has one, and no constraints of its own.
fn workload(pod: &Pod, profile: &Profile) -> Option<WorkloadKey> {
    let spread = profile.spreads_by_default
        && pod.shape.scheduling.topology_spread.is_empty()
        && SPREADABLE.contains(&&*pod.workload.kind);
    spread.then(|| pod.workload.clone())
}

impl Classes {
    /// The class of a pod, made where there is none yet.
    pub(super) fn of(
        &mut self,
        pod: &Pod,
        profile: &Profile,
        topologies: &mut Topologies,
        verdicts: &mut AllVerdicts,
    ) -> ClassIdx {
        let address = (Arc::as_ptr(&pod.shape) as usize, Arc::clone(&pod.key.namespace));
        let cached = self.by_shape.get(&address).copied();
        if let Some(class) = cached.filter(|class| self.is_of(*class, pod, profile)) {
            return class;
        }
        let hash = hash(pod);
        let alike = self.by_hash.get(&hash).into_iter().flatten().copied();
        if let Some(class) = alike.into_iter().find(|class| self.is_of(*class, pod, profile)) {
            return class;
        }
        let class = ClassIdx(self.all.len());
        let new = PodClass::new(pod, profile, topologies, verdicts);
        if new.is_about_others() {
            self.about_others.push(class);
        }
        self.all.push(new);
        self.by_hash.entry(hash).or_default().push(class);
        self.by_shape.insert(address, class);
        class
    }

    fn is_of(&self, class: ClassIdx, pod: &Pod, profile: &Profile) -> bool {
        self.get(class).is_some_and(|class| class.is_of(pod, profile))
    }

    pub(super) fn get(&self, class: ClassIdx) -> Option<&PodClass> {
        self.all.get(class.0)
    }

    pub(super) fn get_mut(&mut self, class: ClassIdx) -> Option<&mut PodClass> {
        self.all.get_mut(class.0)
    }

    /// Looks at the classes that are new since the last time for what they have to do with this one.
    pub(super) fn relate(&mut self, class: ClassIdx) {
        let Some(own) = self.get(class).filter(|own| own.related < self.all.len()) else { return };
        let between = |other: ClassIdx| Relation::between(own, self.get(other)?, other);
        let relations: Vec<_> = if own.is_about_others() || !own.spreadings.is_empty() {
            (own.related..self.all.len()).map(ClassIdx).filter_map(between).collect()
        } else {
            let from = self.about_others.partition_point(|other| other.0 < own.related);
            self.about_others.iter().skip(from).copied().filter_map(between).collect()
        };
        let related = self.all.len();
        if let Some(own) = self.get_mut(class) {
            own.relations.extend(relations);
            own.related = related;
        }
    }
}

/// Equal for pods of the same class; of others seldom.
fn hash(pod: &Pod) -> u64 {
    let mut hasher = DefaultHasher::new();
    let shape = &*pod.shape;
    (&pod.key.namespace, shape.requests, shape.overhead, shape.priority).hash(&mut hasher);
    (&shape.images, &shape.scheduling.labels, &shape.runtime_class).hash(&mut hasher);
    hasher.finish()
}
