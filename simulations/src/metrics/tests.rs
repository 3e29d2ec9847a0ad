use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wit_graph::DeclaredLink;
use wit_placement::{
    Allocatable, Event, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources, RuntimeClass, Workload,
};

use super::*;
use crate::density::Constraint;

fn node(name: &str, cpu_millis: u64, pods: u32) -> Event {
    let resources = Resources { cpu_millis, memory_bytes: 1 << 30 };
    Event::Node(Node {
        name: NodeName::new(name),
        labels: BTreeMap::new(),
        allocatable: Allocatable { resources, pods },
        runtime_handlers: None,
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    })
}

/// A workload and its pods, on a node for each letter; `.` stands for none.
fn workload(name: &str, cpu_millis: u64, links: &str, nodes: &str) -> Vec<Event> {
    let requests = Resources { cpu_millis, memory_bytes: 1 << 20 };
    let links = DeclaredLink::list(links).unwrap_or_default();
    let shape = std::sync::Arc::new(PodShape { requests, links, ..PodShape::default() });
    let key = format!("web/Deployment/{name}").parse().unwrap();
    let workload = Workload { key, replicas: u32::try_from(nodes.len()).unwrap(), shape };
    let pod = |(ordinal, node): (usize, char)| {
        Event::Pod(Pod {
            key: PodKey::new("web", format!("{name}-{ordinal}")),
            uid: PodUid::new(format!("{name}-{ordinal}")),
            workload: workload.key.clone(),
            shape: workload.shape.clone(),
            node: (node != '.').then(|| NodeName::new(node.to_string())),
            finished: false,
            gated: false,
        })
    };
    let pods: Vec<_> = nodes.chars().enumerate().map(pod).collect();
    std::iter::once(Event::Workload(workload)).chain(pods).collect()
}

fn cluster(events: impl IntoIterator<Item = Event>) -> ClusterState {
    let mut state = ClusterState::new(wit_config::Settings::default()).unwrap();
    for event in events {
        state.apply(event, Millis(0));
    }
    state
}

