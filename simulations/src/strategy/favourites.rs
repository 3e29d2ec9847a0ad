//! Simple tastes: an extender that prefers some nodes over all others whatever else is known.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use wit_placement::kube_scheduler::{FilterReply, NoExtender, SchedulerExtender};
use wit_placement::{Event, Millis, NodeName, Pod, PodUid};

use super::Strategy;

/// How much its scores count: the best one outweighs all default plugins together.
pub(super) const WEIGHT: u32 = 15;
/// The best score.
const BEST: u8 = 10;

/// What is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taste {
    /// The nodes with the fewest pods.
    FewestPods,
    /// Any node, drawn by the seed.
    Any(u64),
}

/// An extender of simple taste.
#[derive(Clone, Debug)]
pub struct Favourites {
    taste: Taste,
    random: Xoshiro256PlusPlus,
    pods: BTreeMap<NodeName, u32>,
    places: BTreeMap<PodUid, NodeName>,
}

impl Favourites {
    /// An extender that knows no pod yet.
    pub fn new(taste: Taste) -> Self {
        let seed = if let Taste::Any(seed) = taste { seed } else { 0 };
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        // The order of the pods is drawn by the same seed: these numbers come long after those.
        random.jump();
        Self { taste, random, pods: BTreeMap::new(), places: BTreeMap::new() }
    }

    fn place(&mut self, pod: &Pod) {
        let Some(node) = &pod.node else { return };
        if self.places.insert(pod.uid.clone(), node.clone()).is_none() {
            *self.pods.entry(node.clone()).or_default() += 1;
        }
    }

    fn on(&self, node: &NodeName) -> u32 {
        self.pods.get(node).copied().unwrap_or(0)
    }
}

impl Strategy for Favourites {
    fn now(&mut self, _now: Millis) -> bool {
        false
    }

    fn hear(&mut self, event: &Event) -> bool {
        match event {
            Event::Pod(pod) => self.place(pod),
            Event::PodGone(uid) => {
                let node = self.places.remove(uid);
                if let Some(pods) = node.and_then(|node| self.pods.get_mut(&node)) {
                    *pods -= 1;
                }
            }
            _ => {}
        }
        false
    }

    fn bindings(&mut self) -> Vec<Event> {
        Vec::new()
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        BTreeSet::new()
    }
}

impl SchedulerExtender for Favourites {
    type Error = Infallible;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        NoExtender.filter(pod, nodes)
    }

    fn prioritize(&mut self, _pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        let favourites: Vec<&NodeName> = match self.taste {
            Taste::FewestPods => {
                let fewest = nodes.iter().map(|node| self.on(node)).min();
                nodes.iter().filter(|node| Some(self.on(node)) == fewest).collect()
            }
            Taste::Any(_) => {
                let drawn = self.random.random_range(0..nodes.len().max(1));
                nodes.get(drawn).into_iter().collect()
            }
        };
        Ok(favourites.into_iter().map(|node| (node.clone(), BEST)).collect())
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        self.place(pod);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::Draws;

    #[test]
    fn nodes_are_drawn_from_other_numbers_than_the_order_of_pods() {
        for seed in 0..10 {
            let mut nodes = Favourites::new(Taste::Any(seed)).random;
            let Draws(mut order) = Draws::of(seed);
            let drawn = |random: &mut Xoshiro256PlusPlus| -> Vec<u64> {
                (0..100).map(|_| random.random_range(0..u64::MAX)).collect()
            };
            let of_the_order = drawn(&mut order);
            assert!(drawn(&mut nodes).iter().all(|number| !of_the_order.contains(number)), "seed {seed}");
        }
    }
}
