//! The structural fingerprint of an item of an interface.

/// What a function or type is, as a hash of its structure: equal exactly when the two would link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    hash: [u8; 32],
}
