mod near_a_limit;

use std::sync::Arc;
use std::time::Duration;

use wit_graph::testing::world;
use wit_graph::{Component, ComponentKind};

use super::{Filtered, Judgement, filter, instance_cap};
use crate::answers::{LedgerEntry, answer_filter};
use crate::ledger::NodeSet;
use crate::objects::{
    Allocatable, Event, ImageReference, Millis, Node, NodeName, Pod, PodShape, Resources, Workload, World,
};
use crate::presume::Presumption;
use crate::reasons::{Code, Codes, Resolution};
use crate::request::Candidate;
use crate::testing::{
    Cluster, MIB, image_of_kind, linux_node, modules_node, node, on, pod_of, request, runtime_class,
    runwasi_node, workload,
};

/// The image `lone`: a component that needs nobody.
fn lone() -> Component {
    world(&["wasi:cli/stdout@0.2.3"], &["wasi:cli/run@0.2.3"])
}

/// A cluster with these nodes where the image `lone` is known, and a pod of it.
fn cluster(nodes: impl IntoIterator<Item = Node>) -> (Cluster, Pod) {
    let mut cluster = Cluster::new();
    cluster.nodes(nodes).image("lone", lone());
    let lone = workload("lone", 4);
    cluster.workload(&lone);
    (cluster, pod_of(&lone, 0))
}

fn shaped(pod: &Pod, change: impl FnOnce(&mut PodShape)) -> Pod {
    let mut shape = PodShape::clone(&pod.shape);
    change(&mut shape);
    Pod { shape: Arc::new(shape), ..pod.clone() }
}

fn offering(node: Node, cpu_millis: u64, mebibytes: u64, pods: u32) -> Node {
    let resources = Resources { cpu_millis, memory_bytes: mebibytes * MIB };
    Node { allocatable: Allocatable { resources, pods }, ..node }
}

fn judged(cluster: &Cluster, pod: &Pod) -> Judgement {
    let candidates: Vec<_> = cluster.state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
    judge(cluster, pod, &candidates)
}

fn judge(cluster: &Cluster, pod: &Pod, candidates: &[Candidate]) -> Judgement {
    match filter(&cluster.state, &request(pod), candidates, cluster.now) {
        Filtered::Judged(judgement) => judgement,
        Filtered::Ordinary => panic!("judged as an ordinary pod"),
    }
}

/// The codes of the only node.
fn codes(cluster: &Cluster, pod: &Pod) -> Codes {
    judged(cluster, pod).codes[0]
}

fn is(code: Code) -> Codes {
    Codes::NONE.with(code)
}

#[test]
fn a_pod_that_is_not_wasm_passes_everywhere() {
    let (mut cluster, pod) = cluster([linux_node("a"), node("b")]);
    cluster.image("linux", image_of_kind(ComponentKind::NotWasm));
    let no_class = shaped(&pod, |shape| shape.runtime_class = None);
    let other_class = shaped(&pod, |shape| shape.runtime_class = Some("kata".to_owned()));
    let no_wasm = shaped(&pod, |shape| shape.images = vec![ImageReference::new("linux")]);
    cluster.pod(&no_wasm);
    for pod in [no_class, other_class, no_wasm] {
        let answer = filter(&cluster.state, &request(&pod), &[], cluster.now);
        assert!(matches!(answer, Filtered::Ordinary), "{pod:?}");
        assert_eq!(cluster.filtered(&pod), ["a", "b"]);
    }
}

#[test]
fn what_a_host_cannot_run_is_refused_for_good() {
    let (cluster, pod) = cluster([linux_node("a"), modules_node("b"), runwasi_node("c"), node("d")]);
    let judgement = judged(&cluster, &pod);
    assert_eq!(judgement.codes, [is(Code::HandlerMissing), is(Code::ModulesOnly), Codes::NONE, Codes::NONE]);
    assert_eq!(judgement.returned(), [2, 3]);
    assert_eq!(
        judgement.message(Code::HandlerMissing),
        "R101 the node's container runtime does not have the pod's runtime handler: handler `wasmtime`"
    );
    for code in [Code::HandlerMissing, Code::ModulesOnly] {
        assert_eq!(code.reason().resolution, Resolution::Unresolvable);
    }
}

