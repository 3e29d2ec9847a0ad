//! What the graph says after any sequence of changes, and how little it looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::{DeclaredLink, DependencyGraph, HostOffers, Link, Partner};
use crate::component::Component;
use crate::links::LinkStatus;
use crate::names::WorkloadKey;
use crate::testing::world;

/// A workload `namespace/Deployment/name`.
fn key(text: &str) -> WorkloadKey {
    let (namespace, name) = text.split_once('/').unwrap();
    WorkloadKey::new(namespace, "Deployment", name)
}

fn component(imports: &[&str], exports: &[&str]) -> Arc<Component> {
    Arc::new(world(imports, exports))
}

/// A graph of workloads of one component each, where hosts offer `wasi:*`.
fn graph(workloads: &[(&str, &[&str], &[&str])]) -> DependencyGraph {
    let mut graph = DependencyGraph::new(HostOffers::from_patterns(["wasi:http@0.2.0"]).unwrap());
    for (name, imports, exports) in workloads {
        graph.upsert(&key(name), &[component(imports, exports)]);
    }
    graph
}

/// The links of a workload as text: "interface status provider weight".
fn imports(graph: &DependencyGraph, workload: &str) -> Vec<String> {
    let text = |link: &Link| {
        let provider = link.provider.as_ref().map_or("nobody", |provider| &provider.name);
        format!("{} {} {provider} {}", link.interface, link.status, link.weight)
    };
    graph.imports_of(&key(workload)).map(text).collect()
}

fn partners(graph: &DependencyGraph, workload: &str) -> Vec<String> {
    let text = |partner: &Partner| format!("{} {}", partner.workload.name, partner.weight);
    graph.partners(&key(workload)).iter().map(text).collect()
}

const QUOTE: &str = "acme:pricing/quote@0.1.0";
const NEWER_QUOTE: &str = "acme:pricing/quote@0.1.4";
const OTHER_QUOTE: &str = "acme:pricing/quote@0.2.0";
const CART: &str = "acme:cart/cart@1.0.0";

#[test]
fn a_consumer_is_linked_to_the_provider_of_its_namespace() {
    let graph = graph(&[
        ("shop/gateway", &[QUOTE, "wasi:http/types@0.2.6"], &[]),
        ("shop/pricing", &[], &[NEWER_QUOTE]),
        ("elsewhere/pricing", &[], &[QUOTE]),
    ]);
    assert_eq!(
        imports(&graph, "shop/gateway"),
        ["acme:pricing/quote@0.1.0 verified pricing 1", "wasi:http/types@0.2.6 host nobody 0"]
    );
    assert_eq!(partners(&graph, "shop/gateway"), ["pricing 1"]);
    assert_eq!(partners(&graph, "shop/pricing"), ["gateway 1"]);
    assert_eq!(graph.group(&key("shop/gateway")), [key("shop/gateway"), key("shop/pricing")]);
    assert_eq!(graph.group(&key("elsewhere/pricing")), [key("elsewhere/pricing")]);
}

#[test]
fn what_a_host_offers_makes_no_edge_whoever_else_exports_it() {
    let graph = graph(&[
        ("shop/gateway", &["wasi:http/handler@0.2.0"], &[]),
        ("shop/proxy", &[], &["wasi:http/handler@0.2.0"]),
    ]);
    assert_eq!(imports(&graph, "shop/gateway"), ["wasi:http/handler@0.2.0 host nobody 0"]);
    assert!(partners(&graph, "shop/gateway").is_empty());
}

#[test]
fn several_providers_share_the_weight() {
    let graph = graph(&[
        ("shop/gateway", &[QUOTE, CART], &[]),
        ("shop/pricing-a", &[], &[QUOTE, CART]),
        ("shop/pricing-b", &[], &[QUOTE]),
    ]);
    assert_eq!(
        imports(&graph, "shop/gateway"),
        [
            "acme:pricing/quote@0.1.0 ambiguous pricing-a 0.5",
            "acme:pricing/quote@0.1.0 ambiguous pricing-b 0.5",
            "acme:cart/cart@1.0.0 verified pricing-a 1",
        ]
    );
    assert_eq!(partners(&graph, "shop/gateway"), ["pricing-a 1.5", "pricing-b 0.5"]);
}

#[test]
fn an_unserved_import_says_what_there_is_instead() {
    let graph = graph(&[("shop/gateway", &[QUOTE, CART], &[]), ("shop/pricing", &[], &[OTHER_QUOTE])]);
    let links: Vec<&Link> = graph.imports_of(&key("shop/gateway")).collect();
    assert!(links.iter().all(|link| link.status == LinkStatus::Unsatisfied && link.provider.is_none()));
    assert_eq!(
        links[0].why,
        "no workload of namespace `shop` serves it; of `shop/Deployment/pricing`: the provider exports \
         `acme:pricing/quote@0.2.0`, which is on another version track"
    );
    assert_eq!(links[1].why, "no workload of namespace `shop` exports it in any version");
}

