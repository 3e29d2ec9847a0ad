//! What the plugins say, with figures worked out by hand from their formulas.

use super::*;
use crate::objects::{
    Constraints, LabelSelector, PodAffinity, PodTerm, PreferredNodes, PreferredPods, TopologySpread,
};

const ZONE: &str = "topology.kubernetes.io/zone";
const HOSTNAME: &str = "kubernetes.io/hostname";

/// A node in a zone, with its own name as its hostname.
fn zoned(name: &str, zone: &str) -> Node {
    let labels = [(ZONE, zone), (HOSTNAME, name)];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    Node { labels, ..node(name) }
}

fn app(name: &str) -> LabelSelector {
    LabelSelector::labels([("app", name)])
}

fn term(name: &str, key: &str) -> PodTerm {
    PodTerm { selector: Some(app(name)), topology_key: key.into(), ..PodTerm::default() }
}

fn required(terms: impl IntoIterator<Item = PodTerm>) -> PodAffinity {
    PodAffinity { required: terms.into_iter().collect(), ..PodAffinity::default() }
}

fn preferred(weight: u32, term: PodTerm) -> PodAffinity {
    PodAffinity { preferred: vec![PreferredPods { weight, term }], ..PodAffinity::default() }
}

/// A pod of the app that its name begins with.
fn of_app(name: &str, scheduling: Constraints) -> Pod {
    let app = name.split('-').next().unwrap().to_owned();
    let scheduling = Arc::new(Constraints { labels: BTreeMap::from([("app".into(), app)]), ..scheduling });
    pod(name, PodShape { scheduling, ..asks(10) })
}

fn on(name: &str, pod: Pod) -> Pod {
    Pod { node: Some(NodeName::new(name)), ..pod }
}

/// The plugins' scores of a node for a pod, beyond those of resources and the 300 of `TaintToleration`.
fn totals(nodes: impl IntoIterator<Item = Node>, there: Vec<Pod>, pod: &Pod) -> Vec<u64> {
    let nodes: Vec<_> = nodes.into_iter().collect();
    let profile = Profile {
        weights: Weights {
            node_resources_fit: 0,
            node_resources_balanced_allocation: 0,
            ..Weights::default()
        },
        spreads_by_default: true,
        ..Profile::default()
    };
    let mut scheduler = Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), profile);
    let places = 0..u32::try_from(nodes.len()).unwrap();
    for event in nodes.into_iter().map(Event::Node).chain(there.into_iter().map(Event::Pod)) {
        scheduler.apply(event, Millis(0));
    }
    scheduler.totals(pod, &places.collect::<Vec<_>>())
}

fn reasons(attempt: &Attempt) -> Vec<String> {
    attempt.reasons.iter().map(|(message, nodes)| format!("{message}: {}", nodes.len())).collect()
}

#[test]
fn taints_that_discourage_cost_up_to_three_hundred_points() {
    let tainted = |name: &str, taints: usize| Node {
        taints: (0..taints)
            .map(|number| Taint {
                key: number.to_string(),
                value: String::new(),
                effect: TaintEffect::PreferNoSchedule,
            })
            .collect(),
        ..node(name)
    };
    let nodes = [tainted("n1", 3), tainted("n2", 1), tainted("n3", 0)];
    assert_eq!(totals(nodes, Vec::new(), &pod("a", asks(10))), [0, 3 * 67, 3 * 100]);
}

#[test]
fn the_weights_of_preferred_node_affinity_are_scaled_by_the_largest_sum() {
    let rule = |zone: &str| {
        let values = vec![zone.to_owned()];
        vec![NodeRequirement { key: ZONE.into(), operator: NodeOperator::In, values, field: false }]
    };
    let wish = |weight, term| PreferredNodes { weight, term };
    let preferred_nodes =
        vec![wish(10, rule("a")), wish(20, rule("a")), wish(10, rule("b")), wish(99, Vec::new())];
    let pod = of_app("cart", Constraints { preferred_nodes, ..Constraints::default() });
    let nodes = [zoned("n1", "a"), zoned("n2", "b"), zoned("n3", "c")];
    assert_eq!(totals(nodes, Vec::new(), &pod), [300 + 2 * 100, 300 + 2 * 33, 300]);
}

