//! What traces are made of, and what is told of files that are none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]

mod admission;
mod cases;
mod files;
mod live;
mod properties;
mod record;
mod sktrace;
mod support;
mod validate;
