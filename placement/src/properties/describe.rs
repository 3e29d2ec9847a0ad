//! A state in words, by names instead of places: what is equal reads equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::nodes::{Demand, NodeIdx, Wanted};
use crate::objects::{ImageReference, World};
use crate::state::ClusterState;
use crate::workloads::{WorkloadIdx, WorkloadState};

/// Everything that decisions read, in words: equal states are equal texts.
pub(super) fn describe(state: &ClusterState) -> String {
    let mut text = String::new();
    describe_nodes(state, &mut text);
    describe_workloads(state, &mut text);
    let images: BTreeMap<_, _> = state.images.iter().collect();
    for (image, known) in images {
        // What was read for a Wasm pod stays known, though no Wasm pod may have the image any more.
        let world = match known.world.as_ref().filter(|_| is_of_interest(state, image)) {
            None => "of no interest".to_owned(),
            Some(World::Known(component)) => component.digest.to_string(),
            Some(World::Failed { result, .. }) => (*result).to_owned(),
            Some(World::Reading { .. }) => "reading".to_owned(),
        };
        let users: BTreeSet<_> =
            known.users.iter().map(|(user, uses)| (workload(state, *user), uses)).collect();
        writeln!(text, "image {image}: {world} {users:?}").unwrap();
    }
    let pods: BTreeMap<_, _> = state.pods.iter().collect();
    for (uid, record) in pods {
        let counted = record.counted.map(|(node, usage)| (name(state, node), usage));
        writeln!(text, "pod {uid:?}: {} {counted:?} {:?}", workload(state, record.workload), record.pod)
            .unwrap();
    }
    let names: BTreeMap<_, _> = state.pod_uids.iter().collect();
    writeln!(text, "names {names:?}").unwrap();
    writeln!(text, "classes {:?}", state.runtime_classes).unwrap();
    for link in state.graph.links() {
        writeln!(text, "link {link:?}").unwrap();
    }
    writeln!(text, "in the graph {:?}", state.graph.workloads().collect::<Vec<_>>()).unwrap();
    text
}

/// Whether a Wasm pod or template names the image.
fn is_of_interest(state: &ClusterState, image: &ImageReference) -> bool {
    let templates = state.workloads().filter_map(|workload| workload.template.as_ref()).map(|it| &it.shape);
    let mut shapes = state.pods().map(|pod| &pod.shape).chain(templates);
    shapes.any(|shape| {
        shape.images.contains(image) && state.wasm_handler(shape.runtime_class.as_deref()).is_some()
    })
}

fn describe_nodes(state: &ClusterState, text: &mut String) {
    let nodes: BTreeMap<_, _> =
        state.nodes.iter().map(|(place, node)| (node.name.clone(), (place, node))).collect();
    for (name, (place, node)) in nodes {
        let replicas: BTreeMap<_, _> =
            node.replicas.iter().map(|(owner, replicas)| (workload(state, owner), replicas)).collect();
        let wanted: BTreeMap<_, _> = node
            .wanted()
            .iter()
            .map(|it| (workload(state, it.workload), (it.level, it.missing, it.each)))
            .collect();
        assert_eq!(state.node_place(name.as_str()), Some(place), "{name}");
        writeln!(text, "node {name}: {:?} {:?}", node.object, node.class).unwrap();
        writeln!(text, "  {:?} {replicas:?} wants {wanted:?} {:?}", node.used(), node.pods).unwrap();
        // What is kept beside those follows from them.
        assert_eq!(node.left(), node.left_beside(node.used()), "{name}");
        assert_eq!(node.fullness().to_bits(), node.fullness_with(node.used()).to_bits(), "{name}");
        let demand = node.wanted().iter().map(Wanted::demand).fold(Demand::default(), Demand::plus);
        assert_eq!(node.demand(), demand, "{name}");
    }
}

fn describe_workloads(state: &ClusterState, text: &mut String) {
    for known in state.workloads() {
        let placed: BTreeMap<_, _> =
            known.placed.iter().map(|(node, count)| (name(state, node), count)).collect();
        let partners: Vec<_> = known
            .partners
            .iter()
            .map(|partner| (workload(state, partner.workload), partner.weight))
            .collect();
        let group: Vec<_> = known.group.iter().map(|member| workload(state, *member)).collect();
        let able: BTreeSet<_> =
            state.nodes().filter(|(_, node)| known.can_run_on(node)).map(|(_, node)| node.name()).collect();
        let capable: BTreeMap<_, _> = state
            .nodes()
            .map(|(_, node)| (node.name(), known.capabilities.get(node.class_idx as usize)))
            .collect();
        assert_eq!(known.placed_replicas(), known.placed.values().sum::<u32>());
        let WorkloadState { key, template, shape, handler, pods, presumed, invites, .. } = known;
        writeln!(text, "workload {key}: {template:?} {shape:?} {handler:?} {pods:?} {presumed} {invites}")
            .unwrap();
        writeln!(text, "  {placed:?} {partners:?} {group:?} able on {able:?}: {capable:?}").unwrap();
    }
}

fn workload(state: &ClusterState, place: WorkloadIdx) -> String {
    state.workloads.get(place).unwrap().key.to_string()
}

fn name(state: &ClusterState, node: NodeIdx) -> String {
    state.nodes.get(node).unwrap().name.to_string()
}
