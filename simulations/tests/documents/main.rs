//! The commands that read what runs left behind, as they are typed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up fails")]

mod compare;
mod diff;
mod explain;
mod files;
mod how_many_nodes;
mod over_http;
mod over_time;
mod quickstart;
mod report;
mod said;
mod support;