#[test]
fn only_what_the_scheduler_counts_itself_may_be_resolved_by_eviction() {
    let by_eviction: Vec<_> = crate::reasons::REASONS
        .iter()
        .filter(|reason| reason.resolution == Resolution::Eviction)
        .map(|reason| reason.code)
        .collect();
    assert_eq!(by_eviction, [Code::PodsFull, Code::CpuFull]);
}

#[test]
fn limits_are_reached_exactly() {
    // 100m and 64 MiB each, and 25 MiB for the shim.
    for (offered, places, code) in [
        (offering(node("n"), 4_000, 8_192, 3), 3, Code::PodsFull),
        (offering(node("n"), 300, 8_192, 110), 3, Code::CpuFull),
        (offering(node("n"), 4_000, 3 * 89, 110), 3, Code::MemoryFull),
        (offering(node("n"), 4_000, 3 * 89 - 1, 110), 2, Code::MemoryFull),
        (Node { instance_cap: Some(3), ..node("n") }, 3, Code::InstancesFull),
        (Node { instance_cap: Some(0), ..node("n") }, 0, Code::InstancesFull),
    ] {
        let (mut cluster, pod) = cluster([offered]);
        let many = workload("many", 10);
        cluster.image("many", lone()).workload(&many);
        for ordinal in 0..places {
            assert_eq!(codes(&cluster, &pod), Codes::NONE, "{code}: {ordinal} of {places}");
            cluster.pod(&on(&pod_of(&many, ordinal), "n"));
        }
        assert_eq!(codes(&cluster, &pod), is(code));
    }
}

#[test]
fn the_shims_memory_counts_unless_the_pod_has_an_overhead() {
    let (cluster, pod) = cluster([offering(node("n"), 4_000, 80, 110)]);
    assert_eq!(codes(&cluster, &pod), is(Code::MemoryFull));
    let counted = shaped(&pod, |shape| shape.overhead.memory_bytes = 16 * MIB);
    assert_eq!(codes(&cluster, &counted), Codes::NONE);
}

#[test]
fn pods_that_are_not_wasm_take_memory_but_no_instance() {
    let (mut cluster, pod) =
        cluster([offering(Node { instance_cap: Some(1), ..node("n") }, 4_000, 200, 110)]);
    let ordinary = shaped(&pod_of(&workload("ordinary", 1), 0), |shape| shape.runtime_class = None);
    cluster.pod(&on(&ordinary, "n"));
    assert_eq!(codes(&cluster, &pod), Codes::NONE);
    let large = shaped(&ordinary, |shape| shape.requests.memory_bytes = 112 * MIB);
    cluster.pod(&on(&large, "n"));
    assert_eq!(codes(&cluster, &pod), is(Code::MemoryFull));
}

#[test]
fn the_smallest_cap_counts() {
    let cap = |annotation: Option<u32>, setting: Option<u32>| {
        let mut cluster = Cluster::with(|settings| settings.placement.instances_per_node = setting);
        cluster.nodes([Node { instance_cap: annotation, ..node("n") }]);
        instance_cap(&cluster.state, cluster.state.node(cluster.node("n")).unwrap(), "wasmtime")
    };
    assert_eq!(cap(None, None), u32::MAX);
    assert_eq!(cap(None, Some(7)), 7);
    assert_eq!(cap(Some(9), Some(7)), 9, "the annotation stands in for the setting");
}

#[test]
fn requests_that_no_node_has_do_not_overflow_the_counts() {
    let (mut cluster, pod) = cluster([node("n")]);
    let greedy = shaped(&pod_of(&workload("greedy", 2), 0), |shape| {
        shape.requests = Resources { cpu_millis: u64::MAX, memory_bytes: u64::MAX };
    });
    let more =
        Pod { uid: crate::PodUid::new("another"), ..shaped(&pod_of(&workload("greedy", 2), 1), |_| {}) };
    cluster.pod(&on(&more, "n"));
    let before = cluster.state.node(cluster.node("n")).unwrap().used();
    cluster.pod(&on(&greedy, "n"));
    assert!(codes(&cluster, &pod).contains(Code::MemoryFull));
    cluster.apply(Event::PodGone(greedy.uid.clone()));
    assert_eq!(cluster.state.node(cluster.node("n")).unwrap().used(), before);
}

