//! Every key of the settings file, once. To add a setting, add a field to [`Settings`] and a row here: reading,
//! checking, the defaults, `wit-extender config defaults` and the reference page follow.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use crate::catalogue;
use crate::document::{self, Node};
use crate::key::{Bounds, Key, Kind, Scope};
use crate::reader::Reader;
use crate::settings::{
    Explain, Images, Ledger, Listeners, Log, LogFormat, Mode, Placement, Reading, Requests, Scheduler,
    Scoring, Settings, Startup,
};
use crate::syntax::Syntax;
use crate::{API_VERSION, CONFIGURATION_KIND};

/// Naming the type once lets the rows say only what is theirs.
type Row = Key<Settings>;

/// The table, in the order of the file.
#[rustfmt::skip] // one row, one shape: path, default, type and place, meaning
pub(crate) static SETTINGS: &[Row] = &[
    Row::required("apiVersion", Kind::Exactly(API_VERSION), "The version of this format."),
    Row::required("kind", Kind::Exactly(CONFIGURATION_KIND), "What this file is."),
    Row::new("mode", "observe",
        Kind::Choice(&[("observe", |s| s.mode = Mode::Observe), ("steer", |s| s.mode = Mode::Steer)]),
        "`observe` answers as if wit-placement were not there and records what it would have answered, so that it \
         can be judged before it acts and stopped at any time; `steer` filters and scores.")
        .overridden_by("--mode", "WIT_MODE", |o| o.mode.as_deref()),

    Row::section("listeners", "Where the three HTTP listeners bind; a port of 0 takes any free one."),
    Row::new("listeners.verbs", "127.0.0.1:8080",
        Kind::Address(Scope::Anywhere, |s, v| s.listeners.verbs = v),
        "Filter and prioritize, which kube-scheduler calls: loopback for a sidecar of the scheduler, \
         `0.0.0.0:8080` for a Service. It is plain HTTP, so let a NetworkPolicy admit only the scheduler.")
        .overridden_by("--verbs-address", "WIT_VERBS_ADDRESS", |o| o.verbs.as_deref()),
    Row::new("listeners.ops", "0.0.0.0:8081",
        Kind::Address(Scope::Anywhere, |s, v| s.listeners.ops = v),
        "`/metrics`, `/livez` and `/readyz`, which Prometheus and the kubelet reach from outside the pod.")
        .overridden_by("--ops-address", "WIT_OPS_ADDRESS", |o| o.ops.as_deref()),
    Row::new("listeners.api", "127.0.0.1:8082",
        Kind::Address(Scope::Loopback, |s, v| s.listeners.api = v),
        "Explain, the graph and the page. Loopback only in this version; reach it by port-forward.")
        .overridden_by("--api-address", "WIT_API_ADDRESS", |o| o.api.as_deref()),

    Row::section("log", "How the server logs, to standard error."),
    Row::new("log.format", "text",
        Kind::Choice(&[("text", |s| s.log.format = LogFormat::Text), ("json", |s| s.log.format = LogFormat::Json)]),
        "`text` for people, `json` for one object a line.")
        .overridden_by("--log-format", "WIT_LOG_FORMAT", |o| o.log_format.as_deref()),
    Row::new("log.filter", "info", Kind::Text(Syntax::Text, |s, v| s.log.filter = v),
        "Which events are logged, as a directive of the tracing crate: `info`, `info,wit_placement=debug`.")
        .overridden_by("--log-filter", "WIT_LOG_FILTER", |o| o.log_filter.as_deref()),

    Row::section("scheduler", "What the configuration of kube-scheduler says about its extender."),
    Row::new("scheduler.weight", "15", Kind::Count(1..=100, |s, v| s.scheduler.weight = v),
        "The `weight` of the extender entry. With 15 a full step of the score outweighs all default plugins \
         together; it also decides which nodes could have won and are presumed until the watch tells."),
    Row::new("scheduler.defaultTopologySpread", "false",
        Kind::Flag(|s, v| s.scheduler.default_topology_spread = v),
        "Whether wit-sim's model of kube-scheduler spreads pods of Deployments, ReplicaSets, StatefulSets and \
         ReplicationControllers over nodes and zones by default, as the real one does (`defaultingType: System`)."),

    Row::section("placement", "The rules of the filter."),
    Row::new("placement.strict", "false", Kind::Flag(|s, v| s.placement.strict = v),
        "Whether a node without evidence, or a component whose world is unknown, is refused instead of passing \
         with a low score. The annotation `wit-placement.dev/strict` decides for one workload."),
    Row::new("placement.blastRadius", "0.5", Kind::Decimal(Bounds::Share, |s, v| s.placement.blast_radius = v),
        "The largest share of one workload's replicas on one node, rounded up to whole replicas, while another \
         node can take them."),
    Row::new("placement.instancesPerNode", "null",
        Kind::OptionalCount(1..=u32::MAX, |s, v| s.placement.instances_per_node = v),
        "The most Wasm instances on a node that has no annotation `wit-placement.dev/instances`; null for no cap."),
    Row::new("placement.exactBelow", "8", Kind::Count(0..=1000, |s, v| s.placement.exact_below = v),
        "Below room for this many more instances, by a limit that only wit-placement counts, the filter returns a \
         single node, so that a burst cannot overfill it; 0 never narrows."),

    Row::section("scoring", "The weights of the score's terms, relative to each other."),
    Row::new("scoring.gain", "1", Kind::Decimal(Bounds::Positive, |s, v| s.scoring.gain = v),
        "Traffic that becomes local: the marginal gain in gained affinity."),
    Row::new("scoring.group", "0.3", Kind::Decimal(Bounds::NotNegative, |s, v| s.scoring.group = v),
        "The draw of a pod without gain yet to nodes that hold its own connected group."),
    Row::new("scoring.room", "0.7", Kind::Decimal(Bounds::NotNegative, |s, v| s.scoring.room = v),
        "Room kept beside a node's components for their partners still to come."),

    Row::section("reading", "How long a pod may wait for its image to be read."),
    Row::new("reading.deadlineSeconds", "10", Kind::Seconds(0.0, 600.0, |s, v| s.reading.deadline = v),
        "A pod whose image is still being read is refused with that reason this long; then it is unknown."),
    Row::new("reading.retryInitialSeconds", "1", Kind::Seconds(0.01, 60.0, |s, v| s.reading.retry_initial = v),
        "The pause before the first retry of a read that failed; it doubles."),
    Row::new("reading.retryMaxSeconds", "60", Kind::Seconds(0.01, 3600.0, |s, v| s.reading.retry_max = v),
        "The longest pause between retries, at least `reading.retryInitialSeconds`."),

    Row::section("ledger", "Placements presumed between our answer and the watch event that tells."),
    Row::new("ledger.expirySeconds", "60", Kind::Seconds(1.0, 3600.0, |s, v| s.ledger.expiry = v),
        "A presumption that the watch neither confirms nor refutes is dropped after this."),

    Row::section("startup", "What happens around start and stop."),
    Row::new("startup.settleSeconds", "2", Kind::Seconds(0.0, 300.0, |s, v| s.startup.settle = v),
        "How long `verbs` stays closed after all watches are in sync, so that bindings from before a restart are \
         seen."),
    Row::new("startup.drainSeconds", "5", Kind::Seconds(0.0, 300.0, |s, v| s.startup.drain = v),
        "How long requests in flight may take after the signal to stop."),

    Row::section("images", "The bounds within which images are read; they come from strangers."),
    Row::new("images.maxBytes", "64Mi", Kind::Bytes(1024..=1 << 30, |s, v| s.images.max_bytes = v),
        "The largest image; a larger one is unreadable and its pods are unknown."),
    Row::new("images.maxManifestBytes", "4Mi", Kind::Bytes(1024..=64 << 20, |s, v| s.images.max_manifest_bytes = v),
        "The largest manifest or index, at most `images.maxBytes`."),
    Row::new("images.timeoutSeconds", "30", Kind::Seconds(0.01, 600.0, |s, v| s.images.timeout = v),
        "The time for one image, all its requests together."),
    Row::new("images.concurrency", "4", Kind::Count(1..=256, |s, v| s.images.concurrency = v as usize),
        "How many images are read at the same time."),
    Row::new("images.cacheEntries", "10000",
        Kind::Count(1..=1_000_000, |s, v| s.images.cache_entries = v as usize),
        "How many worlds are remembered, by digest."),
    Row::new("images.insecureRegistries", "[]",
        Kind::Texts(Syntax::Registry, false, |s, v| s.images.insecure_registries = v),
        "Registries that are reached by plain HTTP; all others by HTTPS. A registry on the loopback is asked only if it is listed here."),

    Row::section("explain", "Recorded decisions, for `wit-extender explain`."),
    Row::new("explain.maxBytes", "32Mi", Kind::Bytes(0..=16 << 30, |s, v| s.explain.max_bytes = v),
        "The memory for recorded decisions; the oldest go first, 0 records none."),

    Row::section("requests", "The bounds of a request to `listeners.verbs`."),
    Row::new("requests.maxBodyBytes", "64Mi",
        Kind::Bytes(64 << 10..=1 << 30, |s, v| s.requests.max_body_bytes = v),
        "The largest body. With `nodeCacheCapable: true` a request has names only; without, 5,000 whole nodes are \
         tens of MiB."),

    Row::new("hosts", "[]", Kind::Records(|reader, node, path, s| s.hosts = catalogue::read_hosts(reader, node, path)),
        "Host profiles of this cluster. One with the name of a bundled profile changes what it writes and keeps \
         the rest; any other name adds a profile, which goes before the bundled ones."),
];

