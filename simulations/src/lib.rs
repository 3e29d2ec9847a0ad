//! Replays pods through the placement code on a virtual clock and compares strategies.
