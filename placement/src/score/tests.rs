use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use wit_graph::testing::world;

use super::{BEST, DECISIVE, ScoreBoard, Terms, board};
use crate::ledger::NodeSet;
use crate::objects::{Allocatable, Event, Millis, Node, NodeName, Pod, PodShape, Resources};
use crate::presume::Presumption;
use crate::request::Candidate;
use crate::testing::{
    Cluster, MIB, Random, SHOP, Shop, key, node, on, pod_of, request, runwasi_node, workload,
};

fn candidates(cluster: &Cluster) -> Vec<Candidate> {
    cluster.state.nodes().map(|(place, _)| Candidate::Known(place)).collect()
}

fn scored(cluster: &Cluster, pod: &Pod) -> ScoreBoard {
    board(&cluster.state, &request(pod), &candidates(cluster))
}

/// The terms by node name.
fn terms(cluster: &Cluster, pod: &Pod) -> BTreeMap<String, Terms> {
    let names = cluster.state.nodes().map(|(_, node)| node.name().to_string());
    names.zip(scored(cluster, pod).terms).collect()
}

/// A shop with these replicas on so many equal nodes, named `n0`, `n1`, …
fn shop(replicas: [u32; 6], nodes: u32) -> Shop {
    let mut cluster = Cluster::new();
    cluster.nodes((0..nodes).map(|number| node(&format!("n{number}"))));
    Shop::new(cluster, replicas)
}

fn small(name: &str, cpu_millis: u64) -> Node {
    let resources = Resources { cpu_millis, memory_bytes: 8_192 * MIB };
    Node { allocatable: Allocatable { resources, pods: 110 }, ..node(name) }
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-9
}

#[test]
fn the_gain_is_the_formulas() {
    let mut shop = shop([3, 2, 3, 4, 3, 3], 3);
    // catalog 1 of 3 and pricing 2 of 4 on n0; pricing 1 of 4 and gateway 1 of 3 on n1.
    for (workload, ordinal, node) in [(2, 0, "n0"), (3, 0, "n0"), (3, 1, "n0"), (3, 2, "n1"), (0, 0, "n1")] {
        shop.cluster.pod(&on(&pod_of(&shop.workloads[workload], ordinal), node));
    }
    let terms = terms(&shop.cluster, &pod_of(&shop.workloads[0], 1));
    // Three links of equal weight. n0: catalog min(1/3, 1/3), pricing min(1/3, 2/4); cart has nothing there.
    assert!(close(terms["n0"].gain, (1.0 / 3.0 + 1.0 / 3.0) / 3.0), "{:?}", terms["n0"]);
    // n1: a second gateway gains nothing from 1/4, which the first one has already.
    assert!(close(terms["n1"].gain, 0.0), "{:?}", terms["n1"]);
    assert!(close(terms["n2"].gain, 0.0));
}

#[test]
fn the_group_draws_where_partners_will_come() {
    let mut shop = shop([3; 6], 3);
    // mail has no link to catalog: both are of the shop.
    shop.cluster.pod(&on(&pod_of(&shop.workloads[2], 0), "n1"));
    let mail = pod_of(&shop.workloads[5], 0);
    let terms = terms(&shop.cluster, &mail);
    assert!(close(terms["n1"].gain, 0.0));
    assert!(close(terms["n1"].group, 1.0 / 3.0 / 5.0), "one of five others, with a third");
    assert_eq!(shop.cluster.scores(&mail)["n1"], BEST);
}

#[test]
fn replicas_gather_as_far_as_coarser_partners_will_match_them() {
    let mut shop = shop([3, 3, 6, 6, 6, 3], 3);
    // catalog 1 of 6: a gateway of 3 that comes will match two of them.
    shop.cluster.pod(&on(&pod_of(&shop.workloads[2], 0), "n1"));
    let expected = terms(&shop.cluster, &pod_of(&shop.workloads[2], 1));
    assert!(close(expected["n1"].group, 1.0 / 6.0) && close(expected["n0"].group, 0.0));
    shop.cluster.pod(&on(&pod_of(&shop.workloads[2], 1), "n1"));
    let enough = terms(&shop.cluster, &pod_of(&shop.workloads[2], 2));
    assert!(close(enough["n1"].group, 0.0), "a third would match nobody");
}

#[test]
fn the_best_scores_ten_and_stands_clear_of_the_rest() {
    let mut shop = shop([3; 6], 4);
    shop.cluster.pod(&on(&pod_of(&shop.workloads[2], 0), "n2"));
    let scores = shop.cluster.scores(&pod_of(&shop.workloads[0], 0));
    assert_eq!(scores["n2"], BEST);
    assert!(scores.iter().all(|(name, score)| name == "n2" || *score <= BEST - DECISIVE), "{scores:?}");
}

