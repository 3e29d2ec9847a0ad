//! The patch, and what the API server may say to it.

use serde_json::{Value, json};

use super::*;
use crate::cluster::fake::{Answer, FakeApi, pod};

const PATH: &str = "/api/v1/namespaces/shop/pods/cart-0/status";

async fn woken(answer: Answer) -> (Result<WakeOutcome, WakeError>, FakeApi) {
    let api = FakeApi::default();
    api.on(PATH, [answer]);
    let (pod, uid) = (PodKey::new("shop", "cart-0"), PodUid::new("u-cart-0"));
    let outcome = wake(&api.client(), &pod, &uid, "Known", "its world is known", true).await;
    (outcome, api)
}

#[tokio::test]
async fn the_condition_is_merged_into_the_status_of_this_very_pod() {
    let (outcome, api) = woken(Answer::Json(200, pod("cart-0"))).await;
    assert_eq!(outcome.unwrap(), WakeOutcome::Woken);
    assert_eq!(api.requests(), [format!("PATCH {PATH}?&fieldManager=wit-placement")]);
    let mut body = api.bodies().remove(0);
    let time = body["status"]["conditions"][0]["lastTransitionTime"].take();
    assert!(time.as_str().unwrap().parse::<Timestamp>().is_ok(), "{time}");
    let message = body["status"]["conditions"][0]["message"].take();
    assert!(message.as_str().unwrap().starts_with("its world is known (at "), "{message}");
    let condition = json!({
        "type": "wit-placement.dev/WorldRead", "status": "True", "reason": "Known",
        "message": Value::Null, "lastTransitionTime": Value::Null,
    });
    assert_eq!(body, json!({ "metadata": { "uid": "u-cart-0" }, "status": { "conditions": [condition] } }));
}

#[tokio::test]
async fn a_second_wake_within_one_second_still_changes_the_pod() {
    let api = FakeApi::default();
    api.on(PATH, [(); 2].map(|()| Answer::Json(200, pod("cart-0"))));
    let (pod, uid) = (PodKey::new("shop", "cart-0"), PodUid::new("u-cart-0"));
    for _ in 0..2 {
        wake(&api.client(), &pod, &uid, "Known", "its world is known", true).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let kept = api.bodies().into_iter().map(|mut body| {
        let condition = &mut body["status"]["conditions"][0];
        // As the API server does: whole seconds.
        condition["lastTransitionTime"] = Value::Null;
        let message = condition["message"].as_str().unwrap();
        let time = message.strip_prefix("its world is known (at ").unwrap().strip_suffix(" UTC)").unwrap();
        assert_eq!(time.len(), "12:03:04.123456".len(), "{message}");
        body
    });
    let kept: Vec<_> = kept.collect();
    assert_ne!(kept[0], kept[1]);
}

#[tokio::test]
async fn a_pod_that_is_gone_or_replaced_is_gone() {
    let answers = [
        Answer::status(404, "NotFound", "pods \"cart-0\" not found"),
        Answer::status(
            422,
            "Invalid",
            "Pod \"cart-0\" is invalid: metadata.uid: Invalid value: \"u\": field is immutable",
        ),
        Answer::status(409, "Conflict", "Precondition failed: UID in precondition: u, UID in object meta: v"),
    ];
    for answer in answers {
        let said = format!("{answer:?}");
        assert_eq!(woken(answer).await.0.unwrap(), WakeOutcome::Gone, "{said}");
    }
}

#[tokio::test]
async fn other_refusals_are_errors_that_say_whether_it_is_our_right() {
    let (forbidden, _) = woken(Answer::status(403, "Forbidden", "pods/status is forbidden")).await;
    let forbidden = forbidden.unwrap_err();
    assert!(forbidden.is_forbidden());
    assert_eq!(
        forbidden.to_string(),
        "condition wit-placement.dev/WorldRead of pod shop/cart-0 could not be written"
    );
    let invalid = Answer::status(422, "Invalid", "status.conditions[0].reason: Invalid value");
    assert!(!woken(invalid).await.0.unwrap_err().is_forbidden());
    let conflict = Answer::status(409, "Conflict", "the object has been modified");
    assert!(woken(conflict).await.0.is_err());
}
