//! What the cluster holds, as plain values and events: from a watch, or from a folder of manifests.
//!
//! | question | look at |
//! |---|---|
//! | what does this Kubernetes object mean to placement? | [`convert`] |
//! | what would the API server have changed when it admitted this pod? | [`admission`] |
//! | what is in the cluster now, and what changes? | [`watch`](mod@watch) |
//! | what is in this folder, and what changes? | [`manifests`] |
//! | how does a plain value look as an object again? | [`written`] |
//! | how is a waiting pod told that its image was read? | [`conditions`] |
//!
//! Both sources speak [`ClusterMessage`], so that whoever owns the state does not know which one feeds it.

pub mod admission;
pub mod conditions;
pub mod convert;
#[cfg(test)]
mod fake;
pub mod manifests;
mod problem;
pub mod quantity;
mod source;
pub mod watch;
pub mod written;

pub use problem::{ConvertError, Converted, ObjectName, Problem};
pub use source::{ClusterMessage, WatchHandle};
pub use watch::watch;
