//! The cluster as kube-scheduler's plugins see it: nodes by position, room in whole numbers, pods by class.

use std::collections::HashMap;
use std::sync::Arc;

use super::classes::{ClassIdx, Classes};
use super::plugins::image_locality::Images;
use super::profile::Profile;
use super::relation::Relation;
use super::room::Rooms;
use super::topology::Topologies;
use super::verdicts::{AllVerdicts, Verdicts};
use crate::hashing::Hasher;
use crate::objects::{Event, Millis, Node, NodeName, Pod, PodKey, PodUid};
use crate::state::ClusterState;

/// What the plugins read.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) rooms: Rooms,
    pub(super) topologies: Topologies,
    pub(super) classes: Classes,
    images: Images,
    verdicts: AllVerdicts,
    nodes: Vec<NodeInfo>,
    positions: HashMap<NodeName, u32, Hasher>,
    /// Where each pod is that is on a node.
    pods: HashMap<PodUid, (u32, ClassIdx), Hasher>,
    /// The nodes that exist, zones in turn.
    order: Vec<u32>,
    /// Counts the changes of nodes' objects.
    generation: u64,
    /// For which state of them topologies and images were read, and for how many topology keys.
    read: (u64, usize),
}

/// A node with its pods.
#[derive(Clone, Debug)]
struct NodeInfo {
    name: NodeName,
    /// `None` for a node that only pods speak of.
    object: Option<Arc<Node>>,
    residents: Vec<Resident>,
}

/// A pod on a node.
#[derive(Clone, Debug)]
pub(super) struct Resident {
    pub(super) uid: PodUid,
    pub(super) key: PodKey,
    pub(super) class: ClassIdx,
    /// When it came, as far as the scheduler knows.
    pub(super) since: Millis,
}

impl Snapshot {
    /// What a cluster state holds.
    pub(super) fn of(state: &ClusterState, profile: &Profile, now: Millis) -> Self {
        let mut snapshot = Self::default();
        for (_, node) in state.nodes() {
            node.object.iter().for_each(|object| snapshot.node_applied(object));
        }
        let mut pods: Vec<&Pod> = state.pods().filter(|pod| pod.node.is_some()).collect();
        pods.sort_unstable_by(|one, other| one.uid.cmp(&other.uid));
        for pod in pods {
            snapshot.place(pod, profile, now);
        }
        snapshot
    }

    /// Takes in what happened.
    pub(super) fn apply(&mut self, event: &Event, profile: &Profile, now: Millis) {
        match event {
            Event::Node(node) => self.node_applied(node),
            Event::NodeGone(name) => self.node_gone(name),
            Event::Pod(pod) if pod.node.is_some() && !pod.finished => self.place(pod, profile, now),
            Event::Pod(Pod { uid, .. }) | Event::PodGone(uid) => self.displace(uid),
            Event::RuntimeClass(_)
            | Event::RuntimeClassGone(_)
            | Event::Workload(_)
            | Event::WorkloadGone(_)
            | Event::World(..) => {}
        }
    }

    fn node_applied(&mut self, node: &Node) {
        let position = self.position(&node.name);
        let Some(info) = self.nodes.get_mut(position as usize) else { return };
        if info.object.as_deref() == Some(node) {
            return;
        }
        info.object = Some(Arc::new(node.clone()));
        self.rooms.change(position, |room| room.offer(node.allocatable));
        self.nodes_changed();
    }

    fn node_gone(&mut self, name: &NodeName) {
        let Some(position) = self.positions.get(name) else { return };
        if let Some(info) = self.nodes.get_mut(*position as usize) {
            info.object = None;
        }
        self.nodes_changed();
    }

    fn nodes_changed(&mut self) {
        self.generation += 1;
    }

    fn position(&mut self, name: &NodeName) -> u32 {
        if let Some(position) = self.positions.get(name) {
            return *position;
        }
        let position = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(NodeInfo { name: name.clone(), object: None, residents: Vec::new() });
        self.rooms.push();
        self.positions.insert(name.clone(), position);
        position
    }

    /// The pod's class.
    pub(super) fn class_of(&mut self, pod: &Pod, profile: &Profile) -> ClassIdx {
        self.classes.of(pod, profile, &mut self.topologies, &mut self.verdicts)
    }

    /// The pod is on the node that it names.
    pub(super) fn place(&mut self, pod: &Pod, profile: &Profile, now: Millis) {
        let Some(name) = &pod.node else { return };
        let (class, node) = (self.class_of(pod, profile), self.position(name));
        if self.pods.get(&pod.uid) == Some(&(node, class)) {
            return;
        }
        self.displace(&pod.uid);
        self.pods.insert(pod.uid.clone(), (node, class));
        if let Some(class) = self.classes.get_mut(class) {
            class.place(node);
            self.rooms.change(node, |room| room.take(&class.ask));
        }
        let resident = Resident { uid: pod.uid.clone(), key: pod.key.clone(), class, since: now };
        if let Some(node) = self.nodes.get_mut(node as usize) {
            node.residents.push(resident);
        }
    }

