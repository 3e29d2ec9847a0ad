use super::{Presumption, ScoreBoard};
use crate::ledger::NodeSet;
use crate::nodes::NodeIdx;
use crate::objects::{Event, Millis, NodeName, Pod, PodUid, Workload};
use crate::testing::{Cluster, MIB, node, on, pod_of, request, workload};
use wit_graph::testing::world;

/// Three nodes and a workload of four.
fn cluster() -> (Cluster, Workload) {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b", "c"].map(node)).image("lone", world(&[], &["wasi:cli/run@0.2.3"]));
    let lone = workload("lone", 4);
    cluster.workload(&lone);
    (cluster, lone)
}

fn presume(cluster: &mut Cluster, pod: &Pod, best: &str, others: &[&str]) -> bool {
    let others = others.iter().map(|name| cluster.node(name)).collect();
    let presumption = Presumption::new(&cluster.state, request(pod), cluster.node(best), others);
    cluster.state.presume(presumption, cluster.now).may_admit
}

fn instances(cluster: &Cluster, name: &str) -> u32 {
    cluster.state.node(cluster.node(name)).unwrap().used().instances
}

fn elsewhere(cluster: &Cluster, name: &str) -> u32 {
    cluster.state.ledger.elsewhere(cluster.node(name), None).instances
}

#[test]
fn a_presumed_pod_counts_at_its_best_node_and_is_heeded_at_the_others() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &["a", "b"]);
    assert_eq!(["a", "b", "c"].map(|name| instances(&cluster, name)), [1, 0, 0]);
    assert_eq!(["a", "b", "c"].map(|name| elsewhere(&cluster, name)), [0, 1, 0]);
    let state = cluster.state.workload(&lone.key).unwrap();
    assert_eq!((state.placed_replicas(), state.pending()), (1, 3));
    let takes = cluster.state.ledger.elsewhere(cluster.node("b"), None);
    assert!(takes.memory_bytes >= 89 * MIB, "its requests and the largest shim");
}

#[test]
fn the_watch_confirms_and_it_counts_once() {
    let (mut cluster, lone) = cluster();
    let pod = pod_of(&lone, 0);
    presume(&mut cluster, &pod, "a", &["b"]);
    cluster.pod(&pod);
    assert_eq!((instances(&cluster, "a"), cluster.state.ledger_len()), (1, 1), "still pending");
    let effects = cluster.apply(Event::Pod(on(&pod, "a")));
    assert_eq!((instances(&cluster, "a"), elsewhere(&cluster, "b"), cluster.state.ledger_len()), (1, 0, 0));
    assert!(effects.may_admit, "there is room on b for certain again");
}

#[test]
fn an_exact_presumption_that_is_confirmed_frees_nothing() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &[]);
    assert!(!cluster.apply(Event::Pod(on(&pod_of(&lone, 0), "a"))).may_admit);
}

#[test]
fn the_watch_refutes_and_it_counts_where_it_is() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &["b"]);
    let effects = cluster.apply(Event::Pod(on(&pod_of(&lone, 0), "b")));
    assert_eq!(["a", "b"].map(|name| instances(&cluster, name)), [0, 1]);
    assert!(effects.may_admit);
    assert_eq!(cluster.state.workload(&lone.key).unwrap().placed_replicas(), 1);
}

#[test]
fn a_deleted_or_finished_pod_is_no_longer_presumed() {
    let (mut cluster, lone) = cluster();
    for ordinal in 0..2 {
        presume(&mut cluster, &pod_of(&lone, ordinal), "a", &["b"]);
    }
    assert!(cluster.apply(Event::PodGone(pod_of(&lone, 0).uid)).may_admit);
    assert!(cluster.apply(Event::Pod(Pod { finished: true, ..pod_of(&lone, 1) })).may_admit);
    assert_eq!((instances(&cluster, "a"), elsewhere(&cluster, "b"), cluster.state.ledger_len()), (0, 0, 0));
}

#[test]
fn it_runs_out() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &[]);
    assert!(!cluster.state.expire(Millis(59_999)).may_admit);
    assert_eq!(instances(&cluster, "a"), 1);
    assert!(cluster.state.expire(Millis(60_000)).may_admit);
    assert_eq!((instances(&cluster, "a"), cluster.state.ledger_len()), (0, 0));
}

#[test]
fn a_later_answer_takes_the_place_of_an_earlier_one_and_of_its_time() {
    let (mut cluster, lone) = cluster();
    let pod = pod_of(&lone, 0);
    presume(&mut cluster, &pod, "a", &["b", "c"]);
    cluster.now = Millis(30_000);
    assert!(presume(&mut cluster, &pod, "b", &["c"]), "a is free again");
    assert_eq!(["a", "b", "c"].map(|name| instances(&cluster, name)), [0, 1, 0]);
    assert_eq!(["a", "b", "c"].map(|name| elsewhere(&cluster, name)), [0, 0, 1]);
    cluster.state.expire(Millis(60_000));
    assert_eq!(cluster.state.presumed_node(&pod.uid), Some(cluster.node("b")));
}

