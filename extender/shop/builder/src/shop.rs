//! What the shop consists of and where its parts lie.

use std::path::{Path, PathBuf};

/// Every component, providers before their consumers. A component is also the world of that name in `wit/shop.wit`
/// and the file of that name in `source/`.
pub(crate) const COMPONENTS: [&str; 6] = ["catalog", "pricing", "cart", "mail", "gateway", "checkout"];

/// A component that calls others, and something that it must print when it is composed with them.
pub(crate) struct Composition {
    pub(crate) consumer: &'static str,
    pub(crate) providers: [&'static str; 3],
    pub(crate) answer: &'static str,
}

/// The two halves of the shop; pricing and cart serve both.
pub(crate) const COMPOSITIONS: [Composition; 2] = [
    Composition {
        consumer: "gateway",
        providers: ["catalog", "pricing", "cart"],
        answer: "honey       Forest honey      6.60 EUR  (8.80 less 25 %)\n",
    },
    Composition {
        consumer: "checkout",
        providers: ["pricing", "cart", "mail"],
        answer: "total                       36.60 EUR\n",
    },
];

/// The image of a component, as the workloads in `manifests/` name it.
pub(crate) fn image(name: &str) -> String {
    format!("registry.example/shop/{name}:1.0.0")
}

/// The folder that holds `wit/`, `source/`, `components/`, `images/` and this builder.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub(crate) fn components() -> PathBuf {
    root().join("components")
}

pub(crate) fn component(name: &str) -> PathBuf {
    components().join(name).with_extension("wasm")
}

pub(crate) fn images() -> PathBuf {
    root().join("images")
}
