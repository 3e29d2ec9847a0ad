//! The connected groups of the graph: kept at each vertex, and found again only where edges came or went.

use std::collections::BTreeSet;
use std::sync::Arc;

use petgraph::stable_graph::NodeIndex;
use petgraph::visit::EdgeRef;
use petgraph::{Direction, Incoming, Outgoing};

use super::graph::Vertices;
use crate::names::WorkloadKey;

/// The keys of one connected group, in order; every member holds the same.
pub(super) type Group = Arc<[WorkloadKey]>;

/// What became of the groups around a change.
#[derive(Default)]
pub(super) struct Regrouped {
    /// The workloads whose group is another one than before.
    pub(super) changed: BTreeSet<WorkloadKey>,
    /// Every vertex that was visited.
    pub(super) visited: BTreeSet<NodeIndex>,
}

/// Finds the groups of the `seeds` again: the ends of every edge that came or went, and vertices that are new. Each part
/// into which a group fell has such an end, so this reaches all of them.
pub(super) fn regroup(vertices: &mut Vertices, seeds: &BTreeSet<NodeIndex>) -> Regrouped {
    let mut regrouped = Regrouped::default();
    for &seed in seeds {
        if !regrouped.visited.contains(&seed) {
            let members = connected(vertices, seed);
            regrouped.changed.extend(assign(vertices, &members));
            regrouped.visited.extend(members);
        }
    }
    regrouped
}

/// Every vertex that can be reached from `start` over edges that draw together, in either direction.
fn connected(vertices: &Vertices, start: NodeIndex) -> BTreeSet<NodeIndex> {
    let mut found = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(vertex) = open.pop() {
        open.extend(neighbours(vertices, vertex).filter(|&neighbour| found.insert(neighbour)));
    }
    found
}

/// The vertices at the other ends of the edges of a vertex that draw together.
pub(super) fn neighbours(vertices: &Vertices, vertex: NodeIndex) -> impl Iterator<Item = NodeIndex> {
    let side = move |direction: Direction| {
        let edges = vertices.edges_directed(vertex, direction).filter(|edge| *edge.weight() > 0.0);
        edges.map(move |edge| if direction == Outgoing { edge.target() } else { edge.source() })
    };
    side(Outgoing).chain(side(Incoming))
}

/// Gives the members the group that they form; returns those that had another.
fn assign(vertices: &mut Vertices, members: &BTreeSet<NodeIndex>) -> Vec<WorkloadKey> {
    let keys = members.iter().filter_map(|&member| Some(vertices.node_weight(member)?.key.clone()));
    let group: Group = keys.collect::<BTreeSet<_>>().into_iter().collect();
    let mut changed = Vec::new();
    for &member in members {
        if let Some(workload) = vertices.node_weight_mut(member).filter(|workload| workload.group != group) {
            let workload = Arc::make_mut(workload);
            workload.group = Arc::clone(&group);
            changed.push(workload.key.clone());
        }
    }
    changed
}
