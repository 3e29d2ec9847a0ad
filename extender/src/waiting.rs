//! Pods that were refused for a reason that ends without the API server noticing: kube-scheduler tries them again only
//! when something changes there, so they are woken.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use wit_graph::WorkloadKey;
use wit_placement::reasons::{Code, Codes};
use wit_placement::{Candidate, ClusterState, ImageReference, Millis, PodRequest, PodUid, answer_filter};

/// At most so many pods of one workload are woken at once: where there is room for one, the others would be refused
/// again.
const AT_ONCE: usize = 16;
/// How many nodes are judged in one look, all waiting workloads together: about two milliseconds.
const JUDGED_AT_ONCE: usize = 20_000;

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
    /// When pods are no longer refused as *reading*.
    deadlines: BTreeSet<Millis>,
    /// The last pod of the latest look, where that did not come to all of them.
    looked_up_to: Option<PodUid>,
}

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
    pub fn note(&mut self, waiting: Waiting) {
        self.deadlines.extend(waiting.reading_until);
        self.pods.insert(waiting.pod.uid.clone(), waiting);
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

    /// Whether some pod's reading deadline has passed at `now`; told once per deadline.
    pub fn passes_deadline(&mut self, now: Millis) -> bool {
        let to_come = self.deadlines.split_off(&Millis(now.0.saturating_add(1)));
        !std::mem::replace(&mut self.deadlines, to_come).is_empty()
    }

    /// Takes out the pods that would be admitted at `now`, and those that the scheduler still shows as *reading* although
    /// that is over: people read there what their pods wait for. One look judges a bounded number of nodes, so that
    /// nobody waits for it; the next one goes on where it stopped.
    pub fn look(&mut self, state: &ClusterState, now: Millis) -> Look {
        let nodes: Vec<Candidate> = state.nodes().map(|(place, _)| Candidate::Known(place)).collect();
        let most = (JUDGED_AT_ONCE / nodes.len().max(1)).max(1);
        let from = self.looked_up_to.take().map_or(Bound::Unbounded, Bound::Excluded);
        let mut verdicts: BTreeMap<(&WorkloadKey, &[ImageReference]), Verdict> = BTreeMap::new();
        let mut look = Look::default();
        for (uid, waiting) in self.pods.range((from, Bound::Unbounded)) {
            let alike = (&waiting.pod.workload, waiting.pod.shape.images.as_slice());
            if verdicts.len() == most && !verdicts.contains_key(&alike) {
                look.more = true;
                break;
            }
            let verdict =
                verdicts.entry(alike).or_insert_with(|| Verdict::of(&waiting.pod, state, &nodes, now));
            if verdict.left > 0 && verdict.is_news_to(waiting) {
                verdict.left -= 1;
                look.wakes.push(waiting.wake(verdict.unknown, now));
            }
            self.looked_up_to = Some(uid.clone());
        }
        if !look.more {
            self.looked_up_to = None;
        }
        for wake in &look.wakes {
            self.pods.remove(&wake.pod.uid);
        }
        look
    }
}

