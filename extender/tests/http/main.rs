//! The server over HTTP: real listeners on loopback, fed from the bundled shop.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod listeners;
mod support;
mod verbs;