#[test]
fn at_most_half_of_the_replicas_share_a_node_while_another_can_take_them() {
    let (mut cluster, pod) = cluster([node("a"), node("b")]);
    let lone = workload("lone", 4);
    for ordinal in 1..3 {
        assert_eq!(cluster.filtered(&pod), ["a", "b"]);
        cluster.pod(&on(&pod_of(&lone, ordinal), "a"));
    }
    assert_eq!(judged(&cluster, &pod).codes, [is(Code::BlastRadius), Codes::NONE]);
    let only = [Candidate::Known(cluster.node("a"))];
    assert_eq!(judge(&cluster, &pod, &only).codes, [Codes::NONE], "waived: no other node is offered");
    cluster.nodes([Node { instance_cap: Some(0), ..node("b") }]);
    assert_eq!(judged(&cluster, &pod).codes[0], Codes::NONE, "waived: no other node can take it");
}

#[test]
fn half_of_an_odd_number_of_replicas_is_rounded_up() {
    let (mut cluster, _) = cluster([node("a"), node("b")]);
    let three = workload("lone", 3);
    cluster.workload(&three).pod(&on(&pod_of(&three, 0), "a"));
    assert_eq!(cluster.filtered(&pod_of(&three, 2)), ["a", "b"]);
    cluster.pod(&on(&pod_of(&three, 1), "a"));
    assert_eq!(cluster.filtered(&pod_of(&three, 2)), ["b"]);
}

#[test]
fn an_image_that_is_being_read_refuses_until_its_deadline_and_is_unknown_then() {
    let (mut cluster, _) = cluster([node("n")]);
    cluster.now = Millis(5_000);
    let slow = workload("slow", 1);
    cluster.workload(&slow);
    let pod = pod_of(&slow, 0);
    let judgement = judged(&cluster, &pod);
    assert_eq!((judgement.codes[0], judgement.reading_until), (is(Code::Reading), Some(Millis(15_000))));
    cluster.now = Millis(14_999);
    assert_eq!(codes(&cluster, &pod), is(Code::Reading));
    cluster.now = Millis(15_000);
    let judgement = judged(&cluster, &pod);
    assert_eq!(judgement.codes[0], is(Code::WorldUnknown));
    assert_eq!(judgement.returned(), [0], "unknown is not incompatible");
    assert_eq!(&*judgement.unknown[0].1, "it was not read in time");
}

#[test]
fn a_definite_failure_ends_the_reading_at_once_and_another_does_not() {
    let (mut cluster, _) = cluster([node("n")]);
    let slow = workload("slow", 1);
    cluster.workload(&slow);
    let fail = |cluster: &mut Cluster, definite| {
        let world = World::Failed { result: "missing", message: "no".into(), since: Millis(9), definite };
        cluster.apply(Event::World(ImageReference::new("slow"), world));
    };
    fail(&mut cluster, false);
    assert_eq!(codes(&cluster, &pod_of(&slow, 0)), is(Code::Reading));
    fail(&mut cluster, true);
    assert_eq!(codes(&cluster, &pod_of(&slow, 0)), is(Code::WorldUnknown));
}

#[test]
fn strict_refuses_what_is_not_known() {
    let (mut cluster, pod) = cluster([Node { runtime_handlers: None, ..linux_node("n") }]);
    assert_eq!(codes(&cluster, &pod), is(Code::HandlerUnknown));
    let strict = shaped(&pod, |shape| shape.strict = Some(true));
    assert!(codes(&cluster, &strict).contains(Code::Strict));
    assert!(judged(&cluster, &strict).returned().is_empty());
    cluster.nodes([node("n")]);
    assert_eq!(codes(&cluster, &strict), Codes::NONE, "nothing is unknown");
    let mut settings = Cluster::with(|settings| settings.placement.strict = true);
    settings.nodes([Node { runtime_handlers: None, ..linux_node("n") }]).image("lone", lone());
    settings.workload(&workload("lone", 1));
    assert!(codes(&settings, &pod).contains(Code::Strict));
    let lenient = shaped(&pod, |shape| shape.strict = Some(false));
    assert!(!codes(&settings, &lenient).contains(Code::Strict));
}

