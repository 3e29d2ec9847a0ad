//! What the terms of wit-placement's score are measured by.

use wit_config::Scoring;
use wit_placement::{ScoreBoard, Terms};

/// The weights of the terms, and the largest of each among all nodes that were scored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scale {
    /// The weight of the gain.
    pub gain: f64,
    /// The weight of the group.
    pub group: f64,
    /// The weight of the room.
    pub room: f64,
    /// The largest gain: gains are divided by it.
    pub most_gain: f64,
    /// The largest draw of the group: those are divided by it.
    pub most_group: f64,
    /// The value of the best node, which scores 10.
    pub most_value: f64,
}

impl Scale {
    /// The scale of these scores.
    pub fn of(weights: &Scoring, board: &ScoreBoard) -> Self {
        let most = |term: fn(&Terms) -> f64| board.terms.iter().map(term).fold(0.0, f64::max);
        Self {
            gain: weights.gain,
            group: weights.group,
            room: weights.room,
            most_gain: most(|terms| terms.gain),
            most_group: most(|terms| terms.group),
            most_value: most(|terms| terms.value),
        }
    }
}
