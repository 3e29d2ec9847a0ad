//! The numbers on average over time, each moment counting as much as any other.

use std::collections::BTreeMap;

use wit_placement::{ClusterState, Millis};

use crate::metrics::{Means, Metrics};

/// What has been summed up so far. Numbers are taken as they were before something changes, and hold since they were taken last. Of changes
/// that follow each other faster than the run's length over the number of points those between are passed over, so
/// that the work does not grow with the number of pods.
#[derive(Debug, Default)]
pub(super) struct Averages {
    /// The shortest time between two points; `None` averages nothing.
    every: Option<u64>,
    /// What comes later is left out.
    end: u64,
    since: u64,
    /// The sum of each number times the time that it held, and that time.
    sums: BTreeMap<&'static str, (f64, f64)>,
}

/// How far apart so many points are at least that are spread over a time; `None` where there are none.
pub(super) fn spacing(points: u32, over: u64) -> Option<u64> {
    (points > 0 && over > 0).then(|| over.div_ceil(u64::from(points)))
}

impl Averages {
    /// Nothing yet, of a run that ends then.
    pub(super) fn new(points: u32, end: u64) -> Self {
        Self { every: spacing(points, end), end, ..Self::default() }
    }

    /// The cluster has been so until now.
    pub(super) fn until(&mut self, now: Millis, state: &ClusterState) {
        let Some(every) = self.every else { return };
        let now = now.0.min(self.end);
        let over = now.saturating_sub(self.since);
        if over == 0 || (over < every && now < self.end) {
            return;
        }
        for (key, value) in Metrics::of(state, Millis(now)).values() {
            if let Some(value) = value {
                let (sum, held) = self.sums.entry(key).or_default();
                *sum += value * over as f64;
                *held += over as f64;
            }
        }
        self.since = now;
    }

    /// The averages.
    pub(super) fn means(self) -> Means {
        let values = self.sums.into_iter().map(|(key, (sum, held))| (key.to_owned(), sum / held));
        Means { over: self.since, values: values.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wit_placement::{Allocatable, Event, Node, NodeName, Resources};

    use super::*;

    /// A cluster of so many nodes.
    fn cluster(nodes: u32) -> ClusterState {
        let mut state = ClusterState::new(wit_config::Settings::default()).unwrap();
        for number in 0..nodes {
            let node = Node {
                name: NodeName::new(format!("n{number}")),
                labels: BTreeMap::new(),
                allocatable: Allocatable { resources: Resources::default(), pods: 1 },
                runtime_handlers: None,
                instance_cap: None,
                taints: Vec::new(),
                unschedulable: false,
                images: Vec::new(),
            };
            state.apply(Event::Node(node), Millis(0));
        }
        state
    }

    proptest! {
        #[test]
        fn every_moment_counts_as_much_as_any_other(spans in prop::collection::vec((10_u64..100, 0_u32..4), 1..10)) {
            let end: u64 = spans.iter().map(|(span, _)| span).sum();
            // As many points as there is room for: none of these spans is passed over.
            let mut averages = Averages::new(u32::try_from(end).unwrap(), end);
            let (mut now, mut expected) = (0, 0.0);
            for (span, nodes) in &spans {
                now += span;
                averages.until(Millis(now), &cluster(*nodes));
                expected += *span as f64 * f64::from(*nodes) / end as f64;
            }
            averages.until(Millis(end + 1_000), &cluster(9));
            let means = averages.means();
            prop_assert_eq!(means.over, end);
            prop_assert!((means.values["nodes"] - expected).abs() < 1e-9, "{:?}", means);
            prop_assert!(!means.values.contains_key("gainedAffinity"), "nobody calls anybody");
        }
    }

    #[test]
    fn of_fast_changes_those_between_are_passed_over() {
        let mut averages = Averages::new(2, 99);
        for (now, nodes) in [(10, 3), (49, 3), (59, 1), (99, 2)] {
            averages.until(Millis(now), &cluster(nodes));
        }
        // One from 0 to 59, when a half of the run had passed, and two from there.
        assert_eq!(averages.means().values["nodes"].to_bits(), (139.0_f64 / 99.0).to_bits());
        assert_eq!(Averages::new(200, 0).means(), Means::default());
    }
}