impl Verdict {
    fn of(pod: &PodRequest, state: &ClusterState, nodes: &[Candidate], now: Millis) -> Self {
        let answer = answer_filter(state, pod, nodes, now);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use wit_config::Settings;
    use wit_placement::{
        Allocatable, Event, Node, NodeName, PodKey, PodShape, Resources, RuntimeClass, World,
    };

    use super::*;

    const IMAGE: &str = "registry.example/acme/app:1";

    fn node(name: &str, pods: u32) -> Event {
        let resources = Resources { cpu_millis: 4_000, memory_bytes: 8 << 30 };
        Event::Node(Node {
            name: NodeName::new(name),
            labels: [("kube-wasm/runtime".to_owned(), "wasmtime".to_owned())].into(),
            allocatable: Allocatable { resources, pods },
            runtime_handlers: Some(["wasmtime".to_owned()].into()),
            instance_cap: None,
            taints: Vec::new(),
            unschedulable: false,
        })
    }

    /// A cluster with one full node, and that many waiting pods, each of its own workload.
    fn cluster(waiting: usize) -> (ClusterState, WaitingPods) {
        let mut state = ClusterState::new(Settings::default()).unwrap();
        let class = RuntimeClass {
            name: "wasm".into(),
            handler: "wasmtime".into(),
            node_selector: [].into(),
            tolerations: Vec::new(),
            overhead: Resources::default(),
        };
        state.apply(Event::RuntimeClass(class), Millis(0));
        state.apply(node("full", 0), Millis(0));
        let mut pods = WaitingPods::default();
        for number in 0..waiting {
            let pod = pod(&format!("pod-{number:04}"));
            state.note_images(&pod.shape, Millis(0));
            let codes = Codes::NONE.with(Code::PodsFull);
            pods.note(Waiting { pod, codes, reading_until: None });
        }
        (state, pods)
    }

    fn pod(name: &str) -> PodRequest {
        let shape = PodShape {
            runtime_class: Some("wasm".into()),
            images: vec![ImageReference::new(IMAGE)],
            ..PodShape::default()
        };
        PodRequest {
            key: PodKey::new("acme", name),
            uid: PodUid::new(name),
            workload: WorkloadKey::new("acme", "Pod", name),
            shape: Arc::new(shape),
        }
    }

    fn failed(definite: bool) -> Event {
        let world = World::Failed { result: "missing", message: "gone".into(), since: Millis(0), definite };
        Event::World(ImageReference::new(IMAGE), world)
    }

    #[test]
    fn a_pod_is_woken_when_it_would_be_admitted_and_only_once() {
        let (mut state, mut pods) = cluster(1);
        state.apply(failed(true), Millis(1));
        assert!(pods.look(&state, Millis(1)).wakes.is_empty());
        state.apply(node("new", 10), Millis(2));
        let look = pods.look(&state, Millis(2));
        assert_eq!(look.wakes.len(), 1);
        assert_eq!(look.wakes[0].reason, "Reconsidered");
        assert!(pods.is_empty() && pods.look(&state, Millis(3)).wakes.is_empty());
    }

    #[test]
    fn a_pod_whose_image_is_not_read_in_time_is_woken_at_its_deadline() {
        let (mut state, mut pods) = cluster(0);
        state.apply(node("new", 10), Millis(0));
        let until = Millis(0).after(state.settings().reading.deadline);
        let waiting =
            Waiting { pod: pod("a"), codes: Codes::NONE.with(Code::Reading), reading_until: Some(until) };
        state.note_images(&waiting.pod.shape, Millis(0));
        pods.note(waiting);
        assert!(!pods.passes_deadline(Millis(1)) && pods.look(&state, Millis(1)).wakes.is_empty());
        assert!(pods.passes_deadline(until) && !pods.passes_deadline(until));
        let look = pods.look(&state, until);
        assert_eq!((look.wakes[0].reason, look.wakes[0].world_read), ("ReadingTimedOut", false));
    }

    #[test]
    fn a_pod_is_woken_to_hear_that_its_image_is_not_what_it_waits_for_any_more() {
        let (mut state, mut pods) = cluster(0);
        let codes = Codes::NONE.with(Code::Reading);
        let waiting = Waiting { pod: pod("a"), codes, reading_until: Some(Millis(9_000)) };
        state.note_images(&waiting.pod.shape, Millis(0));
        pods.note(waiting);
        assert!(pods.look(&state, Millis(1)).wakes.is_empty());
        state.apply(failed(true), Millis(2));
        let look = pods.look(&state, Millis(2));
        assert_eq!((look.wakes[0].reason, look.wakes[0].world_read), ("ImageUnreadable", false));
        // The scheduler asks again and is told what keeps the pod now; there is no more news after that.
        pods.note(Waiting { pod: pod("a"), codes: Codes::NONE.with(Code::PodsFull), reading_until: None });
        assert!(pods.look(&state, Millis(3)).wakes.is_empty());
    }

    #[test]
    fn many_waiting_workloads_are_looked_at_in_turns() {
        let (mut state, mut pods) = cluster(100);
        for number in 0..1_000 {
            state.apply(node(&format!("n-{number:04}"), 10), Millis(0));
        }
        state.apply(failed(true), Millis(1));
        let first = pods.look(&state, Millis(1));
        assert!(first.more && !first.wakes.is_empty() && pods.len() < 100);
        let mut looks = 1;
        while pods.look(&state, Millis(1)).more {
            looks += 1;
        }
        assert!(pods.is_empty(), "{} left after {looks} looks", pods.len());
    }
}
