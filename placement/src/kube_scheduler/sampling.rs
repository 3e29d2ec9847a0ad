//! How many nodes are looked at, from which one on, and which of equally good ones is taken.

use super::profile::{Profile, Ties};

/// With fewer nodes all are looked at, and never fewer are found (`minFeasibleNodesToFind`).
const LEAST_NODES: usize = 100;
/// The least share of the nodes that is looked for by itself (`minFeasibleNodesPercentageToFind`).
const LEAST_PERCENTAGE: usize = 5;

/// Where the search for nodes begins: where the one before ended, so that all nodes have their chance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sampling {
    start: usize,
}

/// Chooses between equal scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct TieBreak {
    ties: Ties,
    state: u64,
}

impl Profile {
    /// How many nodes that fit are enough, as `numFeasibleNodesToFind` in `schedule_one.go`: the larger the cluster, the
    /// smaller the share, from 50 % to 5 %.
    pub(super) fn enough_nodes(&self, nodes: usize) -> usize {
        if nodes < LEAST_NODES {
            return nodes;
        }
        let adaptive = 50_usize.saturating_sub(nodes / 125).max(LEAST_PERCENTAGE);
        let percentage = match self.percentage_of_nodes_to_score {
            0 => adaptive,
            given => given as usize,
        };
        (nodes * percentage / 100).max(LEAST_NODES)
    }
}

impl Sampling {
    /// The nodes in the order in which they are looked at.
    pub(super) fn nodes(self, order: &[u32]) -> impl Iterator<Item = u32> {
        let (before, from) = order.split_at(self.start.min(order.len()));
        from.iter().chain(before).copied()
    }

    /// So many of the nodes were looked at.
    pub(super) fn advance(&mut self, looked_at: usize, nodes: usize) {
        self.start = (self.start + looked_at).checked_rem(nodes).unwrap_or(0);
    }
}

impl TieBreak {
    pub(super) fn new(ties: Ties) -> Self {
        let state = match ties {
            Ties::First => 0,
            Ties::Seeded(seed) => seed,
        };
        Self { ties, state }
    }

    /// The place of the best score and the score.
    pub(super) fn best(&mut self, scores: &[u64]) -> Option<(usize, u64)> {
        let best = scores.iter().copied().max()?;
        let equal = scores.iter().filter(|score| **score == best).count();
        let chosen = match self.ties {
            Ties::First => 0,
            Ties::Seeded(_) => usize::try_from(self.next() % equal as u64).unwrap_or(0),
        };
        let places = scores.iter().enumerate().filter(|(_, score)| **score == best);
        places.map(|(place, _)| (place, best)).nth(chosen)
    }

    /// From which of so many the search for nodes to evict pods from begins: the first, or any.
    pub(super) fn offset(&mut self, of: usize) -> usize {
        match self.ties {
            Ties::First => 0,
            Ties::Seeded(_) => usize::try_from(self.next() % (of as u64).max(1)).unwrap_or(0),
        }
    }

    /// The next number of the sequence (splitmix64).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_the_cluster_the_smaller_the_share_that_is_looked_for() {
        let enough = |nodes, percentage_of_nodes_to_score| {
            Profile { percentage_of_nodes_to_score, ..Profile::default() }.enough_nodes(nodes)
        };
        assert_eq!([99, 100, 200].map(|nodes| enough(nodes, 0)), [99, 100, 100]);
        assert_eq!([1_000, 5_000, 6_000].map(|nodes| enough(nodes, 0)), [420, 500, 300]);
        assert_eq!((enough(1_000, 100), enough(1_000, 20), enough(1_000, 1)), (1_000, 200, 100));
    }

    #[test]
    fn the_search_goes_on_where_it_ended() {
        let mut sampling = Sampling::default();
        sampling.advance(2, 3);
        assert_eq!(sampling.nodes(&[7, 8, 9]).collect::<Vec<_>>(), [9, 7, 8]);
        sampling.advance(2, 3);
        assert_eq!(sampling.nodes(&[7, 8, 9]).collect::<Vec<_>>(), [8, 9, 7]);
        sampling.advance(0, 0);
        assert_eq!(sampling.nodes(&[]).count(), 0);
    }

    #[test]
    fn of_equal_scores_the_first_is_taken_or_any_by_seed() {
        let scores = [1, 5, 5, 0, 5];
        let chosen = |ties| {
            let mut ties = TieBreak::new(ties);
            (0..50).map(|_| ties.best(&scores).unwrap().0).collect::<Vec<_>>()
        };
        assert!(chosen(Ties::First).iter().all(|place| *place == 1));
        let seeded = chosen(Ties::Seeded(7));
        assert!([1, 2, 4].iter().all(|place| seeded.contains(place)) && !seeded.contains(&0));
        assert_eq!(seeded, chosen(Ties::Seeded(7)));
        assert_ne!(seeded, chosen(Ties::Seeded(8)));
        assert_eq!(TieBreak::new(Ties::First).best(&[]), None);
    }
}
