//! Why a pod is where it is: the decision as it was taken, beside what it would be now.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_placement::reasons::{Code, REASONS};
use wit_placement::{
    Candidate, ClusterState, Event, FilterAnswer, Judgement, Millis, NodeName, Pod, PodKey, PodMode,
    PodRequest, ScoreBoard, answer_filter, answer_prioritize,
};

use super::API_VERSION;
use super::graph::{GraphImage, GraphLink, image_state};
use crate::decisions::Decision;
use crate::verbs::wire::ExtenderArgs;

/// Why a pod is where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// `wit-placement.dev/v1alpha1`.
    pub api_version: String,
    /// `Explanation`.
    pub kind: String,
    /// `namespace/name`.
    pub pod: String,
    /// `namespace/kind/name`.
    pub workload: String,
    /// `steer`, `observe` or `ignore`.
    pub mode: String,
    /// Where the pod is, if it is anywhere.
    pub node: Option<String>,
    /// The pod's images and what is known of them.
    pub images: Vec<GraphImage>,
    /// The links of its workload, as consumer and as provider.
    pub links: Vec<GraphLink>,
    /// The latest decision as it was taken; absent where none is remembered.
    pub taken: Option<Verdicts>,
    /// What the decision would be now, over all nodes and by our rules alone: kube-scheduler's own filters (selectors,
    /// taints, resources that it counts) are not asked.
    pub now: Verdicts,
}

/// The verdict on every node at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdicts {
    /// When, in RFC 3339.
    pub at: String,
    /// Whether every node passes because the pod is none of our business.
    pub ordinary: bool,
    /// The nodes in the order in which the scheduler offered them.
    pub nodes: Vec<NodeVerdict>,
}

/// The verdict on one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeVerdict {
    /// The node.
    pub node: String,
    /// `returned`, `refused`, `held-back` (near a limit that only we count) or `not-best` (the answer was narrowed to
    /// one node).
    pub outcome: String,
    /// Every rule, in the order of the codes.
    pub rules: Vec<RuleVerdict>,
    /// 0 to 10; absent where the node was not scored.
    pub score: Option<u8>,
    /// What the score is made of.
    pub terms: Option<ScoreTerms>,
}

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleVerdict {
    /// `R101`, `W401`…
    pub code: String,
    /// Its short name.
    pub name: String,
    /// `passes`, `refuses` or `warns`.
    pub verdict: String,
    /// What it says, where it does not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What a score is made of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreTerms {
    /// Marginal gain in gained affinity.
    pub gain: f64,
    /// The same over the connected group.
    pub group: f64,
    /// The share of partners still to come that fits.
    pub room: f64,
    /// How full the node is: the tie-break.
    pub fullness: f64,
    /// The weighted sum.
    pub value: f64,
}

/// There is nothing to explain.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Neither a pod nor a decision has that name.
    #[error("no pod {0} is known: neither does the watch show it nor has the scheduler asked about it")]
    UnknownPod(PodKey),
    /// No node has that name.
    #[error("no node {0} is known")]
    UnknownNode(NodeName),
}

/// Explains a pod, on all nodes or on one.
///
/// # Errors
/// Where the pod or the node is not known.
pub fn explain(
    state: &ClusterState,
    key: &PodKey,
    node: Option<&NodeName>,
    decision: Option<&Decision>,
    now: Millis,
) -> Result<Explanation, ExplainError> {
    let known = state.pod(key);
    let request = known.map(|pod| PodRequest {
        key: pod.key.clone(),
        uid: pod.uid.clone(),
        workload: pod.workload.clone(),
        shape: pod.shape.clone(),
    });
    let pod = request
        .or_else(|| decision.map(|decision| decision.pod.clone()))
        .ok_or_else(|| ExplainError::UnknownPod(key.clone()))?;
    if let Some(node) = node.filter(|node| state.node_place(node.as_str()).is_none()) {
        return Err(ExplainError::UnknownNode(node.clone()));
    }
    let mode = pod.shape.mode.unwrap_or_else(|| PodMode::from(state.settings().mode));
    let presumed =
        || state.presumed_node(&pod.uid).and_then(|place| state.node(place)).map(|node| node.name().clone());
    let placed = known.and_then(|pod| pod.node.clone()).or_else(presumed);
    Ok(Explanation {
        api_version: API_VERSION.into(),
        kind: "Explanation".into(),
        pod: key.to_string(),
        workload: pod.workload.to_string(),
        mode: mode_word(mode).into(),
        node: placed.map(|node| node.to_string()),
        images: pod.shape.images.iter().map(|image| image_state(state, image)).collect(),
        links: state.links_of(&pod.workload).map(GraphLink::from).collect(),
        taken: decision.and_then(as_taken).map(|verdicts| verdicts.only(node)),
        now: as_of_now(&without_node(state, known, now), &pod, now).only(node),
    })
}