    /// The pod is on no node any more.
    pub(super) fn displace(&mut self, uid: &PodUid) {
        let Some((node, class)) = self.pods.remove(uid) else { return };
        if let Some(class) = self.classes.get_mut(class) {
            class.displace(node);
            self.rooms.change(node, |room| room.give_back(&class.ask));
        }
        if let Some(info) = self.nodes.get_mut(node as usize) {
            info.residents.retain(|resident| resident.uid != *uid);
        }
    }

    /// Brings everything up to date that is kept for a class, and lends its verdicts.
    pub(super) fn prepare(&mut self, class: ClassIdx) -> Verdicts {
        if self.read != (self.generation, self.topologies.len()) {
            self.read = (self.generation, self.topologies.len());
            self.order = in_turn(self.nodes.iter().map(|node| node.object.as_deref()));
            self.topologies.read(&self.nodes.iter().map(|node| node.object.as_deref()));
            self.images = Images::of(self.nodes.iter().filter_map(|node| node.object.as_deref()));
        }
        self.classes.relate(class);
        let Some(own) = self.classes.get(class) else { return Verdicts::default() };
        let mut verdicts = self.verdicts.lend(&own.verdicts);
        let nodes = || self.nodes.iter().map(|node| node.object.as_deref());
        verdicts.standings.read(&own.shape, nodes(), self.generation);
        verdicts.images.read(&own.shape, nodes(), &self.images, self.generation);
        verdicts.fits.cover(self.nodes.len());
        verdicts
    }

    /// Takes the verdicts back that [`Snapshot::prepare`] lent.
    pub(super) fn keep(&mut self, class: ClassIdx, verdicts: Verdicts) {
        if let Some(class) = self.classes.get(class) {
            self.verdicts.give_back(&class.verdicts, verdicts, self.nodes.len());
        }
    }

    /// The nodes that exist, in the order in which they are looked at, as of the last [`Snapshot::prepare`].
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// Where the pods are that a relation speaks of, and how many.
    pub(super) fn placed(&self, relation: &Relation) -> impl Iterator<Item = (u32, u32)> {
        let class = relation.other.and_then(|other| self.classes.get(other));
        class.into_iter().flat_map(|class| &class.placed).map(|(node, count)| (*node, *count))
    }

    /// The pods on a node.
    pub(super) fn residents(&self, node: u32) -> &[Resident] {
        self.nodes.get(node as usize).map_or(&[], |info| &info.residents)
    }

    /// Whether there is a node at a position.
    pub(super) fn exists(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|info| info.object.is_some())
    }

    /// A node's name.
    pub(super) fn name(&self, node: u32) -> Option<&NodeName> {
        self.nodes.get(node as usize).map(|info| &info.name)
    }
}

/// The positions of the nodes that exist: the first of each zone, then the second, and so on, so that a sample of them is
/// from all zones. As `nodeTree` in `backend/cache/node_tree.go`.
fn in_turn<'a>(nodes: impl Iterator<Item = Option<&'a Node>>) -> Vec<u32> {
    let label = |node: &'a Node, key: &str| node.labels.get(key).map(String::as_str);
    let zone =
        |node| (label(node, "topology.kubernetes.io/region"), label(node, "topology.kubernetes.io/zone"));
    let (mut zones, mut turns) = (HashMap::new(), Vec::new());
    for (position, node) in (0_u32..).zip(nodes).filter_map(|(position, node)| Some((position, node?))) {
        let known = zones.len();
        let (place, count) = zones.entry(zone(node)).or_insert((known, 0_u32));
        turns.push((*count, *place, position));
        *count += 1;
    }
    turns.sort_unstable();
    turns.into_iter().map(|(_, _, position)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node;

    #[test]
    fn zones_are_taken_in_turn_as_long_as_they_have_nodes() {
        let zoned = |zone: Option<&str>| Node {
            labels: zone
                .map(|zone| ("topology.kubernetes.io/zone".to_owned(), zone.to_owned()))
                .into_iter()
                .collect(),
            ..node("n")
        };
        let nodes = [Some("a"), Some("a"), Some("a"), Some("b"), None, Some("b")].map(zoned);
        let order = in_turn(nodes.iter().map(Some).chain([None]));
        assert_eq!(order, [0, 3, 4, 1, 5, 2]);
    }
}
