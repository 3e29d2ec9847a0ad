//! What the kubelet and Prometheus ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpResponse, web};

use crate::metrics::Metrics;
use crate::owner::StateHandle;

/// What `/metrics`, `/livez` and `/readyz` work with.
#[derive(Debug)]
pub struct Ops {
    /// The state.
    pub state: StateHandle,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether `verbs` is open.
    pub ready: Arc<AtomicBool>,
}

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/metrics", web::get().to(metrics))
        .route("/livez", web::get().to(livez))
        .route("/readyz", web::get().to(readyz));
}

async fn metrics(ops: Data<Ops>) -> HttpResponse {
    let snapshot = ops.state.snapshot();
    match ops.metrics.render(&snapshot.state, snapshot.published, ops.state.now()) {
        Ok(page) => HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(page),
        Err(error) => {
            HttpResponse::InternalServerError().content_type(ContentType::plaintext()).body(error.to_string())
        }
    }
}

async fn livez(ops: Data<Ops>) -> HttpResponse {
    if ops.state.is_alive() {
        HttpResponse::Ok().body("ok\n")
    } else {
        HttpResponse::ServiceUnavailable().body("the owner of the state has ended\n")
    }
}

async fn readyz(ops: Data<Ops>) -> HttpResponse {
    if ops.ready.load(Ordering::Acquire) {
        HttpResponse::Ok().body("ok\n")
    } else if ops.state.is_synced() {
        HttpResponse::ServiceUnavailable().body("settling, or shutting down\n")
    } else {
        HttpResponse::ServiceUnavailable().body("the watches are not in sync yet\n")
    }
}