#[test]
fn it_is_retracted() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &["b"]);
    assert!(cluster.state.retract(&pod_of(&lone, 0).uid).may_admit);
    assert!(!cluster.state.retract(&pod_of(&lone, 0).uid).may_admit, "there is nothing left");
    assert_eq!((instances(&cluster, "a"), elsewhere(&cluster, "b")), (0, 0));
}

#[test]
fn a_pod_that_the_watch_shows_on_a_node_is_left_alone() {
    let (mut cluster, lone) = cluster();
    cluster.pod(&on(&pod_of(&lone, 0), "b"));
    presume(&mut cluster, &pod_of(&lone, 0), "a", &[]);
    assert_eq!((instances(&cluster, "a"), instances(&cluster, "b"), cluster.state.ledger_len()), (0, 1, 0));
}

#[test]
fn a_pod_whose_workload_the_watch_has_not_shown_is_presumed_too() {
    let (mut cluster, _) = cluster();
    let unseen = workload("unseen", 1);
    presume(&mut cluster, &pod_of(&unseen, 0), "a", &[]);
    assert_eq!(cluster.state.workload(&unseen.key).unwrap().placed_replicas(), 1);
    cluster.state.expire(Millis(60_000));
    assert!(cluster.state.workload(&unseen.key).is_none(), "nothing speaks of it any more");
}

#[test]
fn a_node_that_went_in_the_meantime_does_no_harm() {
    let (mut cluster, lone) = cluster();
    let (pod, best) = (pod_of(&lone, 0), cluster.node("a"));
    presume(&mut cluster, &pod, "a", &["b"]);
    cluster.apply(Event::NodeGone(NodeName::new("a")));
    let again = Presumption::new(&cluster.state, request(&pod), best, NodeSet::default());
    cluster.state.presume(again, cluster.now);
    assert_eq!((cluster.state.node_place("a"), cluster.state.ledger_len()), (None, 0));
    assert_eq!(elsewhere(&cluster, "b"), 0);
}

#[test]
fn who_could_win_follows_the_extenders_weight() {
    let scores = vec![10, 7, 3, 2, 1, 0];
    let board = ScoreBoard { scores, terms: Vec::new(), best: Some(0), prefers: true };
    assert_eq!(board.could_win(15).collect::<Vec<_>>(), [0, 1, 2, 3], "1,200 points are 8 of ours");
    assert_eq!(board.could_win(100).collect::<Vec<_>>(), [0], "1,200 points are 1.2 of ours");
    assert_eq!(board.could_win(1).count(), 6);
    assert_eq!(ScoreBoard { prefers: false, ..board }.could_win(100).count(), 6, "no score is given");
}

#[test]
fn a_set_of_nodes_holds_what_was_put_in() {
    let set: NodeSet = [0, 63, 64, 200].into_iter().map(NodeIdx).collect();
    let members: Vec<_> = (0..300).filter(|node| set.contains(NodeIdx(*node))).collect();
    assert_eq!(members, [0, 63, 64, 200]);
    assert!(NodeSet::default().is_empty() && !set.is_empty());
}

#[test]
fn a_uid_is_presumed_once_however_often_it_is_asked_about() {
    let (mut cluster, lone) = cluster();
    for _ in 0..5 {
        for ordinal in 0..3 {
            presume(&mut cluster, &pod_of(&lone, ordinal), "a", &["b", "c"]);
        }
    }
    assert_eq!((cluster.state.ledger_len(), instances(&cluster, "a"), elsewhere(&cluster, "c")), (3, 3, 3));
    cluster.pod(&Pod { uid: PodUid::new("another"), ..on(&pod_of(&lone, 0), "a") });
    assert_eq!(instances(&cluster, "a"), 4, "the same name with another UID is another pod");
}

#[test]
fn a_pod_that_asks_for_more_than_there_can_be_leaves_others_presumed_as_they_were() {
    let (mut cluster, lone) = cluster();
    presume(&mut cluster, &pod_of(&lone, 0), "a", &["a", "b"]);
    let memory = |cluster: &Cluster| cluster.state.ledger.elsewhere(cluster.node("b"), None).memory_bytes;
    let before = memory(&cluster);
    let mut huge = pod_of(&lone, 1);
    std::sync::Arc::make_mut(&mut huge.shape).requests.memory_bytes = u64::MAX;
    presume(&mut cluster, &huge, "a", &["a", "b"]);
    assert!(memory(&cluster) > before);
    cluster.state.retract(&huge.uid);
    assert_eq!(memory(&cluster), before);
}
