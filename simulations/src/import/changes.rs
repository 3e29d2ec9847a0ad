//! A cluster as a source tells of it, object by object, and what of that belongs into a trace.
//!
//! Sources repeat themselves and tell more than a trace needs: heartbeats of nodes, conditions of pods, controllers. What
//! stays is what changes for placement. Workloads whose pods the source lists are marked so ([`WorkloadRecord::listed`]);
//! one that has pods but is not told of itself is made up from the first of them.

mod essence;
mod kinds;
mod names;
mod priorities;
mod revisions;
mod stream;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::api::node::v1::RuntimeClass;
use serde_json::Value;
use wit_graph::WorkloadKey;

use self::kinds::{Told, ToldPod};
use self::priorities::Priorities;
use super::problems::Problems;
use crate::trace::scheduling::is_gated;
use crate::trace::{Happening, NodeRef, PodRecord, PodRef, Record, Scaled, WorkloadRecord, WorkloadRef};

pub(super) use self::kinds::reference;
pub use self::names::Names;

/// What a source has told so far.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    records: Vec<Record>,
    nodes: BTreeMap<String, Node>,
    classes: BTreeMap<String, RuntimeClass>,
    priorities: Priorities,
    /// The Deployments of `ReplicaSet`s.
    revisions: BTreeMap<WorkloadKey, WorkloadKey>,
    workloads: BTreeMap<WorkloadKey, WorkloadRecord>,
    pods: BTreeMap<String, PodState>,
    /// How many replicas of a workload are there, and how many were there at most.
    replicas: BTreeMap<WorkloadKey, (u32, u32)>,
    /// Workloads of which only pods tell, and since when.
    made_up: BTreeMap<WorkloadKey, (u64, WorkloadRecord)>,
    /// How many objects of other kinds there were.
    other: BTreeMap<String, usize>,
    /// What names become, where they are not to be told.
    names: Option<Names>,
    /// Workloads of which only pods told so far, and which the records that were taken have.
    stand_ins: BTreeSet<WorkloadKey>,
}

#[derive(Debug)]
struct PodState {
    owner: Option<WorkloadKey>,
    has_ended: bool,
    /// A pod that a gate holds back, and since when: it comes when the gate is open.
    held: Option<(u64, PodRecord)>,
}

/// What a source has told, when it has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What happened, in the order of time.
    pub(super) records: Vec<Record>,
    /// Workloads of which only pods tell.
    pub(super) made_up: usize,
    /// Pods on nodes of which nothing is told, with those: they wait.
    pub(super) strays: Vec<(String, String)>,
    /// How many objects of kinds that no trace has were passed over.
    pub(super) other: BTreeMap<String, usize>,
}

impl Changes {
    /// The source tells of an object as it is from this time on, in milliseconds.
    pub(crate) fn applied(&mut self, at: u64, place: &str, object: Value, problems: &mut Problems<'_>) {
        let told = kinds::read(place, object, problems);
        match told.map(|told| self.under_its_name(told)) {
            Some(Told::Node(node)) => self.node(at, *node),
            Some(Told::RuntimeClass(class)) => self.class(at, *class),
            Some(Told::PriorityClass(class)) => self.priorities.told(*class),
            Some(Told::Revision { replica_set, deployment }) => {
                self.passed_over("ReplicaSet of a Deployment");
                self.revisions.insert(replica_set, deployment);
            }
            Some(Told::Workload(workload)) => self.workload(at, *workload),
            Some(Told::Pod(pod)) => self.pod(at, *pod),
            Some(Told::Other(kind)) => self.passed_over(&kind),
            None => {}
        }
    }

    /// The source tells that an object is gone. What was never there cannot go.
    pub(crate) fn deleted(&mut self, at: u64, kind: &str, namespace: &str, name: &str) {
        let (namespace, name) = (&*self.name(namespace), &*self.name(name));
        self.gone(at, kind, namespace, name);
    }

    fn gone(&mut self, at: u64, kind: &str, namespace: &str, name: &str) {
        match kind {
            "Node" if self.nodes.remove(name).is_some() => {
                self.push(at, Happening::NodeDeleted(NodeRef { node: name.to_owned() }));
            }
            "Pod" => self.pod_ends(at, &format!("{namespace}/{name}"), Happening::PodDeleted, true),
            _ => {
                let workload = WorkloadKey::new(namespace, kind, name);
                if self.workloads.remove(&workload).is_some() {
                    self.push(at, Happening::WorkloadDeleted(WorkloadRef { workload }));
                }
            }
        }
    }

    /// The source tells of an object of a kind that no trace has.
    pub(super) fn passed_over(&mut self, kind: &str) {
        *self.other.entry(kind.to_owned()).or_default() += 1;
    }

    /// A pod has ended by itself.
    pub(super) fn finished(&mut self, at: u64, pod: &str) {
        self.pod_ends(at, pod, Happening::PodFinished, false);
    }

    /// The records in the order of time; at the beginning, what others need comes before them.
    pub(super) fn end(mut self) -> Ended {
        for pod in self.pods.values_mut() {
            let held =
                pod.held.take().map(|(since, held)| Record::new(since, Happening::Pod(Box::new(held))));
            self.records.extend(held);
        }
        self.follow_revisions();
        for record in &mut self.records {
            if let Happening::Workload(workload) = &mut record.happening {
                workload.listed = self.replicas.contains_key(&workload.workload);
            }
        }
        let made_up = self.made_up.len();
        let mut records: Vec<_> = std::mem::take(&mut self.made_up).into_iter().collect();
        records.sort_by_key(|(_, (at, _))| *at);
        let mut records: Vec<_> =
            records.into_iter().map(|(key, made_up)| self.made_up(&key, made_up)).collect();
        // Those that are made up come first, so that what has the same time stays behind them.
        records.extend(self.records);
        records.sort_by_key(|record| (record.at, if record.at == 0 { rank(&record.happening) } else { 0 }));
        self.priorities.set(&mut records);
        let strays = unbind(&mut records);
        Ended { records, made_up, strays, other: self.other }
    }