/// A front with its cache on two nodes of three, and one pod that found none.
fn site() -> ClusterState {
    let nodes = [node("a", 1_000, 4), node("b", 1_000, 4), node("c", 200, 4)];
    cluster(
        nodes
            .into_iter()
            .chain(workload("front", 300, "cache=1", "ab."))
            .chain(workload("cache", 400, "", "aa")),
    )
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[test]
fn the_numbers_of_a_small_site_by_hand() {
    let metrics = Metrics::of(&site(), Millis(0));
    let found: BTreeMap<_, _> = metrics.values().map(|(key, value)| (key, value.map(rounded))).collect();
    let expected = BTreeMap::from([
        ("gainedAffinity", Some(0.3333)),
        ("randomBalancing", Some(0.3333)),
        ("preferSameNode", Some(0.3333)),
        ("linkSatisfaction", Some(0.3333)),
        ("hotSpot", Some(0.3333)),
        ("blastRadius", Some(0.6667)),
        ("wholeOnOneNode", Some(1.0)),
        ("nodes", Some(3.0)),
        ("nodesUsed", Some(2.0)),
        ("placed", Some(4.0)),
        ("pending", Some(1.0)),
        ("stranded", Some(0.0)),
        ("requestedCpu", Some(0.6364)),
        ("requestedMemory", Some(0.0013)),
        ("requestedPods", Some(0.3333)),
        // The mean pod takes 350m, and 700m are left on `b`.
        ("headroom", Some(2.0)),
        // `a` is over its CPU, 700m are left on `b`, and the 200m on `c` are too little for anybody.
        ("fragmentedCpu", Some(0.2222)),
        ("fragmentedMemory", Some(0.6666)),
        // `a` runs out of CPU, and so does `b`: 300m of 1000m are more than one pod of four.
        ("bindingPods", Some(0.0)),
        ("bindingCpu", Some(2.0)),
        ("bindingMemory", Some(0.0)),
        ("bindingInstances", Some(0.0)),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn what_there_is_nothing_of_has_no_number() {
    // Nobody calls, nobody is placed, nothing is wanted.
    let empty = Metrics::of(&cluster([node("a", 1_000, 4)]), Millis(0));
    let measured: Vec<_> = empty.values().filter_map(|(key, value)| value.map(|_| key)).collect();
    assert!(["nodes", "placed", "requestedCpu"].iter().all(|key| measured.contains(key)), "{measured:?}");
    for key in ["gainedAffinity", "linkSatisfaction", "hotSpot", "blastRadius", "headroom", "fragmentedCpu"] {
        assert!(!measured.contains(&key), "{key}");
    }
    // Calls that all leave their node are measured, as none.
    let apart = [node("a", 1_000, 4), node("b", 1_000, 4)];
    let pods = workload("front", 1, "cache=1", "a").into_iter().chain(workload("cache", 1, "", "b"));
    let apart = Metrics::of(&cluster(apart.into_iter().chain(pods)), Millis(0));
    assert_eq!((apart.gained_affinity, apart.hot_spot), (Some(0.0), None));
}

#[test]
fn numbers_are_read_with_their_unit_and_within_what_there_can_be() {
    use crate::statistics::Estimate;
    assert_eq!(Unit::Share.text(Some(0.125)), "12.5 %");
    assert_eq!(Unit::Millis.text(Some(1_500.0)), "1.500 s");
    assert_eq!([Unit::Share, Unit::Count].map(|unit| unit.text(None)), ["–", "–"]);
    assert_eq!(Unit::Share.estimate(&Estimate::of(&[1.0, 0.9])), "95.0 % (31.5–100.0)");
    assert_eq!(Unit::Share.estimate(&Estimate::of(&[0.0, 0.1])), "5.0 % (0.0–68.5)");
    assert_eq!(Unit::Count.estimate(&Estimate::of(&[0.0, 1.0])), "0.5 (0.0–6.9)");
    assert_eq!(Unit::Count.estimate(&Estimate::of(&[3.0, 3.0])), "3", "runs that agree have no interval");
    assert_eq!(Unit::Share.estimate(&Estimate::of(&[None::<f64>])), "–");
}

#[test]
fn every_number_goes_by_its_own_names() {
    let names = Number::all().flat_map(|number| std::iter::once(number.key).chain(number.short));
    let names: Vec<String> = names.collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    assert!(
        Number::named("meanG")
            .is_ok_and(|it| it.key == "meanGainedAffinity" && it.when == When::MeanOverTime)
    );
    let unknown = |name: &str| Number::named(name).unwrap_err();
    assert!(unknown("waitingP9").contains("did you mean `waitingP90`?"), "{}", unknown("waitingP9"));
    assert!(
        unknown("meanRadiusOfBlasts")
            .starts_with("there is no metric `meanRadiusOfBlasts` (`wit-sim metrics`")
    );
    assert!(Number::named("refusalsR205").is_ok() && Number::named("refusalsR9").is_err());
}

#[test]
fn every_number_says_what_it_is_and_what_is_reckoned_where_it_comes_from() {
    for number in Number::all() {
        assert!(number.meaning.ends_with('.') && !number.formula.is_empty(), "{}", number.key);
        assert_eq!(number.source.is_empty(), number.formula == "counted", "{}", number.key);
        assert!(listing().contains(&number.key) && markdown().contains(&format!("`{}`", number.key)));
    }
}

#[test]
fn refusals_are_known_by_code() {
    let refusals = [("R205".to_owned(), 3), ("kube-scheduler".to_owned(), 2)].into();
    let course = Course { refusals, ..Course::default() };
    let told: BTreeMap<_, _> = course.values().filter(|(key, _)| key.starts_with(REFUSALS)).collect();
    let expected = [("refusals", 5.0), ("refusalsKubeScheduler", 2.0), ("refusalsR205", 3.0)];
    assert_eq!(told, expected.map(|(key, nodes)| (key.to_owned(), Some(nodes))).into());
}

#[test]
fn every_number_is_known_by_the_key_that_it_has_in_json() {
    let json = serde_json::to_value(Metrics::of(&site(), Millis(0))).unwrap();
    let keys: BTreeSet<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, METRICS.iter().map(|metric| metric.key).collect());
    for (key, value) in Metrics::of(&site(), Millis(0)).values() {
        assert_eq!(json[key].as_f64(), value, "{key}");
    }
}

#[test]
fn a_local_share_says_under_which_routing() {
    for (name, words) in
        [("G", "as much as keeps every replica equally loaded"), ("R", "at random"), ("S", "PreferSameNode")]
    {
        let routing = metric(name).and_then(|metric| metric.routing).unwrap();
        assert!(routing.requires().contains(words), "{name}");
    }
    assert!(metric("gainedAffinity").is_some_and(|metric| metric.is("G")) && metric("g").is_none());
}

#[test]
fn a_node_says_what_runs_out_first() {
    let nodes = [node("a", 1_000, 100), node("b", 100_000, 2), node("c", 1_000, 100)];
    let pods = workload("site", 400, "", "aab");
    let details = Details::of(&cluster(nodes.into_iter().chain(pods)), &BTreeMap::new(), Millis(0));
    let told: Vec<_> =
        details.nodes.iter().map(|node| (node.node.as_str(), node.binding, node.headroom)).collect();
    let expected =
        [("a", Some(Constraint::Cpu), Some(0)), ("b", Some(Constraint::Pods), Some(1)), ("c", None, Some(2))];
    assert_eq!(told, expected);
}

#[test]
fn the_instances_that_a_node_takes_are_a_resource_too() {
    let class = RuntimeClass {
        name: "wasm".to_owned(),
        handler: "wasmtime".to_owned(),
        node_selector: BTreeMap::new(),
        tolerations: Vec::new(),
        overhead: Resources::default(),
    };
    let Event::Node(node) = node("a", 1_000, 100) else { unreachable!("it is a node") };
    let capped = Event::Node(Node { instance_cap: Some(3), ..node });
    let component = |event| match event {
        Event::Pod(pod) => Event::Pod(Pod { shape: wasm(&pod.shape), ..pod }),
        Event::Workload(it) => Event::Workload(Workload { shape: wasm(&it.shape), ..it }),
        other => other,
    };
    let components = workload("site", 1, "", "aa").into_iter().map(component);
    let state = cluster([Event::RuntimeClass(class), capped].into_iter().chain(components));
    let node = &Details::of(&state, &BTreeMap::new(), Millis(0)).nodes[0];
    assert_eq!((node.binding, node.headroom, node.instances), (Some(Constraint::Instances), Some(1), 2));
}

/// The same under the `RuntimeClass` `wasm`.
fn wasm(shape: &PodShape) -> std::sync::Arc<PodShape> {
    PodShape { runtime_class: Some("wasm".to_owned()), ..shape.clone() }.into()
}

#[test]
fn a_workload_says_where_it_is_and_what_stays_local() {
    let details = Details::of(&site(), &BTreeMap::new(), Millis(0));
    let front = details.workloads.iter().find(|workload| *workload.workload.name == *"front").unwrap();
    assert_eq!((front.replicas, front.placed, front.nodes), (3, 2, 2));
    let shares = [front.largest_share, Some(front.traffic), front.gained_affinity, front.prefer_same_node];
    assert_eq!(shares.map(|share| share.map(rounded)), [0.3333, 1.0, 0.3333, 0.3333].map(Some));
}

#[test]
fn pending_pods_are_counted_by_reason() {
    let state = cluster(workload("site", 1, "", "....").into_iter().chain(workload("late", 1, "", ".")));
    let key = |ordinal: u32| PodKey::new("web", format!("site-{ordinal}"));
    let told = |reasons: &[&str]| reasons.iter().map(|reason| (*reason).to_owned()).collect();
    let reasons = BTreeMap::from([
        (key(1), told(&["Insufficient cpu", "R101 no host"])),
        (key(2), told(&["Insufficient cpu"])),
        (key(3), told(&["Insufficient cpu"])),
    ]);
    let pending = Details::of(&state, &reasons, Millis(0)).pending;
    let told: Vec<_> = pending.iter().map(|it| (it.reason.as_str(), it.pods, it.first.as_str())).collect();
    let expected = [
        ("Insufficient cpu", 3, "web/site-1"),
        ("nobody has tried to place it", 2, "web/late-0"),
        ("R101 no host", 1, "web/site-1"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn waits_are_told_by_quantiles() {
    let waiting = Waiting::of((0..=100).rev().collect());
    assert_eq!(
        waiting,
        Waiting { bound: 101, p50: Some(50.0), p90: Some(90.0), p99: Some(99.0), max: Some(100.0) }
    );
    assert_eq!(Waiting::of(Vec::new()), Waiting::default());
}

proptest! {
    /// Whatever is placed wherever, even over capacity.
    #[test]
    fn shares_are_shares_and_counts_add_up(
        placed in prop::collection::vec((1_u64..900, prop::collection::vec(0_usize..4, 1..6)), 1..6),
    ) {
        let nodes = [node("a", 1_000, 4), node("b", 2_000, 8), node("c", 200, 2)];
        let names: Vec<String> = (0..placed.len()).map(|number| format!("w{number}")).collect();
        let workloads = placed.iter().zip(&names).enumerate().flat_map(|(number, ((cpu, on), name))| {
            // Each calls the one before it.
            let links = number.checked_sub(1).map_or(String::new(), |before| format!("w{before}=1"));
            let on: String = on.iter().map(|place| ['a', 'b', 'c', '.'][*place]).collect();
            workload(name, *cpu, &links, &on)
        });
        let metrics = Metrics::of(&cluster(nodes.into_iter().chain(workloads)), Millis(0));
        let pods: usize = placed.iter().map(|(_, on)| on.len()).sum();
        prop_assert_eq!((metrics.placed + metrics.pending) as usize, pods);
        prop_assert!(metrics.nodes_used <= metrics.nodes);
        let local = [metrics.random_balancing, metrics.gained_affinity, metrics.prefer_same_node];
        prop_assert!(local.windows(2).all(|pair| pair[0].zip(pair[1]).is_none_or(|(less, more)| less <= more + 1e-9)));
        for (key, value) in metrics.values().filter(|(key, _)| metric(key).is_some_and(|it| it.unit == Unit::Share)) {
            let most = if key.starts_with("requested") { f64::INFINITY } else { 1.0 };
            prop_assert!(value.is_none_or(|value| (0.0..=most).contains(&value)), "{key} is {value:?}");
        }
    }
}

#[test]
fn no_room_is_on_nodes_that_admit_nobody_who_is_placed() {
    let changed = |change: &dyn Fn(&mut Node)| {
        let Event::Node(mut free) = node("b", 1_000, 4) else { unreachable!("it is a node") };
        change(&mut free);
        let pods = workload("front", 300, "", "a");
        Metrics::of(&cluster([node("a", 300, 1), Event::Node(free)].into_iter().chain(pods)), Millis(0))
            .headroom
    };
    assert_eq!(changed(&|_| {}), Some(3));
    assert_eq!(changed(&|node| node.unschedulable = true), Some(0));
    let taint = wit_placement::Taint {
        key: "gpu".to_owned(),
        value: String::new(),
        effect: wit_placement::TaintEffect::NoSchedule,
    };
    assert_eq!(changed(&|node| node.taints = vec![taint.clone()]), Some(0));
}

#[test]
fn nothing_is_on_one_node_where_nothing_is_placed() {
    let state = cluster(std::iter::once(node("a", 100, 4)).chain(workload("front", 300, "", "..")));
    assert_eq!(Metrics::of(&state, Millis(0)).blast_radius, None);
}

#[test]
fn refusals_of_the_scheduler_have_one_name_for_people() {
    assert_eq!(Number::named("refusalsKubeScheduler").unwrap().label.trim(), "kube-scheduler");
}
