//! Kubernetes quantities: `250m`, `1.5Gi`, `2e3`.
//!
//! The grammar is the one documented for `resource.Quantity` in the Kubernetes API reference. Nothing here passes
//! through floating point; what does not divide evenly is rounded up, as the scheduler rounds requests.

use thiserror::Error;

/// The unit that a quantity is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths: for CPU.
    Millis,
    /// Ones: for memory in bytes and for pods.
    Whole,
}

/// Why a text is no quantity that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QuantityError {
    /// There is no number.
    #[error("\"{0}\" is not a quantity: it has no number")]
    NoNumber(String),
    /// What follows the number is no unit.
    #[error(
        "\"{text}\" is not a quantity: \"{suffix}\" is no suffix (use n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or an exponent)"
    )]
    Suffix {
        /// The whole text.
        text: String,
        /// What follows its number.
        suffix: String,
    },
    /// It is below zero.
    #[error("\"{0}\" is negative")]
    Negative(String),
}

/// The largest value that Kubernetes holds; larger ones are capped to it.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// More digits than these can not change a value that fits, except by rounding it up. Multiplied by 2^60 they still
/// fit 128 bits.
const DIGITS: usize = 20;

/// A number as it is written: `digits` × 10^`power_of_ten` × 2^`power_of_two`.
struct Written {
    digits: String,
    power_of_ten: i64,
    power_of_two: u32,
}

/// The number of units in a quantity, rounded up.
///
/// ```
/// use wit_sources::cluster::quantity::{Unit, parse};
///
/// assert_eq!(parse("1.5Gi", Unit::Whole), Ok(3 << 29));
/// assert_eq!(parse("0.1m", Unit::Millis), Ok(1));
/// ```
pub fn parse(text: &str, unit: Unit) -> Result<u64, QuantityError> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut written = read(unsigned).ok_or_else(|| problem(text, unsigned))?;
    if unit == Unit::Millis {
        written.power_of_ten += 3;
    }
    let value = round_up(&written);
    if text.starts_with('-') && value > 0 {
        return Err(QuantityError::Negative(text.to_owned()));
    }
    Ok(value)
}

/// The length of the number with which `text` begins, in bytes.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(text);
    match text.get(whole..).and_then(|rest| rest.strip_prefix('.')) {
        Some(fraction) => whole + 1 + digits(fraction),
        None => whole,
    }
}

fn read(unsigned: &str) -> Option<Written> {
    let (number, suffix) = unsigned.split_at_checked(number_length(unsigned))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (power_of_ten, power_of_two) = multiplier(suffix)?;
    let fraction_length = i64::try_from(fraction.len()).ok()?;
    Some(Written {
        digits: format!("{whole}{fraction}").trim_start_matches('0').to_owned(),
        power_of_ten: power_of_ten - fraction_length,
        power_of_two,
    })
}

/// The powers of ten and of two that a suffix stands for.
fn multiplier(suffix: &str) -> Option<(i64, u32)> {
    Some(match suffix {
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "" => (0, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        _ => (i64::from(suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?), 0),
    })
}

fn round_up(written: &Written) -> u64 {
    let (kept, dropped) = written.digits.split_at(written.digits.len().min(DIGITS));
    let Ok(mantissa @ 1..) = kept.parse::<u128>() else { return 0 };
    let scaled = mantissa << written.power_of_two;
    let power = written.power_of_ten + i64::try_from(dropped.len()).unwrap_or(i64::MAX);
    let rest = dropped.bytes().any(|digit| digit != b'0');
    let factor = u32::try_from(power.unsigned_abs()).ok().and_then(|power| 10_u128.checked_pow(power));
    let value = match (power >= 0, factor) {
        (true, Some(factor)) => scaled.saturating_mul(factor).saturating_add(u128::from(rest)),
        (true, None) => u128::MAX,
        (false, Some(factor)) => scaled / factor + u128::from(!scaled.is_multiple_of(factor) || rest),
        (false, None) => 1,
    };
    u64::try_from(value).map_or(LARGEST, |value| value.min(LARGEST))
}

fn problem(text: &str, unsigned: &str) -> QuantityError {
    match unsigned.split_at_checked(number_length(unsigned)) {
        Some((number, suffix)) if number.bytes().any(|byte| byte.is_ascii_digit()) => {
            QuantityError::Suffix { text: text.to_owned(), suffix: suffix.to_owned() }
        }
        _ => QuantityError::NoNumber(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
