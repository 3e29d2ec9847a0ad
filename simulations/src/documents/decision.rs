//! A decision of the scheduler in a run: which nodes were refused, which were the best, and what their scores are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_graph::WorkloadKey;
use wit_placement::kube_scheduler::report::Refusal;
use wit_placement::kube_scheduler::{Attempt, Ranked};
use wit_placement::{NodeName, Terms};

use crate::engine::{self, Turns};
use crate::strategy::Scale;

/// What a point of the extender is worth: ten of a plugin's, times the extender's weight.
const POINT: u64 = 10;
/// How many nodes of a refusal are named.
const MOST_NAMED: usize = 100;

/// The last decision about a pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// `namespace/name`.
    pub pod: String,
    /// When the pod was first tried, in milliseconds since the beginning.
    pub first_tried: u64,
    /// When it was last tried: this decision.
    pub last_tried: u64,
    /// How often it was tried.
    pub tries: u32,
    /// The node that was chosen; `null` where none was left.
    #[schemars(with = "Option<String>")]
    pub node: Option<NodeName>,
    /// Linked workloads of which a replica was on that node already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub beside: Vec<WorkloadKey>,
    /// Why nodes were refused, by reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedNodes>,
    /// The best nodes, the chosen one first. Where only one node was left it has no total, as nobody scores it then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranking: Vec<RankedNode>,
    /// What the extender's terms are measured by; absent where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<ScoreScale>,
    /// Whom the scheduler evicted so that the pod fits, in this try or the last one before it that evicted anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evicts: Option<Evicts>,
}

/// Pods that have to go so that another fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evicts {
    /// Where it would run.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// Who has to go, `namespace/name`.
    pub pods: Vec<String>,
}

/// Nodes that were refused for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedNodes {
    /// `R101`…, or `kube-scheduler` for its own filters.
    pub code: String,
    /// In words.
    pub message: String,
    /// How many nodes.
    pub count: u64,
    /// The first hundred of them by name.
    #[schemars(with = "Vec<String>")]
    pub nodes: Vec<NodeName>,
}

/// A node that could have been chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RankedNode {
    /// The node.
    #[schemars(with = "String")]
    pub node: NodeName,
    /// The sum of all scores, each times its weight.
    pub total: Option<u64>,
    /// What kube-scheduler's plugins gave it, in the order of their names; those with nothing to say of any node are left out.
    pub plugins: Vec<Score>,
    /// What the extender gave it; `null` where it was not asked.
    pub extender: Option<ExtenderScore>,
}

/// What a plugin gave a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// The plugin's name as in kube-scheduler's configuration.
    pub plugin: String,
    /// 0 to 100.
    pub score: u64,
    /// How often it counts.
    pub weight: u64,
}

/// What the extender gave a node.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtenderScore {
    /// 0 to 10; `null` where the extender left only this node, or the scheduler had no other.
    pub score: Option<u8>,
    /// How often it counts.
    pub weight: u64,
    /// What it is made of; `null` where the extender does not say.
    pub terms: Option<ScoreTerms>,
}

/// What wit-placement's score of a node is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreTerms {
    /// Marginal gain in gained affinity.
    pub gain: f64,
    /// The same over the connected group, and once partners still to come have come.
    pub group: f64,
    /// The share of partners still to come that fits.
    pub room: f64,
    /// How full the node is: the tie-break.
    pub fullness: f64,
    /// The weighted sum.
    pub value: f64,
}

/// What the terms of wit-placement's score are measured by. The value of a node is
/// `gainWeight × gain ÷ mostGain × (1 + room) ÷ 2 + groupWeight × group ÷ mostGroup + roomWeight × room`, and less of a node with a
/// warning beside one without. The best node scores 10, and the others `value ÷ mostValue` of 7 where the workload may have links, of
/// 10 elsewhere; of equal values the emptier node is best, then the first by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreScale {
    /// The weight of the gain, from the settings.
    pub gain_weight: f64,
    /// The weight of the group.
    pub group_weight: f64,
    /// The weight of the room.
    pub room_weight: f64,
    /// The largest gain of all nodes that were scored.
    pub most_gain: f64,
    /// The largest draw of the group.
    pub most_group: f64,
    /// The largest value.
    pub most_value: f64,
}

