//! Why a pod is on its node and not on that of the other run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_placement::NodeName;

use crate::documents::{Decision, RankedNode};

/// What a run's decision about a pod says of the node that it has there and of the one that it has in the other run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// When it was taken, in milliseconds since the beginning.
    pub at: u64,
    /// The node that was chosen, with what its score is made of; `null` where none was left.
    pub chosen: Option<RankedNode>,
    /// What it says of the node that the pod has in the other run; `null` where it has none there.
    pub other_node: Option<OtherNode>,
}

/// What a decision says of a node that was not chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum OtherNode {
    /// It was refused.
    Refused {
        /// `R101`…, or `kube-scheduler` for its own filters.
        code: String,
        /// In words.
        message: String,
    },
    /// It was scored, and is among the best that the run keeps.
    Scored {
        /// What its score is made of.
        ranked: RankedNode,
    },
    /// It was not refused, and is not among the best that the run keeps: its score was lower, or it was not looked at.
    NotAmongTheBest {
        /// How many the run keeps of this decision.
        kept: u32,
    },
}

impl Account {
    /// What the decision says of its own node and of this one.
    pub(super) fn of(decision: &Decision, other: Option<&NodeName>) -> Self {
        let chosen = decision.ranking.first().filter(|best| Some(&best.node) == decision.node.as_ref());
        Self {
            at: decision.last_tried,
            chosen: chosen.cloned(),
            other_node: other.map(|node| OtherNode::of(decision, node)),
        }
    }
}

impl OtherNode {
    fn of(decision: &Decision, node: &NodeName) -> Self {
        if let Some(refused) = decision.refused.iter().find(|refused| refused.nodes.contains(node)) {
            return Self::Refused { code: refused.code.clone(), message: refused.message.clone() };
        }
        match decision.ranking.iter().find(|ranked| ranked.node == *node) {
            Some(ranked) => Self::Scored { ranked: ranked.clone() },
            None => Self::NotAmongTheBest { kept: u32::try_from(decision.ranking.len()).unwrap_or(u32::MAX) },
        }
    }
}
