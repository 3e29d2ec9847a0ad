//! The rules of the scheduler's model, one claim each.

mod plugins;
mod preemption;
mod properties;
mod queue;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use wit_config::Settings;
use wit_graph::WorkloadKey;

use super::*;
use crate::ClusterState;
use crate::objects::{
    Allocatable, Event, Millis, Node, NodeName, NodeOperator, NodeRequirement, Pod, PodKey, PodShape, PodUid,
    Resources, Taint, TaintEffect, Toleration,
};

const MIB: u64 = 1 << 20;

fn node(name: &str) -> Node {
    let resources = Resources { cpu_millis: 1000, memory_bytes: 1000 * MIB };
    Node {
        name: NodeName::new(name),
        labels: BTreeMap::new(),
        allocatable: Allocatable { resources, pods: 10 },
        runtime_handlers: None,
        instance_cap: None,
        taints: Vec::new(),
        unschedulable: false,
        images: Vec::new(),
    }
}

fn pod(name: &str, shape: PodShape) -> Pod {
    Pod {
        key: PodKey::new("default", name),
        uid: PodUid::new(name),
        workload: WorkloadKey::new("default", "Pod", name),
        shape: Arc::new(shape),
        node: None,
        finished: false,
        gated: false,
    }
}

fn asks(cpu_millis: u64) -> PodShape {
    PodShape { requests: Resources { cpu_millis, memory_bytes: 10 * MIB }, ..PodShape::default() }
}

fn scheduler(nodes: impl IntoIterator<Item = Node>, pods: impl IntoIterator<Item = Pod>) -> Scheduler {
    let cache = ClusterState::new(Settings::default()).unwrap();
    let mut scheduler = Scheduler::new(cache, 15);
    for node in nodes {
        scheduler.apply(Event::Node(node), Millis(0));
    }
    for pod in pods {
        scheduler.apply(Event::Pod(pod), Millis(0));
    }
    scheduler
}

/// Where kube-scheduler alone puts the pods: `pod@node`, `pod@-` where it stays pending.
fn alone(scheduler: &mut Scheduler) -> Vec<String> {
    let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |_| {});
    let place = |attempt: &Attempt| attempt.choice().map_or("-".to_owned(), |choice| choice.node.to_string());
    attempts.iter().map(|attempt| format!("{}@{}", attempt.pod.name, place(attempt))).collect()
}

fn unfit_here(shape: &PodShape, node: Node) -> Option<Unfit> {
    let scheduler = scheduler([node], []);
    let (_, state) = scheduler.cache().nodes().next().unwrap();
    single::unfit(shape, state)
}

/// An extender by closures, which remembers what it was asked.
#[derive(Default)]
struct Scripted {
    refuses: BTreeMap<&'static str, &'static str>,
    scores: BTreeMap<&'static str, u8>,
    asked: RefCell<Vec<String>>,
    answers: bool,
}

impl Scripted {
    fn new() -> Self {
        Self { answers: true, ..Self::default() }
    }

    fn hears(&self, verb: &str, pod: &Pod, nodes: &[NodeName]) {
        let nodes: Vec<_> = nodes.iter().map(NodeName::as_str).collect();
        self.asked.borrow_mut().push(format!("{verb} {} {}", pod.key.name, nodes.join(",")));
    }
}

impl SchedulerExtender for Scripted {
    type Error = &'static str;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Self::Error> {
        self.hears("filter", pod, nodes);
        if !self.answers {
            return Err("no answer");
        }
        let (refused, passing): (Vec<_>, Vec<_>) =
            nodes.iter().cloned().partition(|node| self.refuses.contains_key(node.as_str()));
        let why = |node: NodeName| (node.clone(), self.refuses[node.as_str()].to_owned());
        let unresolvable = refused.into_iter().map(why).collect();
        Ok(FilterReply { nodes: passing, unresolvable, ..FilterReply::default() })
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Self::Error> {
        self.hears("prioritize", pod, nodes);
        Ok(self.scores.iter().map(|(node, score)| (NodeName::new(*node), *score)).collect())
    }

    fn bound(&mut self, pod: &Pod, node: &NodeName) -> Result<(), Self::Error> {
        assert_eq!(pod.node.as_ref(), Some(node));
        self.hears("bound", pod, std::slice::from_ref(node));
        Ok(())
    }
}

#[test]
fn a_node_selector_wants_every_label() {
    let labelled =
        |value: &str| Node { labels: BTreeMap::from([("zone".into(), value.to_owned())]), ..node("n") };
    let selector = PodShape { node_selector: BTreeMap::from([("zone".into(), "a".into())]), ..asks(1) };
    assert_eq!(unfit_here(&selector, labelled("a")), None);
    assert_eq!(unfit_here(&selector, labelled("b")), Some(Unfit::Affinity));
    assert_eq!(unfit_here(&selector, node("n")), Some(Unfit::Affinity));
}

