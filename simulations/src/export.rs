//! Runs as `OpenMetrics` text with timestamps: what `promtool tsdb create-blocks-from openmetrics` takes, so that Grafana shows a
//! replay as it shows a cluster.
//!
//! What means the same in a cluster has the name that `wit-extender` exports it under; what there is in a simulation alone
//! begins with `wit_sim_`. Every series has the labels `strategy` and `run` (the seed), and `job` and `instance`, by which the
//! dashboard of wit-placement picks what it shows. Counters are known at the beginning and at the end of a run alone.

mod text;

use std::collections::BTreeMap;

use clap::ValueEnum;
use k8s_openapi::jiff::Timestamp;
use wit_placement::reasons::REASONS;

use self::text::{Family, Text, Type};
use crate::documents::Run;
use crate::metrics::{METRICS, Metric, Metrics, Unit};
use crate::strategy::Name;

/// The virtual time 0 of runs for which no other is given: 2024-01-01T00:00:00Z, so that the same runs give the same bytes.
pub const EPOCH: &str = "2024-01-01T00:00:00Z";

/// The numbers that the extender exports too: the key of ours, and its metric and label.
const SHARED: [(&str, &str); 2] = [("gainedAffinity", "even"), ("randomBalancing", "random")];

/// Every number of the runs, their virtual time 0 at `start`. Runs that have both strategy and seeds in common would be one
/// series: the caller sees to it that there are none.
pub fn openmetrics(runs: &[Run], start: Timestamp) -> String {
    let mut text = Text::default();
    let runs: Vec<Labelled<'_>> = runs.iter().map(|run| Labelled::of(run, start)).collect();
    identity(&mut text, &runs);
    affinity(&mut text, &runs);
    for metric in METRICS.iter().filter(|metric| SHARED.iter().all(|(key, _)| *key != metric.key)) {
        gauge(&mut text, &runs, metric);
    }
    waiting(&mut text, &runs);
    let moves = Family::new("wit_sim_moves", Type::Counter, "Pods that lost their node.");
    text.family(&moves);
    for run in &runs {
        run.counter(&mut text, &moves, &[], u64::from(run.run.course.moves));
    }
    refusals(&mut text, &runs);
    text.end()
}

/// A run with what all its series have.
struct Labelled<'a> {
    run: &'a Run,
    labels: Vec<(&'static str, String)>,
    start: i64,
    /// The numbers at points in time, by milliseconds since 1970; the last of those that have the same.
    points: BTreeMap<i64, Metrics>,
}

impl<'a> Labelled<'a> {
    fn of(run: &'a Run, start: Timestamp) -> Self {
        let seeds: Vec<_> = run.assumptions.seeds.iter().map(ToString::to_string).collect();
        let name = seeds.join(",");
        let labels = vec![
            ("job", "wit-sim".to_owned()),
            ("instance", format!("{} {name}", run.strategy)),
            ("strategy", run.strategy.clone()),
            ("run", name),
        ];
        let start = start.as_millisecond();
        let at = |at: u64| start.saturating_add(i64::try_from(at).unwrap_or(i64::MAX));
        let mut points: BTreeMap<_, _> =
            run.course.series.iter().map(|point| (at(point.at), point.metrics)).collect();
        if points.is_empty() {
            points.insert(start, run.metrics);
        }
        Self { run, labels, start, points }
    }

    fn end(&self) -> i64 {
        self.points.keys().next_back().copied().unwrap_or(self.start)
    }

    fn labels(&self, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        self.labels.iter().cloned().chain(more).collect()
    }