#[test]
fn a_node_that_the_watch_has_not_shown_waits_and_passes_with_a_warning_when_overdue() {
    let (mut cluster, pod) = cluster([]);
    let codes_of_stranger = |cluster: &Cluster| {
        let candidates = cluster.state.candidates(["new"], cluster.now);
        judge(cluster, &pod, &candidates).codes[0]
    };
    cluster.state.note_strangers([NodeName::new("new")], Millis(0));
    assert_eq!(codes_of_stranger(&cluster), is(Code::NodeUnread));
    cluster.now = Millis(9_999);
    cluster.state.note_strangers([NodeName::new("new")], cluster.now);
    assert_eq!(codes_of_stranger(&cluster), is(Code::NodeUnread));
    cluster.now = Millis(10_000);
    assert_eq!(codes_of_stranger(&cluster), is(Code::NodeUnknown));
    let effects = cluster.apply(Event::Node(node("new")));
    assert!(effects.may_admit);
    assert_eq!(codes_of_stranger(&cluster), Codes::NONE);
    cluster.apply(Event::NodeGone(NodeName::new("new")));
    assert_eq!(codes_of_stranger(&cluster), is(Code::NodeUnread), "a stranger again, from now on");
}

#[test]
fn a_component_waits_for_a_workload_that_serves_its_imports() {
    let (mut cluster, _) = cluster([node("n")]);
    cluster.image("front", world(&["a:b/c@1.0.0"], &[])).image("back", world(&[], &["a:b/c@1.1.0"]));
    let (front, back) = (workload("front", 1), workload("back", 1));
    cluster.workload(&front);
    let pod = pod_of(&front, 0);
    let judgement = judged(&cluster, &pod);
    assert_eq!(judgement.codes[0], is(Code::ProviderUnknown));
    assert_eq!(judgement.details[&Code::ProviderUnknown], "a:b/c@1.0.0");
    let mut by_template = cluster.clone();
    let effects = by_template.apply(Event::Workload(back.clone()));
    assert_eq!(effects.read.len(), 1);
    assert_eq!(codes(&by_template, &pod), Codes::NONE, "a template is enough");
    let mut by_pod = cluster.clone();
    by_pod.pod(&pod_of(&back, 0));
    assert_eq!(codes(&by_pod, &pod), Codes::NONE, "so is a pending pod");
    let mut elsewhere = cluster;
    let key = wit_graph::WorkloadKey::new("other", "Deployment", "back");
    elsewhere.workload(&Workload { key, ..back });
    assert_eq!(codes(&elsewhere, &pod), is(Code::ProviderUnknown), "links stay inside a namespace");
}

#[test]
fn two_that_need_each_other_do_not_block_each_other() {
    let (mut cluster, _) = cluster([node("n")]);
    cluster.image("one", world(&["a:b/c@1.0.0"], &["a:b/d@1.0.0"]));
    cluster.image("two", world(&["a:b/d@1.0.0"], &["a:b/c@1.0.0"]));
    cluster.workload(&workload("one", 1)).workload(&workload("two", 1));
    assert_eq!(codes(&cluster, &pod_of(&workload("one", 1), 0)), Codes::NONE);
    assert_eq!(codes(&cluster, &pod_of(&workload("two", 1), 0)), Codes::NONE);
}

#[test]
fn an_import_that_the_graph_has_not_heard_of_passes() {
    let (mut cluster, _) = cluster([node("n")]);
    cluster.image("new", world(&["a:b/c@2.0.0"], &[]));
    // The pod of a new template comes before the template itself.
    let pod =
        shaped(&pod_of(&workload("lone", 4), 0), |shape| shape.images = vec![ImageReference::new("new")]);
    cluster.pod(&pod);
    assert_eq!(codes(&cluster, &pod), Codes::NONE);
}

#[test]
fn asking_again_gives_the_same_answer() {
    let (mut cluster, pod) = cluster([Node { instance_cap: Some(1), ..node("n") }]);
    let candidates = [Candidate::Known(cluster.node("n"))];
    for _ in 0..3 {
        let answer = answer_filter(&cluster.state, &request(&pod), &candidates, cluster.now);
        assert_eq!(answer.returned, [0]);
        answer.ledger.enter(&mut cluster.state, &request(&pod), cluster.now);
    }
    let other = pod_of(&workload("lone", 4), 1);
    assert_eq!(codes(&cluster, &other), is(Code::InstancesFull), "the first pod is presumed there");
    let answer = answer_filter(&cluster.state, &request(&other), &candidates, cluster.now);
    assert!(matches!(answer.ledger, LedgerEntry::Unchanged));
}

