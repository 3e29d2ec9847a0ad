use std::sync::Arc;

use wit_config::Settings;
use wit_placement::{Allocatable, Event, Node, NodeName, PodKey, PodShape, Resources, RuntimeClass, World};

use super::*;

const IMAGE: &str = "registry.example/acme/app:1";

fn node(name: &str, pods: u32) -> Event {
    let resources = Resources { cpu_millis: 4_000, memory_bytes: 8 << 30 };
    Event::Node(Node {
        name: NodeName::new(name),
        labels: [("kube-wasm/runtime".to_owned(), "wasmtime".to_owned())].into(),
        allocatable: Allocatable { resources, pods },
        runtime_handlers: Some(["wasmtime".to_owned()].into()),
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    })
}

/// A cluster with one full node, and that many waiting pods, each of its own workload.
fn cluster(pods_waiting: usize) -> (ClusterState, WaitingPods) {
    let mut state = ClusterState::new(Settings::default()).unwrap();
    let class = RuntimeClass {
        name: "wasm".into(),
        handler: "wasmtime".into(),
        node_selector: [].into(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    };
    state.apply(Event::RuntimeClass(class), Millis(0));
    state.apply(node("full", 0), Millis(0));
    let mut pods = WaitingPods::default();
    for number in 0..pods_waiting {
        let pod = pod(&format!("pod-{number:04}"));
        state.note_images(&pod.shape, Millis(0));
        pods.note(waiting(pod, Code::PodsFull, None), Millis(0));
    }
    (state, pods)
}

fn waiting(pod: PodRequest, code: Code, reading_until: Option<Millis>) -> Waiting {
    let codes = Codes::NONE.with(code);
    Waiting { pod, codes, reading_until, strangers: Vec::new(), judged_after: 0 }
}

fn pod(name: &str) -> PodRequest {
    let shape = PodShape {
        runtime_class: Some("wasm".into()),
        images: vec![ImageReference::new(IMAGE)],
        ..PodShape::default()
    };
    PodRequest {
        key: PodKey::new("acme", name),
        uid: PodUid::new(name),
        workload: WorkloadKey::new("acme", "Pod", name),
        shape: Arc::new(shape),
    }
}

fn failed(definite: bool) -> Event {
    let world = World::Failed { result: "missing", message: "gone".into(), since: Millis(0), definite };
    Event::World(ImageReference::new(IMAGE), world)
}

#[test]
fn a_pod_is_woken_when_it_would_be_admitted_and_only_once() {
    let (mut state, mut pods) = cluster(1);
    state.apply(failed(true), Millis(1));
    assert!(pods.look(&state, Millis(1), true).wakes.is_empty());
    state.apply(node("new", 10), Millis(2));
    let look = pods.look(&state, Millis(2), true);
    assert_eq!(look.wakes.len(), 1);
    assert_eq!(look.wakes[0].reason, "Reconsidered");
    assert!(pods.is_empty() && pods.look(&state, Millis(3), true).wakes.is_empty());
}

#[test]
fn a_pod_whose_image_is_not_read_in_time_is_woken_at_its_deadline() {
    let (mut state, mut pods) = cluster(0);
    state.apply(node("new", 10), Millis(0));
    let until = Millis(0).after(state.settings().reading.deadline);
    let waiting = waiting(pod("a"), Code::Reading, Some(until));
    state.note_images(&waiting.pod.shape, Millis(0));
    pods.note(waiting, Millis(0));
    assert!(!pods.passes_deadline(Millis(1)) && pods.look(&state, Millis(1), true).wakes.is_empty());
    assert!(pods.passes_deadline(until) && !pods.passes_deadline(until));
    let look = pods.look(&state, until, true);
    assert_eq!((look.wakes[0].reason, look.wakes[0].world_read), ("ReadingTimedOut", false));
}

#[test]
fn a_pod_is_woken_to_hear_that_its_image_is_not_what_it_waits_for_any_more() {
    let (mut state, mut pods) = cluster(0);
    let reading = waiting(pod("a"), Code::Reading, Some(Millis(9_000)));
    state.note_images(&reading.pod.shape, Millis(0));
    pods.note(reading, Millis(0));
    assert!(pods.look(&state, Millis(1), true).wakes.is_empty());
    state.apply(failed(true), Millis(2));
    let look = pods.look(&state, Millis(2), true);
    assert_eq!((look.wakes[0].reason, look.wakes[0].world_read), ("ImageUnreadable", false));
    // The scheduler asks again and is told what keeps the pod now; there is no more news after that.
    pods.note(waiting(pod("a"), Code::PodsFull, None), Millis(2));
    assert!(pods.look(&state, Millis(3), true).wakes.is_empty());
}

#[test]
fn many_waiting_workloads_are_looked_at_in_turns() {
    let (mut state, mut pods) = cluster(100);
    for number in 0..1_000 {
        state.apply(node(&format!("n-{number:04}"), 10), Millis(0));
    }
    state.apply(failed(true), Millis(1));
    let first = pods.look(&state, Millis(1), true);
    assert!(first.more && !first.wakes.is_empty() && pods.len() < 100);
    let mut looks = 1;
    while pods.look(&state, Millis(1), false).more {
        looks += 1;
    }
    assert!(pods.is_empty(), "{} left after {looks} looks", pods.len());
}

#[test]
fn pods_looked_at_before_a_change_are_looked_at_again() {
    let (mut state, mut pods) = cluster(100);
    for number in 0..1_000 {
        state.apply(node(&format!("n-{number:04}"), 0), Millis(0));
    }
    state.apply(failed(true), Millis(1));
    let first = pods.look(&state, Millis(1), true);
    assert!(first.more && first.wakes.is_empty());
    state.apply(node("n-0000", 10), Millis(2));
    let mut more = pods.look(&state, Millis(2), true).more;
    while more {
        more = pods.look(&state, Millis(2), false).more;
    }
    assert!(pods.is_empty(), "{} were looked at too early and never again", pods.len());
}

#[test]
fn more_pods_of_a_workload_than_are_woken_at_once_are_woken_after_each_other() {
    let (mut state, mut pods) = cluster(0);
    state.apply(node("new", 100), Millis(0));
    for number in 0..40 {
        let replica = PodRequest {
            workload: WorkloadKey::new("acme", "Deployment", "app"),
            ..pod(&format!("{number:02}"))
        };
        state.note_images(&replica.shape, Millis(0));
        pods.note(waiting(replica, Code::Reading, Some(Millis(9_000))), Millis(0));
    }
    state.apply(failed(true), Millis(1));
    let woken: Vec<_> = (0..3).map(|number| pods.look(&state, Millis(1), number == 0).wakes.len()).collect();
    assert_eq!((woken, pods.len()), (vec![16, 16, 8], 0));
}

#[test]
fn replicas_that_ask_for_less_do_not_wait_for_those_that_ask_for_more() {
    let (mut state, mut pods) = cluster(0);
    state.apply(node("new", 10), Millis(0));
    let replica = |name: &str, memory_bytes| {
        let shape =
            PodShape { requests: Resources { cpu_millis: 0, memory_bytes }, ..(*pod(name).shape).clone() };
        PodRequest {
            workload: WorkloadKey::new("acme", "Deployment", "app"),
            shape: Arc::new(shape),
            ..pod(name)
        }
    };
    state.note_images(&pod("a").shape, Millis(0));
    state.apply(failed(true), Millis(1));
    pods.note(waiting(replica("a", 64 << 30), Code::MemoryFull, None), Millis(1));
    pods.note(waiting(replica("b", 1 << 20), Code::MemoryFull, None), Millis(1));
    let look = pods.look(&state, Millis(2), true);
    assert_eq!(look.wakes.iter().map(|wake| &*wake.pod.key.name).collect::<Vec<_>>(), ["b"]);
}

#[test]
fn a_node_that_stays_unknown_is_passed_at_its_deadline() {
    let (mut state, mut pods) = cluster(0);
    state.note_images(&pod("a").shape, Millis(0));
    state.apply(failed(true), Millis(0));
    state.note_strangers([NodeName::new("stranger")], Millis(0));
    let strangers = vec![NodeName::new("stranger")];
    pods.note(Waiting { strangers, ..waiting(pod("a"), Code::NodeUnread, None) }, Millis(0));
    assert!(pods.look(&state, Millis(1), true).wakes.is_empty());
    let deadline = Millis(0).after(state.settings().reading.deadline);
    assert_eq!(pods.look(&state, deadline, true).wakes.len(), 1);
}

#[test]
fn a_pod_that_nobody_asks_about_any_more_is_forgotten() {
    let (_, mut pods) = cluster(2);
    pods.note(waiting(pod("pod-0001"), Code::PodsFull, None), Millis(500_000));
    pods.forget_old(Millis(0).after(PATIENCE));
    assert_eq!(pods.len(), 1);
}
