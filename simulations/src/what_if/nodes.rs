//! Other nodes, and nodes that take another number of pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{Changing, Nodes, WhatIf};
use crate::trace::{Happening, NodeRef, PodRef, Record};

/// More nodes than any cluster has: a slip of the finger.
const MOST_NODES: usize = 1_000_000;

impl Changing {
    /// Changes the nodes as the options say.
    pub(super) fn nodes(&mut self, what_if: &WhatIf) {
        if let Some(wanted) = what_if.nodes {
            self.scale(wanted);
        }
        if let Some(pods) = what_if.max_pods {
            for record in &mut self.trace.records {
                if let Happening::Node(node) = &mut record.happening {
                    take_pods(node, pods);
                }
            }
            self.tell("maxPods", pods);
        }
    }

    fn scale(&mut self, wanted: Nodes) {
        let shapes = shapes(&self.trace.records);
        let before: usize = shapes.iter().map(Vec::len).sum();
        if before == 0 {
            return self.problem("--nodes", wanted, "the trace has none to keep or to copy");
        }
        let after = wanted.of(before);
        if after > MOST_NODES {
            return self.problem("--nodes", wanted, format_args!("{after} nodes are more than {MOST_NODES}"));
        }
        let copies = copies(&shapes, after);
        let records = std::mem::take(&mut self.trace.records);
        let (mut unbound, mut tied) = (0, BTreeMap::new());
        for record in records {
            if let Some(names) = name_of(&record.happening).and_then(|name| copies.get(name)) {
                self.trace.records.extend(names.iter().map(|name| renamed(&record, name)));
            } else if let Some(records) = with_its_node(&record, &copies, &mut tied) {
                self.trace.records.extend(records);
            } else {
                self.trace.records.push(bound_to_what_is_left(record, &copies, &mut unbound));
            }
        }
        self.tell("nodes", format_args!("{wanted}: {after} instead of {before}"));
        if unbound > 0 {
            self.tell(
                "nodes",
                format_args!("pods of nodes that were left out arrive without one: {unbound}"),
            );
        }
    }
}

/// The names of the nodes by their shape: everything that they are at first but their names. Shapes and nodes are in the order
/// in which they come.
fn shapes(records: &[Record]) -> Vec<Vec<String>> {
    let (mut seen, mut places) = (BTreeSet::new(), BTreeMap::new());
    let mut shapes: Vec<Vec<String>> = Vec::new();
    for record in records {
        let Happening::Node(node) = &record.happening else { continue };
        let name = node.metadata.name.clone().unwrap_or_default();
        if !seen.insert(name.clone()) {
            continue;
        }
        let Record { happening, .. } = renamed(record, "");
        let shape = serde_json::to_string(&happening).unwrap_or_default();
        let place = *places.entry(shape).or_insert_with(|| {
            shapes.push(Vec::new());
            shapes.len() - 1
        });
        if let Some(names) = shapes.get_mut(place) {
            names.push(name);
        }
    }
    shapes
}

/// What each node becomes: nothing, itself, or itself and copies.
fn copies(shapes: &[Vec<String>], after: usize) -> BTreeMap<String, Vec<String>> {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (names, count) in shapes.iter().zip(shares(shapes, after)) {
        for name in names {
            copies.entry(name.clone()).or_default();
        }
        for (number, name) in names.iter().cycle().take(count).enumerate() {
            let copy = number / names.len();
            let new = if copy == 0 { name.clone() } else { format!("{name}-copy-{copy}") };
            copies.entry(name.clone()).or_default().push(new);
        }
    }
    copies
}