/// The state as if the pod still waited for a node: it is not to be weighed against itself.
fn without_node(state: &ClusterState, pod: Option<&Pod>, now: Millis) -> ClusterState {
    let mut state = state.clone();
    if let Some(pod) = pod.filter(|pod| pod.node.is_some()) {
        state.apply(Event::Pod(Pod { node: None, ..pod.clone() }), now);
    }
    state
}

fn mode_word(mode: PodMode) -> &'static str {
    match mode {
        PodMode::Steer => "steer",
        PodMode::Observe => "observe",
        PodMode::Ignore => "ignore",
    }
}

/// What a remembered decision said. The names of the nodes are read again from its request.
fn as_taken(decision: &Decision) -> Option<Verdicts> {
    let filter = decision.filter.as_ref()?;
    let args: ExtenderArgs<'_> = serde_json::from_slice(&filter.request).ok()?;
    let offered = args.offered().ok()?;
    let names: Vec<&str> = offered.names().iter().map(Cow::as_ref).collect();
    let mut scores = BTreeMap::new();
    if let Some(prioritize) = &decision.prioritize
        && let Some(board) = &prioritize.answer.board
        && let Ok(args) = serde_json::from_slice::<ExtenderArgs<'_>>(&prioritize.request)
        && let Ok(offered) = args.offered()
    {
        scores = scores_by_name(&offered.names().iter().map(ToString::to_string).collect::<Vec<_>>(), board);
    }
    Some(verdicts(&names, &filter.answer, &scores, filter.at))
}

fn as_of_now(state: &ClusterState, pod: &PodRequest, now: Millis) -> Verdicts {
    let (names, candidates): (Vec<String>, Vec<Candidate>) =
        state.nodes().map(|(place, node)| (node.name().to_string(), Candidate::Known(place))).unzip();
    let filter = answer_filter(state, pod, &candidates, now);
    let passing: Vec<usize> = match &filter.judgement {
        Some(judgement) => (0..candidates.len()).filter(|position| judgement.passes(*position)).collect(),
        None => Vec::new(),
    };
    let offered: Vec<Candidate> =
        passing.iter().filter_map(|position| candidates.get(*position).copied()).collect();
    let passing_names: Vec<String> =
        passing.iter().filter_map(|position| names.get(*position).cloned()).collect();
    let board = answer_prioritize(state, pod, &offered, now).board;
    let scores = board.map(|board| scores_by_name(&passing_names, &board)).unwrap_or_default();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    verdicts(&names, &filter, &scores, now)
}

type Scores = BTreeMap<String, (u8, ScoreTerms)>;

fn scores_by_name(names: &[String], board: &ScoreBoard) -> Scores {
    let scored = board.scores.iter().zip(&board.terms).map(|(score, terms)| {
        let terms = ScoreTerms {
            gain: terms.gain,
            group: terms.group,
            room: terms.room,
            fullness: terms.fullness,
            value: terms.value,
        };
        (*score, terms)
    });
    names.iter().cloned().zip(scored).collect()
}

fn verdicts(names: &[&str], answer: &FilterAnswer, scores: &Scores, at: Millis) -> Verdicts {
    let node = |(position, name): (usize, &&str)| {
        let judgement = answer.judgement.as_ref()?;
        let of_node = scores.get(*name);
        Some(NodeVerdict {
            node: (*name).into(),
            outcome: outcome(judgement, position).into(),
            rules: rules(judgement, position),
            score: of_node.map(|(score, _)| *score),
            terms: of_node.map(|(_, terms)| *terms),
        })
    };
    Verdicts {
        at: timestamp(at),
        ordinary: answer.judgement.is_none(),
        nodes: names.iter().enumerate().filter_map(node).collect(),
    }
}

fn outcome(judgement: &Judgement, position: usize) -> &'static str {
    if !judgement.passes(position) {
        "refused"
    } else if judgement.narrowed.is_some_and(|only| only != position) {
        "not-best"
    } else if judgement.held_back.contains(&position) {
        "held-back"
    } else {
        "returned"
    }
}

fn rules(judgement: &Judgement, position: usize) -> Vec<RuleVerdict> {
    let codes = judgement.codes.get(position).copied().unwrap_or_default();
    let rule = |code: Code| {
        let broken = codes.contains(code);
        let verdict = match (broken, code.refuses()) {
            (false, _) => "passes",
            (true, true) => "refuses",
            (true, false) => "warns",
        };
        RuleVerdict {
            code: code.id().into(),
            name: code.reason().name.into(),
            verdict: verdict.into(),
            message: broken.then(|| judgement.message(code)),
        }
    };
    REASONS.iter().map(|reason| rule(reason.code)).collect()
}

fn timestamp(at: Millis) -> String {
    let milliseconds = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(milliseconds).map(|time| time.to_string()).unwrap_or_default()
}

impl Verdicts {
    /// Only the verdict on that node, or all of them.
    fn only(mut self, node: Option<&NodeName>) -> Self {
        if let Some(node) = node {
            self.nodes.retain(|verdict| verdict.node == node.as_str());
        }
        self
    }
}