#[test]
fn pods_that_repel_each_other_take_a_node_each() {
    let apart =
        || Constraints { pod_anti_affinity: required([term("cart", HOSTNAME)]), ..Constraints::default() };
    let pods = ["cart-1", "cart-2", "cart-3"].map(|name| of_app(name, apart()));
    let mut scheduler = scheduler([zoned("n1", "a"), zoned("n2", "a")], pods);
    let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |_| {});
    let nodes: Vec<_> =
        attempts.iter().map(|attempt| attempt.choice().map(|choice| choice.node.to_string())).collect();
    assert_eq!(nodes, [Some("n1".into()), Some("n2".into()), None]);
    assert_eq!(reasons(&attempts[2]), ["node(s) didn't match pod anti-affinity rules: 2"]);
}

#[test]
fn who_is_there_may_keep_others_away_from_its_whole_zone() {
    let alone = Constraints { pod_anti_affinity: required([term("mail", ZONE)]), ..Constraints::default() };
    let there = on("n1", of_app("cart", alone));
    let mut scheduler = scheduler(
        [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")],
        [there, of_app("mail", Constraints::default())],
    );
    let Ok(attempts) = scheduler.run(&mut NoExtender, &mut |_| {});
    assert_eq!(attempts[0].choice().unwrap().node.as_str(), "n3");
    assert_eq!(reasons(&attempts[0]), ["node(s) didn't satisfy existing pods anti-affinity rules: 2"]);
}

#[test]
fn the_first_of_pods_that_want_each_other_goes_anywhere_and_the_others_follow() {
    let together = || Constraints { pod_affinity: required([term("cart", ZONE)]), ..Constraints::default() };
    let nodes = || [node("bare"), zoned("n1", "a"), zoned("n2", "b"), zoned("n3", "b")];
    let pods = ["cart-1", "cart-2"].map(|name| of_app(name, together()));
    let mut scheduler = scheduler(nodes(), pods);
    assert_eq!(alone(&mut scheduler), ["cart-1@n1", "cart-2@n1"]);
    let wants = Constraints { pod_affinity: required([term("mail", ZONE)]), ..Constraints::default() };
    let mut lonely = super::scheduler(nodes(), [of_app("cart", wants)]);
    let Ok(attempts) = lonely.run(&mut NoExtender, &mut |_| {});
    assert_eq!(reasons(&attempts[0]), ["node(s) didn't match pod affinity rules: 4"]);
}

#[test]
fn a_term_means_the_pods_own_namespace_unless_it_names_others() {
    let there = |namespace: &str| Pod {
        key: PodKey::new(namespace, "mail"),
        ..on("n1", of_app("mail", Constraints::default()))
    };
    let fits = |term: PodTerm, namespace: &str| {
        let wants = Constraints { pod_affinity: required([term]), ..Constraints::default() };
        let mut scheduler = scheduler([zoned("n1", "a")], [there(namespace), of_app("cart", wants)]);
        alone(&mut scheduler) == ["cart@n1"]
    };
    let plain = || term("mail", ZONE);
    assert!(fits(plain(), "default") && !fits(plain(), "shop"));
    let named = || PodTerm { namespaces: vec!["shop".into()], ..plain() };
    assert!(fits(named(), "shop") && !fits(named(), "default"));
    let by = |selector| PodTerm { namespace_selector: Some(selector), ..plain() };
    assert!(fits(by(LabelSelector::default()), "shop"));
    let shop = || LabelSelector::labels([("kubernetes.io/metadata.name", "shop")]);
    assert!(fits(by(shop()), "shop") && !fits(by(shop()), "default"));
}

#[test]
fn wishes_of_both_sides_are_added_up_and_scaled_between_the_least_and_the_most() {
    let nodes = || [zoned("n1", "a"), zoned("n2", "b"), zoned("n3", "c")];
    let near = Constraints { pod_affinity: preferred(10, term("mail", ZONE)), ..Constraints::default() };
    let away = Constraints { pod_anti_affinity: preferred(5, term("cart", ZONE)), ..Constraints::default() };
    let needs = Constraints { pod_affinity: required([term("cart", ZONE)]), ..Constraints::default() };
    let there = vec![
        on("n1", of_app("mail-1", Constraints::default())),
        on("n2", of_app("other-1", away)),
        on("n3", of_app("other-2", needs)),
    ];
    // n1: +10; n2: −5; n3: +1. Scaled: 15/15, 0, 6/15.
    assert_eq!(totals(nodes(), there, &of_app("cart", near)), [500, 300, 300 + 2 * 40]);
}

#[test]
fn required_spreading_keeps_domains_within_the_skew() {
    let spread = |min_domains| Constraints {
        topology_spread: vec![TopologySpread {
            topology_key: ZONE.into(),
            selector: Some(app("cart")),
            min_domains,
            ..TopologySpread::default()
        }],
        ..Constraints::default()
    };
    let nodes = || [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b"), node("bare")];
    let pods = ["cart-1", "cart-2", "cart-3"].map(|name| of_app(name, spread(1)));
    let mut even = scheduler(nodes(), pods.clone());
    assert_eq!(alone(&mut even), ["cart-1@n1", "cart-2@n3", "cart-3@n2"]);
    let pods = ["cart-1", "cart-2", "cart-3"].map(|name| of_app(name, spread(3)));
    let mut few = scheduler(nodes(), pods);
    let Ok(attempts) = few.run(&mut NoExtender, &mut |_| {});
    assert!(attempts[1].outcome.is_bound() && !attempts[2].outcome.is_bound());
    let label = "node(s) didn't match pod topology spread constraints (missing required label): 1";
    let skew = "node(s) didn't match pod topology spread constraints: 3";
    assert_eq!(reasons(&attempts[2]), [skew, label]);
}

#[test]
fn domains_that_the_pod_may_not_enter_do_not_count_unless_they_are_to() {
    let spread = |honours_affinity| Constraints {
        topology_spread: vec![TopologySpread {
            topology_key: ZONE.into(),
            selector: Some(app("cart")),
            honours_affinity,
            ..TopologySpread::default()
        }],
        ..Constraints::default()
    };
    let second = |honours_affinity| {
        let there = on("n1", of_app("cart-1", Constraints::default()));
        let pod = of_app("cart-2", spread(honours_affinity));
        let node_selector = BTreeMap::from([(ZONE.to_owned(), "a".to_owned())]);
        let shape = PodShape { node_selector, ..PodShape::clone(&pod.shape) };
        let pod = Pod { shape: Arc::new(shape), ..pod };
        let mut scheduler = scheduler([zoned("n1", "a"), zoned("n2", "b")], [there, pod]);
        alone(&mut scheduler)
    };
    assert_eq!(second(true), ["cart-2@n1"]);
    assert_eq!(second(false), ["cart-2@-"], "the empty zone b makes the skew 2");
}

#[test]
fn wished_spreading_counts_pods_by_the_logarithm_of_the_domains() {
    let spread = Constraints {
        topology_spread: vec![TopologySpread {
            topology_key: ZONE.into(),
            selector: Some(app("cart")),
            required: false,
            ..TopologySpread::default()
        }],
        ..Constraints::default()
    };
    let there = ["cart-1", "cart-2", "cart-3"].map(|name| of_app(name, Constraints::default()));
    let there = there.into_iter().zip(["n1", "n1", "n2"]).map(|(pod, node)| on(node, pod)).collect();
    let nodes = [zoned("n1", "a"), zoned("n2", "b"), zoned("n3", "c"), node("bare")];
    // Three domains: ln 5 = 1.61 for a pod, rounded to 3 (two pods), 2 and 0. (3 + 0 − x) / 3: 0, 33 and 100 %.
    assert_eq!(totals(nodes, there, &of_app("cart", spread)), [300, 300 + 2 * 33, 500, 300]);
}

#[test]
fn by_default_pods_of_a_workload_are_spread_over_nodes_and_zones() {
    let replica = |name: &str| Pod {
        workload: WorkloadKey::new("default", "Deployment", "cart"),
        ..of_app(name, Constraints::default())
    };
    let nodes = [zoned("n1", "a"), zoned("n2", "a"), zoned("n3", "b")];
    let there = vec![on("n1", replica("cart-1"))];
    // Nodes: ln 5 = 1.61 and 2 from the skew of 3; zones: ln 4 = 1.39 and 4 from the skew of 5. n1: 9.0; n2: 7.4; n3: 6.
    // (9 + 6 − x) / 9: 66, 88, 100 %.
    assert_eq!(totals(nodes, there, &replica("cart-2")), [300 + 2 * 66, 300 + 2 * 88, 500]);
}
