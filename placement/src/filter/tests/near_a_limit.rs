//! Near a limit that only we count the answer is narrowed.

use super::*;

/// Nodes with these caps; `exact_below` is 3.
fn capped(caps: &[(&str, u32)]) -> (Cluster, Pod) {
    let mut cluster = Cluster::with(|settings| settings.placement.exact_below = 3);
    cluster.nodes(caps.iter().map(|(name, cap)| Node { instance_cap: Some(*cap), ..node(name) }));
    let lone_workload = workload("lone", 8);
    cluster.image("lone", lone()).workload(&lone_workload);
    (cluster, pod_of(&lone_workload, 0))
}

#[test]
fn far_from_it_every_node_is_returned() {
    let (cluster, pod) = capped(&[("a", 3), ("b", 9)]);
    assert_eq!(cluster.filtered(&pod), ["a", "b"]);
}

#[test]
fn the_best_node_is_returned_alone_if_it_is_near() {
    let (cluster, pod) = capped(&[("a", 2), ("b", 9)]);
    let judgement = judged(&cluster, &pod);
    assert_eq!((judgement.narrowed, judgement.returned()), (Some(0), vec![0]));
    assert_eq!(judgement.board.unwrap().scores.len(), 2);
}

#[test]
fn near_nodes_are_held_back_if_the_best_is_not_near() {
    let (cluster, pod) = capped(&[("a", 9), ("b", 2), ("c", 9)]);
    let judgement = judged(&cluster, &pod);
    assert_eq!((judgement.narrowed, judgement.held_back.clone()), (None, vec![1]));
    assert_eq!(judgement.returned(), [0, 2]);
    assert!(judgement.codes.iter().all(|codes| codes.is_empty()), "held back is not refused");
}

#[test]
fn refused_nodes_do_not_matter() {
    let (mut cluster, pod) = capped(&[("a", 0), ("b", 9)]);
    cluster.nodes([linux_node("0")]);
    let judgement = judged(&cluster, &pod);
    assert_eq!((judgement.narrowed, judgement.held_back.is_empty()), (None, true));
    assert_eq!(cluster.filtered(&pod), ["b"]);
}

#[test]
fn a_node_with_a_warning_is_not_the_best() {
    let (mut cluster, pod) = capped(&[("b", 9)]);
    let silent = Node { runtime_handlers: None, instance_cap: Some(1), ..linux_node("a") };
    cluster.nodes([silent]);
    assert_eq!(cluster.filtered(&pod), ["b"]);
}

#[test]
fn zero_never_narrows() {
    let mut cluster = Cluster::with(|settings| settings.placement.exact_below = 0);
    cluster.nodes([Node { instance_cap: Some(1), ..node("a") }, node("b")]).image("lone", lone());
    cluster.workload(&workload("lone", 4));
    assert_eq!(cluster.filtered(&pod_of(&workload("lone", 4), 0)), ["a", "b"]);
}

#[test]
fn what_is_presumed_then_is_exact() {
    let (mut cluster, pod) = capped(&[("a", 2), ("b", 9)]);
    let candidates: Vec<_> = cluster.state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
    let answer = answer_filter(&cluster.state, &request(&pod), &candidates, cluster.now);
    let LedgerEntry::Presume(presumption) = &answer.ledger else { panic!("{:?}", answer.ledger) };
    let only = NodeSet::from_iter([cluster.node("a")]);
    assert_eq!((presumption.best, &presumption.others), (cluster.node("a"), &only));
    answer.ledger.enter(&mut cluster.state, &request(&pod), cluster.now);
    assert_eq!(cluster.state.node(cluster.node("a")).unwrap().used().instances, 1);
}

#[test]
fn presumed_elsewhere_brings_a_node_near() {
    let (mut cluster, _) = capped(&[("a", 4), ("b", 4)]);
    let lone = workload("lone", 8);
    for ordinal in 1..3 {
        let pod = request(&pod_of(&lone, ordinal));
        let (best, others) = (cluster.node("a"), NodeSet::from_iter([cluster.node("b")]));
        cluster.state.presume(Presumption::new(&cluster.state, pod, best, others), cluster.now);
    }
    assert_eq!(judged(&cluster, &pod_of(&lone, 0)).returned().len(), 1);
    for ordinal in 3..5 {
        let pod = request(&pod_of(&lone, ordinal));
        let (best, others) = (cluster.node("b"), NodeSet::from_iter([cluster.node("a")]));
        cluster.state.presume(Presumption::new(&cluster.state, pod, best, others), cluster.now);
    }
    let judgement = judged(&cluster, &pod_of(&lone, 0));
    assert_eq!(judgement.codes, [is(Code::InstancesFull); 2], "all four may be on either");
}
