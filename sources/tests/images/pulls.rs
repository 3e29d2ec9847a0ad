//! Images of well-behaved registries.

use std::time::Duration;

use serde_json::json;
use wit_graph::Digest;
use wit_sources::images::{FetchError, Fetched, ImageStore, Registry};

use crate::document::{
    INDEX, MANIFEST, TAR, WASM, bounds, component, descriptor, index, manifest, manifest_with, with,
};
use crate::fake_registry::{FakeRegistry, Reply};

/// Pulls an image of the fake registry.
pub(crate) async fn pull(registry: &FakeRegistry, image: &str) -> Result<Fetched, FetchError> {
    let reference = registry.reference(image).parse().unwrap();
    Registry::new(&bounds()).unwrap().fetch(&reference, Duration::from_secs(20)).await
}

/// The word for metrics and the message of a pull that must fail for good.
pub(crate) async fn refusal(registry: &FakeRegistry, image: &str) -> (&'static str, String) {
    let error = pull(registry, image).await.expect_err("must be refused");
    assert!(error.is_definite(), "{error}");
    (error.result(), error.to_string())
}

#[tokio::test]
async fn an_artifact_is_pulled_by_tag_and_by_digest() {
    let registry = FakeRegistry::start().await;
    registry.publish("shop/cart", "v1", &component());
    let Fetched::Wasm { image, layer, bytes } = pull(&registry, "shop/cart:v1").await.unwrap() else {
        panic!("not Wasm");
    };
    assert_eq!((bytes, layer.digest), (component(), Digest::of(&component())));
    assert_eq!(image, Digest::of(&manifest(&[descriptor(WASM, &component())])));
    assert!(pull(&registry, &format!("shop/cart@{image}")).await.is_ok());
}

#[tokio::test]
async fn of_an_index_the_wasm_platform_is_pulled() {
    let registry = FakeRegistry::start().await;
    registry.publish("shop/cart", "wasm", &component());
    let wasm = manifest(&[descriptor(WASM, &component())]);
    let linux = manifest(&[descriptor(TAR, b"tar")]);
    let platform = |architecture: &str| json!({"architecture": architecture, "os": "any"});
    let both = index(&[
        with(descriptor(MANIFEST, &linux), "platform", platform("amd64")),
        with(descriptor(MANIFEST, &wasm), "platform", platform("wasm")),
    ]);
    registry.manifest("shop/cart", "v1", &both);
    let fetched = pull(&registry, "shop/cart:v1").await.unwrap();
    assert!(matches!(fetched, Fetched::Wasm { image, .. } if image == Digest::of(&both)));
    registry.manifest("shop/cart", "only", &index(&[descriptor(INDEX, &both)]));
    assert!(matches!(pull(&registry, "shop/cart:only").await.unwrap(), Fetched::Wasm { .. }));
}

#[tokio::test]
async fn of_an_ordinary_image_no_layer_is_pulled() {
    let registry = FakeRegistry::start().await;
    let config = br#"{"architecture":"amd64","os":"linux","config":{"Entrypoint":["/nginx"]}}"#;
    registry.blob("nginx", config);
    let image = manifest_with(&descriptor("config", config), &[descriptor(TAR, b"layer")]);
    registry.manifest("nginx", "v1", &image);
    assert_eq!(pull(&registry, "nginx:v1").await.unwrap(), Fetched::NotWasm { image: Digest::of(&image) });
    assert_eq!((registry.count("/blobs/"), registry.count("/manifests/")), (1, 1));
}

#[tokio::test]
async fn wasm_files_in_container_layers_are_unknown_and_not_an_ordinary_image() {
    let registry = FakeRegistry::start().await;
    let config = br#"{"architecture":"wasm","os":"wasi","config":{"Entrypoint":["/cart.wasm"]}}"#;
    registry.blob("cart", config);
    registry.manifest(
        "cart",
        "v1",
        &manifest_with(&descriptor("config", config), &[descriptor(TAR, b"layer")]),
    );
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "unsupported", "{message}");
}

#[tokio::test]
async fn failures_are_told_apart() {
    let registry = FakeRegistry::start().await;
    assert_eq!(refusal(&registry, "cart:v1").await.0, "missing");
    registry.reply("/v2/cart/manifests/v1", Reply::status(403));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "unauthorized");
    registry.reply("/v2/cart/manifests/v1", Reply::status(503));
    let error = pull(&registry, "cart:v1").await.unwrap_err();
    assert_eq!((error.result(), error.is_definite()), ("unavailable", false));
    let nobody: wit_sources::images::Reference = "127.0.0.1:1/cart:v1".parse().unwrap();
    let error = Registry::new(&bounds()).unwrap().resolve(&nobody).await.unwrap_err();
    assert_eq!((error.result(), error.is_definite()), ("unreachable", false));
    assert!(error.to_string().contains("http://127.0.0.1:1/v2/cart/manifests/v1"), "{error}");
}
