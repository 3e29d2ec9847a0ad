//! Whom a pod evicts that fits nowhere.

use super::*;
use crate::objects::{Constraints, LabelSelector, PodAffinity, PodTerm, PreemptionPolicy};

fn important(name: &str, cpu_millis: u64, priority: i32) -> Pod {
    pod(name, PodShape { priority, ..asks(cpu_millis) })
}

fn there(node: &str, pod: Pod) -> Pod {
    Pod { node: Some(NodeName::new(node)), ..pod }
}

fn preempting(nodes: &[&str]) -> Scheduler {
    let mut scheduler =
        Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), Profile::default());
    for name in nodes {
        scheduler.apply(Event::Node(node(name)), Millis(0));
    }
    scheduler
}

fn enter(scheduler: &mut Scheduler, pods: impl IntoIterator<Item = Pod>) {
    for pod in pods {
        scheduler.apply(Event::Pod(pod), Millis(0));
    }
}

/// The next attempt: `pod@node`, or `pod: victims on node`.
fn next(scheduler: &mut Scheduler) -> String {
    let Ok(Some(attempt)) = scheduler.cycle(&mut NoExtender) else { return "nobody".into() };
    let name = &attempt.pod.name;
    match (attempt.choice(), &attempt.preemption) {
        (Some(choice), _) => format!("{name}@{}", choice.node),
        (None, None) => format!("{name} waits"),
        (None, Some(preemption)) => {
            let victims: Vec<_> = preemption.victims.iter().map(|victim| &*victim.pod.name).collect();
            format!("{name}: {} on {}", victims.join(","), preemption.node)
        }
    }
}

#[test]
fn the_fewest_and_least_important_pods_go_and_the_node_is_kept() {
    let mut scheduler = preempting(&["n"]);
    let pods = [("a", 300, 1), ("b", 300, 2), ("c", 300, 1)];
    enter(&mut scheduler, pods.map(|(name, cpu, priority)| there("n", important(name, cpu, priority))));
    // 100 are free: 300 more must go. The most important stay first: b, then a (both began at once), so c goes.
    enter(&mut scheduler, [important("vip", 400, 10)]);
    assert_eq!(next(&mut scheduler), "vip: c on n");
    scheduler.wake();
    assert_eq!(next(&mut scheduler), "vip waits", "its victim has not gone yet");
    scheduler.apply(Event::PodGone(PodUid::new("c")), Millis(1));
    assert_eq!(next(&mut scheduler), "vip@n");
    enter(&mut scheduler, [important("late", 200, 9)]);
    assert_eq!(next(&mut scheduler), "late: a on n");
}

#[test]
fn the_room_that_is_kept_is_not_given_to_who_is_less_important() {
    let mut scheduler = preempting(&["n"]);
    enter(&mut scheduler, [there("n", important("old", 900, 0)), important("vip", 500, 10)]);
    assert_eq!(next(&mut scheduler), "vip: old on n");
    enter(&mut scheduler, [important("small", 600, 5), important("king", 600, 20)]);
    scheduler.apply(Event::PodGone(PodUid::new("old")), Millis(1));
    assert_eq!(next(&mut scheduler), "king@n", "who is more important does not heed it");
    assert_eq!(next(&mut scheduler), "small waits", "600 and 500 are taken or kept");
    assert_eq!(next(&mut scheduler), "vip waits");
    scheduler.apply(Event::PodGone(PodUid::new("king")), Millis(20_000));
    assert_eq!(next(&mut scheduler), "vip@n");
    assert_eq!(next(&mut scheduler), "small waits");
}

#[test]
fn of_several_nodes_the_one_whose_victims_matter_least_is_taken() {
    let on = |node: &str, priorities: &[i32], since: u64| -> Vec<(u64, Pod)> {
        let cpu = 900 / priorities.len() as u64;
        let name = |number: usize| format!("{node}-{number}");
        let pods = priorities.iter().enumerate();
        pods.map(|(number, priority)| (since, there(node, important(&name(number), cpu, *priority))))
            .collect()
    };
    let victims = |first: Vec<(u64, Pod)>, second: Vec<(u64, Pod)>| {
        let mut scheduler = preempting(&["n1", "n2"]);
        for (since, pod) in first.into_iter().chain(second) {
            scheduler.apply(Event::Pod(pod), Millis(since));
        }
        enter(&mut scheduler, [important("vip", 1000, 10)]);
        next(&mut scheduler).split(" on ").nth(1).unwrap().to_owned()
    };
    assert_eq!(victims(on("n1", &[3], 0), on("n2", &[2, 2], 0)), "n2", "lower highest priority");
    assert_eq!(victims(on("n1", &[3, 2], 0), on("n2", &[3, 1], 0)), "n2", "smaller sum");
    assert_eq!(victims(on("n1", &[-1, -1, -1], 0), on("n2", &[-1, -1], 0)), "n2", "fewer victims");
    assert_eq!(victims(on("n1", &[3], 0), on("n2", &[3], 5)), "n2", "later start");
    assert_eq!(victims(on("n1", &[3], 0), on("n2", &[3], 0)), "n1", "else the first");
}

