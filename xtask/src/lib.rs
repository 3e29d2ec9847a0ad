//! Makes the generated pages of the documentation and checks the shape of the repository.
//!
//! | question | look at |
//! |---|---|
//! | which pages are generated, and from what? | [`documents`] |
//! | what does a command line say about itself? | [`command_line`] |
//! | which metrics does the server have? | [`metrics`] |
//! | which crate uses which? | [`crates`] |
//! | what does the README show of the demo? | [`demo`] |
//! | what is measured on a real cluster? | [`truth`] |
//! | what holds for the repository? | `tests/`: structure, style, dashboard, commands |

pub mod command_line;
pub mod crates;
pub mod demo;
pub mod documents;
pub mod metrics;
pub mod repository;
pub mod truth;
