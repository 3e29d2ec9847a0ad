//! The state's book-keeping: whatever happened on the way, the state is the one that a newcomer would build from what is
//! there now, in any order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;
use wit_graph::testing::world;
use wit_graph::{ComponentKind, DeclaredLink, WorkloadKey};

use super::describe::describe;
use crate::ledger::NodeSet;
use crate::objects::{
    Event, ImageReference, Millis, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources, RuntimeClass,
    Workload, World,
};
use crate::presume::Presumption;
use crate::state::{ClusterState, Effects};
use crate::testing::{
    MIB, Random, image_of_kind, key, linux_node, modules_node, node, request, runtime_class, runwasi_node,
    shape,
};

/// Something that happens; the numbers choose among few objects, so that most events meet earlier ones.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Node { number: u8, kind: u8, cap: Option<u32> },
    NodeGone(u8),
    Class { number: u8, kind: u8 },
    ClassGone(u8),
    Workload { number: u8, replicas: u32, shape: u8 },
    WorkloadGone(u8),
    Pod { number: u8, uid: u8, workload: u8, shape: u8, node: Option<u8>, finished: bool },
    PodGone { number: u8, uid: u8 },
    WorldKnown,
    Presume { number: u8, uid: u8, workload: u8, shape: u8, best: u8, others: Vec<u8> },
    Retract { number: u8, uid: u8 },
    Later(u64),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let small = 0_u8..4;
    let node = (small.clone(), small.clone(), proptest::option::of(1_u32..5));
    let pod = (0_u8..10, 0_u8..2, small.clone(), 0_u8..8, proptest::option::weighted(0.8, small.clone()));
    let presumption = (0_u8..10, 0_u8..2, small.clone(), 0_u8..8, small.clone());
    prop_oneof![
        3 => node.prop_map(|(number, kind, cap)| Step::Node { number, kind, cap }),
        1 => small.clone().prop_map(Step::NodeGone),
        1 => (0_u8..2, 0_u8..3).prop_map(|(number, kind)| Step::Class { number, kind }),
        1 => (0_u8..2).prop_map(Step::ClassGone),
        4 => (small.clone(), 0_u32..4, 0_u8..8)
            .prop_map(|(number, replicas, shape)| Step::Workload { number, replicas, shape }),
        1 => small.clone().prop_map(Step::WorkloadGone),
        12 => (pod, prop::bool::weighted(0.1)).prop_map(|((number, uid, workload, shape, node), finished)| {
            Step::Pod { number, uid, workload, shape, node, finished }
        }),
        3 => (0_u8..10, 0_u8..2).prop_map(|(number, uid)| Step::PodGone { number, uid }),
        8 => Just(Step::WorldKnown),
        4 => (presumption, prop::collection::vec(small, 0..3)).prop_map(
            |((number, uid, workload, shape, best), others)| {
                Step::Presume { number, uid, workload, shape, best, others }
            }
        ),
        1 => (0_u8..10, 0_u8..2).prop_map(|(number, uid)| Step::Retract { number, uid }),
        1 => (1_u64..90_000).prop_map(Step::Later),
    ]
}

/// What is usually there: a Wasm handler and nodes that have it.
pub(super) fn usual() -> Vec<Step> {
    let classes = (0..2).map(|number| Step::Class { number, kind: 0 });
    classes.chain((0..3).map(|number| Step::Node { number, kind: 0, cap: None })).collect()
}

/// What is there, told as plainly as possible.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    nodes: BTreeMap<u8, Node>,
    classes: BTreeMap<String, RuntimeClass>,
    workloads: BTreeMap<WorkloadKey, Workload>,
    pods: BTreeMap<PodUid, Pod>,
}

/// A state that is told what happens, with the images that it still has to be told.
pub(super) struct Told {
    pub(super) state: ClusterState,
    unread: VecDeque<ImageReference>,
    pub(super) now: Millis,
}

impl Told {
    pub(super) fn new() -> Self {
        let state = ClusterState::new(wit_config::Settings::default()).unwrap();
        Self { state, unread: VecDeque::new(), now: Millis(0) }
    }

    fn apply(&mut self, event: Event) {
        let effects = self.state.apply(event, self.now);
        self.follow(effects);
    }

    fn follow(&mut self, effects: Effects) {
        self.unread.retain(|image| !effects.forget.contains(image));
        self.unread.extend(effects.read);
    }

    fn read_one(&mut self) {
        if let Some(image) = self.unread.pop_front() {
            let world = content(&image, self.now);
            self.apply(Event::World(image, world));
        }
    }

    fn read_all(&mut self) {
        while !self.unread.is_empty() {
            self.read_one();
        }
    }
}

/// What the images are.
fn content(image: &ImageReference, now: Millis) -> World {
    let component = match &*image.0 {
        "front" => world(&["t:back/api@1.0.0", "t:store/api@1.0.0"], &[]),
        "back" => world(&["t:store/api@1.0.0"], &["t:back/api@1.2.0"]),
        "store" => world(&[], &["t:store/api@1.0.0"]),
        "other" => world(&["t:unheard/of@1.0.0"], &[]),
        "linux" => image_of_kind(ComponentKind::NotWasm),
        _ => {
            let message = Arc::from("there is no such image");
            return World::Failed { result: "missing", message, since: now, definite: true };
        }
    };
    World::Known(Arc::new(component))
}

fn pod_shape(number: u8) -> PodShape {
    let image = ["front", "back", "store", "other", "linux", "absent", "back", "store"][usize::from(number)];
    let mut shape = shape(image);
    if number == 6 {
        shape.images.push(ImageReference::new("store"));
    }
    if number == 7 {
        shape.runtime_class = Some("class-1".to_owned());
        shape.overhead = Resources { cpu_millis: 10, memory_bytes: 8 * MIB };
    } else {
        shape.runtime_class = Some("class-0".to_owned());
    }
    if matches!(number, 2..=4) {
        shape.links = DeclaredLink::list("workload-1=2,workload-2=0.5").unwrap();
    }
    shape
}