#[test]
fn nobody_goes_where_it_does_not_help_or_is_not_wanted() {
    let tried = |node: Node, shape: PodShape| {
        let mut scheduler = preempting(&[]);
        scheduler.apply(Event::Node(node), Millis(0));
        enter(&mut scheduler, [there("n", important("old", 900, 5)), pod("new", shape)]);
        next(&mut scheduler)
    };
    let wants = |cpu, priority| PodShape { priority, ..asks(cpu) };
    assert_eq!(tried(node("n"), wants(500, 10)), "new: old on n");
    assert_eq!(tried(node("n"), wants(500, 5)), "new waits", "as important");
    assert_eq!(tried(node("n"), wants(1001, 10)), "new waits", "larger than the node");
    assert_eq!(tried(Node { unschedulable: true, ..node("n") }, wants(500, 10)), "new waits", "cordoned");
    let scheduling = Arc::new(Constraints { preemption: PreemptionPolicy::Never, ..Constraints::default() });
    assert_eq!(tried(node("n"), PodShape { scheduling, ..wants(500, 10) }), "new waits");
}

#[test]
fn who_must_be_away_from_others_may_evict_them() {
    let labels = || BTreeMap::from([("app".to_owned(), "cart".to_owned())]);
    let term = PodTerm {
        selector: Some(LabelSelector::labels([("app", "cart")])),
        topology_key: "zone".into(),
        ..PodTerm::default()
    };
    let away = PodAffinity { required: vec![term], ..PodAffinity::default() };
    let of = |pod_anti_affinity| {
        Arc::new(Constraints { labels: labels(), pod_anti_affinity, ..Constraints::default() })
    };
    let zoned = |name: &str, zone: &str| Node {
        labels: BTreeMap::from([("zone".into(), zone.to_owned())]),
        ..node(name)
    };
    let mut scheduler = preempting(&[]);
    scheduler.apply(Event::Node(zoned("n1", "a")), Millis(0));
    let old = PodShape { scheduling: of(PodAffinity::default()), ..asks(10) };
    let new = PodShape { scheduling: of(away), priority: 1, ..asks(10) };
    enter(&mut scheduler, [there("n1", pod("old", old)), pod("new", new)]);
    assert_eq!(next(&mut scheduler), "new: old on n1");
    scheduler.apply(Event::PodGone(PodUid::new("old")), Millis(0));
    assert_eq!(next(&mut scheduler), "new@n1");
}

#[test]
fn nobody_goes_where_the_extender_alone_refuses() {
    struct Full;
    impl SchedulerExtender for Full {
        type Error = &'static str;

        fn filter(&mut self, _pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Self::Error> {
            let why = |name: &str| BTreeMap::from([(NodeName::new(name), "R301 full".to_owned())]);
            assert_eq!(nodes.len(), 2);
            Ok(FilterReply { nodes: Vec::new(), failed: why("n2"), unresolvable: why("n1") })
        }

        fn prioritize(&mut self, _: &Pod, _: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Self::Error> {
            Err("not asked")
        }

        fn bound(&mut self, _: &Pod, _: &NodeName) -> Result<(), Self::Error> {
            Err("not bound")
        }
    }
    let mut scheduler = preempting(&["n1", "n2"]);
    let old = ["n1", "n2"].map(|name| there(name, important(name, 10, 0)));
    enter(&mut scheduler, old);
    enter(&mut scheduler, [important("new", 10, 1)]);
    let attempt = scheduler.cycle(&mut Full).unwrap().unwrap();
    assert_eq!(attempt.reasons["R301 full"].len(), 2);
    // On n2 the pod would fit with everybody there, as far as the scheduler itself knows: nobody has to go.
    assert_eq!(attempt.preemption, None);
}
