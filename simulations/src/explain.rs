//! Why a pod of a run is where it is: the decision as the run's document tells it.

mod ranking;
mod text;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wit_graph::WorkloadKey;
use wit_placement::NodeName;

use crate::documents::{Decision, IsRunExplanation, Run, Version};

/// Why a pod of a run is where it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunExplanation {
    /// The version of the format.
    pub api_version: Version,
    /// Which document this is.
    pub kind: IsRunExplanation,
    /// What the trace calls itself.
    pub trace: String,
    /// Who placed the pods.
    pub strategy: String,
    /// The seeds of the run.
    pub seeds: Vec<u64>,
    /// `namespace/name`.
    pub pod: String,
    /// Whose replica it is; `null` where the pod was gone when the run ended.
    #[schemars(with = "Option<String>")]
    pub workload: Option<WorkloadKey>,
    /// Where it was when the run ended.
    #[schemars(with = "Option<String>")]
    pub node: Option<NodeName>,
    /// The last decision about it; `null` where nobody ever tried to place it: it was on its node from the beginning, or it is
    /// held back.
    pub decision: Option<Decision>,
}

/// There is nothing to explain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExplainError {
    /// The document was made without decisions.
    #[error(
        "the run keeps no decisions; make it again with `wit-sim replay TRACE --output json --decisions 3` and what else it \
         was made with"
    )]
    NoDecisions,
    /// There is no such pod.
    #[error("there is no pod `{0}`; the run's `placements` have the names")]
    NoPod(String),
    /// Several pods have that name.
    #[error("which pod is `{0}`? There are {1}")]
    Several(String, String),
}

impl RunExplanation {
    /// Explains a pod, by `namespace/name`, or by its bare name where no other has it.
    ///
    /// # Errors
    /// Where the run has no decisions, or not exactly one pod of that name.
    pub fn of(run: &Run, name: &str) -> Result<Self, ExplainError> {
        if run.decisions.is_none() {
            return Err(ExplainError::NoDecisions);
        }
        let pod = resolve(run, name)?;
        let placed = run.placements.iter().find(|placed| placed.pod == pod);
        Ok(Self {
            api_version: Version,
            kind: IsRunExplanation,
            trace: run.assumptions.trace.clone(),
            strategy: run.strategy.clone(),
            seeds: run.assumptions.seeds.clone(),
            pod: pod.to_owned(),
            workload: placed.map(|placed| placed.workload.clone()),
            node: placed.and_then(|placed| placed.node.clone()),
            decision: run.decision(pod).cloned(),
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        text::text(self)
    }
}

/// The whole name of the pod.
fn resolve<'a>(run: &'a Run, name: &str) -> Result<&'a str, ExplainError> {
    let placed = run.placements.iter().map(|placed| placed.pod.as_str());
    let all = placed.chain(run.decisions.iter().flatten().map(|decision| decision.pod.as_str()));
    let bare = |pod: &&str| pod.split_once('/').is_some_and(|(_, bare)| bare == name);
    let found: BTreeSet<&str> = if name.contains('/') {
        all.filter(|pod| *pod == name).collect()
    } else {
        all.filter(bare).collect()
    };
    let mut pods = found.iter();
    match (pods.next(), pods.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(ExplainError::NoPod(name.to_owned())),
        _ => {
            let several: Vec<_> = found.iter().map(|pod| format!("`{pod}`")).collect();
            Err(ExplainError::Several(name.to_owned(), several.join(" and ")))
        }
    }
}
