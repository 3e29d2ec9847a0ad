//! Where the facts come from: Kubernetes objects and component images, turned into plain values.

pub mod cluster;
pub mod images;
