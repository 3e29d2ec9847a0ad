//! Filter, score and in-flight ledger for WebAssembly components on Kubernetes nodes: pure, no I/O, no clock.

pub mod objects;

pub use objects::*;
