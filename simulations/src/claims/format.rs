//! What the file of a claim can say.

use std::collections::BTreeMap;

use anyhow::ensure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Figure;
use crate::strategy::Name;

/// A claim and the cases that try it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// The version of this format.
    pub api_version: String,
    /// `PublishedClaim`.
    pub kind: String,
    /// What to call it on the command line.
    pub name: String,
    /// A headline.
    pub title: String,
    /// What is claimed, in words.
    pub claim: String,
    /// Where it is from, or that no primary source was found.
    pub source: String,
    /// What the replay does not tell, in words.
    #[serde(default)]
    pub leaves_out: Vec<String>,
    /// The words of the verdict that a replay is known to give.
    pub verdict: Option<String>,
    /// What is replayed.
    pub cases: Vec<Case>,
}

/// A cluster, its pods, and what the claim needs of them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// A short name.
    pub id: String,
    /// The case in words.
    pub says: String,
    /// What it has to do with the claim.
    pub role: Role,
    /// What must be so beside the plain reading, in words; for [`Role::If`].
    pub condition: Option<String>,
    /// Whether the number of nodes is not given but sought: the fewest with which nothing is pending.
    #[serde(default)]
    pub fewest: bool,
    /// The case with which [`Figure::TimesBaseline`] compares.
    pub against: Option<String>,
    /// How many instances a pod hosts in its process.
    #[serde(default = "one")]
    pub instances_per_pod: u32,
    /// The nodes.
    pub nodes: Vec<NodeGroup>,
    /// The pods.
    pub pods: Vec<PodGroup>,
    /// What happens later.
    #[serde(default)]
    pub events: Vec<Event>,
    /// The figures that make the claim true.
    #[serde(default)]
    pub meets: BTreeMap<Figure, Bounds>,
    /// What the figures are known to be, by strategy; a test holds the replay against it.
    #[serde(default)]
    pub expect: BTreeMap<Name, BTreeMap<Figure, f64>>,
}

/// What a case has to do with the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What the claim compares with.
    Baseline,
    /// The claim as it is said.
    Plain,
    /// The claim with a condition added.
    If,
}

/// What a figure must be, the limits included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bounds {
    /// No less than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// No more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
}

/// Equal nodes: `NAME-0`, `NAME-1`, ….
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeGroup {
    /// What their names begin with.
    #[serde(default = "node")]
    pub name: String,
    /// How many; of [`Case::fewest`] the fewest to try.
    #[serde(default = "one")]
    pub count: u32,
    /// CPU that pods can have.
    pub cpu: String,
    /// Memory that pods can have.
    pub memory: String,
    /// The kubelet's `maxPods`.
    pub max_pods: u32,
    /// How many of them are the system's.
    #[serde(default)]
    pub system_pods: u32,
    /// Whether Wasm pods cannot run here.
    #[serde(default)]
    pub without_shim: bool,
    /// When the first joins.
    #[serde(default)]
    pub at_seconds: u64,
    /// How long after it the next one joins.
    #[serde(default)]
    pub every_seconds: u64,
}

/// Equal workloads: `NAME-0`, `NAME-1`, …, or `NAME` where there is one or each has a namespace.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodGroup {
    /// What their names begin with.
    pub name: String,
    /// How many workloads.
    #[serde(default = "one")]
    pub workloads: u32,
    /// How many pods each.
    #[serde(default = "one")]
    pub replicas: u32,
    /// CPU that a pod requests.
    pub cpu: String,
    /// Memory that a pod requests.
    pub memory: String,
    /// How it runs where it is Wasm; otherwise it is a container.
    pub wasm: Option<Wasm>,
    /// Whether each workload has a namespace of its own, `tenant-0`, `tenant-1`, ….
    #[serde(default)]
    pub namespace_each: bool,
    /// Whether it is a `DaemonSet`: a pod for each node, as its controller makes them.
    #[serde(default)]
    pub each_node: bool,
    /// The annotation `wit-placement.dev/links`.
    pub links: Option<String>,
}

/// How a Wasm pod runs: with the `RuntimeClass` of runwasi's Wasmtime shim.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wasm {
    /// `overhead.podFixed.memory` of its `RuntimeClass`; without it the class has none, as manifests come.
    pub overhead: Option<String>,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Event {
    /// When.
    pub at_seconds: u64,
    /// A workload is scaled.
    pub scale: Option<Scale>,
    /// A node fails.
    pub fail_node: Option<String>,
}

/// A workload and how many replicas it wants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scale {
    /// The name of a group of one workload.
    pub workload: String,
    /// How many.
    pub to: u32,
}

fn one() -> u32 {
    1
}

fn node() -> String {
    "node".to_owned()
}

impl Case {
    /// What cannot be: no node, a condition that is missing, a comparison with no earlier case.
    pub(super) fn check(&self, claim: &Claim) -> anyhow::Result<()> {
        ensure!(!self.nodes.is_empty() && !self.pods.is_empty(), "has no nodes or no pods");
        ensure!(!self.fewest || self.nodes.len() == 1, "seeks the number of nodes of several kinds");
        ensure!((self.role == Role::If) == self.condition.is_some(), "a condition belongs to `role: if`");
        ensure!(self.role == Role::Baseline || !self.meets.is_empty(), "does not say what it must meet");
        let figures = self.meets.keys().chain(self.expect.values().flat_map(BTreeMap::keys));
        let compares = figures.into_iter().any(|figure| *figure == Figure::TimesBaseline);
        ensure!(!compares || self.against.is_some(), "does not say with what it is compared: `against`");
        if let Some(against) = &self.against {
            let mut earlier = claim.cases.iter().take_while(|case| case.id != self.id);
            ensure!(
                earlier.any(|case| case.id == *against),
                "is compared with `{against}`, which does not come before"
            );
        }
        Ok(())
    }
}

impl Bounds {
    /// Whether a value is within them.
    pub fn hold(self, value: f64) -> bool {
        self.least.is_none_or(|least| value >= least) && self.most.is_none_or(|most| value <= most)
    }
}
