//! WIT worlds of component images, who serves whose imports, and the dependency graph over workloads.
//!
//! Pure: no I/O, no clock. The same components give the same answers, in the same order.
//!
//! | question | look at |
//! |---|---|
//! | what is this image, what does it import and export? | [`component::read`], [`Component`] |
//! | does this component serve that one's imports, and if not, why? | [`links::link`], [`LinkStatus`] |
//! | who needs whom in the cluster, with what weight, in which group? | [`DependencyGraph`] |
//! | names, versions and the version-track rule | [`names`] |

pub mod component;
pub mod dependencies;
pub mod links;
pub mod names;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use component::{
    Component, ComponentKind, Fingerprint, Producer, ReadError, ReadLimits, Shape, WasiGeneration, WorldItem,
    read,
};
pub use dependencies::{DependencyGraph, HostOffers, Link, Partner};
pub use links::{Evidence, ImportVerdict, LinkStatus, link};
pub use names::{Digest, InterfaceName, NameError, Track, WorkloadKey};
