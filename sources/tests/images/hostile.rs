//! Registries and images that lie.

use serde_json::json;
use wit_config::Images;
use wit_graph::Digest;
use wit_sources::images::{ImageStore, Registry};

use crate::document::{
    TAR, WASM, bounds, component, component_importing, descriptor, index, manifest, manifest_with, with,
};
use crate::fake_registry::{FakeRegistry, Length, Reply};
use crate::pulls::{pull, refusal};

const MANIFEST_PATH: &str = "/v2/cart/manifests/v1";

#[tokio::test]
async fn a_registry_on_this_machine_that_is_not_listed_is_never_asked() {
    let registry = FakeRegistry::start().await;
    registry.publish("cart", "v1", &component());
    let client = Registry::new(&Images { insecure_registries: Vec::new(), ..bounds() }).unwrap();
    let here = registry.reference("cart:v1");
    for reference in [&here, &here.replace("127.0.0.1", "localhost"), "169.254.169.254/latest:v1"] {
        let error = client.resolve(&reference.parse().unwrap()).await.unwrap_err();
        assert_eq!((error.result(), error.is_definite()), ("refused", true), "{error}");
    }
    assert_eq!(registry.seen().len(), 0);
}

#[tokio::test]
async fn other_bytes_than_the_digest_says_are_refused() {
    let registry = FakeRegistry::start().await;
    let blob = registry.publish("cart", "v1", &component());
    let mut other = component();
    other[20] ^= 1;
    registry.reply(&blob, Reply::ok(other));
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "corrupt");
    assert!(message.contains(&blob) && message.contains("digest"), "{message}");
}

#[tokio::test]
async fn a_manifest_that_is_not_the_pinned_or_promised_one_is_refused() {
    let registry = FakeRegistry::start().await;
    let (mine, other) = (manifest(&[descriptor(WASM, &component())]), manifest(&[]));
    let pinned = Digest::of(&mine);
    registry.reply(&format!("/v2/cart/manifests/{pinned}"), Reply::ok(other.clone()));
    assert_eq!(refusal(&registry, &format!("cart@{pinned}")).await.0, "corrupt");
    registry.reply(MANIFEST_PATH, Reply::ok(other).header(&format!("Docker-Content-Digest: {pinned}")));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "corrupt");
}

#[tokio::test]
async fn a_manifest_is_not_read_beyond_its_limit_whether_it_says_its_length_or_not() {
    let registry = FakeRegistry::start().await;
    let endless = vec![b' '; 1 << 20];
    for length in [Length::True, Length::Unsaid, Length::Claimed(1 << 40)] {
        registry.reply(MANIFEST_PATH, Reply::ok(endless.clone()).length(length));
        let (result, message) = refusal(&registry, "cart:v1").await;
        assert_eq!(result, "too-large", "{length:?}: {message}");
        assert!(message.contains("images.maxManifestBytes"), "{message}");
    }
}

#[tokio::test]
async fn a_layer_that_declares_too_many_bytes_is_never_asked_for() {
    let registry = FakeRegistry::start().await;
    let layer = with(descriptor(WASM, &component()), "size", json!(2 << 20));
    registry.manifest("cart", "v1", &manifest(&[layer]));
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "too-large");
    assert!(message.contains("images.maxBytes"), "{message}");
    let config = with(descriptor("config", b"{}"), "size", json!(2 << 20));
    registry.manifest("cart", "v1", &manifest_with(&config, &[descriptor(TAR, b"tar")]));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "too-large");
    let entry = with(descriptor("manifest", b"{}"), "size", json!(2 << 20));
    registry.manifest("cart", "v1", &index(&[entry]));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "too-large");
    assert_eq!(registry.count("/blobs/"), 0);
}

#[tokio::test]
async fn a_blob_of_more_or_fewer_bytes_than_declared_is_refused() {
    let registry = FakeRegistry::start().await;
    let blob = registry.publish("cart", "v1", &component());
    let longer = [component(), vec![0; 1 << 20]].concat();
    let shorter = component()[..100].to_vec();
    for (body, length) in [(longer.clone(), Length::True), (longer, Length::Unsaid), (shorter, Length::True)]
    {
        registry.reply(&blob, Reply::ok(body).length(length));
        let (result, message) = refusal(&registry, "cart:v1").await;
        assert_eq!(result, "corrupt", "{length:?}: {message}");
    }
}

#[tokio::test]
async fn a_blob_that_breaks_off_may_be_tried_again() {
    let registry = FakeRegistry::start().await;
    let blob = registry.publish("cart", "v1", &component());
    registry.reply(&blob, Reply::ok(&component()[..100]).length(Length::Claimed(component().len() as u64)));
    let error = pull(&registry, "cart:v1").await.unwrap_err();
    assert_eq!((error.result(), error.is_definite()), ("unreachable", false), "{error}");
}

#[tokio::test]
async fn foreign_urls_of_a_layer_are_not_followed() {
    let (registry, elsewhere) = (FakeRegistry::start().await, FakeRegistry::start().await);
    elsewhere.reply("/blob", Reply::ok(component()));
    let layer = with(descriptor(WASM, &component()), "urls", json!([elsewhere.url("/blob")]));
    registry.manifest("cart", "v1", &manifest(&[layer]));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "missing");
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn several_wasm_layers_are_refused() {
    let registry = FakeRegistry::start().await;
    let layers = ["a", "b"].map(|name| descriptor(WASM, &component_importing(name)));
    registry.manifest("cart", "v1", &manifest(&layers));
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "unsupported");
    assert!(message.contains("2 Wasm layers"), "{message}");
    assert_eq!(registry.count("/blobs/"), 0);
}

#[tokio::test]
async fn documents_that_are_no_manifests_are_refused_and_never_shown() {
    let registry = FakeRegistry::start().await;
    for body in [
        "",
        "\"secret\"",
        "null",
        "[]",
        "{}",
        "<html>secret</html>",
        r#"{"layers":{"secret":1}}"#,
        r#"{"manifests":[]}"#,
    ] {
        registry.reply(MANIFEST_PATH, Reply::ok(body));
        let (result, message) = refusal(&registry, "cart:v1").await;
        assert!(["corrupt", "unsupported"].contains(&result), "{body}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn an_index_that_holds_itself_ends() {
    let registry = FakeRegistry::start().await;
    let mut top = descriptor("index", b"{}");
    for _ in 0..8 {
        let outer = index(&[top]);
        registry.manifest("cart", "v1", &outer);
        top = descriptor("index", &outer);
    }
    assert_eq!(refusal(&registry, "cart:v1").await.0, "unsupported");
}

#[tokio::test]
async fn what_an_image_says_is_shown_in_few_words_and_without_control_characters() {
    let registry = FakeRegistry::start().await;
    let layer = descriptor(&format!("\x1b[2J\n{}", "x".repeat(8 << 10)), &component());
    registry.manifest("cart", "v1", &manifest(&[layer]));
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "unsupported");
    assert!(message.len() < 1_000 && !message.contains(char::is_control), "{message}");
}
