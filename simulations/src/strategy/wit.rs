//! wit-placement itself: the state that `wit-extender` keeps, asked as it is asked there.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use wit_config::Settings;
use wit_placement::kube_scheduler::{FilterReply, NoExtender, SchedulerExtender};
use wit_placement::reasons::Resolution;
use wit_placement::{
    Candidate, ClusterState, Effects, Event, FilterAnswer, Millis, NodeName, Pod, PodMode, PodRequest,
    answer_filter, answer_prioritize,
};

use super::Strategy;

/// wit-placement as the scheduler's extender.
#[derive(Clone, Debug)]
pub struct WitPlacement {
    state: ClusterState,
    now: Millis,
    bindings: Vec<Event>,
    deadlines: BTreeSet<Millis>,
    /// A presumption gave room back.
    freed: bool,
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
            bindings: Vec::new(),
            deadlines: BTreeSet::new(),
            freed: false,
        })
    }

    fn candidates(&self, nodes: &[NodeName]) -> Vec<Candidate> {
        self.state.candidates(nodes.iter().map(NodeName::as_str), self.now)
    }

    fn entered(&mut self, effects: &Effects) {
        self.freed |= effects.may_admit;
    }
}

impl Strategy for WitPlacement {
    fn now(&mut self, now: Millis) {
        self.now = now;
    }

    fn hear(&mut self, event: &Event) -> bool {
        let effects = self.state.apply(event.clone(), self.now);
        std::mem::take(&mut self.freed) | effects.may_admit
    }

    fn bindings(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.bindings)
    }

    fn deadlines(&mut self) -> BTreeSet<Millis> {
        std::mem::take(&mut self.deadlines)
    }
}

impl SchedulerExtender for WitPlacement {
    type Error = Infallible;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        if !steered(pod) {
            return NoExtender.filter(pod, nodes);
        }
        let request = request(pod);
        let answer = answer_filter(&self.state, &request, &self.candidates(nodes), self.now);
        let reply = reply(nodes, &answer);
        self.deadlines.extend(answer.judgement.as_ref().and_then(|judgement| judgement.reading_until));
        let effects = answer.ledger.enter(&mut self.state, &request, self.now);
        self.entered(&effects);
        Ok(reply)
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        if !steered(pod) {
            return NoExtender.prioritize(pod, nodes);
        }
        let request = request(pod);
        let answer = answer_prioritize(&self.state, &request, &self.candidates(nodes), self.now);
        let scores = answer.board.map(|board| board.scores).unwrap_or_default();
        let effects = answer.ledger.enter(&mut self.state, &request, self.now);
        self.entered(&effects);
        Ok(nodes.iter().cloned().zip(scores).collect())
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        self.bindings.push(Event::Pod(pod.clone()));
        Ok(())
    }
}

/// Whether the pod's own annotation leaves it to our rules.
fn steered(pod: &Pod) -> bool {
    matches!(pod.shape.mode, None | Some(PodMode::Steer))
}

fn request(pod: &Pod) -> PodRequest {
    let Pod { key, uid, workload, shape, .. } = pod.clone();
    PodRequest { key, uid, workload, shape }
}

/// The answer by node names, as it goes over the wire.
fn reply(nodes: &[NodeName], answer: &FilterAnswer) -> FilterReply {
    let returned = answer.returned.iter().filter_map(|position| nodes.get(*position)).cloned();
    let mut reply = FilterReply { nodes: returned.collect(), ..FilterReply::default() };
    let Some(judgement) = &answer.judgement else { return reply };
    for (node, codes) in nodes.iter().zip(&judgement.codes) {
        let Some(code) = codes.first_refusal() else { continue };
        let refused = match code.reason().resolution {
            Resolution::Eviction => &mut reply.failed,
            Resolution::Unresolvable | Resolution::Warning => &mut reply.unresolvable,
        };
        refused.insert(node.clone(), judgement.message(code));
    }
    reply
}
