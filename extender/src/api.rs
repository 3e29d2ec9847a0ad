//! What people and their tools ask: why a pod is where it is, and who needs whom. On loopback only.

pub mod explanation;
pub mod graph;
mod page;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::error::InternalError;
use actix_web::http::header::ContentType;
use actix_web::web::{Data, Query, QueryConfig};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use wit_placement::{NodeName, PodKey};

use crate::decisions::Decisions;
use crate::owner::StateHandle;

pub use self::explanation::Explanation;
pub use self::graph::Graph;

/// The version of every JSON document.
pub const API_VERSION: &str = "wit-placement.dev/v1alpha1";

/// What the API works with.
#[derive(Debug)]
pub struct Api {
    /// The state.
    pub state: StateHandle,
    /// The latest decisions.
    pub decisions: Arc<Decisions>,
    /// What the page says about how this server is fed.
    pub links: BTreeMap<String, String>,
}

/// The parameters of `/v1/explain`.
#[derive(Debug, Deserialize)]
struct ExplainQuery {
    pod: String,
    node: Option<String>,
}

/// The routes of the API.
pub fn routes(config: &mut web::ServiceConfig) {
    let in_json = QueryConfig::default().error_handler(|error, _| {
        let body = json!({ "error": format!("{error}; ask for /v1/explain?pod=NAMESPACE/POD") });
        InternalError::from_response(error, HttpResponse::BadRequest().json(body)).into()
    });
    config
        .app_data(in_json)
        .route("/", web::get().to(front))
        .route("/v1/explain", web::get().to(explain))
        .route("/v1/graph", web::get().to(show_graph));
}

async fn front(api: Data<Api>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page::render(&api.state, &api.links))
}

async fn explain(query: Query<ExplainQuery>, api: Data<Api>) -> HttpResponse {
    let Some((namespace, name)) = query.pod.split_once('/') else {
        return HttpResponse::BadRequest()
            .json(json!({ "error": format!("`pod={}` is not NAMESPACE/POD", query.pod) }));
    };
    let (snapshot, now) = (api.state.snapshot(), api.state.now());
    let key = PodKey::new(namespace, name);
    let node = query.node.as_ref().map(|node| NodeName::new(node.as_str()));
    let known = snapshot.state.pod(&key).map(|pod| &pod.uid);
    // A pod that was created again under its old name has its own decisions.
    let decision =
        api.decisions.get(&key).filter(|decision| known.is_none_or(|uid| *uid == decision.pod.uid));
    match explanation::explain(&snapshot.state, &key, node.as_ref(), decision.as_deref(), now) {
        Ok(explanation) => HttpResponse::Ok().json(explanation),
        Err(error) => HttpResponse::NotFound().json(json!({ "error": error.to_string() })),
    }
}

async fn show_graph(api: Data<Api>) -> HttpResponse {
    HttpResponse::Ok().json(graph::graph(&api.state.snapshot().state))
}
