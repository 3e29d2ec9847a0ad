use proptest::prelude::*;

use super::*;

fn value(strategy: &str, metric: &str) -> Result<f64, String> {
    match (strategy, metric) {
        ("wit", "G" | "gainedAffinity") => Ok(0.5),
        ("most-allocated", "G") => Ok(0.25),
        ("wit", "pending") => Ok(0.0),
        _ => Err(format!("there is no `{strategy}.{metric}`")),
    }
}

fn holds(text: &str) -> Result<bool, String> {
    text.parse::<FailIf>().and_then(|condition| condition.holds(value)).map_err(|error| error.to_string())
}

/// What is said below the condition.
fn problems(text: &str) -> Vec<(usize, String)> {
    let error = text.parse::<FailIf>().and_then(|condition| condition.holds(value)).unwrap_err();
    error.problems.into_iter().map(|problem| (problem.column, problem.message)).collect()
}

#[test]
fn conditions_are_reckoned_as_they_are_at_school() {
    for (text, expected) in [
        ("wit.G < most-allocated.G + 0.3", true),
        ("wit.G<most-allocated.G+.2", false),
        ("wit.G-most-allocated.G == 25%", true),
        ("wit.gainedAffinity >= 1 - 1/2", true),
        ("2 - 1 - 1 == 0", true),
        ("8 / 2 / 2 == 2", true),
        ("1 + 2 * 3 == 7", true),
        ("(1 + 2) * 3 != 9", false),
        ("-(wit.G) * -2 > 0", true),
        ("wit.pending > 0", false),
        ("0 <= wit.pending", true),
    ] {
        assert_eq!(holds(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_no_condition_says_where() {
    for (text, column, message) in [
        ("", 1, "expected a number, STRATEGY.METRIC or `(`, found the end"),
        ("wit.G", 6, "expected an operator or a comparison: <, <=, >, >=, == or !=, found the end"),
        ("wit.G = 1", 7, "expected an operator or a comparison: <, <=, >, >=, == or !=, found `=`"),
        ("wit < 1", 4, "expected `.` and a metric behind `wit`, found ` `"),
        ("wit. < 1", 5, "expected a metric behind `wit.`, found ` `"),
        ("1 < 2 < 3", 7, "a condition compares once"),
        ("1 < (2", 7, "expected an operator or `)`, found the end"),
        ("1 < 2)", 6, "expected an operator or the end, found `)`"),
        ("1.2.3 < 4", 1, "`1.2.3` is no number"),
        ("ö < 1", 1, "expected a number, STRATEGY.METRIC or `(`, found `ö`"),
    ] {
        assert_eq!(problems(text), [(column, message.to_owned())], "{text}");
    }
}

#[test]
fn every_value_that_is_not_there_is_told() {
    let told = problems("defalt.G + 1 / wit.pending < wit.Q");
    let told: Vec<_> = told.iter().map(|(column, message)| (*column, message.as_str())).collect();
    let expected = [(1, "there is no `defalt.G`"), (14, "this divides by zero"), (30, "there is no `wit.Q`")];
    assert_eq!(told, expected);
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{}1 < 2", "(".repeat(10_000));
    assert!(problems(&deep)[0].1.starts_with("more than 64"));
}

/// A sum of numbers as text, with what it comes to.
fn sums() -> impl Strategy<Value = (String, f64)> {
    let number = (0_u32..1_000).prop_map(|number| (number.to_string(), f64::from(number)));
    number.prop_recursive(6, 40, 2, |inner| {
        (inner.clone(), prop::sample::select(vec!['+', '-', '*']), inner).prop_map(
            |((left, a), sign, (right, b))| {
                let value = match sign {
                    '+' => a + b,
                    '-' => a - b,
                    _ => a * b,
                };
                (format!("({left} {sign}{right})"), value)
            },
        )
    })
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_or_refused_where_it_is(text in ".{0,40}") {
        if let Err(error) = text.parse::<FailIf>() {
            let columns = 1..=text.chars().count() + 1;
            prop_assert!(error.problems.iter().all(|problem| columns.contains(&problem.column)), "{error}");
        }
    }

    #[test]
    fn sums_come_to_what_they_are((left, a) in sums(), (right, b) in sums()) {
        prop_assert_eq!(holds(&format!("{left} < {right}")), Ok(a < b));
        prop_assert_eq!(holds(&format!("-{left} >= -{right}")), Ok(a <= b));
    }
}
