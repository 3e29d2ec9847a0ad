//! `wit-sim replay` as it is typed, on folders.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod cases;
mod errors;
mod properties;
mod shop;
mod support;
