//! Images from a folder.

use std::time::Duration;

use serde_json::{Value, json};
use wit_graph::Digest;
use wit_sources::images::{FetchError, FetchErrorKind, Fetched, ImageStore, Layout};

use crate::document::{
    INDEX, MANIFEST, TAR, WASM, bounds, component, component_importing, descriptor, index, manifest, with,
};
use crate::folder::{Folder, named};

async fn fetch(layout: &Layout, reference: &str) -> Result<Fetched, FetchError> {
    layout.fetch(&reference.parse().unwrap(), Duration::from_secs(20)).await
}

fn bytes(fetched: Result<Fetched, FetchError>) -> Vec<u8> {
    match fetched.unwrap() {
        Fetched::Wasm { bytes, .. } => bytes,
        Fetched::NotWasm { image } => panic!("{image} is not Wasm"),
    }
}

/// Adds an image and gives its entry, still without a name.
fn add(folder: &Folder, component: &[u8]) -> Value {
    folder.blob(component);
    let manifest = manifest(&[descriptor(WASM, component)]);
    folder.blob(&manifest);
    descriptor(MANIFEST, &manifest)
}

fn digest(entry: &Value) -> Digest {
    entry["digest"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_image_is_found_by_its_full_name_its_tag_and_its_digest() {
    let folder = Folder::new();
    let (cart, mail) = (component_importing("cart"), component_importing("mail"));
    let (cart_entry, mail_entry) = (add(&folder, &cart), add(&folder, &mail));
    let pinned = format!("registry.example/any@{}", digest(&mail_entry));
    folder.index(&[
        with(cart_entry, "annotations", named("registry.example/shop/cart:v1")),
        with(mail_entry, "annotations", named("v2")),
    ]);
    let layout = folder.open();
    assert_eq!(bytes(fetch(&layout, "registry.example/shop/cart:v1").await), cart);
    assert_eq!(bytes(fetch(&layout, "registry.example/shop/mail:v2").await), mail);
    assert_eq!(bytes(fetch(&layout, &pinned).await), mail);
}

#[tokio::test]
async fn an_image_that_is_added_later_is_found_and_one_that_is_not_there_is_named() {
    let folder = Folder::new();
    let layout = folder.open();
    let error = fetch(&layout, "shop/cart").await.unwrap_err();
    assert_eq!((error.result(), error.is_definite()), ("missing", true));
    assert!(error.to_string().contains("docker.io/shop/cart:latest"), "{error}");
    assert!(error.to_string().contains("index.json"), "{error}");
    let entry = add(&folder, &component());
    folder.index(&[with(
        entry,
        "annotations",
        json!({"io.containerd.image.name": "docker.io/shop/cart:latest"}),
    )]);
    assert_eq!(bytes(fetch(&layout, "shop/cart").await), component());
}

#[tokio::test]
async fn nested_indexes_are_searched_and_their_wasm_platform_is_taken() {
    let folder = Folder::new();
    let linux = manifest(&[descriptor(TAR, b"tar")]);
    folder.blob(&linux);
    let platform = |architecture: &str| json!({"architecture": architecture, "os": "any"});
    let image = index(&[
        with(descriptor(MANIFEST, &linux), "platform", platform("amd64")),
        with(add(&folder, &component()), "platform", platform("wasm")),
    ]);
    folder.blob(&image);
    let names = index(&[with(descriptor(INDEX, &image), "annotations", named("shop/cart:v1"))]);
    folder.blob(&names);
    folder.index(&[descriptor(INDEX, &names)]);
    assert_eq!(bytes(fetch(&folder.open(), "shop/cart:v1").await), component());
}

#[tokio::test]
async fn indexes_that_lie_in_each_other_without_end_are_refused() {
    let folder = Folder::new();
    let mut top = add(&folder, &component());
    for _ in 0..8 {
        let outer = index(&[top]);
        folder.blob(&outer);
        top = descriptor(INDEX, &outer);
    }
    folder.index(&[with(top, "annotations", named("shop/cart:v1"))]);
    let error = fetch(&folder.open(), "shop/cart:v1").await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn changed_missing_and_too_large_blobs_are_refused_with_their_path() {
    let folder = Folder::new();
    let layer = component();
    let entry = add(&folder, &layer);
    folder.index(&[with(entry, "annotations", named("shop/cart:v1"))]);
    let layout = folder.open();
    let path = folder.blob_path(Digest::of(&layer));
    let check = async |kind| {
        let error = fetch(&layout, "shop/cart:v1").await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(path.to_str().unwrap()), "{error}");
    };
    let mut changed = layer.clone();
    changed[20] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    check(FetchErrorKind::Corrupt).await;
    std::fs::write(&path, &layer[1..]).unwrap();
    check(FetchErrorKind::Corrupt).await;
    std::fs::write(&path, [&layer[..], &[0]].concat()).unwrap();
    check(FetchErrorKind::Corrupt).await;
    std::fs::remove_file(&path).unwrap();
    check(FetchErrorKind::Missing).await;
    std::fs::create_dir(&path).unwrap();
    check(FetchErrorKind::Corrupt).await;
}

#[tokio::test]
async fn an_index_of_any_length_is_refused_before_it_is_read() {
    let folder = Folder::new();
    let layout = folder.open();
    std::fs::write(folder.path("index.json"), vec![b' '; 17 << 10]).unwrap();
    let error = fetch(&layout, "shop/cart").await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::TooLarge);
    assert!(error.to_string().contains("images.maxManifestBytes"), "{error}");
}

#[tokio::test]
async fn an_ordinary_image_is_not_wasm_and_its_layers_need_not_be_there() {
    let folder = Folder::new();
    let config = br#"{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]}}"#;
    folder.blob(config);
    let config = descriptor("application/vnd.oci.image.config.v1+json", config);
    let image = crate::document::manifest_with(&config, &[descriptor(TAR, b"tar")]);
    folder.blob(&image);
    folder.index(&[with(descriptor(MANIFEST, &image), "annotations", named("nginx"))]);
    let fetched = fetch(&folder.open(), "nginx").await.unwrap();
    assert_eq!(fetched, Fetched::NotWasm { image: Digest::of(&image) });
}

#[test]
fn a_folder_that_is_no_layout_is_refused_at_once() {
    let folder = Folder::new();
    let open = || Layout::open(folder.path(""), &bounds()).unwrap_err();
    std::fs::write(folder.path("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    assert_eq!(open().kind(), FetchErrorKind::Unsupported);
    std::fs::write(folder.path("oci-layout"), "nothing").unwrap();
    assert_eq!(open().kind(), FetchErrorKind::Corrupt);
    std::fs::remove_file(folder.path("oci-layout")).unwrap();
    let error = open();
    assert!(error.kind() == FetchErrorKind::Missing && error.to_string().contains("oci-layout"), "{error}");
}
