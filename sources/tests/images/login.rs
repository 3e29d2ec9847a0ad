//! Anonymous tokens.

use std::time::Duration;

use wit_sources::images::{Fetched, ImageStore, Registry};

use crate::document::{WASM, bounds, component, descriptor, manifest};
use crate::fake_registry::{FakeRegistry, Reply};
use crate::pulls::{pull, refusal};

/// A registry that gives `shop/cart:v1` only to those with the token.
async fn guarded(challenge: impl Fn(&FakeRegistry) -> String) -> FakeRegistry {
    let registry = FakeRegistry::start().await;
    let challenge = challenge(&registry);
    let blob = registry.blob("shop/cart", &component());
    registry.reply(&blob, Reply::ok(component()).for_token("t1", &challenge));
    let image = manifest(&[descriptor(WASM, &component())]);
    registry.reply("/v2/shop/cart/manifests/v1", Reply::ok(image).for_token("t1", &challenge));
    registry
}

fn bearer(registry: &FakeRegistry) -> String {
    format!(r#"Basic realm="x", Bearer realm="{}",service="fake registry""#, registry.url("/token?a=b"))
}

#[tokio::test]
async fn a_challenge_is_answered_once_for_manifest_and_layer() {
    let registry = guarded(bearer).await;
    registry.reply("/token", Reply::ok(r#"{"access_token":"t1","expires_in":300}"#));
    let reference = registry.reference("shop/cart:v1").parse().unwrap();
    let client = Registry::new(&bounds()).unwrap();
    let resolved = client.resolve(&reference).await.unwrap();
    let wit_sources::images::Resolved::Wasm { layer, .. } = resolved else { panic!("{resolved:?}") };
    // The layer is asked for without a challenge: the token is remembered.
    assert_eq!(client.read(&reference, &layer).await.unwrap(), component());
    let token: Vec<_> = registry.seen().into_iter().filter(|seen| seen.path == "/token").collect();
    assert_eq!(token.len(), 1);
    assert_eq!(token[0].query, "a=b&service=fake+registry&scope=repository%3Ashop%2Fcart%3Apull");
    assert_eq!(registry.count("/blobs/"), 1);
}

#[tokio::test]
async fn a_token_is_taken_under_either_name_or_both() {
    for answer in [
        r#"{"token":"t1"}"#,
        r#"{"access_token":"t1"}"#,
        r#"{"token":"t1","access_token":"t1","expires_in":300}"#,
        r#"{"token":null,"access_token":"t1"}"#,
    ] {
        let registry = guarded(bearer).await;
        registry.reply("/token", Reply::ok(answer));
        let fetched = pull(&registry, "shop/cart:v1").await;
        assert!(matches!(fetched, Ok(Fetched::Wasm { .. })), "{answer}: {fetched:?}");
    }
}

#[tokio::test]
async fn a_token_that_has_ended_is_replaced() {
    let registry = guarded(bearer).await;
    registry.reply("/token", Reply::ok(r#"{"token":"t1","expires_in":0}"#));
    let reference = registry.reference("shop/cart:v1").parse().unwrap();
    let client = Registry::new(&bounds()).unwrap();
    // The layer needs a token of its own when the manifest's has ended.
    let fetched = client.fetch(&reference, Duration::from_secs(20)).await.unwrap();
    assert!(matches!(fetched, Fetched::Wasm { .. }));
    assert_eq!(registry.count("/token"), 2);
}

#[tokio::test]
async fn what_is_no_token_is_unauthorized_or_corrupt() {
    let registry = guarded(bearer).await;
    let huge = format!(r#"{{"token":"{}"}}"#, "t".repeat(1 << 20));
    for (reply, expected) in [
        (Reply::ok(r#"{"token":"another"}"#), "unauthorized"),
        (Reply::ok("{}"), "unauthorized"),
        (Reply::status(401), "unauthorized"),
        (Reply::ok("\"secret\""), "corrupt"),
        (Reply::ok(huge), "too-large"),
    ] {
        registry.reply("/token", reply);
        let (result, message) = refusal(&registry, "shop/cart:v1").await;
        assert_eq!(result, expected, "{message}");
        assert!(!message.contains("secret"), "{message}");
    }
}

#[tokio::test]
async fn a_token_service_is_under_the_rules_of_redirects() {
    for realm in ["http://169.254.169.254/token", "http://10.0.0.1/token", "file:///token"] {
        let registry = guarded(|_| format!(r#"Bearer realm="{realm}""#)).await;
        let (result, message) = refusal(&registry, "shop/cart:v1").await;
        assert_eq!(result, "refused", "{message}");
    }
    for challenge in ["Basic realm=\"x\"", "Bearer realm=\"not a url\"", "Negotiate"] {
        let registry = guarded(|_| challenge.to_owned()).await;
        assert_eq!(refusal(&registry, "shop/cart:v1").await.0, "unauthorized", "{challenge}");
    }
}
