//! What kube-scheduler asks an extender, as a trait: over HTTP in the demo, in process in the simulator.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::hashing::Hasher;
use crate::objects::{NodeName, Pod};

/// What kube-scheduler asks an extender.
pub trait SchedulerExtender {
    /// Why a question was not answered. An attempt ends with it; the pod stays in the queue.
    type Error;

    /// Whether it is asked about the pod at all (`managedResources`). Where it is not, all nodes pass and none is
    /// preferred; of the binding it hears all the same.
    fn is_interested(&self, _pod: &Pod) -> bool {
        true
    }

    /// Which of the nodes may take the pod. Asked of the nodes that passed the scheduler's own filters, if there are any.
    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Self::Error>;

    /// How much each of the nodes is preferred, 0 to 10. Asked where two or more nodes are left. A node that is not in
    /// the reply has 0; an empty reply is no preference.
    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Self::Error>;

    /// The same as [`SchedulerExtender::filter`] by the nodes' places in the list, which is what the scheduler asks. An
    /// extender in process overrides it where it has no use for names: copying and looking them up takes longer than the
    /// whole rest of a cycle.
    fn filter_places(&mut self, pod: &Pod, nodes: NodeList<'_>) -> Result<PlacesReply, Self::Error> {
        let reply = self.filter(pod, &nodes.to_vec())?;
        let passing: HashSet<&NodeName, Hasher> = reply.nodes.iter().collect();
        let message = |messages: &BTreeMap<NodeName, String>| -> Vec<(usize, Arc<str>)> {
            let places = nodes.names().enumerate();
            places.filter_map(|(place, node)| Some((place, messages.get(node)?.as_str().into()))).collect()
        };
        let (failed, unresolvable) = (message(&reply.failed), message(&reply.unresolvable));
        let places = nodes.names().enumerate().filter(|(_, node)| passing.contains(node));
        Ok(PlacesReply { passing: places.map(|(place, _)| place).collect(), failed, unresolvable })
    }

    /// The same as [`SchedulerExtender::prioritize`], with a score for each of the nodes in their order; fewer scores are
    /// completed with 0.
    fn prioritize_places(&mut self, pod: &Pod, nodes: NodeList<'_>) -> Result<Vec<u8>, Self::Error> {
        let scores = self.prioritize(pod, &nodes.to_vec())?;
        Ok(nodes.names().map(|node| scores.get(node).copied().unwrap_or(0)).collect())
    }

    /// The pod's binding was written; `pod.node` is `node`. This is what the extender's watch would show it.
    fn bound(&mut self, pod: &Pod, node: &NodeName) -> Result<(), Self::Error>;
}

/// The nodes that an extender is asked about.
#[derive(Clone, Copy, Debug)]
pub struct NodeList<'a> {
    numbers: &'a [u32],
    snapshot: &'a Snapshot,
}

impl<'a> NodeList<'a> {
    pub(super) fn new(numbers: &'a [u32], snapshot: &'a Snapshot) -> Self {
        Self { numbers, snapshot }
    }

    /// What the scheduler knows them by: the same number for the same name, always.
    pub fn numbers(self) -> &'a [u32] {
        self.numbers
    }

    /// The name behind a number.
    pub fn name(self, number: u32) -> Option<&'a NodeName> {
        self.snapshot.name(number)
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'a NodeName> {
        self.numbers.iter().filter_map(move |number| self.name(*number))
    }

    fn to_vec(self) -> Vec<NodeName> {
        self.names().cloned().collect()
    }
}

/// The answer to Filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterReply {
    /// The nodes that pass, of those that were asked about. Others are passed over.
    pub nodes: Vec<NodeName>,
    /// Nodes where evicting pods could help, with why (`FailedNodes`).
    pub failed: BTreeMap<NodeName, String>,
    /// Nodes where it does not help, with why (`FailedAndUnresolvableNodes`).
    pub unresolvable: BTreeMap<NodeName, String>,
}

/// The answer to Filter by places in the list of nodes that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacesReply {
    /// The nodes that pass, ascending.
    pub passing: Vec<usize>,
    /// Nodes where evicting pods could help, with why (`FailedNodes`).
    pub failed: Vec<(usize, Arc<str>)>,
    /// Nodes where it does not help, with why (`FailedAndUnresolvableNodes`); this counts for a node that is in both.
    pub unresolvable: Vec<(usize, Arc<str>)>,
}

/// kube-scheduler alone: every node passes, none is preferred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoExtender;

impl SchedulerExtender for NoExtender {
    type Error = Infallible;

    fn is_interested(&self, _pod: &Pod) -> bool {
        false
    }

    fn filter(&mut self, _pod: &Pod, nodes: &[NodeName]) -> Result<FilterReply, Infallible> {
        Ok(FilterReply { nodes: nodes.to_vec(), ..FilterReply::default() })
    }

    fn prioritize(&mut self, _pod: &Pod, _nodes: &[NodeName]) -> Result<BTreeMap<NodeName, u8>, Infallible> {
        Ok(BTreeMap::new())
    }

    fn bound(&mut self, _pod: &Pod, _node: &NodeName) -> Result<(), Infallible> {
        Ok(())
    }
}
