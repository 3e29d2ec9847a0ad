//! What came out of a run, for people ([`text`]) and for programs ([`Report`]): the same for the demo and the simulator.

pub mod text;

use std::collections::BTreeMap;

use serde::Serialize;
use wit_graph::{Link, LinkStatus};

use super::attempt::{Attempt, Choice};
use crate::affinity::Affinity;
use crate::objects::NodeName;
use crate::score::BEST;
use crate::state::ClusterState;

/// The code of what kube-scheduler's own filters say.
pub const SCHEDULER_CODE: &str = "kube-scheduler";

/// What came out of a run, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Every pod, in the order of the first attempts.
    pub placements: Vec<Placement>,
    /// Every import that is served by a workload or should be; what the host serves is left out.
    pub links: Vec<ReportedLink>,
    /// The share of traffic that can stay on a node.
    pub gained_affinity: GainedAffinity,
}

/// Where a pod went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// `namespace/name`.
    pub pod: String,
    /// `namespace/kind/name`.
    pub workload: String,
    /// The node; `None` where the pod is still pending.
    pub node: Option<NodeName>,
    /// The extender's score of the node, 0 to 10. `None` for ordinary pods, for pods that prefer no node, and for those
    /// without one. The only node left for a pod with links has 10, although the scheduler does not ask then.
    pub score: Option<u8>,
    /// The nodes that were refused, by reason.
    pub reasons: Vec<Refusal>,
}

/// Why nodes were refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The stable code (`R101`), or [`SCHEDULER_CODE`] for kube-scheduler's own filters.
    pub code: String,
    /// In words.
    pub message: String,
    /// The nodes.
    pub nodes: Vec<NodeName>,
}

/// Who serves whose import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedLink {
    /// The workload that imports, `namespace/kind/name`.
    pub consumer: String,
    /// The workload that serves the import, or would if it were compatible; `None` where there is none.
    pub provider: Option<String>,
    /// The interface as it is imported.
    pub interface: String,
    /// Whether it is served.
    pub status: LinkStatus,
}

/// The share of traffic that can stay on a node, 0 to 1: gained affinity G.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GainedAffinity {
    /// With the extender.
    #[serde(rename = "wit-placement")]
    pub wit_placement: f64,
    /// With kube-scheduler alone.
    pub default: f64,
}

impl Report {
    /// The report of a run with the extender, which left the cluster in `state` with the affinity `steered`, beside the
    /// same pods placed by kube-scheduler alone.
    pub fn new(state: &ClusterState, attempts: &[Attempt], steered: &Affinity, default: &Affinity) -> Self {
        Self {
            placements: attempts.iter().map(|attempt| Placement::new(state, attempt)).collect(),
            links: state.graph().links().filter_map(ReportedLink::new).collect(),
            gained_affinity: GainedAffinity { wit_placement: steered.gained, default: default.gained },
        }
    }
}

impl Placement {
    /// Where the attempt led; `state` knows whether the pod's workload has links.
    pub fn new(state: &ClusterState, attempt: &Attempt) -> Self {
        Self {
            pod: attempt.pod.to_string(),
            workload: attempt.workload.to_string(),
            node: attempt.choice().map(|choice| choice.node.clone()),
            score: attempt.choice().and_then(|choice| score(state, attempt, choice)),
            reasons: Refusal::all(&attempt.reasons),
        }
    }
}

/// See [`Placement::score`].
fn score(state: &ClusterState, attempt: &Attempt, choice: &Choice) -> Option<u8> {
    let linked = || state.links_of(&attempt.workload).any(Link::draws_together);
    choice.extender.or_else(|| (choice.total.is_none() && linked()).then_some(BEST))
}

impl Refusal {
    /// The reasons of an attempt, by code: ours first, then kube-scheduler's.
    pub fn all(reasons: &BTreeMap<String, Vec<NodeName>>) -> Vec<Self> {
        let mut refusals: Vec<_> =
            reasons.iter().map(|(message, nodes)| Self::new(message, nodes.clone())).collect();
        refusals.sort();
        refusals
    }

    /// `R101 the node…` is the code `R101` and the words; other messages are kube-scheduler's.
    fn new(message: &str, mut nodes: Vec<NodeName>) -> Self {
        nodes.sort();
        let (code, words) = match message.split_once(' ') {
            Some((code, words)) if is_code(code) => (code, words),
            _ => (SCHEDULER_CODE, message),
        };
        Self { code: code.to_owned(), message: words.to_owned(), nodes }
    }
}

fn is_code(word: &str) -> bool {
    word.strip_prefix('R')
        .is_some_and(|number| number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl ReportedLink {
    /// `None` for what is no link between workloads: the host serves it, or nobody needs to.
    fn new(link: &Link) -> Option<Self> {
        let concerns_workloads = !matches!(link.status, LinkStatus::Host | LinkStatus::TypesOnly);
        concerns_workloads.then(|| Self {
            consumer: link.consumer.to_string(),
            provider: link.provider.as_ref().map(ToString::to_string),
            interface: link.interface.clone(),
            status: link.status,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_code_and_words_or_kube_schedulers() {
        let nodes = || vec![NodeName::new("b"), NodeName::new("a")];
        let reasons = BTreeMap::from([
            ("Insufficient cpu".to_owned(), nodes()),
            ("R102 modules only".to_owned(), nodes()),
            ("R1024 is no code".to_owned(), nodes()),
        ]);
        let refusals = Refusal::all(&reasons);
        let told: Vec<_> = refusals.iter().map(|one| (one.code.as_str(), one.message.as_str())).collect();
        let expected = [
            ("R102", "modules only"),
            (SCHEDULER_CODE, "Insufficient cpu"),
            (SCHEDULER_CODE, "R1024 is no code"),
        ];
        assert_eq!(told, expected);
        assert_eq!(refusals[0].nodes, [NodeName::new("a"), NodeName::new("b")]);
    }
}
