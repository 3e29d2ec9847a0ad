//! In which order pods come that come at the same time.
//!
//! A trace lists what is there; the order in which controllers make pods is nobody's choice in a cluster, and placements
//! depend on it: so it is drawn by a seed.

use std::collections::BTreeMap;

use clap::ValueEnum;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};
use wit_graph::WorkloadKey;
use wit_placement::Pod;

/// The order of pods that arrive at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// As they are listed; pods that workloads make come by workload.
    #[default]
    Listed,
    /// Any order, drawn by the seed.
    Random,
    /// Workload after workload, which come in an order drawn by the seed.
    Grouped,
    /// One replica of each workload, then another of each: the workloads in an order drawn by the seed.
    Interleaved,
}

/// What the orders of a run are drawn from.
#[derive(Clone, Debug)]
pub struct Draws(pub(crate) Xoshiro256PlusPlus);

impl Draws {
    /// The draws of a seed: the same seed gives the same.
    pub fn of(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }
}

impl Order {
    /// The name as it is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Random => "random",
            Self::Grouped => "grouped",
            Self::Interleaved => "interleaved",
        }
    }

    /// The pods in this order. What is drawn is drawn by `draws`, of which a run has one for all its times.
    pub fn arrange(self, pods: Vec<Pod>, draws: &mut Draws) -> Vec<Pod> {
        let Draws(random) = draws;
        match self {
            Self::Listed => pods,
            Self::Random => {
                let mut pods = pods;
                pods.shuffle(random);
                pods
            }
            Self::Grouped => shuffled_workloads(pods, random).into_iter().flatten().collect(),
            Self::Interleaved => {
                let groups = shuffled_workloads(pods, random);
                let turns = groups.into_iter().flat_map(|group| group.into_iter().enumerate());
                let mut pods: Vec<(usize, Pod)> = turns.collect();
                pods.sort_by_key(|(turn, _)| *turn);
                pods.into_iter().map(|(_, pod)| pod).collect()
            }
        }
    }
}

/// The pods in the order of the pairs, those of both ends of a pair in turns, in proportion to how many there are of each; then
/// the others as they come.
pub fn batch(pods: Vec<Pod>, pairs: &[(WorkloadKey, WorkloadKey)]) -> Vec<Pod> {
    let mut groups: BTreeMap<WorkloadKey, Vec<Pod>> = BTreeMap::new();
    let mut rest: Vec<WorkloadKey> = Vec::new();
    for pod in pods {
        let group = groups.entry(pod.workload.clone()).or_default();
        if group.is_empty() {
            rest.push(pod.workload.clone());
        }
        group.push(pod);
    }
    let mut batch = Vec::new();
    for (one, other) in pairs {
        let ends = [one, other].map(|end| groups.remove(end).unwrap_or_default());
        let parts = ends.into_iter().flat_map(|pods| {
            let count = pods.len() as f64;
            pods.into_iter().enumerate().map(move |(turn, pod)| ((turn as f64 + 0.5) / count, pod))
        });
        let mut turns: Vec<(f64, Pod)> = parts.collect();
        turns.sort_by(|one, other| one.0.total_cmp(&other.0));
        batch.extend(turns.into_iter().map(|(_, pod)| pod));
    }
    batch.extend(rest.into_iter().filter_map(|key| groups.remove(&key)).flatten());
    batch
}

/// The pods of each workload, the workloads shuffled.
fn shuffled_workloads(pods: Vec<Pod>, random: &mut Xoshiro256PlusPlus) -> Vec<Vec<Pod>> {
    let mut groups: BTreeMap<WorkloadKey, Vec<Pod>> = BTreeMap::new();
    for pod in pods {
        groups.entry(pod.workload.clone()).or_default().push(pod);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.shuffle(random);
    groups
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use wit_placement::{PodKey, PodUid};

    use super::*;

    fn pod(workload: u8, number: usize) -> Pod {
        Pod {
            key: PodKey::new("shop", format!("{workload}-{number}")),
            uid: PodUid::new(number.to_string()),
            workload: WorkloadKey::new("shop", "Deployment", workload.to_string()),
            shape: Arc::default(),
            node: None,
            finished: false,
            gated: false,
        }
    }

    fn names(pods: &[Pod]) -> Vec<String> {
        pods.iter().map(|pod| pod.key.to_string()).collect()
    }

    proptest! {
        #[test]
        fn every_order_has_every_pod_once_and_is_the_same_for_the_same_seed(
            workloads in prop::collection::vec(0_u8..5, 0..30),
            seed in any::<u64>(),
        ) {
            let pods: Vec<_> = workloads.iter().enumerate().map(|(number, one)| pod(*one, number)).collect();
            let mut all = names(&pods);
            all.sort();
            for order in [Order::Listed, Order::Random, Order::Grouped, Order::Interleaved] {
                let arranged = names(&order.arrange(pods.clone(), &mut Draws::of(seed)));
                prop_assert_eq!(&arranged, &names(&order.arrange(pods.clone(), &mut Draws::of(seed))));
                let mut sorted = arranged;
                sorted.sort();
                prop_assert_eq!(&sorted, &all);
            }
        }
    }

    #[test]
    fn those_who_come_later_are_not_shuffled_as_those_before_them() {
        let pods: Vec<_> = (0..20).map(|number| pod(0, number)).collect();
        let mut draws = Draws::of(0);
        let mut arranged = || names(&Order::Random.arrange(pods.clone(), &mut draws));
        assert_ne!(arranged(), arranged());
    }

    #[test]
    fn grouped_pods_stay_together_and_interleaved_ones_take_turns() {
        let pods: Vec<_> = [0, 1, 0, 1, 0].into_iter().enumerate().map(|(at, one)| pod(one, at)).collect();
        let workloads = |order: Order, seed| -> String {
            order.arrange(pods.clone(), &mut Draws::of(seed)).iter().map(|pod| &*pod.workload.name).collect()
        };
        let drawn = |order| -> Vec<String> {
            let mut drawn: Vec<_> = (0..20).map(|seed| workloads(order, seed)).collect();
            drawn.sort();
            drawn.dedup();
            drawn
        };
        assert_eq!(drawn(Order::Grouped), ["00011", "11000"]);
        assert_eq!(drawn(Order::Interleaved), ["01010", "10100"]);
    }

    #[test]
    fn a_batch_follows_the_pairs_and_gives_both_ends_turns() {
        let pods: Vec<_> =
            [0, 1, 2, 2, 2, 3, 0].into_iter().enumerate().map(|(at, one)| pod(one, at)).collect();
        let key = |name: u8| WorkloadKey::new("shop", "Deployment", name.to_string());
        let pairs = [(key(2), key(0)), (key(0), key(1))];
        let order: String = batch(pods, &pairs).iter().map(|pod| &*pod.workload.name).collect();
        assert_eq!(order, "2020213");
    }
}
