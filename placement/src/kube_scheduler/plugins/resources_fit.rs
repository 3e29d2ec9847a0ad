//! `NodeResourcesFit`: is there room, and how much is left. As in `plugins/noderesources/fit.go`, `least_allocated.go` and
//! `most_allocated.go`, for CPU and memory with equal weights.

use super::super::profile::ScoringStrategy;
use super::super::room::{Ask, Room};
use super::super::unfit::{Unfit, Unfits};
use super::MAX_SCORE;

/// What there is too little of. A node on which nothing ran could still be too small: no eviction helps then.
pub(in super::super) fn unfit(ask: &Ask, room: &Room) -> Unfits {
    let mut unfits = Unfits::NONE;
    if room.resident >= room.pods {
        unfits.insert(Unfit::Pods);
    }
    let (wanted, offered, used) = (ask.requests, room.offered, room.requested);
    let resources = [
        (Unfit::Cpu, wanted.cpu_millis, offered.cpu_millis, used.cpu_millis),
        (Unfit::Memory, wanted.memory_bytes, offered.memory_bytes, used.memory_bytes),
    ];
    for (unfit, wanted, offered, used) in resources {
        if wanted > 0 && wanted > offered.saturating_sub(used) {
            unfits.insert(unfit);
            if wanted > offered {
                unfits.insert(Unfit::TooSmall);
            }
        }
    }
    unfits
}

/// How free, or how full, the node is with the pod. A pod without requests counts as if it had small ones.
pub(in super::super) fn score(strategy: ScoringStrategy, ask: &Ask, room: &Room) -> u64 {
    let (offered, used) = (room.offered, room.assumed + ask.assumed);
    let resources = [(offered.cpu_millis, used.cpu_millis), (offered.memory_bytes, used.memory_bytes)];
    let (mut sum, mut weights) = (0, 0);
    for (offered, used) in resources.into_iter().filter(|(offered, _)| *offered > 0) {
        let share = match strategy {
            ScoringStrategy::LeastAllocated => offered.saturating_sub(used),
            ScoringStrategy::MostAllocated => used.min(offered),
        };
        sum += share.saturating_mul(MAX_SCORE) / offered;
        weights += 1;
    }
    sum.checked_div(weights).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::room::testing::{ask, room};
    use super::*;
    use crate::objects::{PodShape, Resources};

    #[test]
    fn everything_that_is_missing_is_told() {
        let reasons = |ask: &Ask, room: &Room| unfit(ask, room).iter().collect::<Vec<_>>();
        assert_eq!(reasons(&ask(500, 100), &room((1000, 1000), (500, 900))), []);
        assert_eq!(reasons(&ask(501, 100), &room((1000, 1000), (500, 900))), [Unfit::Cpu]);
        assert_eq!(reasons(&ask(501, 101), &room((1000, 1000), (500, 900))), [Unfit::Cpu, Unfit::Memory]);
        let larger = reasons(&ask(1001, 0), &room((1000, 1000), (500, 2000)));
        assert_eq!(larger, [Unfit::Cpu, Unfit::TooSmall], "what is not asked for may be overdrawn");
        let full = Room { pods: 3, resident: 3, ..room((1000, 1000), (0, 0)) };
        assert_eq!(reasons(&ask(0, 0), &full), [Unfit::Pods]);
    }

    #[test]
    fn what_is_enormous_fits_as_often_as_it_fits() {
        let requests = Resources { cpu_millis: 0, memory_bytes: 7 << 60 };
        let ask = Ask::of(&PodShape { requests, ..PodShape::default() });
        let mut room = room((1000, 8 << 60), (0, 0));
        assert!(unfit(&ask, &room).is_empty());
        room.take(&ask);
        assert_eq!(unfit(&ask, &room), Unfit::Memory.into());
    }

    #[test]
    fn only_pods_that_could_make_room_are_worth_evicting() {
        assert!(!unfit(&ask(600, 0), &room((1000, 1000), (500, 0))).is_unresolvable());
        assert!(unfit(&ask(1001, 0), &room((1000, 1000), (500, 0))).is_unresolvable());
    }

    #[test]
    fn least_allocated_is_the_free_share_and_most_allocated_the_used_one() {
        // CPU: 300 + 200 of 1000; memory: 100 + 100 of 1600.
        let (ask, room) = (ask(200, 100), room((1000, 1600), (300, 100)));
        let least = 68; // of 50 for the CPU and 87 for the memory, as 1400 of 1600 are 87.5 %
        let most = 31; // of 50 and 12
        assert_eq!(score(ScoringStrategy::LeastAllocated, &ask, &room), least);
        assert_eq!(score(ScoringStrategy::MostAllocated, &ask, &room), most);
    }

    #[test]
    fn a_node_that_is_overdrawn_is_neither_free_nor_more_than_full() {
        let (ask, room) = (ask(900, 0), room((1000, 0), (300, 0)));
        assert_eq!(score(ScoringStrategy::LeastAllocated, &ask, &room), 0);
        assert_eq!(
            score(ScoringStrategy::MostAllocated, &ask, &room),
            100,
            "memory that is not offered is left out"
        );
    }
}
