//! The virtual clock: what happens when, in one order.

use std::collections::BTreeMap;

use wit_placement::Millis;

/// Things that are to happen, by time and then by the order in which they were planned. The clock jumps from one to the
/// next.
///
/// ```
/// use wit_placement::Millis;
/// use wit_sim::timeline::Timeline;
///
/// let mut timeline = Timeline::default();
/// timeline.plan(Millis(20), "later");
/// timeline.plan(Millis(10), "first");
/// timeline.plan(Millis(10), "second");
/// assert_eq!(timeline.next(), Some("first"));
/// timeline.plan(Millis(5), "what is planned for the past happens now");
/// assert_eq!((timeline.next(), timeline.now()), (Some("second"), Millis(10)));
/// ```
#[derive(Clone, Debug)]
pub struct Timeline<T> {
    planned: BTreeMap<(Millis, u64), T>,
    sequence: u64,
    now: Millis,
}

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self { planned: BTreeMap::new(), sequence: 0, now: Millis(0) }
    }
}

impl<T> Timeline<T> {
    /// The time of what happened last.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Plans something for a point in time; for now where that has passed.
    pub fn plan(&mut self, at: Millis, what: T) {
        self.planned.insert((at.max(self.now), self.sequence), what);
        self.sequence += 1;
    }

    /// Plans something for a while from now.
    pub fn plan_after(&mut self, delay: Millis, what: T) {
        self.plan(Millis(self.now.0.saturating_add(delay.0)), what);
    }

    /// What happens next; the clock is set to its time.
    #[expect(
        clippy::should_implement_trait,
        reason = "more may be planned between two steps, unlike in an iterator"
    )]
    pub fn next(&mut self) -> Option<T> {
        let ((time, _), what) = self.planned.pop_first()?;
        self.now = time;
        Some(what)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everything_happens_once_in_the_order_of_time_then_of_planning(
            times in proptest::collection::vec(0_u64..20, 0..100),
        ) {
            let mut timeline = Timeline::default();
            for (number, time) in times.iter().enumerate() {
                timeline.plan(Millis(*time), number);
            }
            let mut happened = Vec::new();
            while let Some(number) = timeline.next() {
                happened.push((timeline.now().0, number));
            }
            let mut expected: Vec<_> = times.iter().enumerate().map(|(number, time)| (*time, number)).collect();
            expected.sort_unstable();
            prop_assert_eq!(happened, expected);
        }

        #[test]
        fn the_clock_never_runs_back(delays in proptest::collection::vec((0_u64..50, 0_u64..50), 1..50)) {
            let mut timeline = Timeline::default();
            timeline.plan(Millis(25), 0);
            let (mut last, mut plans) = (Millis(0), delays.iter());
            while timeline.next().is_some() {
                prop_assert!(timeline.now() >= last);
                last = timeline.now();
                if let Some((at, after)) = plans.next() {
                    timeline.plan(Millis(*at), 0);
                    timeline.plan_after(Millis(*after), 0);
                }
            }
        }
    }
}
