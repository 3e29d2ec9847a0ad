use std::sync::Arc;

use wit_graph::testing::world;
use wit_graph::{ComponentKind, LinkStatus};

use super::{ClusterState, Effects};
use crate::objects::{Event, ImageReference, Millis, Node, NodeName, Pod, PodShape, PodUid, Workload, World};
use crate::testing::{
    Cluster, MIB, image_of_kind, key, linux_node, node, on, pod_of, runtime_class, runwasi_node, workload,
};

fn image(name: &str) -> ImageReference {
    ImageReference::new(name)
}

/// A consumer and a provider of four replicas each on one node.
fn pair() -> (Cluster, Workload, Workload) {
    let mut cluster = Cluster::new();
    cluster.nodes([node("a"), node("b")]);
    cluster
        .image("front", world(&["t:back/api@1.0.0"], &[]))
        .image("back", world(&[], &["t:back/api@1.0.0"]));
    let (front, back) = (workload("front", 4), workload("back", 4));
    cluster.workload(&front).workload(&back);
    (cluster, front, back)
}

fn shares_graph(before: &ClusterState, after: &ClusterState) -> bool {
    Arc::ptr_eq(&before.graph, &after.graph)
}

#[test]
fn the_images_of_a_template_are_read_before_its_first_pod_is_there() {
    let mut cluster = Cluster::new();
    let effects = cluster.apply(Event::Workload(workload("lone", 1)));
    assert_eq!((effects.read, effects.forget), (vec![image("lone")], Vec::new()));
    let effects = cluster.apply(Event::Pod(pod_of(&workload("lone", 1), 0)));
    assert_eq!(effects, Effects::default(), "its pods have nothing new");
}

#[test]
fn images_of_ordinary_pods_are_not_read() {
    let mut cluster = Cluster::new();
    let shape = Arc::new(PodShape { runtime_class: None, ..PodShape::clone(&workload("web", 1).shape) });
    let web = Workload { shape, ..workload("web", 1) };
    assert_eq!(cluster.apply(Event::Workload(web.clone())), Effects::default());
    cluster.pod(&pod_of(&web, 0));
    assert!(cluster.state.graph().is_empty(), "an ordinary workload is no vertex");
    assert_eq!(cluster.state.worlds().count(), 0);
}

#[test]
fn an_image_that_nobody_names_any_more_is_forgotten() {
    let mut cluster = Cluster::new();
    let lone = workload("lone", 1);
    cluster.image("lone", world(&[], &[])).workload(&lone).pod(&pod_of(&lone, 0));
    assert_eq!(cluster.apply(Event::WorkloadGone(lone.key.clone())).forget, [], "a pod still has it");
    assert_eq!(cluster.apply(Event::PodGone(pod_of(&lone, 0).uid)).forget, [image("lone")]);
    assert!(cluster.state.world(&image("lone")).is_none() && cluster.state.workload(&lone.key).is_none());
}

#[test]
fn an_image_that_two_templates_share_is_read_once() {
    let mut cluster = Cluster::new();
    cluster.workload(&workload("lone", 1));
    let twin = Workload { key: key("twin"), ..workload("lone", 1) };
    assert_eq!(cluster.apply(Event::Workload(twin)).read, []);
}

#[test]
fn a_template_that_moves_on_to_another_image_keeps_what_both_have() {
    let mut cluster = Cluster::new();
    let two = |other: &str| {
        let mut shape = PodShape::clone(&workload("both", 1).shape);
        shape.images.push(image(other));
        Workload { shape: Arc::new(shape), ..workload("both", 1) }
    };
    cluster.workload(&two("old"));
    let effects = cluster.apply(Event::Workload(two("new")));
    assert_eq!((effects.read, effects.forget), (vec![image("new")], vec![image("old")]));
}

#[test]
fn what_was_read_once_stays_known() {
    let mut cluster = Cluster::new();
    cluster.image("lone", world(&[], &[])).workload(&workload("lone", 1));
    let failure =
        World::Failed { result: "missing", message: "gone".into(), since: Millis(1), definite: true };
    for world in [failure, World::Reading { since: Millis(1) }] {
        cluster.apply(Event::World(image("lone"), world));
        assert!(matches!(cluster.state.world(&image("lone")), Some(World::Known(_))));
    }
}

