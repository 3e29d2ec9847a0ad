//! Images from folders and from registries, well-behaved and hostile ones.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod document;
mod fake_registry;
mod folder;
mod hostile;
mod layout;
mod login;
mod pulls;
mod reader;
mod redirects;
mod retries;