    /// A workload that is made up has as many replicas as there were at once.
    fn made_up(&self, key: &WorkloadKey, (at, mut workload): (u64, WorkloadRecord)) -> Record {
        workload.replicas = self.replicas.get(key).map_or(1, |(_, most)| *most);
        Record::new(at, Happening::Workload(Box::new(workload)))
    }

    fn push(&mut self, at: u64, happening: Happening) {
        self.records.push(Record::new(at, happening));
    }

    fn node(&mut self, at: u64, node: Node) {
        let name = node.metadata.name.clone().unwrap_or_default();
        if self.nodes.get(&name) != Some(&node) {
            self.nodes.insert(name, node.clone());
            self.push(at, Happening::Node(Box::new(node)));
        }
    }

    fn class(&mut self, at: u64, class: RuntimeClass) {
        let name = class.metadata.name.clone().unwrap_or_default();
        if self.classes.get(&name) != Some(&class) {
            self.classes.insert(name, class.clone());
            self.push(at, Happening::RuntimeClass(Box::new(class)));
        }
    }

    fn workload(&mut self, at: u64, told: WorkloadRecord) {
        let key = told.workload.clone();
        if self.made_up.get(&key).is_some_and(|(since, _)| *since == at) {
            self.made_up.remove(&key);
        }
        self.stand_ins.remove(&key);
        let before = self.workloads.insert(key.clone(), told.clone());
        match before {
            Some(before) if before == told => {}
            Some(before) if before.template == told.template => {
                self.push(at, Happening::Scaled(Scaled { workload: key, replicas: told.replicas }));
            }
            _ => self.push(at, Happening::Workload(Box::new(told))),
        }
    }

    /// A pod that comes, or news of one: that it has ended is told on, where it was bound is not.
    fn pod(&mut self, at: u64, pod: ToldPod) {
        let name = pod.record.pod.clone();
        let gated = pod.record.template.as_ref().is_some_and(is_gated);
        match self.pods.entry(name) {
            Entry::Occupied(_) if pod.has_ended => self.finished(at, &pod.record.pod),
            Entry::Occupied(mut entry) => {
                if !gated && entry.get_mut().held.take().is_some() {
                    self.push(at, Happening::Pod(Box::new(pod.record)));
                }
            }
            Entry::Vacant(entry) => {
                let owner = pod.record.workload.clone();
                let held = (gated && !pod.has_ended).then(|| (at, pod.record.clone()));
                entry.insert(PodState { owner: owner.clone(), has_ended: pod.has_ended, held });
                if !pod.has_ended {
                    if let Some(owner) = owner {
                        self.replica(at, &owner, &pod.record);
                    }
                    if !gated {
                        self.push(at, Happening::Pod(Box::new(pod.record)));
                    }
                }
            }
        }
    }

    /// One more replica of a workload.
    fn replica(&mut self, at: u64, owner: &WorkloadKey, pod: &PodRecord) {
        let (now, most) = self.replicas.entry(owner.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        if !self.workloads.contains_key(owner) && !self.made_up.contains_key(owner) {
            let template = pod.template.clone().unwrap_or_default();
            let workload = WorkloadRecord { workload: owner.clone(), replicas: 1, listed: true, template };
            self.made_up.insert(owner.clone(), (at, workload));
        }
    }

    fn pod_ends(&mut self, at: u64, name: &str, how: fn(PodRef) -> Happening, is_forgotten: bool) {
        let Some(pod) = self.pods.get_mut(name) else { return };
        let had_ended = std::mem::replace(&mut pod.has_ended, true);
        let owner = pod.owner.clone();
        if let Some((since, held)) = pod.held.take() {
            self.records.push(Record::new(since, Happening::Pod(Box::new(held))));
        }
        if is_forgotten {
            self.pods.remove(name);
        }
        if had_ended {
            return;
        }
        if let Some((now, _)) = owner.and_then(|owner| self.replicas.get_mut(&owner)) {
            *now = now.saturating_sub(1);
        }
        self.push(at, how(PodRef { pod: name.to_owned() }));
    }
}

/// Takes pods from nodes of which nothing is told when they come; returns them with those nodes.
fn unbind(records: &mut [Record]) -> Vec<(String, String)> {
    let (mut nodes, mut strays) = (BTreeSet::new(), Vec::new());
    for record in records {
        match &mut record.happening {
            Happening::Node(node) => drop(nodes.insert(node.metadata.name.clone().unwrap_or_default())),
            Happening::NodeDeleted(gone) | Happening::NodeFailed(gone) => drop(nodes.remove(&gone.node)),
            Happening::Pod(pod) => {
                if let Some(node) = pod.node.take_if(|node| !nodes.contains(node)) {
                    strays.push((pod.pod.clone(), node));
                }
            }
            _ => {}
        }
    }
    strays
}

/// What comes first at the beginning: classes, nodes, workloads, pods.
fn rank(happening: &Happening) -> u8 {
    match happening {
        Happening::RuntimeClass(_) => 0,
        Happening::Image(_) => 1,
        Happening::Node(_) => 2,
        Happening::Workload(_) => 3,
        Happening::Pod(_) => 4,
        _ => 5,
    }
}
