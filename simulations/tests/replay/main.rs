//! `wit-sim replay` as it is typed, on folders, and what holds for any cluster.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod cases;
mod daemon_sets;
mod departures;
mod errors;
mod optimum;
mod properties;
mod shop;
mod strategies;
mod support;
mod waiting;
mod watch;
