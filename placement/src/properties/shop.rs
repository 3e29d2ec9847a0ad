//! The main job: linked components land together, in whatever order their pods arrive.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::objects::{Allocatable, Node, Pod, PodShape, Resources};
use crate::testing::{
    Cluster, MIB, Random, Shop, linux_node, modules_node, node, on, pod_of, runwasi_node, workload,
};

/// Points that the scheduler's other plugins may add.
const NOISE: u64 = 250;

/// Eight capable nodes, and four that are not.
fn nodes() -> Vec<Node> {
    let capable = (0..8).map(|number| node(&format!("wasm-{number}")));
    let incapable = [runwasi_node("plain"), modules_node("modules"), linux_node("a"), linux_node("b")];
    capable.chain(incapable).collect()
}

fn small(node: Node, pods: u32) -> Node {
    let resources = Resources { cpu_millis: 100 * u64::from(pods), memory_bytes: 8_192 * MIB };
    Node { allocatable: Allocatable { resources, pods: 110 }, ..node }
}

/// Places pods in this order; returns gained affinity, and consumers without one of their providers on their node.
fn place(shop: &Shop, pods: &[Pod], random: &mut Random) -> (f64, u32) {
    let mut cluster = shop.cluster.clone();
    for pod in pods {
        assert!(cluster.schedule(pod, NOISE, random).is_some(), "no node for {}", pod.key);
    }
    let affinity = cluster.state.affinity(cluster.now);
    assert_eq!(affinity.stranded, 0);
    (affinity.gained, affinity.remote)
}

/// The smallest and the mean gained affinity, and the most lonely consumers, over many orders of arrival.
fn over_orders(shop: &Shop, orders: u64) -> (f64, f64, u32) {
    let (mut least, mut sum, mut lonely) = (1.0_f64, 0.0, 0);
    for seed in 0..orders {
        let mut random = Random(seed);
        for pods in [shop.interleaved(&mut random), shop.by_deployment(&mut random)] {
            let (gained, remote) = place(shop, &pods, &mut random);
            least = least.min(gained);
            sum += gained;
            lonely = lonely.max(remote);
        }
    }
    (least, sum / (2 * orders) as f64, lonely)
}

fn shop(replicas: [u32; 6], nodes: Vec<Node>) -> Shop {
    let mut cluster = Cluster::new();
    cluster.nodes(nodes);
    Shop::new(cluster, replicas)
}

/// Eight capable nodes of which the first is nearly full.
fn with_a_full_node() -> Vec<Node> {
    let mut nodes = nodes();
    nodes[0] = small(nodes[0].clone(), 2);
    nodes
}

#[test]
fn three_replicas_land_together_in_any_order_of_arrival() {
    for nodes in [nodes(), with_a_full_node()] {
        let (least, _, lonely) = over_orders(&shop([3; 6], nodes), 100);
        assert!(least >= 0.9, "gained affinity of {least}");
        assert_eq!(lonely, 0, "consumers without a provider on their node");
    }
}

#[test]
fn any_equal_number_of_replicas_lands_together() {
    for replicas in [1, 2, 5, 7, 8, 9] {
        let (least, mean, lonely) = over_orders(&shop([replicas; 6], with_a_full_node()), 15);
        println!("{replicas} replicas each: G at least {least:.3}, {mean:.3} on average");
        assert!(least >= 0.95, "{replicas} replicas: {least}");
        assert_eq!(lonely, 0, "{replicas} replicas");
    }
}

/// With unequal numbers the blast radius (half of a workload's replicas on a node) and whole replicas bound what can
/// be reached at all; the bounds below are what was seen over many orders.
#[test]
fn unequal_replicas_gather_in_proportion() {
    for (replicas, bound) in [
        ([3, 3, 6, 6, 6, 3], 0.99),
        ([2, 4, 3, 5, 6, 1], 0.8),
        ([1, 2, 3, 4, 5, 6], 0.7),
        ([6, 5, 4, 3, 2, 1], 0.8),
        ([10, 3, 3, 3, 3, 3], 0.8),
        ([12, 12, 3, 3, 3, 3], 0.8),
    ] {
        let (least, mean, lonely) = over_orders(&shop(replicas, nodes()), 15);
        println!(
            "{replicas:?} replicas: G at least {least:.3}, {mean:.3} on average, {lonely} lonely at most"
        );
        assert!(least >= bound, "{replicas:?}: {least}");
    }
}

/// 24 places on six nodes for 18 pods: no node can take all six workloads.
#[test]
fn where_a_node_cannot_take_everybody_most_still_meet() {
    let nodes = (0..6).map(|number| small(node(&format!("wasm-{number}")), 4)).collect();
    let (least, mean, _) = over_orders(&shop([3; 6], nodes), 50);
    println!("18 pods, 6 nodes of 4: G at least {least:.3}, {mean:.3} on average");
    assert!(least >= 0.3, "{least}");
}

/// A third of the cluster is taken by somebody else's pods, and a watch that lags shows bindings late.
#[test]
fn a_busy_cluster_and_a_late_watch_change_nothing() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let mut shop = shop([3; 6], with_a_full_node());
        for number in 0..20 {
            let mut pod = pod_of(&workload(&format!("other-{number}"), 1), 0);
            pod.shape = Arc::new(PodShape { runtime_class: None, ..(*pod.shape).clone() });
            shop.cluster.pod(&on(&pod, &format!("wasm-{}", random.index(8))));
        }
        let mut late: VecDeque<Pod> = VecDeque::new();
        for pod in shop.interleaved(&mut random) {
            let node = shop.cluster.choose(&pod, NOISE, &mut random).unwrap();
            let node = shop.cluster.name_of(node);
            late.push_back(on(&pod, &node));
            if late.len() > 5 {
                shop.cluster.pod(&late.pop_front().unwrap());
            }
        }
        for pod in &late {
            shop.cluster.pod(pod);
        }
        let affinity = shop.cluster.state.affinity(shop.cluster.now);
        assert!(affinity.gained >= 0.9 && affinity.remote == 0, "seed {seed}: {affinity:?}");
        assert_eq!(shop.cluster.state.ledger_len(), 0);
    }
}

/// As a user creates it: pods have nodes before the next Deployment exists, and who calls them may come last.
#[test]
fn deployments_that_are_created_one_after_the_other_land_together() {
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut cluster = Cluster::new();
        cluster.nodes(with_a_full_node());
        let Shop { mut cluster, mut workloads } = Shop::to_come(cluster, [3; 6]);
        random.shuffle(&mut workloads);
        let mut waiting: Vec<Pod> = Vec::new();
        for workload in &workloads {
            cluster.workload(workload);
            waiting.extend((0..workload.replicas).map(|ordinal| pod_of(workload, ordinal)));
            random.shuffle(&mut waiting);
            // The scheduler is sometimes slower than whoever creates them.
            let tried = if seed % 2 == 0 { waiting.len() } else { random.index(waiting.len() + 1) };
            let later = waiting.split_off(tried);
            waiting.retain(|pod| cluster.schedule(pod, NOISE, &mut random).is_none());
            waiting.extend(later);
        }
        waiting.retain(|pod| cluster.schedule(pod, NOISE, &mut random).is_none());
        let affinity = cluster.state.affinity(cluster.now);
        assert!(waiting.is_empty(), "seed {seed}: {} pods wait", waiting.len());
        assert!(affinity.gained >= 0.9 && affinity.remote == 0, "seed {seed}: {affinity:?}");
    }
}
