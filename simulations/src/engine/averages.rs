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

impl Averages {
    /// Nothing yet, of a run that ends then.
    pub(super) fn new(points: u32, end: u64) -> Self {
        let every = end.checked_div(u64::from(points)).filter(|_| end > 0);
        Self { every, end, ..Self::default() }
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
