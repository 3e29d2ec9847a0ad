//! Many images at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, channel};
use wit_config::{Images, Reading, Settings};
use wit_graph::{ComponentKind, Digest};
use wit_placement::{ImageReference, Millis, World};
use wit_sources::images::{ImageMessage, ImageOutcome, ImageReader, Registry};

use crate::document::{
    TAR, WASM, bounds, component, component_importing, descriptor, manifest, manifest_with,
};
use crate::fake_registry::{FakeRegistry, Reply};

/// A reader of real registries, and its messages.
pub(crate) fn start(images: &Images) -> (ImageReader, Receiver<ImageMessage>) {
    let reading = Reading {
        retry_initial: Duration::from_millis(20),
        retry_max: Duration::from_millis(80),
        ..Settings::default().reading
    };
    let (sender, receiver) = channel(16);
    let store = Arc::new(Registry::new(images).unwrap());
    (ImageReader::start(store, images, &reading, sender), receiver)
}

/// The image `image` of the registry, as a pod names it.
pub(crate) fn image(registry: &FakeRegistry, image: &str) -> ImageReference {
    ImageReference::new(registry.reference(image))
}

/// The next message.
pub(crate) async fn next(messages: &mut Receiver<ImageMessage>) -> ImageMessage {
    tokio::time::timeout(Duration::from_secs(20), messages.recv())
        .await
        .expect("a message")
        .expect("a reader")
}

#[tokio::test]
async fn a_component_becomes_known() {
    let registry = FakeRegistry::start().await;
    registry.publish("cart", "v1", &component());
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "cart:v1"));
    let message = next(&mut messages).await;
    assert_eq!((message.result, message.bytes), ("read", component().len() as u64));
    assert_eq!(message.reference, image(&registry, "cart:v1"));
    let World::Known(known) = message.world(Millis(7)) else { panic!("{message:?}") };
    assert_eq!((known.kind, known.digest), (ComponentKind::Component, Digest::of(&component())));
    assert_eq!(known.imports[0].name, "acme:shop/quote@0.1.0");
}

#[tokio::test]
async fn an_ordinary_image_is_known_to_be_no_wasm() {
    let registry = FakeRegistry::start().await;
    registry.blob("nginx", br#"{"architecture":"amd64","os":"linux"}"#);
    let config = descriptor("config", br#"{"architecture":"amd64","os":"linux"}"#);
    registry.manifest("nginx", "v1", &manifest_with(&config, &[descriptor(TAR, b"tar")]));
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "nginx:v1"));
    let message = next(&mut messages).await;
    let ImageOutcome::Known(known) = message.outcome else { panic!("{message:?}") };
    assert_eq!((message.result, known.kind), ("not-wasm", ComponentKind::NotWasm));
}

#[tokio::test]
async fn one_layer_of_several_references_is_pulled_once() {
    let registry = FakeRegistry::start().await;
    let mut blob = String::new();
    for tag in 0..6 {
        blob = registry.publish("cart", &tag.to_string(), &component());
    }
    registry.reply(&blob, Reply::ok(component()).after(Duration::from_millis(100)));
    let (reader, mut messages) = start(&bounds());
    for tag in 0..6 {
        reader.request(image(&registry, &format!("cart:{tag}")));
        reader.request(image(&registry, &format!("cart:{tag}")));
    }
    let mut results = Vec::new();
    for _ in 0..6 {
        results.push(next(&mut messages).await.result);
    }
    assert_eq!(results, ["read", "cached", "cached", "cached", "cached", "cached"]);
    assert_eq!((registry.count("/blobs/"), registry.count("/manifests/")), (1, 6));
    assert!(messages.try_recv().is_err());
}

