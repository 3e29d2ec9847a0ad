//! When pods that were refused are tried again.

use super::*;

/// A scheduler with the back-off of Kubernetes, but for what happens when nobody else waits.
fn waiting(ends_when_idle: bool) -> Scheduler {
    let back_off = Some(BackOff { ends_when_idle, ..BackOff::default() });
    let profile = Profile { back_off, ..Profile::default() };
    let mut scheduler = Scheduler::with_profile(ClusterState::new(Settings::default()).unwrap(), profile);
    scheduler.apply(Event::Node(node("n")), Millis(0));
    scheduler.apply(Event::Pod(pod("big", asks(5000))), Millis(0));
    scheduler
}

/// Whether there is something to try at this time, and what.
fn tried(scheduler: &mut Scheduler, now: u64) -> Option<String> {
    scheduler.advance_to(Millis(now));
    let Ok(attempt) = scheduler.cycle(&mut NoExtender);
    attempt.map(|attempt| attempt.pod.name.to_string())
}

/// Something happens that may help everybody.
fn label(scheduler: &mut Scheduler, now: u64) {
    let labels = BTreeMap::from([("now".to_owned(), now.to_string())]);
    scheduler.apply(Event::Node(Node { labels, ..node("n") }), Millis(now));
}

#[test]
fn a_refused_pod_waits_for_an_event_and_for_its_back_off_which_doubles_up_to_ten_seconds() {
    let mut scheduler = waiting(false);
    let mut refused = 0;
    assert_eq!(tried(&mut scheduler, refused).as_deref(), Some("big"));
    for seconds in [1, 2, 4, 8, 10, 10] {
        label(&mut scheduler, refused + 1);
        let until = refused + seconds * 1000;
        assert_eq!(scheduler.next_wakeup(), Some(Millis(until)));
        assert_eq!(tried(&mut scheduler, until - 1), None);
        assert_eq!(tried(&mut scheduler, until).as_deref(), Some("big"));
        refused = until;
    }
}

#[test]
fn without_an_event_a_refused_pod_is_tried_after_five_minutes() {
    let mut scheduler = waiting(true);
    assert_eq!(tried(&mut scheduler, 7).as_deref(), Some("big"));
    assert_eq!(scheduler.next_wakeup(), Some(Millis(300_007)));
    assert_eq!(tried(&mut scheduler, 300_006), None);
    assert_eq!(tried(&mut scheduler, 300_007).as_deref(), Some("big"));
}

#[test]
fn who_backs_off_is_tried_early_where_nobody_else_waits() {
    let mut scheduler = waiting(true);
    assert_eq!(tried(&mut scheduler, 0).as_deref(), Some("big"));
    label(&mut scheduler, 1);
    scheduler.apply(Event::Pod(pod("small", asks(1))), Millis(1));
    assert_eq!(scheduler.next_wakeup(), Some(Millis(1)));
    assert_eq!(tried(&mut scheduler, 1).as_deref(), Some("small"));
    assert_eq!(tried(&mut scheduler, 1).as_deref(), Some("big"));
    assert_eq!(tried(&mut scheduler, 1), None);
}

#[test]
fn a_binding_wakes_only_pods_that_neighbours_or_the_extender_kept_out() {
    let mut scheduler = waiting(true);
    assert_eq!(tried(&mut scheduler, 0).as_deref(), Some("big"));
    scheduler.queue_change_by_binding();
    assert_eq!(tried(&mut scheduler, 1), None, "a bound pod takes room and gives none");
    let mut extender = Scripted { refuses: BTreeMap::from([("n", "R101 no handler")]), ..Scripted::new() };
    scheduler.apply(Event::Pod(pod("a", asks(1))), Millis(1));
    assert!(!scheduler.cycle(&mut extender).unwrap().unwrap().outcome.is_bound());
    assert_eq!(tried(&mut scheduler, 1).as_deref(), Some("big"), "a new pod is an event too");
    scheduler.queue_change_by_binding();
    assert_eq!(tried(&mut scheduler, 2).as_deref(), Some("a"));
}

#[test]
fn a_pod_that_changes_keeps_its_refusals_and_one_that_is_deleted_leaves() {
    let mut scheduler = waiting(false);
    assert_eq!(tried(&mut scheduler, 0).as_deref(), Some("big"));
    scheduler.apply(Event::Pod(pod("big", asks(4000))), Millis(1));
    assert_eq!(scheduler.next_wakeup(), Some(Millis(1000)));
    scheduler.apply(Event::Pod(pod("big", asks(10))), Millis(2));
    assert_eq!(tried(&mut scheduler, 999), None);
    scheduler.apply(Event::PodGone(PodUid::new("big")), Millis(999));
    assert_eq!((scheduler.next_wakeup(), tried(&mut scheduler, 1000)), (None, None));
}

#[test]
fn without_back_off_who_waits_may_try_now() {
    let mut scheduler = scheduler([node("n")], [pod("big", asks(5000))]);
    scheduler.advance_to(Millis(5));
    assert_eq!(scheduler.next_wakeup(), Some(Millis(5)));
    assert_eq!(tried(&mut scheduler, 5).as_deref(), Some("big"));
    assert_eq!(scheduler.next_wakeup(), None);
    scheduler.wake();
    assert_eq!(scheduler.next_wakeup(), Some(Millis(5)));
}