#[test]
fn one_term_of_the_node_affinity_must_hold_entirely() {
    let rule = |operator, values: &[&str]| NodeRequirement {
        key: "cores".into(),
        operator,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        field: false,
    };
    let eight = || Node { labels: BTreeMap::from([("cores".into(), "8".into())]), ..node("n") };
    let with = |terms: Vec<Vec<NodeRequirement>>| PodShape { node_affinity: terms, ..asks(1) };
    let (more, none) = (rule(NodeOperator::Gt, &["4"]), rule(NodeOperator::DoesNotExist, &[]));
    assert_eq!(unfit_here(&with(vec![vec![more.clone()]]), eight()), None);
    assert_eq!(unfit_here(&with(vec![vec![more.clone(), none.clone()]]), eight()), Some(Unfit::Affinity));
    assert_eq!(unfit_here(&with(vec![vec![none.clone()], vec![more]]), eight()), None);
    assert_eq!(unfit_here(&with(vec![vec![none]]), node("n")), None);
    assert_eq!(unfit_here(&with(vec![vec![]]), eight()), Some(Unfit::Affinity));
    let field =
        NodeRequirement { key: "metadata.name".into(), field: true, ..rule(NodeOperator::In, &["n"]) };
    assert_eq!(unfit_here(&with(vec![vec![field]]), node("n")), None);
}

#[test]
fn taints_and_cordons_keep_off_who_does_not_tolerate_them() {
    let tainted = |effect| Node {
        taints: vec![Taint { key: "edge".into(), value: "yes".into(), effect }],
        ..node("n")
    };
    let tolerating = |key: Option<&str>, value: Option<&str>, effect: Option<&str>| {
        let own = |text: &str| text.to_owned();
        let toleration = Toleration { key: key.map(own), value: value.map(own), effect: effect.map(own) };
        PodShape { tolerations: vec![toleration], ..asks(1) }
    };
    assert_eq!(unfit_here(&asks(1), tainted(TaintEffect::NoSchedule)), Some(Unfit::Taint));
    assert_eq!(unfit_here(&asks(1), tainted(TaintEffect::PreferNoSchedule)), None);
    let fits = |shape: &PodShape| unfit_here(shape, tainted(TaintEffect::NoExecute)).is_none();
    assert!(fits(&tolerating(None, None, None)));
    assert!(fits(&tolerating(Some("edge"), Some("yes"), Some("NoExecute"))));
    assert!(!fits(&tolerating(Some("edge"), Some("no"), None)));
    assert!(!fits(&tolerating(Some("edge"), None, Some("NoSchedule"))));
    let cordoned = || Node { unschedulable: true, ..node("n") };
    assert_eq!(unfit_here(&asks(1), cordoned()), Some(Unfit::Unschedulable));
    let drain = tolerating(Some("node.kubernetes.io/unschedulable"), None, None);
    assert_eq!(unfit_here(&drain, cordoned()), None);
}

#[test]
fn resources_run_out_one_by_one() {
    let with = |cpu_millis, memory_bytes, pods| {
        let allocatable = Allocatable { resources: Resources { cpu_millis, memory_bytes }, pods };
        unfit_here(&asks(500), Node { allocatable, ..node("n") })
    };
    assert_eq!(with(500, 10 * MIB, 1), None);
    assert_eq!(with(500, 10 * MIB, 0), Some(Unfit::Pods));
    assert_eq!(with(499, 10 * MIB, 1), Some(Unfit::Cpu));
    assert_eq!(with(500, 10 * MIB - 1, 1), Some(Unfit::Memory));
}

#[test]
fn the_emptier_node_wins_and_of_equal_ones_the_first() {
    let pods = ["a", "b", "c"].map(|name| pod(name, asks(100)));
    let mut scheduler = scheduler([node("n1"), node("n2")], pods);
    assert_eq!(alone(&mut scheduler), ["a@n1", "b@n2", "c@n1"]);
}

#[test]
fn higher_priority_goes_first_and_then_the_order_of_creation() {
    let urgent = PodShape { priority: 7, ..asks(600) };
    let mut scheduler =
        scheduler([node("n")], [pod("z", asks(300)), pod("a", asks(300)), pod("urgent", urgent)]);
    assert_eq!(alone(&mut scheduler), ["urgent@n", "z@n", "a@-"]);
}