#[test]
fn a_sibling_in_the_same_pods_serves_without_an_edge() {
    let mut graph = graph(&[("shop/pricing", &[], &[QUOTE])]);
    let both = [component(&[QUOTE], &[]), component(&[], &[QUOTE])];
    graph.upsert(&key("shop/gateway"), &both);
    assert_eq!(imports(&graph, "shop/gateway"), ["acme:pricing/quote@0.1.0 verified gateway 0"]);
    assert!(partners(&graph, "shop/gateway").is_empty());
}

#[test]
fn a_middleware_does_not_serve_itself() {
    let graph = graph(&[("shop/cache", &[QUOTE], &[QUOTE]), ("shop/pricing", &[], &[QUOTE])]);
    assert_eq!(imports(&graph, "shop/cache"), ["acme:pricing/quote@0.1.0 verified pricing 1"]);
}

#[test]
fn two_that_need_each_other_are_partners_once() {
    let graph = graph(&[("shop/a", &[QUOTE], &[CART]), ("shop/b", &[CART], &[QUOTE])]);
    assert_eq!(partners(&graph, "shop/a"), ["b 2"]);
    assert_eq!(partners(&graph, "shop/b"), ["a 2"]);
}

#[test]
fn links_of_a_workload_are_those_of_both_sides() {
    let graph = graph(&[
        ("shop/gateway", &[QUOTE], &[]),
        ("shop/pricing", &[CART], &[QUOTE]),
        ("shop/checkout", &[QUOTE], &[]),
    ]);
    let consumers: Vec<&str> =
        graph.links_of(&key("shop/pricing")).map(|link| &*link.consumer.name).collect();
    assert_eq!(consumers, ["pricing", "checkout", "gateway"]);
}

#[test]
fn a_group_falls_apart_when_what_held_it_leaves() {
    let mut graph = graph(&[
        ("shop/a", &[QUOTE], &[]),
        ("shop/b", &[CART], &[QUOTE]),
        ("shop/c", &[], &[CART]),
        ("shop/d", &[], &[]),
    ]);
    assert_eq!(graph.group(&key("shop/a")).len(), 3);
    let changed = graph.remove(&key("shop/b"));
    assert_eq!(changed, ["shop/a", "shop/b", "shop/c"].map(key).into());
    assert_eq!(graph.group(&key("shop/a")), [key("shop/a")]);
    assert!(graph.group(&key("shop/b")).is_empty());
}

#[test]
fn a_declared_link_gives_the_links_of_the_worlds_its_weight_or_stands_alone() {
    let mut graph = graph(&[
        ("shop/gateway", &[QUOTE, CART, "acme:mail/send@1.0.0"], &[]),
        ("shop/pricing", &[], &[QUOTE, CART]),
        ("shop/mail", &[], &["acme:mail/send@1.0.0"]),
    ]);
    let declared = DeclaredLink::list("pricing=8, redis=3, mail=0").unwrap();
    let changed = graph.declare(&key("shop/gateway"), &declared);
    assert_eq!(changed, ["shop/gateway", "shop/mail", "shop/pricing"].map(key).into());
    assert_eq!(
        imports(&graph, "shop/gateway"),
        [
            "acme:pricing/quote@0.1.0 verified pricing 4",
            "acme:cart/cart@1.0.0 verified pricing 4",
            "acme:mail/send@1.0.0 verified mail 0",
            "redis unsatisfied nobody 0",
        ]
    );
    assert_eq!(graph.group(&key("shop/mail")), [key("shop/mail")], "a weight of 0 draws nothing");

    assert!(graph.is_named(&WorkloadKey::new("shop", "StatefulSet", "redis")));
    graph.upsert(&WorkloadKey::new("shop", "StatefulSet", "redis"), &[]);
    assert_eq!(partners(&graph, "shop/gateway"), ["pricing 8", "redis 3"]);
    graph.upsert(&key("shop/redis"), &[]);
    let of_redis = |text: &String| text.starts_with("redis");
    let shared: Vec<_> = imports(&graph, "shop/gateway").into_iter().filter(of_redis).collect();
    assert_eq!(shared, ["redis ambiguous redis 1.5", "redis ambiguous redis 1.5"]);
}

#[test]
fn the_same_components_again_change_nothing() {
    let mut graph = graph(&[("shop/a", &[QUOTE], &[])]);
    let same = [component(&[QUOTE], &[])];
    assert!(graph.holds(&key("shop/a"), &same));
    assert!(graph.upsert(&key("shop/a"), &same).is_empty());
    assert!(!graph.holds(&key("shop/b"), &[]));
}