/// How many nodes of each shape there are to be: in proportion, and what rounding leaves over to the largest remainders, of equal
/// ones to the first.
fn shares(shapes: &[Vec<String>], after: usize) -> Vec<usize> {
    let before = shapes.iter().map(Vec::len).sum::<usize>().max(1);
    let exact = || shapes.iter().map(|names| names.len() * after);
    let mut counts: Vec<usize> = exact().map(|share| share / before).collect();
    let mut remainders: Vec<(usize, usize)> = exact().map(|share| share % before).enumerate().collect();
    remainders.sort_by_key(|(_, remainder)| std::cmp::Reverse(*remainder));
    let left = after - counts.iter().sum::<usize>();
    for (place, _) in remainders.into_iter().take(left) {
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts
}

/// The node that something happens to.
fn name_of(happening: &Happening) -> Option<&str> {
    match happening {
        Happening::Node(node) => node.metadata.name.as_deref(),
        Happening::NodeDrained(NodeRef { node })
        | Happening::NodeFailed(NodeRef { node })
        | Happening::NodeDeleted(NodeRef { node }) => Some(node),
        _ => None,
    }
}

/// The same for a node of another name; labels that have the name follow it.
fn renamed(record: &Record, new: &str) -> Record {
    let mut record = record.clone();
    match &mut record.happening {
        Happening::Node(node) => {
            let old = node.metadata.name.replace(new.to_owned());
            let labels = node.metadata.labels.iter_mut().flat_map(BTreeMap::values_mut);
            labels.filter(|value| old.as_ref() == Some(&**value)).for_each(|value| new.clone_into(value));
        }
        Happening::NodeDrained(NodeRef { node })
        | Happening::NodeFailed(NodeRef { node })
        | Happening::NodeDeleted(NodeRef { node }) => new.clone_into(node),
        _ => {}
    }
    record
}

/// What happens to a `DaemonSet`'s pod, which goes where its node goes: to none, to it, or to its copies. `tied` are the names of
/// such pods. `None` for any other record.
fn with_its_node(
    record: &Record,
    copies: &BTreeMap<String, Vec<String>>,
    tied: &mut BTreeMap<String, Vec<String>>,
) -> Option<Vec<Record>> {
    let become_of = |change: &dyn Fn(&mut Happening, &str), names: &[String]| {
        let one = |name: &String| {
            let mut record = record.clone();
            change(&mut record.happening, name);
            record
        };
        names.iter().map(one).collect::<Vec<_>>()
    };
    match &record.happening {
        Happening::Pod(pod) => {
            let node = pod.node.as_ref()?;
            pod.workload.as_ref().filter(|workload| *workload.kind == *"DaemonSet")?;
            let nodes = copies.get(node)?;
            let name =
                |copy: &String| format!("{}{}", pod.pod, copy.strip_prefix(&**node).unwrap_or_default());
            tied.insert(pod.pod.clone(), nodes.iter().map(name).collect());
            let on = |happening: &mut Happening, copy: &str| {
                if let Happening::Pod(pod) = happening {
                    pod.pod.push_str(copy.strip_prefix(&**node).unwrap_or_default());
                    pod.node = Some(copy.to_owned());
                }
            };
            Some(become_of(&on, nodes))
        }
        Happening::PodFinished(PodRef { pod }) | Happening::PodDeleted(PodRef { pod }) => {
            let of = |happening: &mut Happening, name: &str| {
                if let Happening::PodFinished(PodRef { pod }) | Happening::PodDeleted(PodRef { pod }) =
                    happening
                {
                    name.clone_into(pod);
                }
            };
            Some(become_of(&of, tied.get(pod)?))
        }
        _ => None,
    }
}

/// The record; a pod whose node was left out has none.
fn bound_to_what_is_left(
    mut record: Record,
    copies: &BTreeMap<String, Vec<String>>,
    unbound: &mut usize,
) -> Record {
    if let Happening::Pod(pod) = &mut record.happening {
        let is_out = pod.node.as_ref().and_then(|node| copies.get(node)).is_some_and(Vec::is_empty);
        if is_out {
            pod.node = None;
            *unbound += 1;
        }
    }
    record
}

fn take_pods(node: &mut Node, pods: u32) {
    let status = node.status.get_or_insert_default();
    for list in [status.allocatable.get_or_insert_default(), status.capacity.get_or_insert_default()] {
        list.insert("pods".to_owned(), Quantity(pods.to_string()));
    }
}
