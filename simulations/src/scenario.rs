//! What is simulated: a cluster and what happens in it, as the plain values of the placement code.
//!
//! A trace becomes one by [`crate::trace::load`], folders of manifests and images by [`crate::input`].

use std::collections::BTreeMap;

use wit_graph::WorkloadKey;
use wit_placement::{ImageReference, Millis, Node, NodeName, Pod, PodKey, RuntimeClass, Workload, World};

/// A cluster and what happens in it.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// What happens and when, in the order of time; what has the same time happens in this order.
    pub steps: Vec<(Millis, Step)>,
    /// The worlds of the images that matter; one that is not here cannot be read.
    pub worlds: BTreeMap<ImageReference, World>,
    /// What was passed over on the way here.
    pub warnings: Vec<String>,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
    /// A `RuntimeClass` is there, new or changed.
    RuntimeClass(RuntimeClass),
    /// A node is there, new or changed.
    Node(Node),
    /// A node is cordoned and its pods are evicted, but for those of `DaemonSet`s and static ones.
    NodeDrained(NodeName),
    /// A node is gone, and its pods with it.
    NodeGone(NodeName),
    /// A workload is there, new or changed.
    Workload {
        /// Its template.
        workload: Workload,
        /// Whether its pods are those that arrive by steps of their own: nobody makes those that are missing.
        listed: bool,
        /// Whether a scheduling gate holds the pods back that are made.
        gated: bool,
    },
    /// A workload wants another number of replicas.
    Scaled(WorkloadKey, u32),
    /// A workload is gone, and its pods with it.
    WorkloadGone(WorkloadKey),
    /// A pod is there.
    Pod(Pod),
    /// A pod has ended.
    PodFinished(PodKey),
    /// A pod is deleted.
    PodDeleted(PodKey),
}

impl Scenario {
    /// The pods that arrive by steps of their own, in their order.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.steps.iter().filter_map(|(_, step)| match step {
            Step::Pod(pod) => Some(pod),
            _ => None,
        })
    }
}
