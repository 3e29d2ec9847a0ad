//! kube-scheduler's plugins, one file each: filters say why a node is unfit, scores are 0 to 100.

pub(super) mod balanced_allocation;
pub(super) mod image_locality;
pub(super) mod inter_pod_affinity;
pub(super) mod node_affinity;
pub(super) mod resources_fit;
pub(super) mod taint_toleration;
pub(super) mod topology_spread;

/// The best score of a plugin (`MaxNodeScore`).
pub(super) const MAX_SCORE: u64 = 100;

/// Scales scores so that the largest becomes [`MAX_SCORE`], or the smallest possible where they are `reversed`: what is
/// counted then speaks against the node. As `DefaultNormalizeScore` in `plugins/helper/normalize_score.go`.
pub(super) fn normalize(scores: &mut [u64], reversed: bool) {
    let most = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        let scaled = (*score * MAX_SCORE).checked_div(most).unwrap_or(0);
        *score = if reversed { MAX_SCORE - scaled } else { scaled };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_scaled_by_the_largest_and_turned_round_where_they_count_against_a_node() {
        let normalized = |mut scores: Vec<u64>, reversed| {
            normalize(&mut scores, reversed);
            scores
        };
        assert_eq!(normalized(vec![1, 2, 3], false), [33, 66, 100]);
        assert_eq!(normalized(vec![1, 2, 3], true), [67, 34, 0]);
        assert_eq!(normalized(vec![0, 0], false), [0, 0]);
        assert_eq!(normalized(vec![0, 0], true), [100, 100]);
    }
}