#[test]
fn the_time_of_reading_counts_from_its_beginning() {
    let mut cluster = Cluster::new();
    cluster.now = Millis(7);
    cluster.workload(&workload("slow", 1));
    for (world, admits) in [
        (World::Reading { since: Millis(99) }, false),
        (World::Failed { result: "timeout", message: "".into(), since: Millis(99), definite: false }, true),
        (World::Reading { since: Millis(100) }, false),
    ] {
        assert_eq!(cluster.apply(Event::World(image("slow"), world)).may_admit, admits);
        match cluster.state.world(&image("slow")) {
            Some(World::Reading { since } | World::Failed { since, .. }) => assert_eq!(*since, Millis(7)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_runtime_class_that_comes_last_makes_its_pods_wasm() {
    let (pair, front, back) = pair();
    let mut cluster = Cluster::new();
    cluster.apply(Event::RuntimeClassGone("wasm".to_owned()));
    cluster
        .image("front", world(&["t:back/api@1.0.0"], &[]))
        .image("back", world(&[], &["t:back/api@1.0.0"]));
    cluster.nodes([node("a"), node("b")]).workload(&front).workload(&back).pod(&on(&pod_of(&front, 0), "a"));
    let used = |cluster: &Cluster| cluster.state.node(cluster.node("a")).unwrap().used();
    assert_eq!((used(&cluster).instances, used(&cluster).memory()), (0, 64 * MIB));
    let effects = cluster.apply(Event::RuntimeClass(runtime_class("wasm", "wasmtime")));
    assert_eq!(effects.read.len(), 2);
    assert!(effects.may_admit);
    assert_eq!((used(&cluster).instances, used(&cluster).memory()), (1, 89 * MIB));
    assert_eq!(cluster.state.workload(&front.key).unwrap().placed_replicas(), 1);
    assert_eq!(cluster.state.graph().links().count(), pair.state.graph().links().count());
}

#[test]
fn what_does_not_change_links_leaves_the_graph_alone() {
    let (mut cluster, front, back) = pair();
    let before = cluster.state.clone();
    let mut heartbeat = node("a");
    heartbeat.labels.insert("seen".to_owned(), "again".to_owned());
    cluster.nodes([heartbeat]).pod(&pod_of(&front, 0)).pod(&on(&pod_of(&front, 0), "a"));
    cluster.workload(&Workload { replicas: 9, ..back.clone() });
    cluster.apply(Event::PodGone(pod_of(&front, 0).uid));
    cluster.apply(Event::World(image("back"), before.world(&image("back")).unwrap().clone()));
    assert!(shares_graph(&before, &cluster.state));
    cluster.apply(Event::WorkloadGone(back.key));
    assert!(!shares_graph(&before, &cluster.state));
    assert_eq!(before.graph().len(), 2, "the snapshot is as it was");
}

#[test]
fn a_group_is_one_list_that_its_members_share() {
    let (mut cluster, front, back) = pair();
    cluster.image("third", world(&["t:back/api@1.0.0"], &[])).workload(&workload("third", 1));
    let group = |name: &str| &cluster.state.workload(&key(name)).unwrap().group;
    assert_eq!(group("front").len(), 3);
    assert!(Arc::ptr_eq(group("front"), group("third")) && Arc::ptr_eq(group("front"), group("back")));
    assert_eq!(cluster.state.links_of(&back.key).count(), 2);
    assert!(cluster.state.links_of(&front.key).all(|link| link.status == LinkStatus::Verified));
}

#[test]
fn old_and_new_replicas_of_a_rolling_update_are_one_workload() {
    let (mut cluster, front, _) = pair();
    cluster.image("front:2", world(&["t:back/api@1.0.0"], &["t:front/api@1.0.0"]));
    for ordinal in 0..4 {
        cluster.pod(&on(&pod_of(&front, ordinal), "a"));
    }
    let shape = Arc::new(PodShape { images: vec![image("front:2")], ..PodShape::clone(&front.shape) });
    let next = Workload { shape, ..front.clone() };
    cluster.workload(&next).pod(&pod_of(&next, 4));
    let state = cluster.state.workload(&front.key).unwrap();
    assert_eq!((state.replicas(), state.placed_replicas()), (5, 4), "more exist than are wanted");
    assert_eq!(state.shape().images, [image("front:2")], "the template leads");
    assert!(cluster.state.world(&image("front")).is_some(), "pods still have the old image");
}

#[test]
fn a_pod_that_is_created_again_under_its_name_is_another_one() {
    let (mut cluster, front, _) = pair();
    let old = on(&pod_of(&front, 0), "a");
    let new = Pod { uid: PodUid::new("new"), ..on(&pod_of(&front, 0), "b") };
    cluster.pod(&old).pod(&new);
    let instances =
        |cluster: &Cluster, name: &str| cluster.state.node(cluster.node(name)).unwrap().used().instances;
    assert_eq!((instances(&cluster, "a"), instances(&cluster, "b")), (0, 1));
    cluster.apply(Event::PodGone(old.uid));
    assert_eq!(cluster.state.pod(&new.key), Some(&new), "the late end of the old one is not its end");
}

#[test]
fn a_node_that_goes_and_comes_back_has_its_pods() {
    let (mut cluster, front, _) = pair();
    cluster.pod(&on(&pod_of(&front, 0), "a"));
    let before = cluster.state.node(cluster.node("a")).unwrap().used();
    cluster.apply(Event::NodeGone(NodeName::new("a")));
    assert_eq!(cluster.state.nodes().count(), 1, "a pod alone makes no node");
    cluster.nodes([node("a")]);
    assert_eq!(cluster.state.node(cluster.node("a")).unwrap().used(), before);
}

#[test]
fn a_place_that_is_free_is_used_again() {
    let mut cluster = Cluster::new();
    cluster.nodes([node("a"), node("b")]);
    let (a, capacity) = (cluster.node("a"), cluster.state.nodes.capacity());
    cluster.apply(Event::NodeGone(NodeName::new("a")));
    cluster.nodes([node("c")]);
    assert_eq!((cluster.node("c"), cluster.state.nodes.capacity()), (a, capacity));
    assert_eq!(cluster.state.node_place("a"), None);
}

#[test]
fn what_may_admit_a_refused_pod_is_told() {
    let (mut cluster, front, _) = pair();
    let admits = |cluster: &mut Cluster, event: Event| cluster.apply(event).may_admit;
    assert!(!admits(&mut cluster, Event::Node(node("a"))), "nothing of it has changed");
    let roomier = Node { instance_cap: Some(9), ..node("a") };
    assert!(admits(&mut cluster, Event::Node(roomier.clone())));
    let heartbeat = Node { taints: Vec::new(), ..roomier };
    assert!(!admits(&mut cluster, Event::Node(heartbeat)));
    assert!(admits(&mut cluster, Event::Node(runwasi_node("b"))), "another host");
    assert!(admits(&mut cluster, Event::Node(linux_node("c"))), "another node");
    let pod = on(&pod_of(&front, 0), "a");
    assert!(!admits(&mut cluster, Event::Pod(pod.clone())));
    assert!(!admits(&mut cluster, Event::Pod(Pod { gated: true, ..pod.clone() })), "it takes what it took");
    assert!(admits(&mut cluster, Event::PodGone(pod.uid)));
    let twin = Workload { key: key("twin"), ..workload("back", 1) };
    assert!(admits(&mut cluster, Event::Workload(twin)), "a provider whose image is known already");
}

#[test]
fn pods_without_a_template_have_the_shape_of_the_first_by_uid() {
    let mut cluster = Cluster::new();
    cluster.image("linux", image_of_kind(ComponentKind::NotWasm)).image("lone", world(&[], &[]));
    let lone = workload("lone", 1);
    let shape = Arc::new(PodShape { images: vec![image("linux")], ..PodShape::clone(&lone.shape) });
    let first = Pod { uid: PodUid::new("1"), ..pod_of(&Workload { shape, ..lone.clone() }, 0) };
    let second = Pod { uid: PodUid::new("2"), ..pod_of(&lone, 1) };
    cluster.pod(&second).pod(&first);
    assert_eq!(cluster.state.workload(&lone.key).unwrap().shape().images, [image("linux")]);
    cluster.apply(Event::PodGone(first.uid));
    assert_eq!(cluster.state.workload(&lone.key).unwrap().shape().images, [image("lone")]);
}

#[test]
fn pods_with_labels_that_the_template_has_not_share_a_shape_among_themselves() {
    let mut cluster = Cluster::new();
    let lone = workload("lone", 2);
    let labelled = |number: u32| {
        let labels = [("pod-template-hash".to_owned(), "7d9f".to_owned())].into();
        let scheduling = Arc::new(crate::Constraints { labels, ..crate::Constraints::default() });
        Pod {
            shape: Arc::new(PodShape { scheduling, ..PodShape::clone(&lone.shape) }),
            ..pod_of(&lone, number)
        }
    };
    cluster.workload(&lone).pod(&labelled(0)).pod(&labelled(1));
    let shapes: Vec<_> = cluster.state.pods().map(|pod| &pod.shape).collect();
    assert!(Arc::ptr_eq(shapes[0], shapes[1]));
}