#[test]
fn a_pod_that_does_not_fit_says_why_and_the_run_ends() {
    let tainted = Node {
        taints: vec![Taint { key: "k".into(), value: String::new(), effect: TaintEffect::NoSchedule }],
        ..node("tainted")
    };
    let mut scheduler = scheduler([node("small"), tainted], [pod("big", asks(5000))]);
    let mut rounds = 0;
    let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |_| rounds += 1);
    let expected = BTreeMap::from([
        ("Insufficient cpu".to_owned(), vec![NodeName::new("small")]),
        ("node(s) had untolerated taint(s)".to_owned(), vec![NodeName::new("tainted")]),
    ]);
    assert_eq!((attempts[0].outcome.clone(), &attempts[0].reasons), (Outcome::Unschedulable, &expected));
    assert_eq!(rounds, 1);
}

#[test]
fn a_refused_pod_gets_another_turn_when_a_pod_was_bound_or_a_node_joins() {
    let mut scheduler =
        scheduler([node("n")], [pod("big", asks(5000)), pod("a", asks(1)), pod("b", asks(1))]);
    let mut order = Vec::new();
    let Ok(_) = scheduler.run(&mut NoExtender, &mut |attempt| order.push(attempt.pod.name.to_string()));
    assert_eq!(order, ["big", "a", "b", "big"]);
    let resources = Resources { cpu_millis: 8000, memory_bytes: 1000 * MIB };
    let large = Node { allocatable: Allocatable { resources, pods: 10 }, ..node("large") };
    scheduler.apply(Event::Node(large), Millis(1));
    assert_eq!(alone(&mut scheduler), ["big@large"]);
}

#[test]
fn gated_finished_and_deleted_pods_are_not_scheduled() {
    let gated = Pod { gated: true, ..pod("gated", asks(1)) };
    let finished = Pod { finished: true, ..pod("finished", asks(1)) };
    let mut scheduler = scheduler([node("n")], [gated, finished, pod("deleted", asks(1))]);
    scheduler.apply(Event::PodGone(PodUid::new("deleted")), Millis(0));
    assert_eq!(alone(&mut scheduler), [""; 0]);
}

#[test]
fn the_extenders_score_outweighs_the_schedulers() {
    let mut scheduler = scheduler(["n1", "n2"].map(node), [pod("a", asks(100))]);
    let mut extender = Scripted { scores: BTreeMap::from([("n2", 10)]), ..Scripted::new() };
    let attempts = scheduler.run(&mut extender, &mut |_| {}).unwrap();
    // 90 % of the CPU and 99 % of the memory stay free; the balance sinks from 100 to 95; there are no taints.
    let own = 94 + (50 + (50 + 95 - 100) / 2) + 3 * 100;
    let expected = Choice {
        node: NodeName::new("n2"),
        total: Some(own + 10 * 10 * 15),
        extender: Some(10),
        beside: Vec::new(),
    };
    assert_eq!(attempts[0].choice(), Some(&expected));
    assert_eq!(*extender.asked.borrow(), ["filter a n1,n2", "prioritize a n1,n2", "bound a n2"]);
}

#[test]
fn with_one_node_left_prioritize_is_not_called() {
    let mut scheduler = scheduler(["n1", "n2"].map(node), [pod("a", asks(100))]);
    let mut extender = Scripted { refuses: BTreeMap::from([("n1", "R101 no handler")]), ..Scripted::new() };
    let attempts = scheduler.run(&mut extender, &mut |_| {}).unwrap();
    let choice = attempts[0].choice().unwrap();
    assert_eq!((choice.node.as_str(), choice.total, choice.extender), ("n2", None, None));
    assert_eq!(attempts[0].reasons["R101 no handler"], [NodeName::new("n1")]);
    assert_eq!(*extender.asked.borrow(), ["filter a n1,n2", "bound a n2"]);
}

#[test]
fn the_extender_is_not_asked_about_nodes_that_do_not_fit() {
    let cordoned = Node { unschedulable: true, ..node("cordoned") };
    let mut scheduler = scheduler([cordoned, node("n")], [pod("a", asks(100)), pod("big", asks(5000))]);
    let mut extender = Scripted::new();
    let attempts = scheduler.run(&mut extender, &mut |_| {}).unwrap();
    assert_eq!(*extender.asked.borrow(), ["filter a n", "bound a n"]);
    assert_eq!(attempts[1].outcome, Outcome::Unschedulable);
}

#[test]
fn an_unanswered_question_ends_the_run_and_keeps_the_pod() {
    let mut scheduler = scheduler(["n1", "n2"].map(node), [pod("a", asks(100))]);
    let mut broken = Scripted::default();
    assert_eq!(scheduler.run(&mut broken, &mut |_| {}), Err("no answer"));
    scheduler.apply(Event::Node(node("n3")), Millis(1));
    assert_eq!(alone(&mut scheduler), ["a@n1"]);
}
