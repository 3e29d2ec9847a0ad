//! Where a registry may send us.

use crate::document::component;
use crate::fake_registry::{FakeRegistry, Reply};
use crate::pulls::{pull, refusal};

#[tokio::test]
async fn a_blob_may_lie_elsewhere_in_the_same_zone() {
    let (registry, storage) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let blob = registry.publish("cart", "v1", &component());
    registry.reply(&blob, Reply::redirect(&storage.url("/store/1?signature=secret")));
    storage.reply("/store/1", Reply::redirect("2"));
    storage.reply("/store/2", Reply::ok(component()));
    pull(&registry, "cart:v1").await.unwrap();
    assert_eq!(storage.seen()[0].query, "signature=secret");
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_more() {
    let registry = FakeRegistry::start().await;
    let blob = registry.publish("cart", "v1", &component());
    registry.reply(&blob, Reply::redirect("/1"));
    registry.reply("/1", Reply::redirect("/2"));
    registry.reply("/2", Reply::redirect("/3"));
    registry.reply("/3", Reply::ok(component()));
    pull(&registry, "cart:v1").await.unwrap();
    registry.reply("/3", Reply::redirect("/4"));
    registry.reply("/4", Reply::ok(component()));
    let (result, message) = refusal(&registry, "cart:v1").await;
    assert_eq!(result, "refused");
    assert!(message.contains("more than 3 times"), "{message}");
    assert_eq!(registry.count("/4"), 0);
}

#[tokio::test]
async fn other_zones_schemes_and_users_are_refused_and_no_signature_is_shown() {
    let registry = FakeRegistry::start().await;
    let blob = registry.publish("cart", "v1", &component());
    for target in [
        "http://10.0.0.1/blob?signature=secret",
        "http://169.254.169.254/latest/meta-data?signature=secret",
        "http://[fe80::1]/blob",
        "http://user:secret@127.0.0.1/blob",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://:/",
    ] {
        registry.reply(&blob, Reply::redirect(target));
        let (result, message) = refusal(&registry, "cart:v1").await;
        assert_eq!(result, "refused", "{target}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    registry.reply(&blob, Reply::status(307));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "refused");
}

#[tokio::test]
async fn authorization_stays_with_the_registry_that_asked_for_it() {
    let (registry, storage) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let blob = registry.publish("cart", "v1", &component());
    let challenge = format!(r#"Bearer realm="{}",service="s""#, registry.url("/token"));
    registry.reply("/token", Reply::ok(r#"{"token":"mine"}"#));
    registry.reply(&blob, Reply::redirect(&storage.url("/blob")).for_token("mine", &challenge));
    storage.reply("/blob", Reply::ok(component()));
    pull(&registry, "cart:v1").await.unwrap();
    assert_eq!(storage.seen()[0].authorization, None);
    assert!(registry.seen().iter().any(|seen| seen.authorization.as_deref() == Some("Bearer mine")));
}

#[tokio::test]
async fn a_challenge_from_elsewhere_is_not_answered() {
    let (registry, storage) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let blob = registry.publish("cart", "v1", &component());
    registry.reply(&blob, Reply::redirect(&storage.url("/blob")));
    let challenge = format!(r#"Bearer realm="{}""#, storage.url("/token"));
    storage.reply("/blob", Reply::ok(component()).for_token("any", &challenge));
    assert_eq!(refusal(&registry, "cart:v1").await.0, "unauthorized");
    assert_eq!(storage.count("/token"), 0);
}
