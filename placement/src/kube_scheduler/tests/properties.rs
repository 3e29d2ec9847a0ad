//! What holds for any cluster and any pods.

use proptest::prelude::*;

use super::*;
use crate::objects::{
    Constraints, ImageReference, LabelSelector, NodeImage, PodAffinity, PodTerm, TopologySpread,
};

const ZONE: &str = "zone";

/// What a random pod is: app, tenths of a node's CPU, priority, and whether it wants to be away from its own or spread.
type Drawn = (u8, u64, i32, u8);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    proptest::collection::vec((0_u8..3, 0_u64..6, 0_i32..3, 0_u8..4), 1..25)
}

fn zoned(number: usize) -> Node {
    let labels = BTreeMap::from([(ZONE.to_owned(), (number % 3).to_string())]);
    Node { labels, ..node(&format!("n{number}")) }
}

fn shape((app, tenths, priority, kind): Drawn) -> PodShape {
    let labels = BTreeMap::from([("app".to_owned(), format!("{app}-{kind}"))]);
    let selector = Some(LabelSelector::labels([("app", &*labels["app"])]));
    let term = PodTerm { selector: selector.clone(), topology_key: ZONE.into(), ..PodTerm::default() };
    let away = PodAffinity { required: vec![term], ..PodAffinity::default() };
    let spread = TopologySpread { topology_key: ZONE.into(), selector, ..TopologySpread::default() };
    let scheduling = Constraints {
        labels,
        pod_anti_affinity: if kind == 1 { away } else { PodAffinity::default() },
        topology_spread: if kind == 2 { vec![spread] } else { Vec::new() },
        ..Constraints::default()
    };
    PodShape { priority, scheduling: Arc::new(scheduling), ..asks(100 * tenths) }
}

fn pods(drawn: &[Drawn]) -> Vec<Pod> {
    drawn.iter().enumerate().map(|(number, one)| pod(&number.to_string(), shape(*one))).collect()
}

/// How many pods of each app are in each zone.
fn by_zone(scheduler: &Scheduler, app: &str) -> [usize; 3] {
    let mut zones = [0; 3];
    for pod in scheduler.cache().pods().filter(|pod| pod.shape.scheduling.labels["app"] == app) {
        let Some(name) = &pod.node else { continue };
        zones[name.as_str()[1..].parse::<usize>().unwrap() % 3] += 1;
    }
    zones
}

/// What happens to a cluster between cycles.
#[derive(Clone, Debug)]
enum Step {
    Pod(Drawn),
    Gone(usize),
    /// A node changes: one bit each for being cordoned, another zone, half the CPU, and an image that it holds.
    Node(usize, u8),
    Cycle,
}

const IMAGE: &str = "registry.example/app:1";

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u8..3, 0_u64..6, 0_i32..3, 0_u8..4).prop_map(Step::Pod),
        1 => (0_usize..30).prop_map(Step::Gone),
        2 => (0_usize..6, 0_u8..16).prop_map(|(place, kind)| Step::Node(place, kind)),
        4 => Just(Step::Cycle),
    ]
}

