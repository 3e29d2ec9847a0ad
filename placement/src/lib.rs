//! Filter, score and in-flight ledger for WebAssembly components on Kubernetes nodes: pure, no I/O, no clock.
//!
//! The state takes in what happens; an answer reads the state; what an answer lets us presume goes back into the state
//! until the watch tells:
//!
//! ```
//! use std::sync::Arc;
//! use wit_graph::{WorkloadKey, testing::world};
//! use wit_placement::{
//!     Allocatable, Candidate, ClusterState, Event, ImageReference, Millis, Node, NodeName, PodKey, PodRequest, PodShape,
//!     PodUid, Resources, RuntimeClass, Workload, World, answer_filter, answer_prioritize, reasons::Code,
//! };
//!
//! let mut state = ClusterState::new(wit_config::Settings::default())?;
//! let now = Millis(0);
//! let node = |name: &str, handler: &str| Node {
//!     name: NodeName::new(name),
//!     labels: [("kube-wasm/runtime".to_owned(), handler.to_owned())].into(),
//!     allocatable: Allocatable { resources: Resources { cpu_millis: 4_000, memory_bytes: 8 << 30 }, pods: 110 },
//!     runtime_handlers: Some([handler.to_owned()].into()),
//!     instance_cap: None,
//!     taints: Vec::new(),
//!     unschedulable: false,
//!     images: Vec::new(),
//! };
//! state.apply(Event::Node(node("linux", "runc")), now);
//! state.apply(Event::Node(node("wasm-1", "wasmtime")), now);
//! state.apply(Event::Node(node("wasm-2", "wasmtime")), now);
//! state.apply(
//!     Event::RuntimeClass(RuntimeClass {
//!         name: "wasm".into(),
//!         handler: "wasmtime".into(),
//!         node_selector: [].into(),
//!         tolerations: Vec::new(),
//!         overhead: Resources::default(),
//!     }),
//!     now,
//! );
//!
//! // A template makes its image one to be read, and `world` stands for what reading it told.
//! let mut deploy = |state: &mut ClusterState, name: &str, imports: &[&str], exports: &[&str]| {
//!     let shape = Arc::new(PodShape {
//!         runtime_class: Some("wasm".into()),
//!         images: vec![ImageReference::new(name)],
//!         ..PodShape::default()
//!     });
//!     let workload = Workload { key: WorkloadKey::new("shop", "Deployment", name), replicas: 1, shape };
//!     let effects = state.apply(Event::Workload(workload.clone()), now);
//!     for image in effects.read {
//!         state.apply(Event::World(image, World::Known(Arc::new(world(imports, exports)))), now);
//!     }
//!     PodRequest {
//!         key: PodKey::new("shop", name),
//!         uid: PodUid::new(name),
//!         workload: workload.key,
//!         shape: workload.shape,
//!     }
//! };
//! let cart = deploy(&mut state, "cart", &[], &["shop:cart/api@1.0.0"]);
//! let checkout = deploy(&mut state, "checkout", &["shop:cart/api@1.0.0"], &[]);
//!
//! // The scheduler asks about `cart`: not on the node without the handler.
//! let nodes = state.candidates(["linux", "wasm-1", "wasm-2"], now);
//! let answer = answer_filter(&state, &cart, &nodes, now);
//! assert_eq!(answer.returned, [1, 2]);
//! assert!(answer.judgement.unwrap().codes[0].contains(Code::HandlerMissing));
//! let answer = answer_prioritize(&state, &cart, &nodes[1..], now);
//! assert_eq!(answer.board.unwrap().scores, [10, 7]);
//! answer.ledger.enter(&mut state, &cart, now);
//!
//! // Before the watch shows where `cart` is, `checkout` is drawn to where it probably is.
//! let answer = answer_prioritize(&state, &checkout, &nodes[1..], now);
//! assert_eq!(answer.board.unwrap().best, Some(0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to look:
//! - [`objects`]: the cluster as plain values, and the [`Event`]s that change it;
//! - [`ClusterState`]: the state, changed event by event, cheap to clone into a snapshot;
//! - [`filter()`]: which nodes may take a pod, with [`reasons`]; [`score`]: which it should prefer;
//! - [`answer_filter`], [`answer_prioritize`]: both as the scheduler gets them;
//! - [`kube_scheduler`]: what the scheduler itself does, for the demo and the simulator;
//! - [`Presumption`]: what the scheduler probably did with an answer, until the watch tells;
//! - [`Affinity`]: how much traffic a placement keeps on a node; [`BlastRadius`]: what a node takes down with it.

mod affinity;
mod answers;
mod blast;
mod counts;
mod filter;
mod hashing;
mod headroom;
mod hosts;
pub mod kube_scheduler;
mod ledger;
mod nodes;
pub mod objects;
mod pages;
mod presume;
#[cfg(test)]
mod properties;
pub mod reasons;
mod request;
pub mod score;
mod state;
mod subject;
#[cfg(test)]
mod testing;
mod usage;
mod workloads;

pub use affinity::{Affinity, Locality};
pub use answers::{FilterAnswer, LedgerEntry, PrioritizeAnswer, answer_filter, answer_prioritize};
pub use blast::BlastRadius;
pub use filter::{Filtered, Judgement, filter, instance_cap};
pub use hosts::{Capability, HOST_PROFILE_LABEL, Hosts, NodeClass, Presence, ProfileIdx};
pub use ledger::NodeSet;
pub use nodes::{NodeIdx, NodeState, Usage};
pub use objects::*;
pub use presume::Presumption;
pub use request::{Candidate, KnownCandidates, PodRequest};
pub use score::{ScoreBoard, Terms};
pub use state::{ClusterState, Effects, PodWorld};
pub use workloads::{WorkloadIdx, WorkloadState};
