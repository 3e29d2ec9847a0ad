//! The kinds that are watched, and how each of them is told.

use std::fmt::Debug;

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::api::node::v1::RuntimeClass;
use kube::Resource;
use kube::api::ObjectMeta;
use serde::de::DeserializeOwned;
use wit_graph::WorkloadKey;
use wit_placement::{Event, NodeName, PodUid};

use crate::cluster::convert::{self, ConvertError, Converted};

/// A kind of object that is watched.
pub(super) trait Watched:
    Resource<DynamicType = ()> + DeserializeOwned + Clone + Debug + Send + 'static
{
    /// What tells one object from another in events.
    type Key: Clone + Ord + Send;

    /// The object's key, from its metadata alone: an object that cannot be read is still there.
    fn key(metadata: &ObjectMeta) -> Option<Self::Key>;

    /// What is told of the object; `None` where it is of no concern.
    fn event(&self) -> Result<Option<Converted<Event>>, ConvertError>;

    /// What is told when the object is gone.
    fn gone(key: Self::Key) -> Event;
}

impl Watched for Node {
    type Key = NodeName;

    fn key(metadata: &ObjectMeta) -> Option<NodeName> {
        metadata.name.as_deref().map(NodeName::new)
    }

    fn event(&self) -> Result<Option<Converted<Event>>, ConvertError> {
        convert::node(self).map(|node| Some(node.map(Event::Node)))
    }

    fn gone(key: NodeName) -> Event {
        Event::NodeGone(key)
    }
}

impl Watched for RuntimeClass {
    type Key = String;

    fn key(metadata: &ObjectMeta) -> Option<String> {
        metadata.name.clone()
    }

    fn event(&self) -> Result<Option<Converted<Event>>, ConvertError> {
        convert::runtime_class(self).map(|class| Some(class.map(Event::RuntimeClass)))
    }

    fn gone(key: String) -> Event {
        Event::RuntimeClassGone(key)
    }
}

impl Watched for Pod {
    type Key = PodUid;

    fn key(metadata: &ObjectMeta) -> Option<PodUid> {
        metadata.uid.as_deref().map(PodUid::new)
    }

    fn event(&self) -> Result<Option<Converted<Event>>, ConvertError> {
        convert::pod(self).map(|pod| Some(pod.map(Event::Pod)))
    }

    fn gone(key: PodUid) -> Event {
        Event::PodGone(key)
    }
}

/// A kind whose objects are workloads.
macro_rules! watched_workload {
    ($kind:ident, $convert:expr) => {
        impl Watched for $kind {
            type Key = WorkloadKey;

            fn key(metadata: &ObjectMeta) -> Option<WorkloadKey> {
                let namespace = metadata.namespace.as_deref()?;
                Some(WorkloadKey::new(namespace, stringify!($kind), metadata.name.as_deref()?))
            }

            fn event(&self) -> Result<Option<Converted<Event>>, ConvertError> {
                $convert(self).map(|workload| workload.map(|workload| workload.map(Event::Workload)))
            }

            fn gone(key: WorkloadKey) -> Event {
                Event::WorkloadGone(key)
            }
        }
    };
}

watched_workload!(Deployment, |object| convert::deployment(object).map(Some));
watched_workload!(StatefulSet, |object| convert::stateful_set(object).map(Some));
watched_workload!(DaemonSet, |object| convert::daemon_set(object).map(Some));
watched_workload!(Job, |object| convert::job(object).map(Some));
watched_workload!(ReplicaSet, convert::replica_set);
