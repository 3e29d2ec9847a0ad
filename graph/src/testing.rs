//! Components for tests, of this crate and of others.

use std::collections::BTreeMap;
use std::sync::Arc;

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

use crate::component::{Component, ComponentKind, Fingerprint, Form, Shape, Signature, WorldItem};
use crate::names::{Digest, InterfaceName};

/// A component that implements `world` of the WIT text with functions that only trap, as bytes.
///
/// The text may hold several packages (`package a:b { … }`); the world is looked for in the first.
///
/// # Panics
///
/// When the WIT is not valid or has no such world: it is the test that is wrong.
#[expect(clippy::panic, reason = "for tests")]
pub fn component(wit: &str, world: &str) -> Vec<u8> {
    let encode = || {
        let mut resolve = Resolve { all_features: true, ..Resolve::default() };
        let package = resolve.push_str("test.wit", wit)?;
        let world = resolve.select_world(&[package], Some(world))?;
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)?;
        ComponentEncoder::default().module(&module)?.validate(true).encode()
    };
    encode().unwrap_or_else(|error| panic!("the WIT of a test: {error:#}"))
}

/// A component with interfaces of these names, each with one function `call` that takes and returns nothing.
///
/// Nothing is parsed but the names. Different imports and exports have different digests.
///
/// # Panics
///
/// When a name is not the full name of an interface: it is the test that is wrong.
pub fn world(imports: &[&str], exports: &[&str]) -> Component {
    let text = format!("imports {imports:?} exports {exports:?}");
    Component {
        digest: Digest::of(text.as_bytes()),
        size_bytes: text.len() as u64,
        kind: ComponentKind::Component,
        imports: imports.iter().map(|name| interface(name)).collect(),
        exports: exports.iter().map(|name| interface(name)).collect(),
        producers: Vec::new(),
        wasi: None,
        opaque_because: None,
    }
}

#[expect(clippy::panic, reason = "for tests")]
fn interface(name: &str) -> WorldItem {
    let interface: InterfaceName = name.parse().unwrap_or_else(|error| panic!("a name of a test: {error}"));
    let call = Signature { is_async: false, params: Vec::new(), result: None };
    let items = BTreeMap::from([("call".to_owned(), Fingerprint::of(Form::Function(call)))]);
    let name = interface.to_string();
    WorldItem { name, interface: Some(interface), shape: Shape::Functions, items: Arc::new(items) }
}
