//! What is kept so that no decision looks for it: after whatever happened, it is what would be worked out.

use std::sync::Arc;

use proptest::prelude::*;
use wit_graph::Component;

use super::state::{Told, Truth, pod, step, take, usual};
use crate::counts::Counts;
use crate::filter::{PodContext, capability};
use crate::ledger::Ledger;
use crate::nodes::Usage;
use crate::objects::{Millis, NodeName};
use crate::request::KnownCandidates;
use crate::state::{ClusterState, PodWorld};
use crate::testing::request;

/// Holds what is counted of presumptions against the entries of the ledger, and what is counted in all against pods and
/// entries.
fn count_again(state: &ClusterState) {
    let mut ledger = Ledger::default();
    for (uid, entry) in state.ledger.iter() {
        ledger.insert(uid.clone(), Arc::clone(entry));
    }
    for (place, node) in state.nodes.iter() {
        assert_eq!(state.ledger.elsewhere(place, None), ledger.elsewhere(place, None), "{}", node.name);
        assert_eq!(state.ledger.doubtful(place, None), ledger.doubtful(place, None), "{}", node.name);
        let pods = state.pods.values().filter_map(|record| record.counted);
        let presumed = state.ledger.iter().map(|(_, entry)| (entry.best, entry.counted));
        let there = pods.chain(presumed).filter(|(counted, _)| *counted == place);
        let used = there.map(|(_, usage)| usage).fold(Usage::default(), Usage::plus);
        assert_eq!(node.used(), used, "{}", node.name);
    }
    assert_eq!(state.ledger.is_certain(None), ledger.is_certain(None));
    for (place, workload) in state.workloads.iter() {
        let mut placed = Counts::default();
        let pods = state.pods.values().filter(|record| record.workload == place);
        pods.filter_map(|record| record.counted).for_each(|(node, _)| placed.add(node));
        let entries = || state.ledger.iter().filter(|(_, entry)| entry.workload == place);
        entries().for_each(|(_, entry)| placed.add(entry.best));
        assert_eq!(workload.placed, placed, "{}", workload.key);
        assert_eq!(workload.presumed as usize, entries().count(), "{}", workload.key);
        assert_eq!(workload.awaited, workload.pending() > 0, "{}", workload.key);
    }
}

/// Holds the verdicts that are kept for workloads against those that are worked out for their pods.
fn judge_again(told: &Told) {
    let long_since = Millis(told.now.0 + 10_000_000);
    for (workload, shape) in (0..4).flat_map(|workload| (0..8).map(move |shape| (workload, shape))) {
        let request = request(&pod(9, 1, workload, shape));
        let Some(handler) = told.state.wasm_handler(request.shape.runtime_class.as_deref()) else { continue };
        let PodWorld::Wasm { components, .. } = told.state.pod_world(&request.shape, long_since) else {
            continue;
        };
        let context = PodContext::new(&told.state, &request, handler, &components);
        let components: Vec<&Component> = components.iter().map(Arc::as_ref).collect();
        let classes = told.state.nodes.classes().iter();
        let judged =
            classes.map(|class| capability(&told.state, class, handler, &components, &request.workload));
        assert!(context.classes().iter().cloned().eq(judged), "{request:?}");
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_what_would_be_worked_out(steps in prop::collection::vec(step(), 1..60)) {
        let (mut truth, mut told) = (Truth::default(), Told::new());
        let names: Vec<NodeName> = (0..4).map(|number| NodeName::new(format!("node-{number}"))).collect();
        let lists: [&[u32]; 3] = [&[0, 1, 2, 3], &[2, 0], &[3, 1]];
        let mut known = KnownCandidates::default();
        for (step, numbers) in usual().into_iter().chain(steps).zip(lists.into_iter().cycle()) {
            take(step, &mut truth, &mut told);
            count_again(&told.state);
            judge_again(&told);
            let candidates = known.of(&told.state, numbers, |number| names.get(number as usize), told.now);
            let listed = numbers.iter().filter_map(|number| names.get(*number as usize)).map(NodeName::as_str);
            prop_assert_eq!(&*candidates, &*told.state.candidates(listed, told.now));
        }
    }
}
