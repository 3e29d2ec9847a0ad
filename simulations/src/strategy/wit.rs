//! wit-placement itself: the state that `wit-extender` keeps, asked as it is asked there.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use wit_config::Settings;
use wit_placement::kube_scheduler::{FilterReply, NodeList, PlacesReply, SchedulerExtender};
use wit_placement::reasons::{Code, Resolution};
use wit_placement::{
    Candidate, ClusterState, Effects, Event, FilterAnswer, KnownCandidates, Millis, NodeName, Pod, PodMode,
    PodRequest, PodUid, ScoreBoard, Terms, answer_filter, answer_prioritize,
};

use super::{Scale, Strategy};

/// How often at most it looks for presumptions that have run out: as often as `wit-extender`.
const TICK: u64 = 100;

/// wit-placement as the scheduler's extender.
#[derive(Clone, Debug)]
pub struct WitPlacement {
    state: ClusterState,
    now: Millis,
    /// When it last looked for presumptions that have run out.
    ticked: Millis,
    bindings: Vec<Event>,
    deadlines: BTreeSet<Millis>,
    known: KnownCandidates,
    /// A presumption gave room back.
    freed: bool,
    /// What was answered last.
    answered: Option<Answered>,
}

/// The scores of an answer.
#[derive(Clone, Debug)]
struct Answered {
    pod: PodUid,
    candidates: Arc<[Candidate]>,
    board: ScoreBoard,
}

impl WitPlacement {
    /// An extender that knows nothing yet.
    ///
    /// # Errors
    /// As [`ClusterState::new`].
    pub fn new(settings: Settings) -> anyhow::Result<Self> {
        Ok(Self {
            state: ClusterState::new(settings)?,
            now: Millis(0),
            ticked: Millis(0),
            bindings: Vec::new(),
            deadlines: BTreeSet::new(),
            known: KnownCandidates::default(),
            freed: false,
            answered: None,
        })
    }

    /// What it knows of the cluster.
    pub fn state(&self) -> &ClusterState {
        &self.state
    }

    fn candidates(&self, nodes: &[NodeName]) -> Arc<[Candidate]> {
        self.state.candidates(nodes.iter().map(NodeName::as_str), self.now).into()
    }

    fn filter_candidates(&mut self, pod: &Pod, candidates: Arc<[Candidate]>) -> PlacesReply {
        let request = request(pod);
        let mut answer = answer_filter(&self.state, &request, &candidates, self.now);
        self.deadlines.extend(answer.judgement.as_ref().and_then(|judgement| judgement.reading_until));
        let reply = reply(&mut answer);
        let board = answer.judgement.as_mut().and_then(|judgement| judgement.board.take());
        self.answered = board.map(|board| Answered { pod: pod.uid.clone(), candidates, board });
        let effects = answer.ledger.enter(&mut self.state, &request, self.now);
        self.entered(&effects);
        reply
    }

    fn score_candidates(&mut self, pod: &Pod, candidates: Arc<[Candidate]>) -> Vec<u8> {
        let request = request(pod);
        let answer = answer_prioritize(&self.state, &request, &candidates, self.now);
        let scores = answer.board.as_ref().map(|board| board.scores.clone()).unwrap_or_default();
        self.answered = answer.board.map(|board| Answered { pod: pod.uid.clone(), candidates, board });
        let effects = answer.ledger.enter(&mut self.state, &request, self.now);
        self.entered(&effects);
        scores
    }

    fn entered(&mut self, effects: &Effects) {
        self.freed |= effects.may_admit;
    }
}

impl Strategy for WitPlacement {
    fn now(&mut self, now: Millis) -> bool {
        self.now = now;
        if now.0 < self.ticked.0 + TICK {
            return false;
        }
        self.ticked = now;
        self.state.expire(now).may_admit
    }

    fn hear(&mut self, event: &Event) -> bool {
        let effects = self.state.apply(event.clone(), self.now);
        std::mem::take(&mut self.freed) | effects.may_admit
    }

    fn bindings(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.bindings)
    }

    fn terms(&self, pod: &PodUid, node: &NodeName) -> Option<Terms> {
        let answered = self.answered.as_ref().filter(|answered| answered.pod == *pod)?;
        let place = Candidate::Known(self.state.node_place(node.as_str())?);
        let position = answered.candidates.iter().position(|candidate| *candidate == place)?;
        answered.board.terms.get(position).copied()
    }

    fn scale(&self, pod: &PodUid) -> Option<Scale> {
        let answered = self.answered.as_ref().filter(|answered| answered.pod == *pod)?;
        Some(Scale::of(&self.state.settings().scoring, &answered.board))
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        std::mem::take(&mut self.deadlines)
    }
}

impl SchedulerExtender for WitPlacement {
    type Error = Infallible;

    fn is_interested(&self, pod: &Pod) -> bool {
        matches!(pod.shape.mode, None | Some(PodMode::Steer))
    }

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        let reply = self.filter_candidates(pod, self.candidates(nodes));
        let name = |place: usize| nodes.get(place).cloned();
        let told = |refused: Vec<(usize, Arc<str>)>| {
            refused.into_iter().filter_map(|(place, why)| Some((name(place)?, why.to_string()))).collect()
        };
        let passing = reply.passing.into_iter().filter_map(name).collect();
        Ok(FilterReply { nodes: passing, failed: told(reply.failed), unresolvable: told(reply.unresolvable) })
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        let scores = self.score_candidates(pod, self.candidates(nodes));
        Ok(nodes.iter().cloned().zip(scores).collect())
    }

    fn filter_places(&mut self, pod: &Pod, nodes: NodeList<'_>) -> Result<PlacesReply, Infallible> {
        let candidates = self.known.of(&self.state, nodes.numbers(), |number| nodes.name(number), self.now);
        Ok(self.filter_candidates(pod, candidates))
    }

    fn prioritize_places(&mut self, pod: &Pod, nodes: NodeList<'_>) -> Result<Vec<u8>, Infallible> {
        let candidates = self.known.of(&self.state, nodes.numbers(), |number| nodes.name(number), self.now);
        Ok(self.score_candidates(pod, candidates))
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        self.bindings.push(Event::Pod(pod.clone()));
        Ok(())
    }
}

fn request(pod: &Pod) -> PodRequest {
    let Pod { key, uid, workload, shape, .. } = pod.clone();
    PodRequest { key, uid, workload, shape }
}

/// The answer by places in the list of nodes.
fn reply(answer: &mut FilterAnswer) -> PlacesReply {
    let mut reply = PlacesReply { passing: std::mem::take(&mut answer.returned), ..PlacesReply::default() };
    let Some(judgement) = &answer.judgement else { return reply };
    if reply.passing.len() == judgement.codes.len() {
        return reply;
    }
    let mut messages: BTreeMap<Code, Arc<str>> = BTreeMap::new();
    for (place, codes) in judgement.codes.iter().enumerate() {
        let Some(code) = codes.first_refusal() else { continue };
        let refused = match code.reason().resolution {
            Resolution::Eviction => &mut reply.failed,
            Resolution::Unresolvable | Resolution::Warning => &mut reply.unresolvable,
        };
        let message = messages.entry(code).or_insert_with(|| judgement.message(code).into());
        refused.push((place, Arc::clone(message)));
    }
    reply
}
