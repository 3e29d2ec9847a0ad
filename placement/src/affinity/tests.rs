use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use wit_graph::DeclaredLink;
use wit_graph::testing::world;

use super::Affinity;
use crate::ledger::NodeSet;
use crate::objects::{Millis, PodShape, Workload};
use crate::presume::Presumption;
use crate::testing::{
    Cluster, Random, SHOP, Shop, linux_node, modules_node, node, on, pod_of, request, workload,
};

/// A consumer and a provider with so many replicas each.
fn pair(consumers: u32, providers: u32) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b", "c"].map(node));
    cluster
        .image("front", world(&["t:back/api@1.0.0"], &[]))
        .image("back", world(&[], &["t:back/api@1.0.0"]));
    cluster.workload(&workload("front", consumers)).workload(&workload("back", providers));
    cluster
}

/// Places replicas of one of the pair on nodes, one for each letter.
fn place(cluster: &mut Cluster, name: &str, nodes: &str) {
    for (ordinal, node) in (0..).zip(nodes.chars()) {
        cluster.pod(&on(&pod_of(&workload(name, 0), ordinal), &node.to_string()));
    }
}

/// A workload with the annotation `wit-placement.dev/links`.
fn declaring(name: &str, replicas: u32, links: &str) -> Workload {
    let plain = workload(name, replicas);
    let links = DeclaredLink::list(links).unwrap();
    Workload { shape: Arc::new(PodShape { links, ..PodShape::clone(&plain.shape) }), ..plain }
}

fn affinity(consumers: &str, providers: &str) -> Affinity {
    let of = |nodes: &str| u32::try_from(nodes.len()).unwrap();
    let mut cluster = pair(of(consumers), of(providers));
    place(&mut cluster, "front", consumers);
    place(&mut cluster, "back", providers);
    cluster.state.affinity(Millis(0))
}

fn shares(affinity: Affinity) -> (f64, f64) {
    let rounded = |share: f64| (share * 1e6).round() / 1e6;
    (rounded(affinity.gained), rounded(affinity.random))
}

#[test]
fn small_cases_by_hand() {
    for (consumers, providers, gained, random) in [
        ("a", "a", 1.0, 1.0),
        ("a", "b", 0.0, 0.0),
        ("ab", "ab", 1.0, 0.5),
        ("aab", "abc", 0.666_667, 0.333_333),
        ("aabb", "ab", 1.0, 0.5),
        ("aaab", "ab", 0.75, 0.5),
        ("a", "abc", 0.333_333, 0.333_333),
    ] {
        assert_eq!(shares(affinity(consumers, providers)), (gained, random), "{consumers} and {providers}");
    }
}

#[test]
fn where_the_same_node_is_preferred_any_provider_beside_the_consumer_serves_it() {
    for (consumers, providers, same_node, hot_spot) in [
        ("a", "a", 1.0, 1.0),
        ("a", "b", 0.0, 0.0),
        ("aab", "abc", 1.0, 2.0),
        ("aaab", "abbb", 1.0, 3.0),
        ("abc", "aab", 0.666_667, 1.0),
        ("a", "abc", 1.0, 3.0),
    ] {
        let affinity = affinity(consumers, providers);
        let expected = [same_node, same_node, hot_spot];
        let found = [affinity.same_node, affinity.satisfaction, affinity.hot_spot];
        let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
        assert!(close, "{consumers} and {providers}: {found:?}");
    }
}

#[test]
fn satisfaction_counts_a_light_link_as_much_as_a_heavy_one() {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b"].map(node));
    let front = declaring("front", 1, "near=9,far=1");
    cluster.workload(&front).workload(&workload("near", 1)).workload(&workload("far", 1));
    for (name, node) in [("front", "a"), ("near", "a"), ("far", "b")] {
        place(&mut cluster, name, node);
    }
    let affinity = cluster.state.affinity(Millis(0));
    assert!((affinity.same_node - 0.9).abs() < 1e-9 && (affinity.satisfaction - 0.5).abs() < 1e-9);
}

#[test]
fn each_link_tells_what_it_keeps_local() {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b"].map(node));
    let front = declaring("front", 2, "near=3,far=1");
    cluster.workload(&front).workload(&workload("near", 1)).workload(&workload("far", 1));
    for (name, nodes) in [("front", "ab"), ("near", "a"), ("far", "c")] {
        place(&mut cluster, name, nodes);
    }
    let links = cluster.state.localities(Millis(0));
    let told: Vec<_> = links.iter().map(|it| (&*it.provider.name, it.local, it.remote)).collect();
    assert_eq!(told, [("near", 1, 1), ("far", 0, 2)]);
    let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
    assert!(
        links
            .iter()
            .zip([(0.75, 0.5), (0.25, 0.0)])
            .all(|(link, (weight, gained))| { close(link.weight, weight) && close(link.gained, gained) })
    );
}

