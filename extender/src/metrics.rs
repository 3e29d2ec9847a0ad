//! What Prometheus reads at `/metrics`.
//!
//! Counters and histograms are kept as things happen; gauges of the state are worked out from the latest snapshot when
//! somebody asks. No label carries a pod, a node or an image.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};
use wit_graph::LinkStatus;
use wit_placement::reasons::{Code, REASONS};
use wit_placement::{ClusterState, Millis, World};
use wit_sources::images::ImageMessage;

/// Upper bounds of the latency histogram in seconds: kube-scheduler's cycle is a few milliseconds.
const BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    refusals: IntCounterVec,
    image_reads: IntCounterVec,
    image_bytes: IntCounter,
    /// Objects of the watch that could not be read.
    pub watch_warnings: IntCounter,
    /// Pods woken, by what came of it.
    pub wakes: IntCounterVec,
    worlds: IntGaugeVec,
    links: IntGaugeVec,
    link_replicas: IntGaugeVec,
    affinity: GaugeVec,
    headroom: IntGaugeVec,
    ledger: IntGauge,
    snapshot_age: Gauge,
    steering: IntGauge,
    rendering: Mutex<()>,
}

/// How a request was answered, for the label `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// By our rules.
    Decided,
    /// The pod is none of our business.
    Ordinary,
    /// As if we were not there.
    Observed,
    /// With an error.
    Error,
}

impl Answered {
    const ALL: [Self; 4] = [Self::Decided, Self::Ordinary, Self::Observed, Self::Error];

    fn label(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Ordinary => "ordinary",
            Self::Observed => "observed",
            Self::Error => "error",
        }
    }
}