#[tokio::test]
async fn a_registry_that_hangs_delays_no_other() {
    let (hanging, good) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let images = Images { concurrency: 2, timeout: Duration::from_millis(1500), ..bounds() };
    let (reader, mut messages) = start(&images);
    for tag in 0..6 {
        let path = format!("/v2/cart/manifests/{tag}");
        hanging.reply(&path, Reply::ok("{}").after(Duration::from_secs(60)));
        reader.request(image(&hanging, &format!("cart:{tag}")));
    }
    let began = Instant::now();
    for name in ["mail", "pay", "ship"] {
        good.publish(name, "v1", &component_importing(name));
        reader.request(image(&good, &format!("{name}:v1")));
    }
    for _ in 0..3 {
        assert_eq!(next(&mut messages).await.result, "read");
    }
    assert!(began.elapsed() < images.timeout, "{:?}", began.elapsed());
    let timeout = next(&mut messages).await;
    assert_eq!(timeout.result, "timeout");
    assert!(matches!(timeout.outcome, ImageOutcome::Failed { definite: false, .. }));
}

/// How long a good image takes while images of four registries do not come, because of this reply to their manifest or
/// their layer.
async fn meanwhile(hangs: impl Fn(&str) -> (String, Reply)) -> Duration {
    // The time for one image is far beyond the deadline for reading.
    let images = Images { concurrency: 4, timeout: Duration::from_secs(300), ..bounds() };
    let (reader, mut messages) = start(&images);
    let mut hanging = Vec::new();
    for _ in 0..4 {
        let registry = FakeRegistry::start().await;
        for tag in ["a", "b", "c", "d", "e", "f"] {
            let layer = registry.publish("cart", tag, &component_importing(tag));
            let (path, reply) = hangs(tag);
            registry.reply(if path.is_empty() { &layer } else { &path }, reply);
            reader.request(image(&registry, &format!("cart:{tag}")));
        }
        hanging.push(registry);
    }
    while hanging.iter().any(|registry| registry.count("/cart/") < 2) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (good, began) = (FakeRegistry::start().await, Instant::now());
    good.publish("good", "v1", &component());
    reader.request(image(&good, "good:v1"));
    loop {
        let message = next(&mut messages).await;
        if message.reference == image(&good, "good:v1") {
            assert_eq!(message.result, "read");
            return began.elapsed();
        }
    }
}

#[tokio::test]
async fn registries_that_never_answer_take_no_reader() {
    let never = || Reply::ok("{}").after(Duration::from_secs(3600));
    let manifests = meanwhile(|tag| (format!("/v2/cart/manifests/{tag}"), never())).await;
    assert!(manifests < Duration::from_secs(3), "{manifests:?}");
    let layers = meanwhile(|_| (String::new(), never())).await;
    assert!(layers < Duration::from_secs(3), "{layers:?}");
    let bodies = meanwhile(|tag| (String::new(), Reply::ok(component_importing(tag)).silent_after(0))).await;
    assert!(bodies < Duration::from_secs(3), "{bodies:?}");
}

#[tokio::test]
async fn registries_that_fall_silent_give_their_readers_back() {
    let silent = |tag: &str| Reply::ok(component_importing(tag)).silent_after(10);
    let waited = meanwhile(|tag| (String::new(), silent(tag))).await;
    assert!(waited < Duration::from_secs(8), "{waited:?}");
}

#[tokio::test]
async fn a_layer_that_hangs_in_one_registry_is_read_from_another() {
    let (hanging, good) = (FakeRegistry::start().await, FakeRegistry::start().await);
    let blob = hanging.publish("cart", "v1", &component());
    hanging.reply(&blob, Reply::ok(component()).after(Duration::from_secs(60)));
    good.publish("cart", "v1", &component());
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&hanging, "cart:v1"));
    reader.request(image(&good, "cart:v1"));
    assert_eq!(next(&mut messages).await.reference, image(&good, "cart:v1"));
}

#[tokio::test]
async fn bytes_that_are_no_component_have_a_verdict_and_are_not_pulled_again() {
    let registry = FakeRegistry::start().await;
    let broken = &component()[..component().len() - 5];
    registry.manifest("cart", "v1", &manifest(&[descriptor(WASM, broken)]));
    registry.blob("cart", broken);
    let (reader, mut messages) = start(&bounds());
    reader.request(image(&registry, "cart:v1"));
    for _ in 0..2 {
        let message = next(&mut messages).await;
        assert_eq!(message.result, "unreadable");
        assert!(matches!(message.outcome, ImageOutcome::Failed { definite: true, .. }));
    }
    assert_eq!(registry.count("/blobs/"), 1);
}
