//! What kube-scheduler asks an extender, as a trait: over HTTP in the demo, in process in the simulator.

use std::collections::BTreeMap;
use std::convert::Infallible;

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

    /// The pod's binding was written; `pod.node` is `node`. This is what the extender's watch would show it.
    fn bound(&mut self, pod: &Pod, node: &NodeName) -> Result<(), Self::Error>;
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
