//! Pods that were refused for a reason that ends without the API server noticing: kube-scheduler tries them again only
//! when something changes there, so they are woken.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::time::Duration;

use wit_graph::WorkloadKey;
use wit_placement::reasons::{Code, Codes};
use wit_placement::{
    Candidate, ClusterState, ImageReference, Millis, NodeName, PodRequest, PodUid, Resources, answer_filter,
};

/// At most so many pods of one workload are woken at once: where there is room for one, the others would be refused
/// again.
const AT_ONCE: usize = 16;
/// How many nodes are judged in one look, all waiting workloads together: about two milliseconds.
const JUDGED_AT_ONCE: usize = 20_000;

/// A pod that the scheduler has not asked about for this long is forgotten: it asks again within minutes while it exists.
const PATIENCE: Duration = Duration::from_secs(900);

/// A pod that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The pod, as the scheduler sent it.
    pub pod: PodRequest,
    /// Why it was refused, over all nodes.
    pub codes: Codes,
    /// When it is no longer refused as *reading*, should its image not have been read by then.
    pub reading_until: Option<Millis>,
    /// Nodes that it was offered and that the watch had not shown.
    pub strangers: Vec<NodeName>,
    /// How often something had become admissible before it was refused: what happened since may admit it already.
    pub judged_after: u64,
}

/// A pod that is to be woken.
#[derive(Clone, Debug)]
pub struct Wake {
    /// The pod.
    pub pod: PodRequest,
    /// One word in camel case for its condition.
    pub reason: &'static str,
    /// For people.
    pub message: &'static str,
    /// Whether its world is known.
    pub world_read: bool,
}

/// A pod that waits, and when it was noted.
#[derive(Debug)]
struct Noted {
    at: Millis,
    waiting: Waiting,
}

/// The pods that wait, by UID.
#[derive(Debug, Default)]
pub struct WaitingPods {
    pods: BTreeMap<PodUid, Noted>,
    /// When pods are no longer refused as *reading*.
    deadlines: BTreeSet<Millis>,
    /// When pods were noted, the oldest first; a pod that was noted again stands here twice.
    noted: VecDeque<(Millis, PodUid)>,
    /// The last pod of the latest look, where that did not come to all of them.
    looked_up_to: Option<PodUid>,
    /// Something changed while a pass was under way: the pods before it are to be looked at again.
    changed_meanwhile: bool,
}

/// What pods have in common that are told the same.
type Alike<'a> = (
    &'a WorkloadKey,
    Option<&'a str>,
    &'a [ImageReference],
    Resources,
    Resources,
    Option<bool>,
    &'a [NodeName],
);

/// What pods that are alike would be told now.
struct Verdict {
    /// Whether some node would pass.
    admitted: bool,
    /// Whether it would be refused because its image or its class is not read yet.
    reading: bool,
    /// Whether some image could not be read.
    unknown: bool,
    /// How many more of them are woken in this look.
    left: usize,
}

/// What one look at the waiting pods found.
#[derive(Debug, Default)]
pub struct Look {
    /// The pods that would be admitted, or refused for another reason than that their image is being read.
    pub wakes: Vec<Wake>,
    /// Whether there are more pods to look at.
    pub more: bool,
}

impl WaitingPods {
    /// Notes a pod that was refused on every node. Whatever it was refused for may have changed in the API server
    /// already, without the watch having told us: the scheduler would then not ask again.
    pub fn note(&mut self, waiting: Waiting, now: Millis) {
        self.deadlines.extend(waiting.reading_until);
        self.noted.push_back((now, waiting.pod.uid.clone()));
        self.pods.insert(waiting.pod.uid.clone(), Noted { at: now, waiting });
    }

    /// Forgets a pod that has been placed or is gone.
    pub fn forget(&mut self, uid: &PodUid) {
        self.pods.remove(uid);
    }

    /// Has pods looked at again at this time.
    pub fn expect(&mut self, deadline: Millis) {
        self.deadlines.insert(deadline);
    }

