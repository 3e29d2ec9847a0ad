//! What holds for any bytes and any interface.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::sync::LazyLock;

use proptest::prelude::*;
use wit_graph::{LinkStatus, ReadLimits, link, read, testing};

/// A component with a bit of everything, to be damaged.
const RICH: &str = "
    package t:rich@0.2.0;
    interface types {
        resource session { constructor(user: string); get: func(key: string) -> option<list<u8>>; }
        variant event { opened(string), closed }
        flags rights { read, write }
    }
    interface api {
        use types.{session, event};
        watch: func(s: borrow<session>) -> result<tuple<event, u64>, string>;
    }
    world rich { import types; import api; export log: func(message: string); }
";

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn reading_damaged_bytes_ends_with_a_verdict(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
        cut in prop::bool::weighted(0.3),
    ) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| testing::component(RICH, "rich"));
        let mut bytes = WHOLE.clone();
        for (place, value) in damage {
            *place.get_mut(&mut bytes) = value;
        }
        if cut {
            bytes.truncate(length.index(bytes.len()));
        }
        // Whatever the verdict is, there is one, and it can be told.
        match read(&bytes, &ReadLimits::default()) {
            Ok(component) => prop_assert_eq!(component.size_bytes, bytes.len() as u64),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn reading_any_bytes_ends_with_a_verdict(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let component = [b"\0asm\x0d\0\x01\0", bytes.as_slice()].concat();
        let module = [b"\0asm\x01\0\0\0", bytes.as_slice()].concat();
        for bytes in [bytes, component, module] {
            let _verdict = read(&bytes, &ReadLimits::default());
        }
    }
}

/// A type in WIT; `hole` is where another type can be put.
fn wit_type() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["bool", "u8", "s64", "f32", "char", "string", "entry", "colour", "{hole}"]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|ty| format!("list<{ty}>")),
            inner.clone().prop_map(|ty| format!("option<{ty}>")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("result<{a}, {b}>")),
            prop::collection::vec(inner, 1..4).prop_map(|types| format!("tuple<{}>", types.join(", "))),
        ]
    })
}

/// An interface with these parameter types, each a function of its own, and two worlds for its two sides.
fn package(types: &[String], hole: &str) -> String {
    let function = |(index, ty): (usize, &String)| format!("f{index}: func(x: {ty}) -> {ty};");
    let functions: Vec<String> = types.iter().enumerate().map(function).collect();
    let functions = functions.join("\n").replace("{hole}", hole);
    format!(
        "package t:any@0.1.0;
         interface api {{
             record entry {{ key: string, value: list<u8> }}
             enum colour {{ red, blue }}
             {functions}
         }}
         world provider {{ export api; }}
         world consumer {{ import api; }}"
    )
}

/// The verdict over the only import that can be served.
fn verdict(consumer: &str, provider: &str) -> (LinkStatus, String) {
    let read = |wit, world| read(&testing::component(wit, world), &ReadLimits::default()).unwrap();
    let mut verdicts = link(&read(consumer, "consumer"), &read(provider, "provider"));
    let verdict = verdicts.pop().unwrap();
    assert!(verdicts.is_empty());
    (verdict.status, verdict.why)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn an_export_serves_the_same_import(types in prop::collection::vec(wit_type(), 1..5)) {
        let package = package(&types, "u32");
        prop_assert_eq!(verdict(&package, &package).0, LinkStatus::Verified);
    }

    #[test]
    fn one_type_that_differs_anywhere_is_found(types in prop::collection::vec(wit_type(), 1..5)) {
        let types: Vec<String> = types.into_iter().chain(["list<{hole}>".to_owned()]).collect();
        let (status, why) = verdict(&package(&types, "u32"), &package(&types, "u64"));
        prop_assert_eq!(status, LinkStatus::Incompatible);
        prop_assert!(why.contains("u32") && why.contains("u64") || why.contains('…'), "{}", why);
    }
}
