//! Pods that were refused for a reason that ends without the API server noticing: kube-scheduler tries them again only
//! when something changes there, so they are woken.

use std::collections::BTreeMap;

use wit_placement::reasons::{Code, Codes};
use wit_placement::{Candidate, ClusterState, Millis, PodRequest, PodUid, answer_filter};

/// At most so many pods of one workload are woken at once: where there is room for one, the others would be refused
/// again.
const AT_ONCE: usize = 16;

/// A pod that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The pod, as the scheduler sent it.
    pub pod: PodRequest,
    /// Why it was refused, over all nodes.
    pub codes: Codes,
    /// When it is no longer refused as *reading*, should its image not have been read by then.
    pub reading_until: Option<Millis>,
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

/// The pods that wait, by UID.
#[derive(Debug, Default)]
pub struct WaitingPods {
    pods: BTreeMap<PodUid, Waiting>,
}

impl WaitingPods {
    /// Notes a refused pod; one that waits for nothing of ours is left to the scheduler.
    pub fn note(&mut self, waiting: Waiting) {
        let ours = [
            Code::Reading,
            Code::NodeUnread,
            Code::ProviderUnknown,
            Code::PodsFull,
            Code::CpuFull,
            Code::MemoryFull,
            Code::InstancesFull,
        ];
        if ours.iter().any(|code| waiting.codes.contains(*code)) {
            self.pods.insert(waiting.pod.uid.clone(), waiting);
        }
    }

    /// Forgets a pod that has been placed or is gone.
    pub fn forget(&mut self, uid: &PodUid) {
        self.pods.remove(uid);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.pods.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    /// Whether some pod's reading deadline has passed at `now`.
    pub fn is_due(&self, now: Millis) -> bool {
        self.pods.values().any(|waiting| waiting.reading_until.is_some_and(|until| until <= now))
    }

    /// Takes out the pods that would be admitted at `now`.
    pub fn admitted(&mut self, state: &ClusterState, now: Millis) -> Vec<Wake> {
        let nodes: Vec<Candidate> = state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
        let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
        let mut wakes = Vec::new();
        for waiting in self.pods.values() {
            let alike = format!("{} {:?}", waiting.pod.workload, waiting.pod.shape.images);
            let left = verdicts.entry(alike).or_insert_with(|| {
                let admitted = !answer_filter(state, &waiting.pod, &nodes, now).returned.is_empty();
                if admitted { AT_ONCE } else { 0 }
            });
            if *left > 0 {
                *left -= 1;
                wakes.push(waiting.wake(now));
            }
        }
        for wake in &wakes {
            self.forget(&wake.pod.uid);
        }
        wakes
    }
}

impl Waiting {
    fn wake(&self, now: Millis) -> Wake {
        let overdue = self.reading_until.is_some_and(|until| until <= now);
        let (reason, message) = if self.codes.contains(Code::Reading) && overdue {
            (
                "ReadingTimedOut",
                "the image was not read in time; the pod is placed by what is known without it",
            )
        } else if self.codes.contains(Code::Reading) {
            ("WorldRead", "the component's world was read from its image")
        } else {
            ("Reconsidered", "what the pod was refused for has changed")
        };
        Wake { pod: self.pod.clone(), reason, message, world_read: !overdue }
    }
}
