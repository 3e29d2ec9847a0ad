//! What holds for the repository: each test's name is the rule.

#![expect(clippy::expect_used, reason = "a check that cannot be made fails")]

mod commands;
mod dashboard;
mod documents;
mod structure;
mod style;
