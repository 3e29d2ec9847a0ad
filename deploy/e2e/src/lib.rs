//! A real Kubernetes control plane and registry on loopback, and the end-to-end tests that use them.
//!
//! Nothing here needs root, containers or a cluster: `deploy/control-plane/build` compiles etcd, kube-apiserver,
//! kube-controller-manager, kube-scheduler and an OCI registry, and this crate starts them on free loopback ports and stops
//! exactly what it started. Nodes are plain objects; a small stand-in for kubelet ([`Kubelet`]) makes bound pods run.
//!
//! A test binary shares one control plane between its scenarios, and each scenario begins with an empty cluster:
//!
//! ```no_run
//! # async fn test() -> anyhow::Result<()> {
//! use std::time::Duration;
//! use wit_e2e::{NodeSpec, Scenario, SchedulerOptions};
//!
//! let scenario = Scenario::begin("everything-is-bound").await?;
//! let _scheduler = scenario.start_scheduler(&SchedulerOptions::without_extender()).await?;
//! scenario.create_nodes(&[NodeSpec::new("node-1")]).await?;
//! scenario.apply(include_str!("../tests/manifests/two-replicas.yaml")).await?;
//! scenario.pods().wait_bound(2, Duration::from_secs(20)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The parts, from the machine upwards: [`process`] (children that never outlive us), [`ControlPlane`] and [`Scheduler`],
//! [`Registry`], [`ExtenderProcess`] and [`RecordingExtender`]; then what a scenario says and sees: [`objects`], [`manifests`],
//! [`Pods`], [`LimitWatcher`], [`affinity`], [`Kubelet`], [`DelayedAccess`], [`Gate`].

pub mod access;
pub mod affinity;
pub mod binaries;
pub mod control_plane;
pub mod delay;
pub mod extender;
pub mod gate;
pub mod kubelet;
pub mod limits;
pub mod manifests;
pub mod objects;
pub mod pki;
pub mod pods;
pub mod ports;
pub mod process;
pub mod recorder;
pub mod registry;
pub mod scenario;
pub mod scheduler;
pub mod shop;
pub mod up;
pub mod work_directory;

pub use access::{Access, Identity};
pub use control_plane::{ControlPlane, ControlPlaneOptions};
pub use delay::DelayedAccess;
pub use extender::{ExtenderOptions, ExtenderProcess};
pub use gate::Gate;
pub use kubelet::Kubelet;
pub use limits::{LimitWatcher, Rule, Violation};
pub use objects::{NodeSpec, RuntimeClassSpec};
pub use pods::Pods;
pub use process::Process;
pub use recorder::{Answers, RecordedCall, RecordingExtender};
pub use registry::{PushedImage, Registry};
pub use scenario::Scenario;
pub use scheduler::{Scheduler, SchedulerOptions};
