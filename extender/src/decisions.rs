//! The latest decisions, as they were taken: what `explain` shows beside what the decision would be now.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use wit_placement::{FilterAnswer, Millis, PodKey, PodMode, PodRequest, PrioritizeAnswer, ScoreBoard, Terms};

/// What one pod was told.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The pod.
    pub pod: PodRequest,
    /// Whether the answers steered the scheduler.
    pub mode: PodMode,
    /// The latest answer to Filter.
    pub filter: Option<Answer<FilterAnswer>>,
    /// The latest answer to Prioritize after it.
    pub prioritize: Option<Answer<PrioritizeAnswer>>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// When it was given.
    pub at: Millis,
    /// The request's body, which the candidates' names are read from again.
    pub request: Bytes,
    /// The answer.
    pub answer: T,
}

/// The latest decisions within a bound on memory; the oldest go first.
#[derive(Debug)]
pub struct Decisions {
    most_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    by_pod: HashMap<PodKey, Arc<Decision>>,
    order: VecDeque<PodKey>,
    bytes: u64,
}

impl Decision {
    /// About how much memory it takes.
    fn bytes(&self) -> u64 {
        let filter = self.filter.as_ref().map_or(0, |filter| {
            let judgement = filter.answer.judgement.as_ref();
            let codes = judgement.map_or(0, |judgement| judgement.codes.len());
            let board = judgement.and_then(|judgement| judgement.board.as_ref());
            filter.request.len() + (codes + filter.answer.returned.len()) * 8 + board.map_or(0, scored)
        });
        let prioritize = self.prioritize.as_ref().map_or(0, |prioritize| {
            prioritize.request.len() + prioritize.answer.board.as_ref().map_or(0, scored)
        });
        (size_of::<Self>() + filter + prioritize) as u64
    }
}

/// The memory of a score board.
fn scored(board: &ScoreBoard) -> usize {
    board.terms.len() * (size_of::<Terms>() + size_of::<u8>())
}

impl Decisions {
    /// Keeps decisions of up to `most_bytes` together; none with 0.
    pub fn new(most_bytes: u64) -> Self {
        Self { most_bytes, kept: Mutex::default() }
    }

    /// The latest decision about a pod.
    pub fn get(&self, pod: &PodKey) -> Option<Arc<Decision>> {
        self.kept().by_pod.get(pod).cloned()
    }

    /// Keeps what was answered to Filter.
    pub fn filtered(&self, pod: PodRequest, mode: PodMode, answer: Answer<FilterAnswer>) {
        if self.most_bytes > 0 {
            self.kept().keep(Decision { pod, mode, filter: Some(answer), prioritize: None }, self.most_bytes);
        }
    }

    /// Keeps what was answered to Prioritize, beside the Filter of the same pod.
    pub fn prioritized(&self, pod: PodRequest, mode: PodMode, answer: Answer<PrioritizeAnswer>) {
        if self.most_bytes == 0 {
            return;
        }
        let mut kept = self.kept();
        let before = kept.by_pod.get(&pod.key).filter(|before| before.pod.uid == pod.uid);
        let filter = before.and_then(|before| before.filter.clone());
        kept.keep(Decision { pod, mode, filter, prioritize: Some(answer) }, self.most_bytes);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, decision: Decision, most_bytes: u64) {
        let key = decision.pod.key.clone();
        self.bytes += decision.bytes();
        let entry = key.clone();
        match self.by_pod.insert(key, Arc::new(decision)) {
            Some(before) => self.bytes -= before.bytes(),
            None => self.order.push_back(entry),
        }
        while self.bytes > most_bytes && self.by_pod.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(gone) = self.by_pod.remove(&oldest) {
                self.bytes -= gone.bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wit_placement::PodUid;

    use super::*;

    fn pod(name: &str) -> PodRequest {
        PodRequest {
            key: PodKey::new("shop", name),
            uid: PodUid::new(name),
            workload: wit_graph::WorkloadKey::new("shop", "Pod", name),
            shape: Arc::default(),
        }
    }

    fn answer(bytes: usize) -> Answer<FilterAnswer> {
        let answer = FilterAnswer {
            returned: Vec::new(),
            judgement: None,
            ledger: wit_placement::LedgerEntry::Unchanged,
        };
        Answer { at: Millis(0), request: Bytes::from(vec![b' '; bytes]), answer }
    }

    #[test]
    fn the_oldest_decisions_go_when_memory_runs_out() {
        let decisions = Decisions::new(10_000);
        for number in 0..10 {
            decisions.filtered(pod(&format!("pod-{number}")), PodMode::Steer, answer(3_000));
        }
        assert!(decisions.get(&PodKey::new("shop", "pod-0")).is_none());
        assert!(decisions.get(&PodKey::new("shop", "pod-9")).is_some());
    }

    #[test]
    fn a_pod_that_is_asked_about_again_has_one_decision() {
        let decisions = Decisions::new(1_000_000);
        decisions.filtered(pod("a"), PodMode::Steer, answer(10));
        decisions.filtered(pod("a"), PodMode::Steer, answer(20));
        let kept = decisions.kept();
        assert_eq!((kept.by_pod.len(), kept.order.len()), (1, 1));
        let only = kept.by_pod.values().next().map(|decision| decision.bytes());
        assert_eq!(only, Some(kept.bytes));
    }
}
