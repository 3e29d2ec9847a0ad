//! `NodeResourcesBalancedAllocation`: does the pod bring the used shares of CPU and memory nearer to each other. As in
//! `plugins/noderesources/balanced_allocation.go`.

use super::super::room::{Ask, Room};
use super::MAX_SCORE;
use crate::objects::Resources;

/// 75 where the pod changes nothing, up to 100 where it balances the node, down to 50 where it does the opposite. Pods
/// without requests get 0 everywhere.
pub(in super::super) fn score(ask: &Ask, room: &Room) -> u64 {
    if ask.requests == Resources::default() {
        return 0;
    }
    let half = MAX_SCORE / 2;
    let (with, without) = (balance(room.requested + ask.requests, room), balance(room.requested, room));
    half + (half + with).saturating_sub(without) / 2
}

/// 100 for equal shares, 50 where one resource is used up and the other untouched: one minus the standard deviation.
fn balance(used: Resources, room: &Room) -> u64 {
    let share = |used: u64, offered: u64| (used as f64 / offered as f64).min(1.0);
    let offered = room.offered;
    if offered.cpu_millis == 0 || offered.memory_bytes == 0 {
        return MAX_SCORE;
    }
    let cpu = share(used.cpu_millis, offered.cpu_millis);
    let memory = share(used.memory_bytes, offered.memory_bytes);
    let deviation = ((cpu - memory) / 2.0).abs();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 50 to 100")]
    let score = ((1.0 - deviation) * MAX_SCORE as f64) as u64;
    score
}

#[cfg(test)]
mod tests {
    use super::super::super::room::testing::{ask, room};
    use super::*;

    #[test]
    fn a_pod_that_balances_the_node_scores_more_than_one_that_does_not() {
        // CPU 0.5, memory 0.1: deviation 0.2, balance 80.
        let used = room((1000, 1000), (500, 100));
        // With 0.5 and 0.5 the balance is 100: 50 + (50 + 100 − 80) / 2.
        assert_eq!(score(&ask(0, 400), &used), 85);
        // With 0.9 and 0.1 the deviation is 0.4, the balance 60: 50 + (50 + 60 − 80) / 2.
        assert_eq!(score(&ask(400, 0), &used), 65);
        // With 0.6 and 0.2 nothing changes.
        assert_eq!(score(&ask(100, 100), &used), 75);
    }

    #[test]
    fn without_requests_or_with_one_resource_there_is_nothing_to_balance() {
        assert_eq!(score(&ask(0, 0), &room((1000, 1000), (500, 100))), 0);
        assert_eq!(score(&ask(100, 0), &room((1000, 0), (500, 100))), 75);
    }
}
