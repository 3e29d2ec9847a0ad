//! Real components of every toolchain, which lie beside the checkout: what is read of them, and who serves whom.
//!
//! Built with the feature `shared`; see `just test-shared`.

#![expect(clippy::panic, reason = "a test that cannot be set up fails")]

use std::fs;
use std::path::{Path, PathBuf};

use wit_graph::{
    Component, ComponentKind, ImportVerdict, LinkStatus, ReadLimits, WasiGeneration, link, read,
};

/// The folder of the components; fails with what to do where it is absent.
fn components() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/components");
    assert!(
        folder.join("README.md").is_file(),
        "the shared components are not at {}: this test needs the folder `shared` beside the checkout; \
         put it there, or run the tests without the feature `shared`",
        folder.display()
    );
    folder
}

fn component(name: &str) -> Component {
    let path = components().join(format!("{name}.wasm"));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    read(&bytes, &ReadLimits::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The verdict over the import of an interface, by its name without version.
fn verdict(consumer: &str, provider: &str, interface: &str) -> ImportVerdict {
    let verdicts = link(&component(consumer), &component(provider));
    let verdict = verdicts.into_iter().find(|verdict| verdict.interface.starts_with(interface));
    verdict.unwrap_or_else(|| panic!("{consumer} does not import {interface}"))
}

#[test]
fn the_pairs_link_as_their_table_says() {
    let table = [
        ("same", LinkStatus::Verified, "it has every function and type that is needed"),
        ("newer-export", LinkStatus::Verified, "`t:p/i@0.1.3` is on the same version track"),
        ("older-export-enough", LinkStatus::Verified, "`t:p/i@0.1.0` is on the same version track"),
        ("older-export-missing", LinkStatus::Incompatible, "function `g` is missing there"),
        (
            "minor-bump-0x",
            LinkStatus::Unsatisfied,
            "exports `t:p/i@0.2.0`, which is on another version track",
        ),
        (
            "prerelease",
            LinkStatus::Unsatisfied,
            "exports `t:p/i@0.2.0-draft2`, which is on another version track",
        ),
        ("param-renamed", LinkStatus::Incompatible, "parameters of function `f`: (a) here, (b) there"),
        ("async", LinkStatus::Incompatible, "function `f`: not async here, async there"),
        ("field-added", LinkStatus::Incompatible, "record `r` has the field `b` there, but not here"),
    ];
    for (pair, status, why) in table {
        let verdict = verdict(&format!("pairs/{pair}.c"), &format!("pairs/{pair}.p"), "t:p/i");
        assert_eq!(verdict.status, status, "{pair}: {}", verdict.why);
        assert!(verdict.why.contains(why), "{pair}: {}", verdict.why);
    }
    let pairs = fs::read_dir(components().join("pairs")).unwrap().count();
    assert_eq!(pairs, 2 * table.len(), "the table names every pair");
}

#[test]
fn components_of_different_toolchains_link() {
    for (consumer, provider) in [
        ("rust-gateway", "rust-pricing"),
        ("rust-gateway", "rust-pricing013"),
        ("rust-gateway", "c-pricing"),
        ("rust-gateway", "js-pricing"),
        ("py-gateway", "rust-pricing"),
        ("py-gateway", "js-pricing"),
    ] {
        let quote = verdict(consumer, provider, "acme:pricing/quote");
        assert_eq!(quote.status, LinkStatus::Verified, "{consumer} {provider}: {}", quote.why);
        let types = verdict(consumer, provider, "acme:pricing/types");
        assert_eq!(types.status, LinkStatus::TypesOnly, "{consumer} {provider}: {}", types.why);
    }
}

#[test]
fn the_same_name_with_another_type_does_not_link() {
    let quote = verdict("rust-gateway", "rust-pricingbad", "acme:pricing/quote");
    assert_eq!(quote.status, LinkStatus::Incompatible);
    assert_eq!(quote.why, "field `qty` of record `line`: u32 here, u64 there");
}

#[test]
fn a_composed_component_imports_only_what_is_left() {
    let composed = component("rust-composed");
    assert!(composed.imports.iter().all(|import| !import.name.starts_with("acme:pricing/quote")));
    assert!(composed.imports.iter().any(|import| import.name.starts_with("acme:pricing/types")));
}

#[test]
fn each_file_is_what_it_is() {
    use ComponentKind::{Component, CoreModule, Opaque, WitPackage};
    use WasiGeneration::{P1, P2, P3};
    for (name, kind, wasi) in [
        ("acme-apps-wit", WitPackage, None),
        ("c-plain", Component, None),
        ("c-pricing", Component, Some(P2)),
        ("c-wasip1.core", CoreModule, Some(P1)),
        ("js-pricing", Component, Some(P2)),
        ("py-gateway", Component, Some(P2)),
        ("rust-composed", Component, Some(P2)),
        ("rust-gateway", Component, Some(P2)),
        ("rust-gateway020", Component, Some(P2)),
        ("rust-p3", Component, Some(P3)),
        ("rust-plain", Component, Some(P2)),
        ("rust-pricing", Component, Some(P2)),
        ("rust-pricing013", Component, Some(P2)),
        ("rust-pricingbad", Component, Some(P2)),
        ("odd/async_", Component, None),
        ("odd/coremod", CoreModule, Some(P1)),
        ("odd/crossuse", Opaque, None),
        ("odd/expmodule", Opaque, None),
        ("odd/funcid", Opaque, None),
        ("odd/impl", Component, Some(P2)),
    ] {
        let component = component(name);
        assert_eq!((component.kind, component.wasi), (kind, wasi), "{name}");
        assert_eq!(component.opaque_because.is_some(), kind == Opaque, "{name}");
    }
}

#[test]
fn odd_components_say_why_they_have_no_world() {
    for (name, reason) in [
        ("odd/crossuse", "type `rec` refers to a type that isn't defined in an interface"),
        ("odd/expmodule", "`m` was not a function or instance"),
        ("odd/funcid", "it imports the function `a:b/c`, which no WIT world can have"),
    ] {
        let because = component(name).opaque_because.unwrap();
        assert!(because.contains(reason), "{name}: {because}");
    }
}

#[test]
fn labelled_imports_are_known_by_the_interface_behind_them() {
    let imports = component("odd/impl").imports;
    let names: Vec<&str> = imports.iter().map(|import| import.name.as_str()).collect();
    assert_eq!(names, ["primary", "backup"]);
    for import in &imports {
        assert_eq!(import.interface, Some("wasi:keyvalue/store@0.2.0".parse().unwrap()));
    }
}

#[test]
fn the_language_is_found_wherever_the_toolchain_writes_it() {
    for (name, language) in
        [("rust-gateway", "Rust"), ("js-pricing", "JavaScript"), ("rust-composed", "Rust")]
    {
        let producers = component(name).producers;
        let found =
            producers.iter().any(|producer| producer.field == "language" && producer.name == language);
        assert!(found, "{name}: {producers:?}");
    }
}

#[test]
fn every_cut_of_a_real_component_is_refused() {
    let bytes = fs::read(components().join("c-pricing.wasm")).unwrap();
    for length in (9..bytes.len()).step_by(997) {
        assert!(read(&bytes[..length], &ReadLimits::default()).is_err(), "cut at {length}");
    }
}
