//! Quantities by table and by property.

use proptest::prelude::*;

use super::*;

#[test]
fn every_form_of_the_grammar_is_read() {
    let whole: &[(&str, u64)] = &[
        ("0", 0),
        ("1", 1),
        ("+1", 1),
        ("-0", 0),
        ("1.", 1),
        (".5k", 500),
        ("007", 7),
        ("1k", 1_000),
        ("1M", 1_000_000),
        ("1G", 1_000_000_000),
        ("1T", 1_000_000_000_000),
        ("1P", 1_000_000_000_000_000),
        ("1E", 1_000_000_000_000_000_000),
        ("1Ki", 1 << 10),
        ("1Mi", 1 << 20),
        ("1Gi", 1 << 30),
        ("1Ti", 1 << 40),
        ("1Pi", 1 << 50),
        ("1Ei", 1 << 60),
        ("1.5Gi", 3 << 29),
        ("12e3", 12_000),
        ("12E3", 12_000),
        ("1.2e+1", 12),
        ("1200e-2", 12),
        ("128974848000m", 128_974_848),
    ];
    for (text, expected) in whole {
        assert_eq!(parse(text, Unit::Whole), Ok(*expected), "{text}");
    }
    let millis =
        [("1", 1_000), ("250m", 250), ("0.25", 250), ("1.5", 1_500), ("2e-1", 200), ("2k", 2_000_000)];
    for (text, expected) in millis {
        assert_eq!(parse(text, Unit::Millis), Ok(expected), "{text}");
    }
}

#[test]
fn what_does_not_divide_evenly_is_rounded_up() {
    let cases =
        [("0.1m", 1), ("1u", 1), ("1n", 1), ("1.0001", 1_001), ("100.0000000000000000000000001m", 101)];
    for (text, expected) in cases {
        assert_eq!(parse(text, Unit::Millis), Ok(expected), "{text}");
    }
    assert_eq!(parse("1m", Unit::Whole), Ok(1));
    assert_eq!(parse("0.0001Ki", Unit::Whole), Ok(1));
    assert_eq!(parse("1e-400", Unit::Whole), Ok(1));
}

#[test]
fn what_is_too_large_is_capped() {
    for text in ["9223372036854775808", "10E", "8Ei", "1e400", "99999999999999999999999999Ei"] {
        assert_eq!(parse(text, Unit::Whole), Ok(LARGEST), "{text}");
    }
    assert_eq!(parse("9223372036854775807", Unit::Whole), Ok(LARGEST));
}

#[test]
fn what_is_no_quantity_is_said_to_be_none() {
    for text in ["", "+", ".", "Mi", "-", "m", " 1"] {
        assert_eq!(parse(text, Unit::Whole), Err(QuantityError::NoNumber(text.into())), "{text}");
    }
    for (text, suffix) in
        [("8Mb", "Mb"), ("1 Gi", " Gi"), ("1mi", "mi"), ("1.2.3", ".3"), ("1e", "e"), ("1e1.5", "e1.5")]
    {
        assert_eq!(
            parse(text, Unit::Whole),
            Err(QuantityError::Suffix { text: text.into(), suffix: suffix.into() })
        );
    }
    assert_eq!(parse("-1", Unit::Whole), Err(QuantityError::Negative("-1".into())));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-+]?[0-9.]{0,30}[a-zA-Z0-9+-]{0,6}") {
        let _ = parse(&text, Unit::Millis);
        let _ = parse(&text, Unit::Whole);
    }

    #[test]
    fn whole_numbers_come_back(value in 0..=LARGEST) {
        prop_assert_eq!(parse(&value.to_string(), Unit::Whole), Ok(value));
        prop_assert_eq!(parse(&format!("{value}m"), Unit::Millis), Ok(value));
    }

    #[test]
    fn suffixes_and_exponents_agree(value in 0..1_000_000_u32) {
        for (suffix, exponent) in [("m", -3), ("k", 3), ("M", 6), ("G", 9), ("T", 12)] {
            for unit in [Unit::Millis, Unit::Whole] {
                prop_assert_eq!(parse(&format!("{value}{suffix}"), unit), parse(&format!("{value}e{exponent}"), unit));
            }
        }
    }

    #[test]
    fn rounding_never_loses_and_adds_less_than_one(nanos in 0..=u64::MAX / 2) {
        let millis = parse(&format!("{nanos}n"), Unit::Millis).unwrap();
        prop_assert_eq!(millis, nanos.div_ceil(1_000_000));
    }

    #[test]
    fn binary_suffixes_multiply(value in 0..=7_u64, power in 1..=6_usize) {
        let suffix = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power - 1];
        prop_assert_eq!(parse(&format!("{value}{suffix}"), Unit::Whole), Ok(value << (10 * power)));
    }
}
