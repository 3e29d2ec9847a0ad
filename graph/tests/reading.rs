//! What is made of bytes of every kind: components, things that look like them, and damage.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use wit_graph::{
    Component, ComponentKind, Digest, ReadError, ReadLimits, Shape, WasiGeneration, WorldItem, read, testing,
};

/// A world with one interface that has a record and a function.
const PRICING: &str = "
    package acme:pricing@0.1.0;
    interface quote {
        record line { sku: string, qty: u32 }
        price: func(lines: list<line>) -> result<u64, string>;
    }
    world pricing { export quote; }
    world gateway { import quote; }
";

fn try_read(bytes: &[u8]) -> Result<Component, ReadError> {
    read(bytes, &ReadLimits::default())
}

fn read_text(text: &str) -> Component {
    try_read(&wat::parse_str(text).unwrap()).unwrap()
}

fn names(items: &[WorldItem]) -> Vec<&str> {
    items.iter().map(|item| item.name.as_str()).collect()
}

fn item_names(item: &WorldItem) -> Vec<&str> {
    item.items.keys().map(String::as_str).collect()
}

#[test]
fn a_component_is_told_with_its_world() {
    let bytes = testing::component(PRICING, "pricing");
    let component = try_read(&bytes).unwrap();
    assert_eq!(component.kind, ComponentKind::Component);
    assert_eq!(component.digest, Digest::of(&bytes));
    assert_eq!(component.size_bytes, bytes.len() as u64);
    assert_eq!(names(&component.exports), ["acme:pricing/quote@0.1.0"]);
    assert!(component.imports.is_empty());
    let quote = &component.exports[0];
    assert_eq!(quote.shape, Shape::Functions);
    assert_eq!(quote.items["price"].to_string(), "func(lines: list<line>) -> result<u64, string>");
    assert_eq!(quote.items["line"].to_string(), "record { sku: string, qty: u32 }");
}

#[test]
fn producers_of_nested_modules_are_told() {
    let component = try_read(&testing::component(PRICING, "pricing")).unwrap();
    let tools: Vec<(&str, &str)> = component
        .producers
        .iter()
        .map(|producer| (producer.field.as_str(), producer.name.as_str()))
        .collect();
    assert_eq!(tools, [("processed-by", "wit-component")]);
}

