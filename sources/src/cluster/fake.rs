//! A fake API server by scenario: each path answers its requests in turn, and stays silent when it has nothing more to
//! say.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::client::Body;
use serde_json::{Value, json};
use wit_placement::Event;

use super::ClusterMessage;

/// What the server answers to one request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A watch that sends these events and ends.
    Watch(Vec<Value>),
    /// One JSON document.
    Json(u16, Value),
}

/// A fake API server.
#[derive(Clone, Default)]
pub(super) struct FakeApi {
    scenario: Arc<Mutex<Scenario>>,
}

#[derive(Default)]
struct Scenario {
    answers: HashMap<String, VecDeque<Answer>>,
    requests: Vec<String>,
    bodies: Vec<Value>,
}

/// The collections that the watch reads.
pub(super) const COLLECTIONS: [&str; 8] = [
    "/api/v1/nodes",
    "/api/v1/pods",
    "/apis/node.k8s.io/v1/runtimeclasses",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/replicasets",
    "/apis/batch/v1/jobs",
];

impl FakeApi {
    /// A server whose collections are all empty, streamed.
    pub(super) fn empty() -> Self {
        let api = Self::default();
        for path in COLLECTIONS {
            api.on(path, [Answer::Watch(vec![listed()])]);
        }
        api
    }

    /// From now on this path answers so.
    pub(super) fn on(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.scenario.lock().unwrap().answers.insert(path.to_owned(), answers.into_iter().collect());
    }

    /// The requests so far, as `METHOD path?query`.
    pub(super) fn requests(&self) -> Vec<String> {
        self.scenario.lock().unwrap().requests.clone()
    }

    /// The JSON bodies of the requests so far.
    pub(super) fn bodies(&self) -> Vec<Value> {
        self.scenario.lock().unwrap().bodies.clone()
    }

    pub(super) fn client(&self) -> kube::Client {
        let api = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let api = api.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect_bytes().await.unwrap();
                match api.answer(&head, &body) {
                    Some(answer) => Ok::<_, Infallible>(answer.response()),
                    None => std::future::pending().await,
                }
            }
        });
        kube::Client::new(service, "default")
    }

    fn answer(&self, head: &http::request::Parts, body: &[u8]) -> Option<Answer> {
        let mut scenario = self.scenario.lock().unwrap();
        scenario.requests.push(format!("{} {}", head.method, head.uri));
        scenario.bodies.extend(serde_json::from_slice::<Value>(body).ok());
        scenario.answers.get_mut(head.uri.path())?.pop_front()
    }
}

impl Answer {
    /// A failure as the API server words it.
    pub(super) fn status(code: u16, reason: &str, message: &str) -> Self {
        Self::Json(
            code,
            json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message }),
        )
    }

    fn response(self) -> Response<Body> {
        let (code, text) = match self {
            Self::Watch(events) => (200, events.iter().map(|event| event.to_string() + "\n").collect()),
            Self::Json(code, value) => (code, value.to_string()),
        };
        Response::builder().status(code).body(Body::from(text.into_bytes())).unwrap()
    }
}

/// The bookmark that ends a streamed list.
pub(super) fn listed() -> Value {
    json!({ "type": "BOOKMARK", "object": {
        "apiVersion": "v1", "kind": "Any",
        "metadata": { "resourceVersion": "10", "annotations": { "k8s.io/initial-events-end": "true" } },
    }})
}

/// An event about an object.
pub(super) fn event(kind: &str, object: &Value) -> Value {
    json!({ "type": kind, "object": object })
}

/// A pod `shop/NAME` with the UID `u-NAME`.
pub(super) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": "shop", "uid": format!("u-{name}"), "resourceVersion": "11" },
        "spec": { "containers": [{ "name": "main", "image": "shop/cart:1" }] },
    })
}

/// A message in one line.
pub(super) fn show(message: &ClusterMessage) -> String {
    match message {
        ClusterMessage::Synced => "synced".to_owned(),
        ClusterMessage::Warning { object, message } => format!("warning {object}: {message}"),
        ClusterMessage::Event(event) => show_event(event),
    }
}

fn show_event(event: &Event) -> String {
    match event {
        Event::Node(node) => format!("node {}", node.name),
        Event::NodeGone(name) => format!("gone node {name}"),
        Event::RuntimeClass(class) => format!("class {}", class.name),
        Event::RuntimeClassGone(name) => format!("gone class {name}"),
        Event::Workload(workload) => format!("workload {} x{}", workload.key, workload.replicas),
        Event::WorkloadGone(key) => format!("gone workload {key}"),
        Event::Pod(pod) => format!("pod {}", pod.key),
        Event::PodGone(uid) => format!("gone pod {}", uid.0),
        Event::World(image, _) => format!("world {image}"),
    }
}

/// Several messages, a line each.
pub(super) fn show_all(messages: &[ClusterMessage]) -> Vec<String> {
    messages.iter().map(show).collect()
}
