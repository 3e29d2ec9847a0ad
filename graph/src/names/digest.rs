//! The digest that names an image's bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::{NameError, parse_string};

/// What a digest must look like, for messages.
const EXPECTED: &str = "a digest (sha256: and 64 hexadecimal digits)";

/// A SHA-256 digest, written `sha256:` and 64 lower-case hexadecimal digits as in OCI manifests.
///
/// ```
/// let digest = wit_graph::Digest::of(b"");
/// assert!(digest.to_string().starts_with("sha256:e3b0c442"));
/// assert_eq!(digest.to_string().parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that a hasher elsewhere arrived at, for bytes that were never in one piece.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Digest {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let hex = text
            .strip_prefix("sha256:")
            .ok_or_else(|| NameError::new(text, EXPECTED, "it does not start with `sha256:`"))?;
        if hex.len() != 64 {
            return Err(NameError::new(text, EXPECTED, format!("it has {} digits", hex.len())));
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = pair
                .iter()
                .try_fold(0, |value, &digit| Some(value << 4 | hex_digit(digit)?))
                .ok_or_else(|| NameError::new(text, EXPECTED, "it has other characters than 0-9 and a-f"))?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_string(deserializer)
    }
}

/// The value of a lower-case hexadecimal digit; the OCI specification allows no others.
fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_of_another_algorithm_length_or_case_is_refused() {
        let upper = format!("sha256:{}", "A".repeat(64));
        for text in ["sha512:00", "sha256:00", upper.as_str(), "", "sha256:"] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_error_says_what_was_given_and_what_is_wanted() {
        let error = "sha256:00".parse::<Digest>().unwrap_err().to_string();
        assert_eq!(error, "`sha256:00` is not a digest (sha256: and 64 hexadecimal digits): it has 2 digits");
    }
}