    /// A number at every point in time.
    fn gauge(
        &self,
        text: &mut Text,
        family: &Family,
        more: &[(&'static str, &str)],
        value: impl Fn(&Metrics) -> Option<f64>,
    ) {
        let labels = self.labels(more);
        // Where there is nothing to measure there is no sample.
        for (at, value) in self.points.iter().filter_map(|(at, metrics)| Some((at, value(metrics)?))) {
            text.sample(family, "", &labels, value, *at);
        }
    }

    /// What is known of the whole run: the same at every point in time.
    fn constant(
        &self,
        text: &mut Text,
        family: &Family,
        suffix: &str,
        more: &[(&'static str, &str)],
        value: f64,
    ) {
        let labels = self.labels(more);
        for at in self.points.keys() {
            text.sample(family, suffix, &labels, value, *at);
        }
    }

    /// Nothing at the beginning, this much at the end.
    fn counter(&self, text: &mut Text, family: &Family, more: &[(&'static str, &str)], total: u64) {
        let labels = self.labels(more);
        if self.end() > self.start {
            text.sample(family, "_total", &labels, 0.0, self.start);
        }
        text.sample(family, "_total", &labels, total as f64, self.end());
    }
}

/// What was run: what the dashboard picks its instances from, and what numbers rest on.
fn identity(text: &mut Text, runs: &[Labelled<'_>]) {
    let build = Family::new("wit_build_info", Type::Gauge, "What was built; always 1.");
    text.family(&build);
    for run in runs {
        run.constant(text, &build, "", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    }
    let steering = Family::new("wit_steering", Type::Gauge, "1 in mode steer, 0 in mode observe.");
    text.family(&steering);
    for run in runs {
        // What an extender over HTTP does with its answers is not known.
        let strategy = Name::value_variants().iter().find(|name| name.as_str() == run.run.strategy);
        if let Some(strategy) = strategy {
            let steers = matches!(strategy, Name::Wit | Name::WitBatch);
            run.constant(text, &steering, "", &[], if steers { 1.0 } else { 0.0 });
        }
    }
    let what = Family::new("wit_sim_run", Type::Info, "What a run's numbers rest on.");
    text.family(&what);
    for run in runs {
        let rests = &run.run.assumptions;
        let input = rests.input_sha256.as_deref().unwrap_or_default();
        let more =
            [("trace", rests.trace.as_str()), ("input_sha256", input), ("order", rests.order.as_str())];
        run.constant(text, &what, "_info", &more, 1.0);
    }
}

fn affinity(text: &mut Text, runs: &[Labelled<'_>]) {
    let family = Family::new(
        "wit_affinity_ratio",
        Type::Gauge,
        "Share of linked traffic that can stay on a node: gained affinity, and under random balancing.",
    );
    text.family(&family);
    for run in runs {
        for (key, routing) in SHARED {
            for metric in METRICS.iter().filter(|metric| metric.key == key) {
                run.gauge(text, &family, &[("routing", routing)], |metrics| metric.of(metrics));
            }
        }
    }
}

fn gauge(text: &mut Text, runs: &[Labelled<'_>], metric: &Metric) {
    let unit = if metric.unit == Unit::Share { "_ratio" } else { "" };
    let family = Family::new(&format!("wit_sim_{}{unit}", snake(metric.key)), Type::Gauge, metric.meaning);
    text.family(&family);
    for run in runs {
        run.gauge(text, &family, &[], |metrics| metric.of(metrics));
    }
}

fn waiting(text: &mut Text, runs: &[Labelled<'_>]) {
    let family = Family::new(
        "wit_sim_waiting_seconds",
        Type::Summary,
        "How long pods waited until they were bound, over the whole run.",
    );
    text.family(&family);
    for run in runs {
        let waits = run.run.course.waiting;
        let quantiles = [("0.5", waits.p50), ("0.9", waits.p90), ("0.99", waits.p99), ("1.0", waits.max)];
        for (quantile, millis) in quantiles.into_iter().filter_map(|(name, wait)| Some((name, wait?))) {
            let labels = run.labels(&[("quantile", quantile)]);
            text.sample(&family, "", &labels, millis / 1000.0, run.end());
        }
        text.sample(&family, "_count", &run.labels, waits.bound as f64, run.end());
    }
}

/// Refusals of wit-placement by code, and those of kube-scheduler beside it.
fn refusals(text: &mut Text, runs: &[Labelled<'_>]) {
    let ours = Family::new("wit_refusals", Type::Counter, "Nodes refused, by reason code.");
    let others = Family::new(
        "wit_sim_scheduler_refusals",
        Type::Counter,
        "Nodes refused by the model of kube-scheduler, by reason.",
    );
    for (family, label, is_ours) in [(&ours, "code", true), (&others, "reason", false)] {
        text.family(family);
        for run in runs {
            let refusals = run.run.course.refusals.iter();
            for (code, nodes) in
                refusals.filter(|(code, _)| REASONS.iter().any(|it| it.id == *code) == is_ours)
            {
                run.counter(text, family, &[(label, code)], *nodes);
            }
        }
    }
}

/// `gainedAffinity` as `gained_affinity`.
fn snake(key: &str) -> String {
    let mut snake = String::new();
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests;
