use proptest::prelude::*;

use super::*;

#[test]
fn the_interval_is_students() {
    // 0.975 quantiles of Student's t as tables of it print them, by the number of runs.
    for (runs, t) in [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262), (20, 2.093), (31, 2.042)] {
        let half = half_width(1.0, runs).unwrap() * (runs as f64).sqrt();
        assert!((half - t).abs() < 6e-4, "{runs} runs: {half}, expected {t}");
    }
}

#[test]
fn a_mean_of_few_runs_says_how_sure_it_is() {
    let estimate = Estimate::of(&[1.0, 2.0, 3.0]);
    assert_eq!(estimate.to_string(), "2.000 ± 2.484");
    assert_eq!(Estimate::of(&[0.5, 0.5]).to_string(), "0.500 ± 0.000");
    assert_eq!(Estimate::of(&[0.5]).to_string(), "0.500", "one run says nothing of others");
    assert_eq!(Estimate::of::<f64>(&[]), Estimate::default());
}

#[test]
fn what_a_seed_does_to_both_cancels_out() {
    let (one, other) = ([1.1, 5.2, 9.1, 2.0], [1.0, 5.0, 9.0, 2.0]);
    let paired = Paired::of(&one, &other);
    assert_eq!((paired.wins, paired.losses, paired.ties), (3, 0, 1));
    assert!(paired.difference.ci95 < Estimate::of(&one).ci95);
    assert!(!Paired::of(&[1.0, 0.0], &[0.0, 1.0]).is_sure());
}

#[test]
fn seeds_with_nothing_to_measure_are_left_out_on_both_sides() {
    let (one, other) = ([Some(0.5), None, Some(0.7)], [Some(0.1), Some(0.9), None]);
    let estimate = Estimate::of(&one);
    assert!(estimate.mean.is_some_and(|mean| (mean - 0.6).abs() < 1e-9) && estimate.ci95.is_some());
    assert_eq!(estimate.runs, one);
    let paired = Paired::of(&one, &other);
    assert_eq!((paired.wins, paired.difference.runs.len(), paired.difference.ci95), (1, 1, None));
    assert_eq!(Estimate::of(&[None::<f64>]).mean, None);
}

#[test]
fn quantiles_lie_between_ranks() {
    let sorted = [1.0, 2.0, 4.0, 8.0];
    let at = |share: f64| quantile(&sorted, share).map(|value| (value * 1e6).round() / 1e6);
    assert_eq!([0.0, 0.25, 0.5, 0.9, 1.0].map(at), [1.0, 1.75, 3.0, 6.8, 8.0].map(Some));
    assert_eq!(quantile(&[], 0.5), None);
}

#[test]
fn an_estimate_is_written_as_a_mean_an_interval_and_the_runs() {
    let json = serde_json::to_value(Paired::of(&[1.0], &[0.5])).unwrap();
    let expected =
        serde_json::json!({"mean": 0.5, "ci95": null, "runs": [0.5], "wins": 1, "losses": 0, "ties": 0});
    assert_eq!(json, expected);
}

proptest! {
    #[test]
    fn the_mean_lies_in_the_interval_and_between_the_runs(runs in prop::collection::vec(-1e6..1e6, 2..30)) {
        let estimate = Estimate::of(&runs);
        let least = runs.iter().copied().fold(f64::INFINITY, f64::min);
        let most = runs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(estimate.ci95.is_some_and(|half| half >= 0.0 && half.is_finite()));
        prop_assert!(estimate.mean.is_some_and(|mean| mean >= least - 1e-6 && mean <= most + 1e-6));
    }
}
