//! The two answers that a scheduler gets, and what they let us presume: the one place where filter, score and ledger
//! come together, for the server and for the simulator alike.

use crate::filter::{Filtered, Judgement, PodContext, filter};
use crate::nodes::NodeIdx;
use crate::objects::Millis;
use crate::presume::Presumption;
use crate::request::{Candidate, PodRequest};
use crate::score::{ScoreBoard, scored};
use crate::state::{ClusterState, PodWorld};

/// The answer to Filter.
#[derive(Clone, Debug)]
pub struct FilterAnswer {
    /// The positions of the candidates that pass, in their order.
    pub returned: Vec<usize>,
    /// The verdicts behind it; `None` for an ordinary pod, of which every node passes.
    pub judgement: Option<Judgement>,
    /// What is to be entered in the ledger.
    pub ledger: LedgerEntry,
}

/// The answer to Prioritize.
#[derive(Clone, Debug)]
pub struct PrioritizeAnswer {
    /// The scores of the candidates; `None` where there is no preference.
    pub board: Option<ScoreBoard>,
    /// What is to be entered in the ledger.
    pub ledger: LedgerEntry,
}

/// What an answer changes in the ledger.
#[derive(Clone, Debug)]
pub enum LedgerEntry {
    /// Nothing.
    Unchanged,
    /// The pod is presumed.
    Presume(Presumption),
    /// Whatever was presumed of the pod is over.
    Retract,
}

impl LedgerEntry {
    /// Enters it.
    pub fn enter(self, state: &mut ClusterState, pod: &PodRequest, now: Millis) -> crate::state::Effects {
        match self {
            Self::Unchanged => crate::state::Effects::default(),
            Self::Presume(presumption) => state.presume(presumption, now),
            Self::Retract => state.retract(&pod.uid),
        }
    }
}

/// Answers Filter for the pod and the candidates at `now`.
pub fn answer_filter(
    state: &ClusterState,
    pod: &PodRequest,
    candidates: &[Candidate],
    now: Millis,
) -> FilterAnswer {
    let judgement = match filter(state, pod, candidates, now) {
        Filtered::Ordinary => {
            let returned = (0..candidates.len()).collect();
            return FilterAnswer { returned, judgement: None, ledger: LedgerEntry::Unchanged };
        }
        Filtered::Judged(judgement) => judgement,
    };
    let returned = judgement.returned();
    let nodes = || known(candidates, returned.iter().copied());
    let ledger = match nodes().next() {
        Some(best) => LedgerEntry::Presume(Presumption::new(state, pod.clone(), best, nodes().collect())),
        None if state.presumed_node(&pod.uid).is_some() => LedgerEntry::Retract,
        None => LedgerEntry::Unchanged,
    };
    FilterAnswer { returned, judgement: Some(judgement), ledger }
}

/// Answers Prioritize for the pod and the candidates at `now`.
pub fn answer_prioritize(
    state: &ClusterState,
    pod: &PodRequest,
    candidates: &[Candidate],
    now: Millis,
) -> PrioritizeAnswer {
    let nothing = PrioritizeAnswer { board: None, ledger: LedgerEntry::Unchanged };
    let Some(handler) = state.wasm_handler(pod.shape.runtime_class.as_deref()) else { return nothing };
    let PodWorld::Wasm { components, .. } = state.pod_world(&pod.shape, now) else { return nothing };
    let context = PodContext::new(state, pod, handler, &components);
    let board = scored(&context.subject, candidates, &context.warned_classes());
    let could_win = || board.could_win(state.settings.scheduler.weight);
    let best = board.best.or_else(|| could_win().next());
    let ledger = match known(candidates, best.into_iter()).next() {
        Some(best) => {
            let others = known(candidates, could_win()).collect();
            LedgerEntry::Presume(Presumption::new(state, pod.clone(), best, others))
        }
        None => LedgerEntry::Unchanged,
    };
    PrioritizeAnswer { board: board.prefers.then_some(board), ledger }
}

/// The known nodes at these positions.
fn known(candidates: &[Candidate], positions: impl Iterator<Item = usize>) -> impl Iterator<Item = NodeIdx> {
    positions.filter_map(|position| match candidates.get(position) {
        Some(Candidate::Known(node)) => Some(*node),
        _ => None,
    })
}