    /// Forgets pods that were noted long ago and not again since: they are gone, and we were told before we knew them.
    pub fn forget_old(&mut self, now: Millis) {
        while let Some((at, uid)) = self.noted.front().filter(|(at, _)| at.after(PATIENCE) <= now).cloned() {
            self.noted.pop_front();
            if self.pods.get(&uid).is_some_and(|noted| noted.at == at) {
                self.pods.remove(&uid);
            }
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Whether some pod's reading deadline has passed at `now`; told once per deadline.
    pub fn passes_deadline(&mut self, now: Millis) -> bool {
        let to_come = self.deadlines.split_off(&Millis(now.0.saturating_add(1)));
        !std::mem::replace(&mut self.deadlines, to_come).is_empty()
    }

    /// Takes out the pods that would be admitted at `now`, and those that the scheduler still shows as *reading* although
    /// that is over: people read there what their pods wait for. One look judges a bounded number of nodes, so that
    /// nobody waits for it; the next one goes on where it stopped. `changed` says that something may admit pods since the
    /// last look: pods that were looked at before are then looked at again.
    pub fn look(&mut self, state: &ClusterState, now: Millis, changed: bool) -> Look {
        self.changed_meanwhile |= changed && self.looked_up_to.is_some();
        let nodes: Vec<Candidate> = state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
        let most = (JUDGED_AT_ONCE / nodes.len().max(1)).max(1);
        let from = self.looked_up_to.take().map_or(Bound::Unbounded, Bound::Excluded);
        let mut verdicts: BTreeMap<Alike<'_>, Verdict> = BTreeMap::new();
        let mut look = Look::default();
        for (uid, Noted { waiting, .. }) in self.pods.range((from, Bound::Unbounded)) {
            let alike = waiting.alike();
            if verdicts.len() == most && !verdicts.contains_key(&alike) {
                look.more = true;
                break;
            }
            let verdict = verdicts.entry(alike).or_insert_with(|| Verdict::of(waiting, state, &nodes, now));
            if verdict.is_news_to(waiting) {
                if let Some(left) = verdict.left.checked_sub(1) {
                    verdict.left = left;
                    look.wakes.push(waiting.wake(verdict.unknown, now));
                } else {
                    self.changed_meanwhile = true;
                }
            }
            self.looked_up_to = Some(uid.clone());
        }
        if !look.more {
            self.looked_up_to = None;
            look.more = std::mem::take(&mut self.changed_meanwhile);
        }
        for wake in &look.wakes {
            self.pods.remove(&wake.pod.uid);
        }
        look
    }
}

impl Verdict {
    fn of(waiting: &Waiting, state: &ClusterState, nodes: &[Candidate], now: Millis) -> Self {
        let strangers = state.candidates(waiting.strangers.iter().map(NodeName::as_str), now);
        let answer = answer_filter(state, &waiting.pod, &[nodes, &strangers].concat(), now);
        let judgement = answer.judgement.as_ref();
        Self {
            admitted: !answer.returned.is_empty(),
            reading: judgement.is_some_and(|judgement| judgement.reading_until.is_some()),
            unknown: judgement.is_some_and(|judgement| !judgement.unknown.is_empty()),
            left: AT_ONCE,
        }
    }

    fn is_news_to(&self, waiting: &Waiting) -> bool {
        let was_unread = waiting.codes.contains(Code::Reading) || waiting.codes.contains(Code::ClassUnread);
        self.admitted || (was_unread && !self.reading)
    }
}

impl Waiting {
    fn alike(&self) -> Alike<'_> {
        let shape = &self.pod.shape;
        let class = shape.runtime_class.as_deref();
        (
            &self.pod.workload,
            class,
            &shape.images,
            shape.requests,
            shape.overhead,
            shape.strict,
            &self.strangers,
        )
    }

    fn wake(&self, unknown: bool, now: Millis) -> Wake {
        let overdue = self.reading_until.is_some_and(|until| until <= now);
        let (reason, message) = if !self.codes.contains(Code::Reading) {
            ("Reconsidered", "what the pod was refused for has changed")
        } else if !unknown {
            ("WorldRead", "the component's world was read from its image")
        } else if overdue {
            (
                "ReadingTimedOut",
                "the image was not read in time; the pod is placed by what is known without it",
            )
        } else {
            ("ImageUnreadable", "the image cannot be read; the pod is placed by what is known without it")
        };
        Wake { pod: self.pod.clone(), reason, message, world_read: !unknown }
    }
}
