//! The null extender: the least that any extender on this stack does.
//!
//! One pass over the body with borrowed names, the pod left undecoded; Filter echoes the names, Prioritize scores zero.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::header::ContentType;
use actix_web::web::{self, Bytes, PayloadConfig};
use actix_web::{App, HttpResponse, HttpServer, error};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Args<'a> {
    #[serde(borrow, rename = "Pod")]
    _pod: &'a RawValue,
    #[serde(borrow)]
    node_names: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filtered<'a> {
    nodes: Option<()>,
    node_names: &'a [&'a str],
    failed_nodes: Empty,
    failed_and_unresolvable_nodes: Empty,
    error: &'static str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Priority<'a> {
    host: &'a str,
    score: u8,
}

/// Serves the null extender on a free loopback port; workers and keep-alive are those of our listeners.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    let app = || {
        let routes = |config: &mut web::ServiceConfig| {
            config
                .route("/v1/filter", web::post().to(filter))
                .route("/v1/prioritize", web::post().to(prioritize));
        };
        App::new().app_data(PayloadConfig::new(64 << 20)).configure(routes)
    };
    let server = HttpServer::new(app)
        .workers(2)
        .keep_alive(Duration::from_secs(120))
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().copied().ok_or_else(|| anyhow::anyhow!("no address is bound"))?;
    tokio::spawn(server.run());
    Ok(address)
}

async fn filter(body: Bytes) -> actix_web::Result<HttpResponse> {
    let args: Args<'_> = serde_json::from_slice(&body).map_err(error::ErrorBadRequest)?;
    reply(&Filtered {
        nodes: None,
        node_names: &args.node_names,
        failed_nodes: Empty {},
        failed_and_unresolvable_nodes: Empty {},
        error: "",
    })
}

async fn prioritize(body: Bytes) -> actix_web::Result<HttpResponse> {
    let args: Args<'_> = serde_json::from_slice(&body).map_err(error::ErrorBadRequest)?;
    let scores: Vec<_> = args.node_names.iter().map(|host| Priority { host, score: 0 }).collect();
    reply(&scores)
}

fn reply(value: &impl Serialize) -> actix_web::Result<HttpResponse> {
    let body = serde_json::to_vec(value).map_err(error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(body))
}
