//! Traces from what others record: each format has a module, which reads files and makes a [`Trace`] of them.
//!
//! An importer reads everything before it gives anything: what is wrong is told with its place, all of it at once
//! ([`ImportError`]), and what is passed over on purpose is a note of the trace.
//!
//! | format | is | look at |
//! |---|---|---|
//! | `rasa` | ByteDance's clusters with the traffic between services | [`rasa`] |
//! | `openb` | Alibaba's pods with the times at which they came and went | [`openb`] |
//! | `sktrace` | what `SimKube`'s tracer recorded | [`sktrace`] |
//! | `manifests`, `cluster` | Kubernetes YAML and JSON, as written or as dumped | [`manifests`] |
//! | `cluster` | a live cluster, read once | [`live`] |
//! | `kss` | what kube-scheduler-simulator exports and records | [`kss`] |
//! | `kwok` | what `kwokctl snapshot` records | [`kwok`] |

mod additions;
pub mod changes;
mod file;
pub mod kss;
pub mod kwok;
pub mod live;
pub mod manifests;
pub(crate) mod objects;
pub mod openb;
mod problems;
pub mod rasa;
mod save;
pub mod sktrace;
mod table;

pub use additions::Additions;
pub use file::InputFile;
pub use objects::Runtime;
pub(crate) use problems::Problems;
pub use problems::{ImportError, ImportProblem};
pub use save::save;

use crate::trace::Trace;

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The trace.
    pub trace: Trace,
    /// What was passed over, in the order of the files.
    pub passed_over: Vec<ImportProblem>,
}
