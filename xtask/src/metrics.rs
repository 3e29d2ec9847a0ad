//! The metrics of the server, as a running one says them.
//!
//! Prometheus' text format shows a metric only once it has a value, so the server is fed with the bundled shop and every
//! counter is touched once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use wit_config::Settings;
use wit_extender::clock::Clock;
use wit_extender::feed::{self, ClusterSource};
use wit_extender::metrics::{Answered, Metrics};
use wit_extender::owner::{self, StateHandle};
use wit_extender::shop::Shop;
use wit_placement::{ClusterState, World};

/// How long the shop's images may take to be read.
const READING: Duration = Duration::from_secs(30);

/// One metric.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Family {
    /// Its name.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: String,
    /// What it says.
    pub help: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
}

/// The metrics of a server that has just placed nothing, by name.
///
/// # Errors
/// Where the shop cannot be unpacked or read.
pub fn families() -> anyhow::Result<Vec<Family>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let page = runtime.block_on(page())?;
    Ok(parse(&page))
}

async fn page() -> anyhow::Result<String> {
    let (shop, settings) = (Shop::unpack()?, Settings::default());
    let metrics = Arc::new(Metrics::new()?);
    let cluster = ClusterSource::Manifests(shop.manifests());
    let feed = feed::start(cluster, Some(shop.images()), &settings, &metrics)?;
    let state = owner::start(ClusterState::new(settings)?, feed.inputs, Arc::clone(&metrics), Clock::start());
    state.wait_synced().await?;
    tokio::time::timeout(READING, all_read(&state)).await?;
    metrics.request("filter", Answered::Decided, Duration::ZERO);
    metrics.wakes.with_label_values(&["woken"]);
    let snapshot = state.snapshot();
    Ok(String::from_utf8(metrics.render(&snapshot.state, snapshot.published, state.now())?)?)
}

async fn all_read(state: &StateHandle) {
    while state.snapshot().state.worlds().any(|(_, world)| matches!(world, World::Reading { .. })) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The metrics of a page in Prometheus' text format.
fn parse(page: &str) -> Vec<Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut last = String::new();
    for line in page.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            name.clone_into(&mut last);
            help.clone_into(&mut families.entry(last.clone()).or_default().help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            name.clone_into(&mut last);
            kind.clone_into(&mut families.entry(last.clone()).or_default().kind);
        } else if let Some((_, labels)) = line.split_once('{') {
            // Our label values have neither commas nor braces in them.
            let labels = labels.split('}').next().unwrap_or_default().split(',');
            let names = labels.filter_map(|label| label.split_once('=')).map(|(name, _)| name.to_owned());
            // `le` belongs to the format of histograms.
            families.entry(last.clone()).or_default().labels.extend(names.filter(|name| name != "le"));
        }
    }
    families.into_iter().map(|(name, family)| Family { name, ..family }).collect()
}

/// The page of all metrics.
pub fn markdown(families: &[Family]) -> String {
    let mut page = "<!-- Generated from a running server's `/metrics` by `just docs`; do not edit. -->\n\
                    # Metrics\n\n\
                    Served at `/metrics` of the listener `ops`. No label carries a pod, a node or an image. \
                    `deploy/dashboards/wit-placement.json` draws all of them.\n\n\
                    | metric | type | labels | meaning |\n|---|---|---|---|\n"
        .to_owned();
    for family in families {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            family.name,
            family.kind,
            labels.join(", "),
            family.help
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_types_labels_and_help_are_read() {
        let page = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\na_seconds_bucket{verb=\"f\",le=\"1\"} 0\n\
                    a_seconds_sum{verb=\"f\"} 0\n# HELP b Size.\n# TYPE b gauge\nb 1\n";
        let labels = BTreeSet::from(["verb".to_owned()]);
        let first =
            Family { name: "a_seconds".into(), kind: "histogram".into(), help: "Time.".into(), labels };
        let second =
            Family { name: "b".into(), kind: "gauge".into(), help: "Size.".into(), ..Family::default() };
        assert_eq!(parse(page), [first, second]);
    }
}