#[test]
fn declared_links_count_as_those_of_worlds_do_and_to_ordinary_pods_too() {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b"].map(node));
    cluster.image("front", world(&[], &[]));
    let front = declaring("front", 2, "redis=3,gone=9");
    let redis = workload("redis", 1);
    let ordinary = PodShape { runtime_class: None, ..PodShape::clone(&redis.shape) };
    let redis = Workload { shape: Arc::new(ordinary), ..redis };
    cluster.workload(&front).workload(&redis);
    place(&mut cluster, "front", "ab");
    cluster.pod(&on(&pod_of(&redis, 0), "a"));
    assert_eq!(shares(cluster.state.affinity(Millis(0))), (0.5, 0.5));
}

#[test]
fn consumers_without_a_provider_on_their_node_are_counted() {
    let affinity = affinity("aabc", "ab");
    assert_eq!((affinity.local, affinity.remote), (3, 1));
}

#[test]
fn replicas_that_have_no_node_yet_gain_nothing() {
    let mut cluster = pair(2, 2);
    place(&mut cluster, "front", "a");
    place(&mut cluster, "back", "a");
    assert_eq!(shares(cluster.state.affinity(Millis(0))), (0.5, 0.25));
    let (pod, best) = (request(&pod_of(&workload("back", 2), 1)), cluster.node("b"));
    cluster.state.presume(Presumption::new(&cluster.state, pod, best, NodeSet::default()), Millis(0));
    let (pod, best) = (request(&pod_of(&workload("front", 2), 1)), cluster.node("b"));
    cluster.state.presume(Presumption::new(&cluster.state, pod, best, NodeSet::default()), Millis(0));
    assert_eq!(shares(cluster.state.affinity(Millis(0))), (1.0, 0.5), "presumed ones count");
}

#[test]
fn replicas_on_nodes_that_cannot_run_them_gain_nothing_and_are_counted() {
    let mut cluster = pair(2, 2);
    cluster.nodes([modules_node("m"), linux_node("l")]);
    place(&mut cluster, "front", "am");
    place(&mut cluster, "back", "ml");
    let affinity = cluster.state.affinity(Millis(0));
    assert_eq!((affinity.gained, affinity.stranded, affinity.remote), (0.0, 3, 2));
}

#[test]
fn without_links_nothing_is_gained() {
    let mut cluster = Cluster::new();
    cluster.nodes([node("a")]).image("lone", world(&[], &[])).workload(&workload("lone", 1));
    place(&mut cluster, "lone", "a");
    assert_eq!(cluster.state.affinity(Millis(0)), Affinity::default());
}

proptest! {
    /// Against the sums written out over all nodes.
    #[test]
    fn it_is_the_formulas(replicas in prop::array::uniform6(1_u32..7), seed in any::<u64>()) {
        let mut random = Random(seed);
        let nodes = ["n0", "n1", "n2", "n3"];
        let mut cluster = Cluster::new();
        cluster.nodes(nodes.map(node));
        let mut shop = Shop::new(cluster, replicas);
        let mut placed = BTreeMap::new();
        for workload in &shop.workloads {
            for ordinal in 0..workload.replicas {
                let node = nodes[random.index(nodes.len())];
                *placed.entry((&*workload.key.name, node)).or_insert(0) += 1;
                shop.cluster.pod(&on(&pod_of(workload, ordinal), node));
            }
        }
        let share = |name: &str, node: &str| {
            let wanted = SHOP.iter().zip(replicas).find(|((other, _), _)| *other == name).unwrap().1;
            f64::from(placed.get(&(name, node)).copied().unwrap_or(0)) / f64::from(wanted)
        };
        let (mut gained, mut by_chance, mut same_node) = (0.0, 0.0, 0.0);
        for (consumer, provider) in SHOP.iter().flat_map(|(name, imports)| imports.iter().map(move |it| (name, it))) {
            for node in nodes {
                gained += share(consumer, node).min(share(provider, node)) / 6.0;
                by_chance += share(consumer, node) * share(provider, node) / 6.0;
                same_node += if share(provider, node) > 0.0 { share(consumer, node) / 6.0 } else { 0.0 };
            }
        }
        let affinity = shop.cluster.state.affinity(Millis(0));
        prop_assert!((affinity.gained - gained).abs() < 1e-9 && (affinity.random - by_chance).abs() < 1e-9);
        prop_assert!((affinity.same_node - same_node).abs() < 1e-9 && affinity.gained <= affinity.same_node + 1e-9);
    }
}
