//! Where the facts come from: Kubernetes objects and component images, turned into plain values; and, for a stand-in of
//! kube-scheduler, the answers of an extender elsewhere.

pub mod cluster;
pub mod images;
pub mod remote;
mod tls;