/// Reads the defaults of the table into `target`; a key that is wrong there is a problem of the reader.
fn fill<T>(reader: &mut Reader, keys: &'static [Key<T>], target: &mut T) {
    for key in keys {
        if let (Some(default), false) = (key.default, matches!(key.kind, Kind::Section)) {
            // The defaults are YAML like any other value.
            let (node, problems) = document::read(default);
            for problem in problems {
                reader.report(key.path, None, problem.message);
            }
            reader.value(key, &node.unwrap_or_else(|| Node::text(default)), key.path, target);
        }
    }
}

impl Default for Settings {
    /// The documented defaults. `mode` is `observe`.
    fn default() -> Self {
        static DEFAULTS: LazyLock<Settings> = LazyLock::new(|| {
            let mut settings = empty();
            fill(&mut Reader::default(), SETTINGS, &mut settings);
            settings
        });
        DEFAULTS.clone()
    }
}

/// Settings before the table has filled them: no value here is a default.
fn empty() -> Settings {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Settings {
        mode: Mode::Observe,
        listeners: Listeners { verbs: address, ops: address, api: address },
        log: Log { format: LogFormat::Text, filter: String::new() },
        scheduler: Scheduler { weight: 0, default_topology_spread: false },
        placement: Placement { strict: false, blast_radius: 0.0, instances_per_node: None, exact_below: 0 },
        scoring: Scoring { gain: 0.0, group: 0.0, room: 0.0 },
        reading: Reading {
            deadline: Duration::ZERO,
            retry_initial: Duration::ZERO,
            retry_max: Duration::ZERO,
        },
        ledger: Ledger { expiry: Duration::ZERO },
        startup: Startup { settle: Duration::ZERO, drain: Duration::ZERO },
        images: Images {
            max_bytes: 0,
            max_manifest_bytes: 0,
            timeout: Duration::ZERO,
            concurrency: 0,
            cache_entries: 0,
            insecure_registries: Vec::new(),
        },
        explain: Explain { max_bytes: 0 },
        requests: Requests { max_body_bytes: 0 },
        hosts: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_default_is_a_value_of_its_own_key() {
        let mut reader = Reader::default();
        fill(&mut reader, SETTINGS, &mut empty());
        assert_eq!(reader.into_problems(), []);
    }

    #[test]
    fn every_key_stands_once_and_below_its_section() {
        let mut seen = BTreeSet::from([""]);
        for key in SETTINGS {
            assert!(seen.contains(key.parent()), "{} comes before its section", key.path);
            assert!(seen.insert(key.path), "{} stands twice", key.path);
            assert!(key.doc.ends_with('.'), "{} has no sentence", key.path);
        }
    }
}