pub(super) fn pod(number: u8, uid: u8, workload: u8, shape: u8) -> Pod {
    Pod {
        key: PodKey::new("shop", format!("pod-{number}")),
        uid: PodUid::new(format!("uid-{number}-{uid}")),
        workload: key(&format!("workload-{workload}")),
        shape: Arc::new(pod_shape(shape)),
        node: None,
        finished: false,
        gated: false,
    }
}

fn node_of(number: u8, kind: u8, cap: Option<u32>) -> Node {
    let name = format!("node-{number}");
    let build = [node, runwasi_node, linux_node, modules_node][usize::from(kind)];
    Node { instance_cap: cap, ..build(&name) }
}

/// Takes a step in the truth and tells it.
pub(super) fn take(step: Step, truth: &mut Truth, told: &mut Told) {
    match step {
        Step::WorldKnown => told.read_one(),
        Step::Presume { number, uid, workload, shape, best, others } => {
            let place = |node: &u8| told.state.node_place(&format!("node-{node}"));
            let others: NodeSet = others.iter().filter_map(place).collect();
            if let Some(best) = place(&best) {
                let pod = request(&pod(number, uid, workload, shape));
                let effects = told.state.presume(Presumption::new(&told.state, pod, best, others), told.now);
                told.follow(effects);
            }
        }
        Step::Retract { number, uid } => {
            let effects = told.state.retract(&pod(number, uid, 0, 0).uid);
            told.follow(effects);
        }
        Step::Later(millis) => {
            told.now = Millis(told.now.0 + millis);
            let effects = told.state.expire(told.now);
            told.follow(effects);
        }
        Step::Pod { number, uid, workload, shape, node, finished } => {
            let node = node.map(|node| NodeName::new(format!("node-{node}")));
            let pod = Pod { node, finished, ..pod(number, uid, workload, shape) };
            told.apply(truth.pod(pod));
        }
        other => told.apply(truth.object(other)),
    }
}

impl Truth {
    fn pod(&mut self, pod: Pod) -> Event {
        if pod.finished {
            self.pods.remove(&pod.uid);
        } else {
            self.pods.retain(|_, other| other.key != pod.key);
            self.pods.insert(pod.uid.clone(), pod.clone());
        }
        Event::Pod(pod)
    }

    fn object(&mut self, step: Step) -> Event {
        match step {
            Step::Node { number, kind, cap } => {
                let node = node_of(number, kind, cap);
                self.nodes.insert(number, node.clone());
                Event::Node(node)
            }
            Step::NodeGone(number) => {
                self.nodes.remove(&number);
                Event::NodeGone(NodeName::new(format!("node-{number}")))
            }
            Step::Class { number, kind } => {
                let handler = ["wasmtime", "wasmedge", "runc"][usize::from(kind)];
                let class = runtime_class(&format!("class-{number}"), handler);
                self.classes.insert(class.name.clone(), class.clone());
                Event::RuntimeClass(class)
            }
            Step::ClassGone(number) => {
                let name = format!("class-{number}");
                self.classes.remove(&name);
                Event::RuntimeClassGone(name)
            }
            Step::Workload { number, replicas, shape } => {
                let key = key(&format!("workload-{number}"));
                let workload = Workload { key: key.clone(), replicas, shape: Arc::new(pod_shape(shape)) };
                self.workloads.insert(key, workload.clone());
                Event::Workload(workload)
            }
            Step::WorkloadGone(number) => {
                let key = key(&format!("workload-{number}"));
                self.workloads.remove(&key);
                Event::WorkloadGone(key)
            }
            Step::PodGone { number, uid } => {
                let uid = pod(number, uid, 0, 0).uid;
                self.pods.remove(&uid);
                Event::PodGone(uid)
            }
            other => panic!("{other:?} is no event of an object"),
        }
    }
}

/// The same cluster told from the start, in an order of the seed.
fn retold(truth: &Truth, seed: u64) -> Told {
    let truth = truth.clone();
    let mut events: Vec<Event> = truth.nodes.into_values().map(Event::Node).collect();
    events.extend(truth.classes.into_values().map(Event::RuntimeClass));
    events.extend(truth.workloads.into_values().map(Event::Workload));
    events.extend(truth.pods.into_values().map(Event::Pod));
    let mut random = Random(seed);
    random.shuffle(&mut events);
    let mut told = Told::new();
    for event in events {
        told.apply(event);
        if random.below(3) == 0 {
            told.read_one();
        }
    }
    told.read_all();
    told
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn the_state_is_what_a_newcomer_would_build(steps in prop::collection::vec(step(), 1..80), seed in any::<u64>()) {
        let (mut truth, mut told) = (Truth::default(), Told::new());
        for step in usual().into_iter().chain(steps) {
            take(step, &mut truth, &mut told);
        }
        told.read_all();
        told.state.expire(Millis(u64::MAX));
        prop_assert_eq!(told.state.ledger_len(), 0);
        let retold = retold(&truth, seed);
        prop_assert_eq!(describe(&told.state), describe(&retold.state));
    }

    #[test]
    fn a_snapshot_stays_as_it_was(steps in prop::collection::vec(step(), 1..60)) {
        let (mut truth, mut told) = (Truth::default(), Told::new());
        let mut snapshots = Vec::new();
        for step in steps {
            snapshots.push((told.state.clone(), describe(&told.state)));
            take(step, &mut truth, &mut told);
        }
        for (snapshot, described) in snapshots {
            prop_assert_eq!(describe(&snapshot), described);
        }
    }
}
