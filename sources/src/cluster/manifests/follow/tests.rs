//! A folder that changes, breaks and heals.

use std::fs;

use tempfile::TempDir;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;

use super::*;
use crate::cluster::fake::{show, show_all};

const NOTHING: [Vec<String>; 2] = [const { Vec::new() }; 2];
const EDGE: &str = "{apiVersion: v1, kind: Node, metadata: {name: edge-1}}";

fn deployment(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\n\
         spec: {{replicas: {replicas}, selector: {{}}, template: {{spec: {{containers: [{{name: a, image: a}}]}}}}}}\n"
    )
}

/// A folder with a node and a Deployment of one replica, all of it told.
fn told() -> (TempDir, Followed) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("node.yaml"), EDGE).unwrap();
    fs::write(folder.path().join("cart.yaml"), deployment("cart", 1)).unwrap();
    let mut followed = Followed::default();
    let messages = show_all(&followed.look(folder.path()));
    assert_eq!(messages, ["node edge-1", "workload shop/Deployment/cart x1", "pod shop/cart-0", "synced"]);
    (folder, followed)
}

/// What is told by the next look, and by the one after it.
fn two_looks(followed: &mut Followed, folder: &TempDir) -> [Vec<String>; 2] {
    [(), ()].map(|()| show_all(&followed.look(folder.path())))
}

#[test]
fn what_does_not_change_is_told_once() {
    let (folder, mut followed) = told();
    assert_eq!(two_looks(&mut followed, &folder), NOTHING);
}

#[test]
fn a_change_is_told_as_its_difference_once_it_has_settled() {
    let (folder, mut followed) = told();
    fs::write(folder.path().join("cart.yaml"), deployment("cart", 2)).unwrap();
    let [first, second] = two_looks(&mut followed, &folder);
    assert!(first.is_empty(), "it may still be being written");
    assert_eq!(second, ["workload shop/Deployment/cart x2", "pod shop/cart-1"]);

    fs::remove_file(folder.path().join("cart.yaml")).unwrap();
    fs::remove_file(folder.path().join("node.yaml")).unwrap();
    let expected = [
        "gone pod manifest/shop/cart-0",
        "gone pod manifest/shop/cart-1",
        "gone workload shop/Deployment/cart",
        "gone node edge-1",
    ];
    assert_eq!(two_looks(&mut followed, &folder)[1], expected);
}

#[test]
fn a_folder_that_breaks_keeps_its_last_good_state() {
    let (folder, mut followed) = told();
    let cart = folder.path().join("cart.yaml");
    fs::write(&cart, "kind: [").unwrap();
    fs::write(folder.path().join("mail.yaml"), deployment("mail", 1)).unwrap();
    let broken = &two_looks(&mut followed, &folder)[1];
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].starts_with("warning cart.yaml:1: "), "{broken:?}");
    assert_eq!(two_looks(&mut followed, &folder), NOTHING, "it is said once");

    fs::write(&cart, deployment("cart", 1)).unwrap();
    assert_eq!(
        two_looks(&mut followed, &folder)[1],
        ["workload shop/Deployment/mail x1", "pod shop/mail-0"],
        "what was good all along is not told again"
    );
}

#[test]
fn problems_that_were_there_from_the_start_hold_nothing_back() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("broken.yaml"), "kind: [").unwrap();
    let mut followed = Followed::default();
    let messages = show_all(&followed.look(folder.path()));
    assert!(messages[0].starts_with("warning broken.yaml:1: "), "{messages:?}");
    assert_eq!(messages[1..], ["synced"]);
    fs::write(folder.path().join("node.yaml"), EDGE).unwrap();
    assert_eq!(two_looks(&mut followed, &folder)[1], ["node edge-1"]);
}

#[test]
fn a_folder_that_disappears_is_complained_about_once_and_keeps_its_state() {
    let (folder, mut followed) = told();
    let path = folder.path().to_owned();
    fs::rename(&path, path.with_extension("away")).unwrap();
    let [first, second] = two_looks(&mut followed, &folder);
    assert!(first.len() == 1 && first[0].starts_with("warning "), "{first:?}");
    assert!(second.is_empty());
    fs::rename(path.with_extension("away"), &path).unwrap();
    assert_eq!(two_looks(&mut followed, &folder), NOTHING);
}

#[tokio::test]
async fn a_folder_is_followed_until_nobody_listens() {
    let (folder, _) = told();
    let (sender, mut receiver) = channel(1);
    let handle = follow(folder.path().to_owned(), Duration::from_millis(5), sender);
    let patience = Duration::from_secs(30);
    let mut messages = Vec::new();
    while messages.last().map(String::as_str) != Some("synced") {
        messages.push(show(&timeout(patience, receiver.recv()).await.unwrap().unwrap()));
    }
    assert_eq!(messages.len(), 4);
    fs::write(folder.path().join("mail.yaml"), deployment("mail", 0)).unwrap();
    let message = timeout(patience, receiver.recv()).await.unwrap().unwrap();
    assert_eq!(show(&message), "workload shop/Deployment/mail x0");

    drop(receiver);
    fs::write(folder.path().join("mail.yaml"), deployment("mail", 1)).unwrap();
    timeout(patience, handle.ended()).await.unwrap();
}
