//! A live cluster, watched into a trace as it changes.
//!
//! What is there when all kinds have been listed happens at time 0; what comes later has the time at which its watch told of
//! it, counted from then. A pod arrives when its last scheduling gate is gone, and waits, unless it was bound already when it was first seen.
//! Where it was bound later is for a replay to say. All workloads are marked as listed: the recording tells every pod.
//!
//! | question | look at |
//! |---|---|
//! | what does a watch's event become? | [`Recorder`] |
//! | how are lines added so that a kill costs little, and what becomes of half a line? | [`TraceFile`] |
//! | what are names that are not to be told? | [`Names`] |
//! | how is the cluster watched? | [`watch`] |

mod file;
mod recorder;
mod watches;

pub use file::{Opened, TraceFile};
pub use recorder::Recorder;
pub use watches::{Told, watch};

pub use crate::import::changes::Names;