impl Metrics {
    /// New metrics, all at zero.
    ///
    /// # Errors
    /// Where two metrics have one name, which a test rules out.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let make = Maker { registry: &registry };
        let build = make.int_gauges("wit_build_info", "What was built; always 1.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            requests: make.counters("wit_requests_total", "Requests by verb and result.", &["verb", "result"])?,
            latency: make.latency()?,
            refusals: make.counters("wit_refusals_total", "Nodes refused, by reason code.", &["code"])?,
            image_reads: make.counters("wit_image_reads_total", "Tries to read an image, by result.", &["result"])?,
            image_bytes: make.counter("wit_image_read_bytes_total", "Bytes of image layers that were read.")?,
            watch_warnings: make.counter("wit_watch_warnings_total", "Objects that could not be read.")?,
            wakes: make.counters("wit_wakes_total", "Waiting pods woken, by result.", &["result"])?,
            worlds: make.int_gauges("wit_worlds", "Images of Wasm workloads, by what is known.", &["state"])?,
            links: make.int_gauges("wit_links", "Imports of all workloads, by link status.", &["status"])?,
            link_replicas: make.int_gauges(
                "wit_link_replicas",
                "Replicas of consumers, summed over links, by whether the provider has a replica on their node.",
                &["locality"],
            )?,
            affinity: make.gauges(
                "wit_affinity_ratio",
                "Share of linked traffic that can stay on a node: gained affinity, and under random balancing.",
                &["routing"],
            )?,
            headroom: make.int_gauges(
                "wit_headroom_instances",
                "How many more instances of the largest Wasm workload's size fit, by host profile.",
                &["class"],
            )?,
            ledger: make.int_gauge("wit_ledger_entries", "Placements that are presumed.")?,
            snapshot_age: make.gauge("wit_snapshot_age_seconds", "Age of the snapshot that requests read.")?,
            steering: make.int_gauge("wit_steering", "1 in mode steer, 0 in mode observe.")?,
            rendering: Mutex::new(()),
            registry: registry.clone(),
        };
        metrics.start_at_zero();
        Ok(metrics)
    }

    /// Series that exist from the start can be added up and alerted on.
    fn start_at_zero(&self) {
        for verb in ["filter", "prioritize"] {
            for result in Answered::ALL {
                self.requests.with_label_values(&[verb, result.label()]);
            }
        }
        for reason in REASONS.iter().filter(|reason| reason.code.refuses()) {
            self.refusals.with_label_values(&[reason.id]);
        }
    }

    /// Counts a request of a verb.
    pub fn request(&self, verb: &str, answered: Answered, took: Duration) {
        self.requests.with_label_values(&[verb, answered.label()]).inc();
        self.latency.with_label_values(&[verb, answered.label()]).observe(took.as_secs_f64());
    }

    /// Counts nodes refused for a reason.
    pub fn refused(&self, code: Code, nodes: u64) {
        self.refusals.with_label_values(&[code.id()]).inc_by(nodes);
    }

    /// Counts a try to read an image.
    pub fn image_read(&self, message: &ImageMessage) {
        self.image_reads.with_label_values(&[message.result]).inc();
        self.image_bytes.inc_by(message.bytes);
    }

    /// Everything in Prometheus' text format at `now`, with the gauges of a state that was published then.
    ///
    /// # Errors
    /// Where a metric cannot be encoded.
    pub fn render(
        &self,
        state: &ClusterState,
        published: Millis,
        now: Millis,
    ) -> prometheus::Result<Vec<u8>> {
        // Two scrapes at the same time would mix their gauges.
        let _alone = self.rendering.lock().unwrap_or_else(PoisonError::into_inner);
        self.observe_state(state, published, now);
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page)?;
        Ok(page)
    }

    fn observe_state(&self, state: &ClusterState, published: Millis, now: Millis) {
        let mut worlds: BTreeMap<&str, i64> = ["known", "reading", "failed"].map(|word| (word, 0)).into();
        for (_, world) in state.worlds() {
            let word = match world {
                World::Known(_) => "known",
                World::Reading { .. } => "reading",
                World::Failed { .. } => "failed",
            };
            *worlds.entry(word).or_default() += 1;
        }
        for (word, count) in worlds {
            self.worlds.with_label_values(&[word]).set(count);
        }
        let mut links: BTreeMap<LinkStatus, i64> = LinkStatus::ALL.map(|status| (status, 0)).into();
        state.graph().links().for_each(|link| *links.entry(link.status).or_default() += 1);
        for (status, count) in links {
            self.links.with_label_values(&[status.as_str()]).set(count);
        }
        let affinity = state.affinity(now);
        self.link_replicas.with_label_values(&["local"]).set(i64::from(affinity.local));
        self.link_replicas.with_label_values(&["remote"]).set(i64::from(affinity.remote));
        self.affinity.with_label_values(&["even"]).set(affinity.gained);
        self.affinity.with_label_values(&["random"]).set(affinity.random);
        self.observe_headroom(state);
        self.ledger.set(i64::try_from(state.ledger_len()).unwrap_or(i64::MAX));
        self.snapshot_age.set(now.0.saturating_sub(published.0) as f64 / 1_000.0);
        self.steering.set(i64::from(state.settings().mode == wit_config::Mode::Steer));
    }

    fn observe_headroom(&self, state: &ClusterState) {
        let shapes = state.largest_shapes();
        let mut rooms: BTreeMap<&str, i64> = BTreeMap::new();
        for (_, node) in state.nodes() {
            let mut here: BTreeMap<&str, u32> = BTreeMap::new();
            for shape in &shapes {
                let handler = state.wasm_handler(shape.runtime_class.as_deref()).unwrap_or_default();
                let profile = node.class().profile(handler).and_then(|place| state.hosts().profile(place));
                if let Some(profile) = profile {
                    // Two handlers of one host share its room.
                    let room = here.entry(&profile.name).or_default();
                    *room = state.headroom(shape, node).max(*room);
                }
            }
            for (profile, room) in here {
                *rooms.entry(profile).or_default() += i64::from(room);
            }
        }
        self.headroom.reset();
        for (profile, room) in rooms {
            self.headroom.with_label_values(&[profile]).set(room);
        }
    }
}

/// Makes metrics and registers them.
struct Maker<'a> {
    registry: &'a Registry,
}

impl Maker<'_> {
    fn register<M: prometheus::core::Collector + Clone + 'static>(&self, metric: M) -> prometheus::Result<M> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.register(IntCounter::new(name, help)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntCounterVec> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn int_gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.register(IntGauge::new(name, help)?)
    }

    fn int_gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<Gauge> {
        self.register(Gauge::new(name, help)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<GaugeVec> {
        self.register(GaugeVec::new(Opts::new(name, help), labels)?)
    }

    fn latency(&self) -> prometheus::Result<HistogramVec> {
        let options = HistogramOpts::new("wit_request_duration_seconds", "Latency by verb and result.");
        self.register(HistogramVec::new(options.buckets(BUCKETS.to_vec()), &["verb", "result"])?)
    }
}