#[test]
fn the_first_pod_of_a_group_goes_to_the_emptiest_node_then_by_name() {
    let mut shop = shop([3; 6], 3);
    let first = pod_of(&shop.workloads[0], 0);
    assert_eq!(shop.cluster.scores(&first)["n0"], BEST);
    let other = pod_of(&workload("other", 1), 0);
    let other = Pod { shape: Arc::new(PodShape { runtime_class: None, ..(*other.shape).clone() }), ..other };
    shop.cluster.pod(&on(&other, "n0"));
    assert_eq!(shop.cluster.scores(&first)["n1"], BEST);
}

#[test]
fn a_pod_without_links_has_no_preference() {
    let mut cluster = Cluster::new();
    cluster.nodes([node("a"), small("b", 1_000)]).image("lone", world(&[], &["wasi:cli/run@0.2.3"]));
    let lone = workload("lone", 3);
    cluster.workload(&lone).pod(&on(&pod_of(&lone, 0), "a"));
    let board = scored(&cluster, &pod_of(&lone, 1));
    assert!(!board.prefers && board.scores == [0, 0]);
}

#[test]
fn a_stranger_leaves_room_for_partners_still_to_come() {
    let mut cluster = Cluster::new();
    // Room for the resident, its two partners still to come, and nobody else.
    cluster.nodes([small("a", 300), small("b", 300)]).image("lone", world(&[], &["wasi:cli/run@0.2.3"]));
    let mut shop = Shop::new(cluster, [1, 0, 1, 1, 0, 0]);
    shop.cluster.pod(&on(&pod_of(&shop.workloads[0], 0), "a"));
    let lone = workload("lone", 1);
    shop.cluster.workload(&lone);
    let scores = shop.cluster.scores(&pod_of(&lone, 0));
    assert_eq!((scores["a"], scores["b"]), (5, BEST), "half of who is wanted would find room");
    for partner in [2, 3] {
        shop.cluster.pod(&on(&pod_of(&shop.workloads[partner], 0), "b"));
    }
    assert!(!scored(&shop.cluster, &pod_of(&lone, 0)).prefers, "nobody is to come any more");
}

#[test]
fn an_application_is_founded_where_all_of_it_fits() {
    let mut cluster = Cluster::new();
    cluster.nodes([small("a", 200), node("b")]);
    let mut shop = Shop::new(cluster, [1; 6]);
    let mail = pod_of(&shop.workloads[5], 0);
    let rooms = terms(&shop.cluster, &mail);
    assert!(rooms["a"].room <= 0.2 && close(rooms["b"].room, 1.0), "at most one of five others fits on a");
    assert_eq!(shop.cluster.schedule(&mail, 250, &mut Random(1)), Some(NodeName::new("b")));
}

#[test]
fn a_provider_keeps_away_from_hosts_that_cannot_run_its_consumers() {
    let mut cluster = Cluster::new();
    cluster.nodes([runwasi_node("a"), node("b")]);
    let shop = Shop::new(cluster, [1; 6]);
    let catalog = pod_of(&shop.workloads[2], 0);
    assert_eq!(shop.cluster.filtered(&catalog), ["a", "b"], "it runs on both");
    assert_eq!(shop.cluster.scores(&catalog)["b"], BEST);
    // Of five others gateway and checkout cannot run there.
    assert!(terms(&shop.cluster, &catalog)["a"].room < 0.7);
}

#[test]
fn a_node_with_a_warning_scores_low_beside_one_without() {
    let mut shop = shop([3; 6], 2);
    let silent = Node { runtime_handlers: None, labels: BTreeMap::new(), ..node("silent") };
    let pod = pod_of(&shop.workloads[2], 0);
    shop.cluster.nodes([silent]).pod(&on(&pod_of(&shop.workloads[0], 0), "silent"));
    assert!(shop.cluster.scores(&pod)["silent"] <= 1, "though its consumer is there");
    shop.cluster.apply(Event::NodeGone(NodeName::new("n0")));
    shop.cluster.apply(Event::NodeGone(NodeName::new("n1")));
    assert_eq!(shop.cluster.scores(&pod)["silent"], BEST, "alone it is the best");
}

#[test]
fn an_unknown_node_scores_nothing() {
    let shop = shop([3; 6], 1);
    let mut candidates = candidates(&shop.cluster);
    candidates.push(Candidate::Stranger { overdue: true });
    let board = board(&shop.cluster.state, &request(&pod_of(&shop.workloads[0], 0)), &candidates);
    assert_eq!((board.best, board.scores), (Some(0), vec![BEST, 0]));
    let nobody =
        super::board(&shop.cluster.state, &request(&pod_of(&shop.workloads[0], 0)), &candidates[1..]);
    assert_eq!((nobody.best, nobody.prefers), (None, false));
}