#[test]
fn a_change_looks_only_at_workloads_that_it_concerns() {
    let mut graph = DependencyGraph::default();
    for namespace in 0..10 {
        for name in 0..100 {
            let interface = format!("acme:n{name}/quote@0.1.0");
            let [consumer, provider] =
                ["consumer", "provider"].map(|role| key(&format!("ns{namespace}/{role}{name}")));
            graph.upsert(&consumer, &[component(&[&interface], &[])]);
            graph.upsert(&provider, &[component(&[], &[&interface])]);
        }
    }
    let provider = key("ns5/provider50");
    let newer = [component(&[], &["acme:n50/quote@0.1.1"])];
    assert_eq!(graph.replace(&provider, &newer).touched, 2, "itself and its consumer; no group changes");
    assert_eq!(graph.take_out(&provider).touched, 4, "the same two, and the groups that they are now");
}

/// What can be asked about every workload.
type Answers = BTreeMap<WorkloadKey, (Vec<Link>, Vec<Partner>, Vec<WorkloadKey>)>;

fn answers(graph: &DependencyGraph) -> Answers {
    let answer = |key| (graph.imports_of(key).cloned().collect(), graph.partners(key), graph.group(key));
    graph.workloads().map(|key| (key.clone(), answer(key))).collect()
}

/// The workloads about which something else is said now than before.
fn changes(before: &Answers, now: &Answers) -> BTreeSet<WorkloadKey> {
    let keys = before.keys().chain(now.keys());
    keys.filter(|key| before.get(*key) != now.get(*key)).cloned().collect()
}

fn any_components() -> impl Strategy<Value = Vec<Arc<Component>>> {
    let interfaces = || {
        let names = vec![QUOTE, NEWER_QUOTE, OTHER_QUOTE, CART, "wasi:http/types@0.2.1", "a:b/c"];
        prop::collection::vec(prop::sample::select(names), 0..3)
    };
    prop::collection::vec((interfaces(), interfaces()).prop_map(|(i, e)| component(&i, &e)), 0..3)
}

fn any_declared() -> impl Strategy<Value = Vec<DeclaredLink>> {
    let links = prop::sample::subsequence(vec!["a=2", "b=0", "c=0.5", "e"], 0..3);
    links.prop_map(|links| links.into_iter().map(|link| link.parse().unwrap()).collect())
}

/// What happens to a workload.
#[derive(Clone, Debug)]
enum Step {
    Made(Vec<Arc<Component>>),
    Declared(Vec<DeclaredLink>),
    Gone,
}

fn any_change() -> impl Strategy<Value = (WorkloadKey, Step)> {
    let names = vec!["shop/a", "shop/b", "shop/c", "shop/d", "shop/e", "other/a", "other/b"];
    let step = prop_oneof![
        3 => any_components().prop_map(Step::Made),
        2 => any_declared().prop_map(Step::Declared),
        1 => Just(Step::Gone),
    ];
    (prop::sample::select(names).prop_map(key), step)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_ends_as_if_built_at_once(
        sequence in prop::collection::vec(any_change(), 1..25),
    ) {
        let offers = HostOffers::from_patterns(["wasi:http@0.2.0"]).unwrap();
        let mut graph = DependencyGraph::new(offers.clone());
        let mut end: BTreeMap<WorkloadKey, (Vec<Arc<Component>>, Vec<DeclaredLink>)> = BTreeMap::new();
        for (workload, step) in sequence {
            let before = answers(&graph);
            let changed = match &step {
                Step::Made(components) => graph.upsert(&workload, components),
                Step::Declared(links) => graph.declare(&workload, links),
                Step::Gone => graph.remove(&workload),
            };
            prop_assert_eq!(changed, changes(&before, &answers(&graph)));
            match step {
                Step::Made(components) => end.entry(workload).or_default().0 = components,
                // Nothing is declared for a workload that is not known: it stays unknown.
                Step::Declared(links) if links.is_empty() && !end.contains_key(&workload) => {}
                Step::Declared(links) => end.entry(workload).or_default().1 = links,
                Step::Gone => drop(end.remove(&workload)),
            }
        }
        let mut fresh = DependencyGraph::new(offers);
        for (workload, (components, links)) in &end {
            fresh.upsert(workload, components);
            fresh.declare(workload, links);
        }
        prop_assert_eq!(answers(&graph), answers(&fresh));
        prop_assert_eq!(graph.links().collect::<Vec<_>>(), fresh.links().collect::<Vec<_>>());
        for workload in end.keys() {
            let [links, fresh] = [&graph, &fresh].map(|it| it.links_of(workload).collect::<Vec<_>>());
            prop_assert_eq!(links, fresh);
        }
    }
}