#[test]
fn a_core_module_is_no_component_even_with_a_world_inside() {
    let mut module =
        wat::parse_str(r#"(module (import "wasi_snapshot_preview1" "fd_write" (func)))"#).unwrap();
    let component = try_read(&module).unwrap();
    assert_eq!((component.kind, component.wasi), (ComponentKind::CoreModule, Some(WasiGeneration::P1)));
    module.extend(*b"\0\x15\x11component-type:ab\0\0\0");
    assert_eq!(try_read(&module).unwrap().kind, ComponentKind::CoreModule);
}

#[test]
fn eight_bytes_are_an_empty_module_or_an_empty_component() {
    let module = try_read(b"\0asm\x01\0\0\0").unwrap();
    assert_eq!((module.kind, module.wasi), (ComponentKind::CoreModule, None));
    let component = try_read(b"\0asm\x0d\0\x01\0").unwrap();
    assert_eq!(component.kind, ComponentKind::Component);
    assert!(component.imports.is_empty() && component.exports.is_empty());
}

#[test]
fn bytes_that_are_not_wasm_are_told_as_that() {
    for (bytes, reason) in [
        (&b""[..], "it is empty"),
        (b"\x7fELF", "it does not start as WebAssembly does"),
        (b"\0as", "it does not start as WebAssembly does"),
        (b" (component)", "it looks like WebAssembly text; only the binary format is read"),
        (b"(module)", "it looks like WebAssembly text; only the binary format is read"),
    ] {
        let component = try_read(bytes).unwrap();
        assert_eq!(component.kind, ComponentKind::NotWasm);
        assert_eq!(component.opaque_because.as_deref(), Some(reason));
    }
}

#[test]
fn truncated_bytes_are_told_as_that() {
    assert_eq!(try_read(b"\0asm\x0d"), Err(ReadError::Truncated { size: 5, needed: 8 }));
    let bytes = testing::component(PRICING, "pricing");
    let cut = &bytes[..bytes.len() - 1];
    let size = cut.len() as u64;
    assert_eq!(try_read(cut), Err(ReadError::Truncated { size, needed: size + 1 }));
}

#[test]
fn old_versions_of_the_binary_format_are_told_as_that() {
    for version in [0x0a, 0x0c] {
        let bytes = [0, b'a', b's', b'm', version, 0, 1, 0];
        let version = u16::from(version);
        assert_eq!(try_read(&bytes), Err(ReadError::UnknownVersion { version, layer: 1 }));
    }
}

#[test]
fn damage_inside_is_malformed() {
    let section_of_an_unknown_kind = b"\0asm\x0d\0\x01\0\x7f\0";
    assert!(matches!(try_read(section_of_an_unknown_kind), Err(ReadError::Malformed(_))));
}

#[test]
fn what_is_larger_than_the_limits_is_refused() {
    let bytes = testing::component(PRICING, "pricing");
    let limits = |limits: ReadLimits| read(&bytes, &limits).unwrap_err();
    let default = ReadLimits::default();
    let (size, limit) = (bytes.len() as u64, 100);
    assert_eq!(limits(ReadLimits { max_bytes: 100, ..default }), ReadError::TooLarge { size, limit });
    for (limits, what) in [
        (ReadLimits { max_world_items: 0, ..default }, "imports and exports"),
        (ReadLimits { max_items: 3, ..default }, "functions, types and members"),
        (ReadLimits { max_name_bytes: 10, ..default }, "bytes in a name"),
    ] {
        match read(&bytes, &limits) {
            Err(ReadError::TooManyItems { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_wit_package_is_no_component() {
    let package = r#"(component
        (type $package (component
            (type $interface (instance (export "f" (func))))
            (export "a:b/c@0.1.0" (instance (type $interface)))))
        (export "c" (type $package)))"#;
    assert_eq!(read_text(package).kind, ComponentKind::WitPackage);
}

#[test]
fn a_valid_component_without_a_wit_form_is_opaque_with_the_reason() {
    for (text, reason) in [
        (r#"(component (import "a:b/c" (func)))"#, "it imports the function `a:b/c`"),
        (r#"(component (import "m" (core module)))"#, "it imports the core module `m`"),
        (r#"(component (import "c" (component)))"#, "it imports the component `c`"),
        (r#"(component (core module $m) (export "m" (core module $m)))"#, "was not a function or instance"),
        (r#"(component (import "a:b/c" (instance (export "i" (instance)))))"#, "is not a type"),
    ] {
        let component = read_text(text);
        assert_eq!(component.kind, ComponentKind::Opaque, "{text}");
        let because = component.opaque_because.unwrap();
        assert!(because.contains(reason), "{because}");
        assert!(component.imports.is_empty());
    }
}

#[test]
fn a_labelled_import_is_told_with_the_interface_behind_it() {
    let component = read_text(
        r#"(component
            (import "primary" (implements "wasi:keyvalue/store@0.2.0") (instance (export "get" (func)))))"#,
    );
    let import = &component.imports[0];
    assert_eq!(import.name, "primary");
    assert_eq!(import.interface, Some("wasi:keyvalue/store@0.2.0".parse().unwrap()));
}

#[test]
fn a_canonical_name_is_told_with_its_whole_version() {
    let component = read_text(
        r#"(component
            (import "a:b/c@0.2" (version-suffix ".3") (instance (export "f" (func)))))"#,
    );
    assert_eq!(names(&component.imports), ["a:b/c@0.2.3"]);
    assert_eq!(component.imports[0].interface, Some("a:b/c@0.2.3".parse().unwrap()));
}

#[test]
fn an_interface_that_is_imported_and_exported_keeps_both_sides_apart() {
    let middleware = read_text(
        r#"(component
            (import "a:b/c@0.1.0" (instance (export "f" (func (param "x" u32)))))
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (instance $e (export "f" (func $f)) (export "g" (func $f)))
            (export "a:b/c@0.1.0" (instance $e)))"#,
    );
    assert_eq!(item_names(&middleware.imports[0]), ["f"]);
    assert_eq!(item_names(&middleware.exports[0]), ["f", "g"]);
    assert_ne!(middleware.imports[0].items["f"], middleware.exports[0].items["f"]);
}

#[test]
fn shapes_tell_calls_from_identities_and_plain_types() {
    let component = read_text(
        r#"(component
            (import "a:b/called" (instance (export "f" (func))))
            (import "a:b/identity" (instance $i (export "r" (type (sub resource)))))
            (alias export $i "r" (type $r))
            (import "a:b/used" (instance (alias outer 1 $r (type $r)) (export "r" (type (eq $r)))))
            (import "a:b/plain" (instance (type (list u8)) (export "t" (type (eq 0)))))
            (import "log" (func)))"#,
    );
    let shapes: Vec<Shape> = component.imports.iter().map(|import| import.shape).collect();
    assert_eq!(
        shapes,
        [Shape::Functions, Shape::Identity, Shape::TypesOnly, Shape::TypesOnly, Shape::Function]
    );
}

#[test]
fn the_newest_wasi_generation_counts() {
    let component = read_text(
        r#"(component
            (import "wasi:cli/stdout@0.2.6" (instance))
            (import "wasi:http/handler@0.3.0" (instance (export "f" (func async (result (stream u8)))))))"#,
    );
    assert_eq!(component.wasi, Some(WasiGeneration::P3));
    assert_eq!(component.imports[1].items["f"].to_string(), "async func() -> stream<u8>");
}
