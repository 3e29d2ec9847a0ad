//! An extender in the test process that answers as it is told and remembers what it was asked.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Instant;

use actix_web::dev::ServerHandle;
use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// How long kube-scheduler keeps an idle connection is 90 s; a server that closes earlier breaks requests.
const KEEP_ALIVE_SECONDS: u64 = 120;
const MAX_BODY_BYTES: usize = 64 << 20;

/// What an extender answers: a function of the verb (`filter`, `prioritize`, `preempt`) and the request's JSON.
pub type Answers = Box<dyn Fn(&str, &Value) -> Value + Send + Sync>;

/// One request, as it came.
#[derive(Debug, Clone)]
pub struct RecordedCall {
    /// The last part of the URL.
    pub verb: String,
    /// The body.
    pub body: Value,
    /// The body as it came, keys in the sender's order.
    pub raw: String,
    /// When it came.
    pub at: Instant,
}

impl RecordedCall {
    /// `namespace/name` of the pod that it was about.
    pub fn pod(&self) -> String {
        let text = |pointer| self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        format!("{}/{}", text("/Pod/metadata/namespace"), text("/Pod/metadata/name"))
    }

    /// The candidate nodes' names.
    pub fn node_names(&self) -> Vec<&str> {
        node_names(&self.body)
    }
}

/// The running server. Dropping it stops it.
pub struct RecordingExtender {
    state: Arc<State>,
    port: u16,
    handle: ServerHandle,
}

struct State {
    answers: Mutex<Arc<Answers>>,
    calls: Mutex<Vec<RecordedCall>>,
}

impl std::fmt::Debug for RecordingExtender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RecordingExtender").field("port", &self.port).finish_non_exhaustive()
    }
}

impl RecordingExtender {
    /// Starts an extender that wants nothing: every node passes, every score is zero.
    pub fn start() -> Result<Self> {
        Self::start_with(want_nothing())
    }

    /// Starts an extender with answers of its own.
    pub fn start_with(answers: Answers) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on loopback")?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State { answers: Mutex::new(Arc::new(answers)), calls: Mutex::new(Vec::new()) });
        let (started, handle) = mpsc::channel();
        let served = Arc::clone(&state);
        // A runtime of its own: it answers even while a test blocks or between tests.
        std::thread::spawn(move || System::new().block_on(serve(listener, served, started)));
        let handle = handle.recv().context("the server did not start")??;
        Ok(Self { state, port, handle })
    }

    /// What kube-scheduler's `urlPrefix` is.
    pub fn url_prefix(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Answers differently from now on.
    pub fn answer(&self, answers: Answers) {
        *lock(&self.state.answers) = Arc::new(answers);
    }

    /// All calls so far, oldest first.
    pub fn calls(&self) -> Vec<RecordedCall> {
        lock(&self.state.calls).clone()
    }

    /// The calls of one verb so far, oldest first.
    pub fn calls_of(&self, verb: &str) -> Vec<RecordedCall> {
        lock(&self.state.calls).iter().filter(|call| call.verb == verb).cloned().collect()
    }
}

impl Drop for RecordingExtender {
    fn drop(&mut self) {
        // The server's own runtime carries the stop out; nobody needs to wait for it.
        drop(self.handle.stop(false));
    }
}

/// Every node passes, no scores, nobody's victims changed.
pub fn want_nothing() -> Answers {
    Box::new(|verb, body| match verb {
        "filter" => pass(&node_names(body)),
        "prioritize" => json!([]),
        _ => json!({"NodeNameToMetaVictims": body.get("NodeNameToMetaVictims")}),
    })
}

/// A filter's reply that lets some nodes pass and says nothing of the others.
pub fn pass(nodes: &[&str]) -> Value {
    json!({"Nodes": null, "NodeNames": nodes, "FailedNodes": {}, "FailedAndUnresolvableNodes": {}, "Error": ""})
}

/// A filter's reply that refuses all nodes of a request with one reason, as `FailedNodes`.
pub fn refuse(body: &Value, reason: &str) -> Value {
    let failed: serde_json::Map<String, Value> =
        node_names(body).iter().map(|&node| (node.to_owned(), json!(reason))).collect();
    json!({"Nodes": null, "NodeNames": [], "FailedNodes": failed, "FailedAndUnresolvableNodes": {}, "Error": ""})
}

/// The candidate nodes' names in a request.
pub fn node_names(body: &Value) -> Vec<&str> {
    let names = body.get("NodeNames").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    started: mpsc::Sender<std::io::Result<ServerHandle>>,
) {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&state)))
            .app_data(web::PayloadConfig::new(MAX_BODY_BYTES))
            .route("/v1/{verb}", web::post().to(answer_call))
    })
    .workers(1)
    .keep_alive(std::time::Duration::from_secs(KEEP_ALIVE_SECONDS))
    .disable_signals()
    .listen(listener);
    match server {
        Ok(server) => {
            let server = server.run();
            let _test_gone = started.send(Ok(server.handle()));
            let _stopped = server.await;
        }
        Err(error) => {
            let _test_gone = started.send(Err(error));
        }
    }
}

async fn answer_call(verb: web::Path<String>, body: web::Bytes, state: web::Data<State>) -> HttpResponse {
    let verb = verb.into_inner();
    let raw = String::from_utf8_lossy(&body).into_owned();
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return HttpResponse::BadRequest().body("not JSON");
    };
    let answers = Arc::clone(&lock(&state.answers));
    let answer = answers(&verb, &body);
    lock(&state.calls).push(RecordedCall { verb, body, raw, at: Instant::now() });
    HttpResponse::Ok().json(answer)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