fn changed(number: usize, kind: u8) -> Node {
    let mut node = zoned(number);
    node.unschedulable = kind & 1 > 0;
    if kind & 2 > 0 {
        node.labels.insert(ZONE.to_owned(), "another".to_owned());
    }
    if kind & 4 > 0 {
        node.allocatable.resources.cpu_millis /= 2;
    }
    if kind & 8 > 0 {
        node.images = vec![NodeImage { names: vec![ImageReference::new(IMAGE)], size_bytes: 900 << 20 }];
    }
    node
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_node_is_ever_given_more_than_it_has(drawn in drawn(), nodes in 1_usize..6, seed in 0_u64..100) {
        let profile = Profile { ties: Ties::Seeded(seed), ..Profile::default() };
        let mut scheduler = Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), profile);
        for event in (0..nodes).map(zoned).map(Event::Node).chain(pods(&drawn).into_iter().map(Event::Pod)) {
            scheduler.apply(event, Millis(0));
        }
        alone(&mut scheduler);
        for (_, node) in scheduler.cache().nodes() {
            let (used, offered) = (node.used(), node.allocatable());
            prop_assert!(used.pods <= offered.pods);
            prop_assert!(used.requests.cpu_millis <= offered.resources.cpu_millis);
        }
    }

    #[test]
    fn first_attempts_come_by_priority_and_then_by_entry(drawn in drawn()) {
        let mut scheduler = scheduler((0..3).map(zoned), pods(&drawn));
        let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |_| {});
        let turns = attempts.iter().map(|attempt| {
            let number: usize = attempt.pod.name.parse().unwrap();
            (std::cmp::Reverse(drawn[number].2), number)
        });
        prop_assert!(turns.collect::<Vec<_>>().is_sorted());
    }

    #[test]
    fn pods_that_repel_their_own_are_never_in_one_zone(drawn in drawn(), nodes in 1_usize..8) {
        let mut scheduler = scheduler((0..nodes).map(zoned), pods(&drawn));
        alone(&mut scheduler);
        for app in 0..3 {
            let zones = by_zone(&scheduler, &format!("{app}-1"));
            prop_assert!(zones.iter().all(|pods| *pods <= 1), "{:?}", zones);
        }
    }

    #[test]
    fn spread_pods_keep_within_the_skew(drawn in drawn(), nodes in 3_usize..8) {
        let mut scheduler = scheduler((0..nodes).map(zoned), pods(&drawn));
        alone(&mut scheduler);
        for app in 0..3 {
            let zones = by_zone(&scheduler, &format!("{app}-2"));
            prop_assert!(zones.iter().max().unwrap() - zones.iter().min().unwrap() <= 1, "{:?}", zones);
        }
    }

    #[test]
    fn victims_are_less_important_and_their_room_is_kept(drawn in drawn(), nodes in 1_usize..4) {
        // Plain pods: the affinity of nominated pods is not heeded.
        let drawn: Vec<Drawn> = drawn.into_iter().map(|one| (one.0, one.1, one.2, 0)).collect();
        let priority = |pod: &PodKey| drawn[pod.name.parse::<usize>().unwrap()].2;
        let mut scheduler =
            Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), Profile::default());
        for event in (0..nodes).map(zoned).map(Event::Node).chain(pods(&drawn).into_iter().rev().map(Event::Pod)) {
            let Ok(_) = scheduler.cycle(&mut NoExtender);
            scheduler.apply(event, Millis(0));
        }
        while let Ok(Some(attempt)) = scheduler.cycle(&mut NoExtender) {
            let Some(preemption) = attempt.preemption else { continue };
            let own = priority(&attempt.pod);
            prop_assert!(!preemption.victims.is_empty());
            prop_assert!(preemption.victims.iter().all(|victim| priority(&victim.pod) < own));
            for victim in preemption.victims {
                scheduler.apply(Event::PodGone(victim.uid), Millis(0));
            }
            let mut overtaken = false;
            while let Ok(Some(next)) = scheduler.cycle(&mut NoExtender) {
                if next.pod == attempt.pod {
                    let node = next.choice().map(|choice| &choice.node);
                    prop_assert!(overtaken || node == Some(&preemption.node), "{:?}", next);
                    break;
                }
                overtaken |= priority(&next.pod) > own && next.outcome.is_bound();
                for victim in next.preemption.into_iter().flat_map(|preemption| preemption.victims) {
                    scheduler.apply(Event::PodGone(victim.uid), Millis(0));
                }
            }
        }
    }

    #[test]
    fn what_is_kept_between_cycles_changes_nothing(drawn in drawn(), nodes in 1_usize..6) {
        let mut scheduler = scheduler((0..nodes).map(zoned), pods(&drawn));
        while let Ok(Some(attempt)) = scheduler.clone().cycle(&mut NoExtender) {
            // A scheduler that starts anew with the same cache and queue comes to the same decision.
            let fresh = scheduler.afresh().cycle(&mut NoExtender).unwrap().unwrap();
            prop_assert_eq!(&attempt, &fresh);
            let Ok(_) = scheduler.cycle(&mut NoExtender);
        }
    }

    #[test]
    fn what_is_kept_follows_nodes_that_change_and_pods_that_go(
        steps in proptest::collection::vec(step(), 1..50),
    ) {
        let mut scheduler = scheduler((0..6).map(zoned), Vec::<Pod>::new());
        for (number, step) in steps.into_iter().enumerate() {
            let event = match step {
                Step::Pod(drawn) => {
                    let images = if drawn.1 % 2 == 0 { vec![ImageReference::new(IMAGE)] } else { Vec::new() };
                    Some(Event::Pod(pod(&number.to_string(), PodShape { images, ..shape(drawn) })))
                }
                Step::Gone(place) => {
                    let mut uids: Vec<_> = scheduler.cache().pods().map(|pod| pod.uid.clone()).collect();
                    uids.sort();
                    uids.into_iter().nth(place).map(Event::PodGone)
                }
                Step::Node(place, kind) => Some(Event::Node(changed(place, kind))),
                Step::Cycle => None,
            };
            if let Some(event) = event {
                scheduler.apply(event, Millis(0));
                continue;
            }
            let (Ok(attempt), Ok(fresh)) =
                (scheduler.clone().cycle(&mut NoExtender), scheduler.afresh().cycle(&mut NoExtender));
            prop_assert_eq!(&attempt, &fresh);
            let Ok(_) = scheduler.cycle(&mut NoExtender);
        }
    }

    #[test]
    fn the_best_nodes_are_told_with_all_that_their_scores_are_made_of(drawn in drawn(), nodes in 1_usize..6) {
        let told = Profile { tells_best: 3, ..Profile::rehearsal() };
        let mut plain = scheduler((0..nodes).map(zoned), pods(&drawn));
        let mut telling = Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), told);
        for event in (0..nodes).map(zoned).map(Event::Node).chain(pods(&drawn).into_iter().map(Event::Pod)) {
            telling.apply(event, Millis(0));
        }
        while let (Ok(Some(plain)), Ok(Some(mut attempt))) =
            (plain.cycle(&mut NoExtender), telling.cycle(&mut NoExtender))
        {
            let ranking = std::mem::take(&mut attempt.ranking);
            prop_assert_eq!(&plain, &attempt, "telling changes nothing");
            let chosen = attempt.choice().filter(|choice| choice.total.is_some());
            prop_assert_eq!(ranking.first().map(|best| &best.node), chosen.map(|choice| &choice.node));
            prop_assert!(ranking.is_sorted_by_key(|node| std::cmp::Reverse(node.total)) && ranking.len() <= 3);
            for node in &ranking {
                let sum: u64 = node.plugins.iter().map(|plugin| plugin.score * plugin.weight).sum();
                prop_assert_eq!(sum, node.total);
            }
        }
    }
}
