//! What becomes of pods when nodes leave, workloads shrink and pods end.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wit_config::Settings;
use wit_placement::Millis;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::engine::Run;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

/// A run over two nodes of ten pods each, with what happens to the workload `default/Deployment/web` on them.
fn run(listed: bool, replicas: u32, happenings: &[Value]) -> Run {
    run_arriving(Millis(0), listed, replicas, happenings)
}

/// The same, a pod arriving this long after another.
fn run_arriving(every: Millis, listed: bool, replicas: u32, happenings: &[Value]) -> Run {
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "departures"});
    let mut lines = vec![header, node("n1"), node("n2"), workload(0, listed, replicas)];
    if listed {
        lines.extend((0..replicas).map(|number| pod(0, number)));
    }
    lines.extend_from_slice(happenings);
    let text: Vec<String> = lines.iter().map(Value::to_string).collect();
    let scenario = Trace::read(text.join("\n").as_bytes()).unwrap().load().unwrap();
    let mut options = options(Order::Listed, 0, 60);
    options.timing.arrival = every;
    Name::Default.run(&scenario, &Settings::default(), &options).unwrap()
}

fn node(name: &str) -> Value {
    let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "10"});
    json!({"at": 0, "node": {"metadata": {"name": name}, "status": {"allocatable": allocatable}}})
}

fn workload(at: u64, listed: bool, replicas: u32) -> Value {
    let requests = json!({"cpu": "100m", "memory": "64Mi"});
    let container =
        json!({"name": "main", "image": "registry.example/web:1", "resources": {"requests": requests}});
    let template = json!({"spec": {"containers": [container]}});
    let key = "default/Deployment/web";
    json!({"at": at, "workload": {"workload": key, "replicas": replicas, "listed": listed, "template": template}})
}

fn pod(at: u64, number: u32) -> Value {
    json!({"at": at, "pod": {"pod": format!("default/web-{number}"), "workload": "default/Deployment/web"}})
}

/// The pods at the end, with their nodes.
fn pods(run: &Run) -> BTreeMap<String, Option<String>> {
    let node = |pod: &wit_placement::Pod| pod.node.as_ref().map(ToString::to_string);
    run.state.pods().map(|pod| (pod.key.name.to_string(), node(pod))).collect()
}

fn replicas(run: &Run) -> u32 {
    run.state.workloads().next().unwrap().replicas()
}

#[test]
fn a_workload_that_makes_its_pods_shrinks_whoever_tells_it() {
    let scaled = json!({"at": 1000, "scaled": {"workload": "default/Deployment/web", "replicas": 2}});
    for told in [scaled, workload(1000, false, 2)] {
        let run = run(false, 4, &[told]);
        assert_eq!((pods(&run).len(), replicas(&run)), (2, 2));
    }
}

#[test]
fn of_listed_pods_only_those_go_that_the_trace_says() {
    let scaled = json!({"at": 1000, "scaled": {"workload": "default/Deployment/web", "replicas": 2}});
    let deleted = json!({"at": 2000, "podDeleted": {"pod": "default/web-0"}});
    let run = run(true, 3, &[scaled, deleted]);
    assert_eq!(pods(&run).into_keys().collect::<Vec<_>>(), ["web-1", "web-2"]);
}

#[test]
fn listed_pods_of_a_node_that_leaves_come_again_unless_the_trace_deletes_them() {
    for leaves in ["nodeFailed", "nodeDrained", "nodeDeleted"] {
        let gone = json!({"at": 1000, leaves: {"node": "n1"}});
        let again = run(true, 6, std::slice::from_ref(&gone));
        assert_eq!(pods(&again).len(), 6, "{leaves}");
        assert!(
            pods(&again).values().all(|node| node.as_deref() == Some("n2")),
            "{leaves}: {:?}",
            pods(&again)
        );
        assert!(again.course.moves > 0);
        let deleted = json!({"at": 1000, "podDeleted": {"pod": "default/web-0"}});
        let run = run(true, 6, &[gone, deleted, pod(1500, 6)]);
        let left: Vec<_> = pods(&run).into_keys().collect();
        assert_eq!(left, ["web-1", "web-2", "web-3", "web-4", "web-5", "web-6"], "{leaves}");
        assert_eq!(run.attempts.len(), 7, "one attempt for each name");
    }
}

#[test]
fn a_pod_that_ended_is_wanted_no_more() {
    for listed in [false, true] {
        let finished = json!({"at": 1000, "podFinished": {"pod": "default/web-0"}});
        let run = run(listed, 3, &[finished]);
        assert_eq!((pods(&run).len(), replicas(&run)), (2, 2), "listed: {listed}");
    }
}

#[test]
fn pods_on_their_way_are_counted_and_leave_with_those_that_are_there() {
    let slowly = |listed, happenings: &[Value]| run_arriving(Millis(100), listed, 10, happenings);
    let scaled = |replicas: u32| json!({"at": 250, "scaled": {"workload": "default/Deployment/web", "replicas": replicas}});
    assert_eq!(pods(&slowly(false, &[scaled(11)])).len(), 11);
    let fewer = slowly(false, &[scaled(2)]);
    assert_eq!(pods(&fewer).into_keys().collect::<Vec<_>>(), ["web-0", "web-1"], "the first to come stay");
    assert_eq!(fewer.ended, Millis(250), "nothing happens to those that do not come any more");
    for listed in [false, true] {
        let gone = json!({"at": 250, "workloadDeleted": {"workload": "default/Deployment/web"}});
        assert_eq!(pods(&slowly(listed, &[gone])).len(), 0, "listed: {listed}");
        for (leaves, left) in [("podDeleted", if listed { 9 } else { 10 }), ("podFinished", 9)] {
            let leaving = json!({"at": 250, leaves: {"pod": "default/web-7"}});
            let run = slowly(listed, &[leaving]);
            assert_eq!(
                (pods(&run).len(), pods(&run).contains_key("web-7")),
                (left, false),
                "{leaves}, {listed}"
            );
        }
    }
}

#[test]
fn the_numbers_are_taken_at_no_more_points_than_were_asked_for() {
    for (end, points) in [(119, 60), (60, 60), (61, 31), (7, 7)] {
        let run = run(false, 1, &[json!({"at": end, "podDeleted": {"pod": "default/web-0"}})]);
        assert_eq!(run.course.series.len(), points, "until {end}");
    }
}

#[test]
fn who_waits_in_vain_makes_a_run_no_longer() {
    let run = run(false, 25, &[json!({"at": 60000, "podDeleted": {"pod": "default/web-0"}})]);
    assert_eq!((run.ended, run.course.series.len()), (Millis(60_000), 60));
}
