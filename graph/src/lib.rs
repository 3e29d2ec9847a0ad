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
//!
//! # Example
//!
//! A gateway imports prices, and a newer version of what it imports is exported by somebody in its namespace.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use wit_graph::{DependencyGraph, HostOffers, LinkStatus, ReadLimits, link, read, testing};
//!
//! // In a cluster the bytes come from images; here they are made from WIT.
//! let gateway = testing::component(
//!     "package t:gateway;
//!      world gateway { import acme:pricing/quote@0.1.0; }
//!      package acme:pricing@0.1.0 { interface quote { price: func(sku: string) -> u64; } }",
//!     "gateway",
//! );
//! let pricing = testing::component(
//!     "package acme:pricing@0.1.3;
//!      interface quote { price: func(sku: string) -> u64; currencies: func() -> list<string>; }
//!      world pricing { export quote; }",
//!     "pricing",
//! );
//! let gateway = Arc::new(read(&gateway, &ReadLimits::default())?);
//! let pricing = Arc::new(read(&pricing, &ReadLimits::default())?);
//!
//! // One on one: is the import served?
//! let verdicts = link(&gateway, &pricing);
//! assert_eq!(verdicts[0].interface, "acme:pricing/quote@0.1.0");
//! assert_eq!(verdicts[0].status, LinkStatus::Verified);
//! assert_eq!(verdicts[0].served_by, Some("acme:pricing/quote@0.1.3".parse()?));
//!
//! // In a cluster: who wants to be near whom?
//! let mut graph = DependencyGraph::new(HostOffers::from_patterns(["wasi:http@0.2.6"])?);
//! let [here, there] = ["shop/Deployment/gateway".parse()?, "shop/Deployment/pricing".parse()?];
//! graph.upsert(&here, &[gateway]);
//! let changed = graph.upsert(&there, &[pricing]);
//! assert_eq!(changed.len(), 2);
//! assert_eq!(graph.partners(&here)[0].workload, there);
//! assert_eq!(graph.group(&there), [here, there]);
//! # Ok(())
//! # }
//! ```

pub mod component;
pub mod dependencies;
pub mod links;
pub mod names;
#[cfg(feature = "testing")]
pub mod testing;

pub use component::{
    Component, ComponentKind, Fingerprint, Producer, ReadError, ReadLimits, Shape, WasiGeneration, WorldItem,
    read,
};
pub use dependencies::{DeclaredLink, DependencyGraph, HostOffers, Link, Partner, Weight};
pub use links::{Evidence, ImportVerdict, LinkStatus, link};
pub use names::{Digest, InterfaceName, NameError, Track, WorkloadKey};