impl From<Scale> for ScoreScale {
    fn from(Scale { gain, group, room, most_gain, most_group, most_value }: Scale) -> Self {
        Self { gain_weight: gain, group_weight: group, room_weight: room, most_gain, most_group, most_value }
    }
}

impl ScoreScale {
    /// What gain, group and room add to a node's value.
    pub fn added(&self, terms: &ScoreTerms) -> [f64; 3] {
        let part = |term: f64, most: f64| if most > 0.0 { term / most } else { 0.0 };
        [
            self.gain_weight * part(terms.gain, self.most_gain) * f64::midpoint(1.0, terms.room),
            self.group_weight * part(terms.group, self.most_group),
            self.room_weight * terms.room,
        ]
    }
}

impl From<Terms> for ScoreTerms {
    fn from(Terms { gain, group, room, fullness, value }: Terms) -> Self {
        Self { gain, group, room, fullness, value }
    }
}

impl ScoreTerms {
    /// The terms with their names.
    pub fn named(&self) -> [(&'static str, f64); 5] {
        let Self { gain, group, room, fullness, value } = *self;
        [("gain", gain), ("group", group), ("room", room), ("fullness", fullness), ("value", value)]
    }
}

/// The decisions of a run that was made to tell them.
pub(super) fn all(run: &engine::Run) -> Option<Vec<Decision>> {
    if !run.tells_decisions {
        return None;
    }
    let weight = POINT * u64::from(run.state.settings().scheduler.weight);
    let told = run.attempts.iter().zip(&run.turns);
    let mut decisions: Vec<_> = told.map(|(attempt, turns)| Decision::of(attempt, turns, weight)).collect();
    decisions.sort_by(|one, other| one.pod.cmp(&other.pod));
    Some(decisions)
}

impl Decision {
    fn of(attempt: &Attempt, turns: &Turns, weight: u64) -> Self {
        let choice = attempt.choice();
        let extender = |score: Option<u8>, node: &NodeName| {
            let terms = turns.terms.get(node).copied().map(ScoreTerms::from);
            (score.is_some() || terms.is_some()).then_some(ExtenderScore { score, weight, terms })
        };
        let ranked = |ranked: &Ranked| RankedNode::of(ranked, extender(ranked.extender, &ranked.node));
        let mut ranking: Vec<_> = attempt.ranking.iter().map(ranked).collect();
        if let (Some(choice), true) = (choice, ranking.is_empty()) {
            let (node, extender) = (choice.node.clone(), extender(None, &choice.node));
            ranking.push(RankedNode { node, total: None, plugins: Vec::new(), extender });
        }
        let evicts = turns.made_room.as_ref().map(|preemption| Evicts {
            node: preemption.node.clone(),
            pods: preemption.victims.iter().map(|victim| victim.pod.to_string()).collect(),
        });
        Self {
            pod: attempt.pod.to_string(),
            first_tried: turns.first.0,
            last_tried: turns.last.0,
            tries: turns.count,
            node: choice.map(|choice| choice.node.clone()),
            beside: choice.map(|choice| choice.beside.clone()).unwrap_or_default(),
            refused: Refusal::all(&attempt.reasons).into_iter().map(RefusedNodes::of).collect(),
            ranking,
            scale: turns.scale.filter(|_| !turns.terms.is_empty()).map(ScoreScale::from),
            evicts,
        }
    }
}

impl RefusedNodes {
    fn of(Refusal { code, message, mut nodes }: Refusal) -> Self {
        let count = nodes.len() as u64;
        nodes.truncate(MOST_NAMED);
        Self { code, message, count, nodes }
    }
}

impl RankedNode {
    fn of(ranked: &Ranked, extender: Option<ExtenderScore>) -> Self {
        let plugins = ranked.plugins.iter().map(|it| Score {
            plugin: it.plugin.to_owned(),
            score: it.score,
            weight: it.weight,
        });
        Self { node: ranked.node.clone(), total: Some(ranked.total), plugins: plugins.collect(), extender }
    }
}