#[test]
fn what_is_presumed_of_the_pod_itself_changes_nothing() {
    let mut shop = shop([3; 6], 3);
    shop.cluster.pod(&on(&pod_of(&shop.workloads[0], 0), "n0"));
    let pod = pod_of(&shop.workloads[3], 0);
    let before = scored(&shop.cluster, &pod);
    for best in ["n0", "n1", "n2"] {
        let mut asked = shop.cluster.clone();
        let (best, others) = (asked.node(best), NodeSet::from_iter([asked.node("n2")]));
        asked.state.presume(Presumption::new(&asked.state, request(&pod), best, others), Millis(0));
        assert_eq!(scored(&asked, &pod), before);
    }
}

/// Some pods of a shop on nodes, at random.
fn scattered(replicas: [u32; 6], seed: u64) -> (Shop, Random) {
    let (mut shop, mut random) = (shop(replicas, 5), Random(seed));
    for pod in shop.interleaved(&mut random) {
        if random.below(3) > 0 {
            shop.cluster.pod(&on(&pod, &format!("n{}", random.below(5))));
        }
    }
    (shop, random)
}

proptest! {
    /// Against gained affinity itself, before and after.
    #[test]
    fn the_gain_is_what_gained_affinity_grows_by(replicas in prop::array::uniform6(1_u32..8), seed in any::<u64>()) {
        let (shop, mut random) = scattered(replicas, seed);
        let pod = shop.interleaved(&mut random).into_iter().find(|pod| {
            shop.cluster.state.pod(&pod.key).is_none_or(|known| known.node.is_none())
        });
        let Some(pod) = pod else { return Ok(()) };
        let links = |name: &str| SHOP.iter().map(|(consumer, imports)| {
            if *consumer == name { imports.len() } else { imports.iter().filter(|import| **import == name).count() }
        }).sum::<usize>();
        let before = shop.cluster.state.affinity(Millis(0)).gained;
        for (name, terms) in terms(&shop.cluster, &pod) {
            let mut after = shop.cluster.clone();
            after.pod(&on(&pod, &name));
            let grown = after.state.affinity(Millis(0)).gained - before;
            // The term is a share of the workload's own links, G one of all six.
            let term = terms.gain * links(&pod.workload.name) as f64 / 6.0;
            prop_assert!(close(term, grown), "{} on {name}: {term} and {grown}", pod.key);
        }
    }

    #[test]
    fn the_scheduler_may_offer_nodes_in_any_order(replicas in prop::array::uniform6(1_u32..8), seed in any::<u64>()) {
        let (shop, mut random) = scattered(replicas, seed);
        let mut candidates = candidates(&shop.cluster);
        for workload in &shop.workloads {
            let pod = request(&pod_of(workload, 0));
            let by_node = |candidates: &[Candidate]| -> BTreeMap<String, u8> {
                let scores = board(&shop.cluster.state, &pod, candidates).scores;
                candidates.iter().map(|candidate| format!("{candidate:?}")).zip(scores).collect()
            };
            let before = by_node(&candidates);
            random.shuffle(&mut candidates);
            prop_assert_eq!(before, by_node(&candidates));
        }
    }

    #[test]
    fn every_score_is_at_most_ten_and_some_node_has_it(replicas in prop::array::uniform6(1_u32..8), seed in any::<u64>()) {
        let (shop, _) = scattered(replicas, seed);
        for workload in &shop.workloads {
            let board = scored(&shop.cluster, &pod_of(workload, 0));
            prop_assert!(board.scores.iter().all(|score| *score <= BEST));
            prop_assert_eq!(board.prefers, board.scores.contains(&BEST));
            prop_assert!(board.terms.iter().all(|term| (0.0..=1.0).contains(&term.room)));
        }
    }
}

#[test]
fn workloads_without_a_template_are_scored_too() {
    let mut cluster = Cluster::new();
    cluster.nodes([node("a"), node("b")]).image("front", world(&["a:b/c@1.0.0"], &[]));
    cluster.image("back", world(&[], &["a:b/c@1.0.0"]));
    cluster.pod(&on(&pod_of(&workload("back", 1), 0), "b")).pod(&pod_of(&workload("front", 1), 0));
    assert!(cluster.state.workload(&key("front")).unwrap().is_linked());
    assert_eq!(cluster.scores(&pod_of(&workload("front", 1), 0))["b"], BEST);
}
