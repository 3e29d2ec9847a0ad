//! Component images: from the reference in a pod to what the image is.
//!
//! ```text
//!   ImageReference ──► Reference ──► ImageStore::resolve ──► ImageStore::read ──► wit_graph::read ──► ImageMessage
//!    (as written)     (normalised)    (manifest, small)       (the one layer)       (its world)       (to the state)
//!                                     └────── Layout or Registry ──────┘
//! ```
//!
//! [`ImageReader`] drives it: it is told which images matter, reads several at once, tries again what may still
//! succeed, and sends one message for each attempt. [`Layout`] reads a folder, [`Registry`] reads over the network.
//!
//! Images are hostile. What a manifest says of sizes is checked before anything is fetched and bytes are counted while
//! they come; every digest is verified over what was read whole; no URL that an image names is ever followed.
//!
//! # Which images are read
//!
//! Exactly one layer of a type that the Wasm runtimes read (`application/wasm` of CNCF Wasm artifacts, and those of
//! runwasi, Spin and Solo). Of an image index, the entry for the architecture `wasm`. An image of ordinary container
//! layers is not Wasm, and no layer of it is fetched, unless its configuration says that the files in it are Wasm: that
//! one is refused as `unsupported`, because it is unknown and not an ordinary image. Several Wasm layers are refused, as
//! the runtimes do.

pub mod layout;
pub mod reader;
pub mod reference;
pub mod registry;
pub mod store;

mod intake;
mod manifest;
mod resolution;

pub use layout::Layout;
pub use reader::{ImageMessage, ImageOutcome, ImageReader};
pub use reference::{Reference, ReferenceError};
pub use registry::Registry;
pub use store::{Body, FetchError, FetchErrorKind, Fetched, ImageStore, Layer, Resolved};