#[test]
fn a_pod_that_is_refused_everywhere_is_no_longer_presumed() {
    let (mut cluster, pod) = cluster([node("n")]);
    let candidates = [Candidate::Known(cluster.node("n"))];
    let first = answer_filter(&cluster.state, &request(&pod), &candidates, cluster.now);
    first.ledger.enter(&mut cluster.state, &request(&pod), cluster.now);
    assert_eq!(cluster.state.ledger_len(), 1);
    cluster.nodes([Node { instance_cap: Some(0), ..node("n") }]);
    let second = answer_filter(&cluster.state, &request(&pod), &candidates, cluster.now);
    assert!(matches!(second.ledger, LedgerEntry::Retract));
    second.ledger.enter(&mut cluster.state, &request(&pod), cluster.now);
    assert_eq!(cluster.state.ledger_len(), 0);
}

#[test]
fn a_pod_that_may_be_elsewhere_refuses_only_by_limits_that_the_scheduler_does_not_count() {
    let tight = |name| offering(node(name), 150, 8_192, 1);
    let (mut cluster, pod) = cluster([tight("a"), tight("b")]);
    let (best, others) = (cluster.node("a"), NodeSet::from_iter([cluster.node("b")]));
    cluster.state.presume(Presumption::new(&cluster.state, request(&pod), best, others), cluster.now);
    let other = pod_of(&workload("lone", 4), 1);
    assert_eq!(judged(&cluster, &other).codes, [Codes::NONE, Codes::NONE], "the scheduler knows better");
    let exact = Presumption::new(&cluster.state, request(&pod), best, NodeSet::default());
    cluster.state.presume(exact, cluster.now);
    assert_eq!(judged(&cluster, &other).codes[0], is(Code::PodsFull).with(Code::CpuFull));
}

#[test]
fn deadlines_follow_the_settings() {
    let mut cluster = Cluster::with(|settings| settings.reading.deadline = Duration::from_secs(1));
    cluster.nodes([node("n")]).workload(&workload("slow", 1));
    assert_eq!(judged(&cluster, &pod_of(&workload("slow", 1), 0)).reading_until, Some(Millis(1_000)));
}

/// A scheduler can ask about the first pod of a new class before the watch shows the class.
#[test]
fn a_pod_whose_class_the_watch_has_not_shown_waits_for_a_bounded_time() {
    let (mut cluster, pod) = cluster([modules_node("modules")]);
    let pod = shaped(&pod, |shape| shape.runtime_class = Some("new".to_owned()));
    let is_ordinary = |cluster: &Cluster| {
        let nodes: Vec<_> = cluster.state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
        match filter(&cluster.state, &request(&pod), &nodes, cluster.now) {
            Filtered::Ordinary => true,
            Filtered::Judged(judgement) => {
                assert_eq!(judgement.codes, [Codes::NONE.with(Code::ClassUnread)]);
                false
            }
        }
    };
    assert!(is_ordinary(&cluster), "nobody has noted the class: it is taken as it is");
    cluster.state.note_strange_class("new", cluster.now);
    assert!(!is_ordinary(&cluster));
    cluster.now = cluster.now.after(cluster.state.settings().reading.deadline);
    assert!(is_ordinary(&cluster), "the class does not come");
    cluster.apply(Event::RuntimeClass(runtime_class("new", "runc")));
    cluster.state.note_strange_class("new", cluster.now);
    assert!(is_ordinary(&cluster), "it is here, and no Wasm one");
}

#[test]
fn labels_that_controllers_add_to_pods_make_no_difference_to_what_is_kept_of_their_template() {
    let mut cluster = Cluster::new();
    cluster.nodes(["a", "b"].map(node)).image("lone", world(&[], &["wasi:cli/run@0.2.3"]));
    let lone = workload("lone", 4);
    cluster.workload(&lone);
    let mut pod = pod_of(&lone, 0);
    let shape = Arc::make_mut(&mut pod.shape);
    Arc::make_mut(&mut shape.scheduling).labels.insert("pod-template-hash".to_owned(), "7d9f".to_owned());
    let kept = |pod: &Pod| {
        let request = request(pod);
        let handler = cluster.state.wasm_handler(request.shape.runtime_class.as_deref()).unwrap();
        let context = super::PodContext::new(&cluster.state, &request, handler, &[]);
        matches!(context.classes, std::borrow::Cow::Borrowed(_))
    };
    assert!(kept(&pod));
    Arc::make_mut(&mut pod.shape).images = vec![ImageReference::new("another")];
    assert!(!kept(&pod), "it is made of an earlier template");
}
