//! Claims published about Wasm on Kubernetes, each replayed and judged by what the replay gives.
//!
//! A claim is a small YAML file in `simulations/scenarios/`, bundled with the program: what is claimed, where it is from, and
//! cases: clusters and pods in a compact form, with the figures under which the claim holds. Each case becomes a
//! [`Trace`](crate::trace::Trace) and is replayed with kube-scheduler alone and with wit-placement. The verdict follows from the
//! figures: a claim holds where its plain reading does, or holds only if some condition is added under which a case does.
//!
//! ```
//! use wit_sim::claims::{Claim, Outcome};
//!
//! let claim = Claim::read(r#"
//! apiVersion: wit-placement.dev/v1alpha1
//! kind: PublishedClaim
//! name: ten-fit
//! title: Ten fit
//! claim: A node of 1 GiB takes ten pods of 100 MiB.
//! source: This example.
//! cases:
//! - id: plain
//!   says: one node
//!   role: plain
//!   nodes: [{count: 1, cpu: "1", memory: 1Gi, maxPods: 110}]
//!   pods: [{name: app, replicas: 10, cpu: 10m, memory: 100Mi}]
//!   meets: {placed: {least: 10}}
//! "#)?;
//! assert_eq!(claim.judge()?.verdict.outcome, Outcome::Holds);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | look at |
//! |---|---|
//! | what can a file say? | [`Claim`] and [`Case`] |
//! | what trace does a case become? | [`Case::trace`] |
//! | which figures are there, and how are they made? | [`Figure`], [`CaseRun`] |
//! | how is it judged, and what is written? | [`Judgement`], [`Scenarios`] |

mod expand;
mod figures;
mod format;
mod output;
#[cfg(test)]
mod tests;
mod verdict;
mod words;

use anyhow::{Context, bail};
use include_dir::{Dir, include_dir};
use wit_config::API_VERSION;

pub use figures::{CaseRun, Figure, OneLess};
pub use format::{Bounds, Case, Claim, Event, NodeGroup, PodGroup, Role, Scale, Wasm};
pub use output::{listing, markdown, render};
pub use verdict::{CaseReport, Judgement, Outcome, STRATEGIES, Scenarios, Verdict, Why};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");

/// The `kind` of a claim's file.
pub const KIND: &str = "PublishedClaim";

/// The bundled claims, by name.
///
/// # Errors
/// A file that is no claim, which a test keeps out.
pub fn bundled() -> anyhow::Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for file in FILES.files() {
        let place = || file.path().display().to_string();
        let text = file.contents_utf8().with_context(place)?;
        claims.push(Claim::read(text).with_context(place)?);
    }
    claims.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(claims)
}

/// The bundled claims of these names in their order; all where none is named.
///
/// # Errors
/// Every name that no claim has, and which there are.
pub fn named(names: &[String]) -> anyhow::Result<Vec<Claim>> {
    let claims = bundled()?;
    if names.is_empty() {
        return Ok(claims);
    }
    let unknown: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| claims.iter().all(|claim| claim.name != *name))
        .collect();
    if !unknown.is_empty() {
        let known: Vec<&str> = claims.iter().map(|claim| claim.name.as_str()).collect();
        bail!("there is no scenario {}; there are {}", unknown.join(", "), known.join(", "));
    }
    let of = |name: &String| claims.iter().find(|claim| claim.name == *name).cloned();
    Ok(names.iter().filter_map(of).collect())
}

impl Claim {
    /// A claim from its YAML.
    ///
    /// # Errors
    /// What is wrong with it: syntax, unknown keys, another kind or version, a case that is compared with none.
    pub fn read(yaml: &str) -> anyhow::Result<Self> {
        let claim: Self = serde_saphyr::from_str(yaml)?;
        if (claim.api_version.as_str(), claim.kind.as_str()) != (API_VERSION, KIND) {
            bail!("is a {} of {}, expected a {KIND} of {API_VERSION}", claim.kind, claim.api_version);
        }
        for case in &claim.cases {
            case.check(&claim).with_context(|| case.id.clone())?;
        }
        Ok(claim)
    }
}
