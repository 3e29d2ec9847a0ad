//! When an image is tried again.

use std::time::Duration;

use wit_placement::{ImageReference, Millis, World};
use wit_sources::images::ImageOutcome;

use crate::document::{bounds, component};
use crate::fake_registry::{FakeRegistry, Reply};
use crate::reader::{image, next, start};

#[tokio::test]
async fn what_may_succeed_is_tried_until_it_does() {
    let registry = FakeRegistry::start().await;
    registry.reply("/v2/cart/manifests/v1", Reply::status(503));
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "cart:v1"));
    for _ in 0..2 {
        let message = next(&mut messages).await;
        assert_eq!(message.result, "unavailable");
        let World::Failed { since, definite, message, .. } = message.world(Millis(7)) else {
            panic!("failed")
        };
        assert_eq!((since, definite), (Millis(7), false));
        assert!(message.contains("503") && message.contains("/v2/cart/manifests/v1"), "{message}");
    }
    registry.publish("cart", "v1", &component());
    while next(&mut messages).await.result != "read" {}
    assert_eq!(reader.pending(), 0);
}

#[tokio::test]
async fn a_missing_image_is_definite_and_found_when_it_is_pushed_later() {
    let registry = FakeRegistry::start().await;
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "cart:v1"));
    let message = next(&mut messages).await;
    assert!(matches!(message.outcome, ImageOutcome::Failed { definite: true, .. }), "{message:?}");
    registry.publish("cart", "v1", &component());
    while next(&mut messages).await.result != "read" {}
}

#[tokio::test]
async fn what_is_no_reference_is_said_once() {
    let (reader, mut messages) = start(&bounds());
    reader.request(ImageReference::new("Shop/Cart:"));
    let message = next(&mut messages).await;
    assert_eq!(message.result, "invalid-reference");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(messages.try_recv().is_err());
    assert_eq!(reader.pending(), 0);
}

#[tokio::test]
async fn a_forgotten_image_is_not_tried_again_and_may_be_asked_for_anew() {
    let registry = FakeRegistry::start().await;
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "cart:v1"));
    assert_eq!(next(&mut messages).await.result, "missing");
    reader.forget(&image(&registry, "cart:v1"));
    assert_eq!(reader.pending(), 0);
    registry.publish("cart", "v1", &component());
    reader.request(image(&registry, "cart:v1"));
    while next(&mut messages).await.result != "read" {}
}

#[tokio::test]
async fn a_known_image_may_be_asked_for_again_and_only_its_manifest_is_read() {
    let registry = FakeRegistry::start().await;
    registry.publish("cart", "v1", &component());
    let (reader, mut messages) = start(&bounds());
    for result in ["read", "cached"] {
        reader.request(image(&registry, "cart:v1"));
        assert_eq!(next(&mut messages).await.result, result);
        while reader.pending() > 0 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!((registry.count("/blobs/"), registry.count("/manifests/")), (1, 2));
}
