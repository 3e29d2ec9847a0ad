//! kube-scheduler's side of the wire: the model of the scheduler asks the server over HTTP, with real requests.

use std::collections::BTreeMap;

use tokio::runtime::Handle;
use wit_placement::kube_scheduler::{FilterReply, SchedulerExtender};
use wit_placement::{Event, NodeName, Pod};
use wit_sources::remote::{Offered, RemoteExtender};

use crate::owner::StateHandle;

/// An extender behind a URL. Bindings go straight to the server's state, where in a cluster its watch would bring them.
#[derive(Debug)]
pub(super) struct OverHttp {
    pub(super) extender: RemoteExtender,
    pub(super) state: StateHandle,
    pub(super) runtime: Handle,
}

impl SchedulerExtender for OverHttp {
    type Error = anyhow::Error;

    fn filter(&mut self, pod: &Pod, nodes: &[NodeName]) -> anyhow::Result<FilterReply> {
        Ok(self.runtime.block_on(self.extender.filter(pod, Offered::Names(nodes)))?)
    }

    fn prioritize(&mut self, pod: &Pod, nodes: &[NodeName]) -> anyhow::Result<BTreeMap<NodeName, u8>> {
        Ok(self.runtime.block_on(self.extender.prioritize(pod, Offered::Names(nodes)))?)
    }

    fn bound(&mut self, pod: &Pod, _node: &NodeName) -> anyhow::Result<()> {
        self.runtime.block_on(self.state.apply(Event::Pod(pod.clone())));
        Ok(())
    }
}
