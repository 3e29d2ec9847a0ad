//! Changes of a source that goes on: records are taken as they come, and a trace that was interrupted is taken up again.
//!
//! Such a source lists every pod that there is, so that all its workloads are marked so from the beginning, and one of which
//! only pods tell grows with them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wit_graph::WorkloadKey;

use super::kinds::Told;
use super::{Changes, Names, PodState};
use crate::trace::{Happening, Record, Scaled};

impl Changes {
    /// What is known after these records; from now on names are told as `names` says.
    pub(crate) fn after(records: &[Record], names: Option<Names>) -> Self {
        let mut changes = Self { names, ..Self::default() };
        for record in records {
            changes.known(&record.happening);
        }
        changes
    }

    /// The records since they were taken last, in the order of time.
    pub(crate) fn take(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for (key, (at, mut workload)) in std::mem::take(&mut self.made_up) {
            workload.replicas = self.most_replicas(&key);
            if !self.workloads.contains_key(&key) {
                self.workloads.insert(key.clone(), workload.clone());
                self.stand_ins.insert(key);
            }
            records.push(Record::new(at, Happening::Workload(Box::new(workload))));
        }
        let last = self.records.last().map_or(0, |record| record.at);
        records.append(&mut self.records);
        for key in &self.stand_ins {
            let replicas = self.most_replicas(key);
            if let Some(workload) = self.workloads.get_mut(key).filter(|known| known.replicas < replicas) {
                workload.replicas = replicas;
                let scaled = Scaled { workload: key.clone(), replicas };
                records.push(Record::new(last, Happening::Scaled(scaled)));
            }
        }
        for record in &mut records {
            if let Happening::Workload(workload) = &mut record.happening {
                workload.listed = true;
            }
        }
        records.sort_by_key(|record| record.at);
        records
    }

    /// The source has told everything of a kind that there is, by namespace and name: whatever else was there is gone.
    pub(crate) fn only(&mut self, at: u64, kind: &str, there: &BTreeSet<(String, String)>) {
        let there: BTreeSet<(String, String)> = there
            .iter()
            .map(|(space, name)| (self.name(space).into_owned(), self.name(name).into_owned()))
            .collect();
        let known: Vec<(String, String)> = match kind {
            "Node" => self.nodes.keys().map(|name| (String::new(), name.clone())).collect(),
            "Pod" => self.pods.keys().filter_map(|pod| pod.split_once('/')).map(owned).collect(),
            _ => {
                let of_kind =
                    self.workloads.keys().filter(|key| *key.kind == *kind && !self.stand_ins.contains(key));
                of_kind.map(|key| (key.namespace.to_string(), key.name.to_string())).collect()
            }
        };
        for (namespace, name) in known.iter().filter(|key| !there.contains(*key)) {
            self.gone(at, kind, namespace, name);
        }
    }

    /// What a name is told as.
    pub(super) fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        self.names.as_ref().map_or(Cow::Borrowed(name), |names| Cow::Owned(names.hashed(name)))
    }

    pub(super) fn under_its_name(&self, told: Told) -> Told {
        match &self.names {
            Some(names) => names.of(told),
            None => told,
        }
    }

    fn most_replicas(&self, key: &WorkloadKey) -> u32 {
        self.replicas.get(key).map_or(1, |(_, most)| *most)
    }

    /// A record is what was told earlier.
    fn known(&mut self, happening: &Happening) {
        match happening {
            Happening::RuntimeClass(class) => {
                let name = class.metadata.name.clone().unwrap_or_default();
                self.classes.insert(name, (**class).clone());
            }
            Happening::Node(node) => {
                let name = node.metadata.name.clone().unwrap_or_default();
                self.nodes.insert(name, (**node).clone());
            }
            Happening::NodeFailed(gone) | Happening::NodeDeleted(gone) => {
                self.nodes.remove(&gone.node);
            }
            Happening::Workload(told) => {
                let mut workload = (**told).clone();
                workload.listed = false;
                self.workloads.insert(workload.workload.clone(), workload);
            }
            Happening::Scaled(scaled) => {
                if let Some(workload) = self.workloads.get_mut(&scaled.workload) {
                    workload.replicas = scaled.replicas;
                }
            }
            Happening::WorkloadDeleted(gone) => {
                self.workloads.remove(&gone.workload);
            }
            Happening::Pod(pod) => {
                if let Some(owner) = &pod.workload {
                    let (now, most) = self.replicas.entry(owner.clone()).or_default();
                    *now += 1;
                    *most = (*most).max(*now);
                }
                let state = PodState { owner: pod.workload.clone(), has_ended: false, held: None };
                self.pods.insert(pod.pod.clone(), state);
            }
            Happening::PodFinished(pod) => self.ended(&pod.pod, false),
            Happening::PodDeleted(pod) => self.ended(&pod.pod, true),
            Happening::Image(_) | Happening::NodeDrained(_) => {}
        }
    }

    fn ended(&mut self, pod: &str, is_forgotten: bool) {
        let before = self.records.len();
        self.pod_ends(0, pod, Happening::PodDeleted, is_forgotten);
        self.records.truncate(before);
    }
}

fn owned((namespace, name): (&str, &str)) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}
