//! The three listeners: `ops` and `api` open at once, `verbs` when the state can be trusted.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use serde_json::json;
use tokio::task::JoinHandle;
use wit_config::Settings;

use crate::api::{self, Api};
use crate::decisions::Decisions;
use crate::metrics::Metrics;
use crate::ops::{self, Ops};
use crate::owner::StateHandle;
use crate::verbs::{self, Verbs};

/// kube-scheduler's client keeps idle connections for 90 seconds and does not try again when one is closed under it.
const KEEP_ALIVE: Duration = Duration::from_secs(120);
/// Threads per listener.
const WORKERS: usize = 2;

/// A server with its listeners.
pub struct Running {
    /// Where each listener is bound.
    pub addresses: Addresses,
    ready: Arc<AtomicBool>,
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<io::Result<()>>>,
}

/// Where each listener is bound.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Filter and Prioritize.
    pub verbs: SocketAddr,
    /// Metrics and probes.
    pub ops: SocketAddr,
    /// Explain, graph and page.
    pub api: SocketAddr,
}

/// A listener that is bound and served.
struct Listener {
    address: SocketAddr,
    server: Server,
}

/// Opens the listeners of a state; returns when `verbs` is open, which is when the sources are in sync and `settle` has
/// passed: what the scheduler bound shortly before is known by then.
///
/// # Errors
/// Where an address cannot be bound.
pub async fn open(
    settings: &Settings,
    state: StateHandle,
    metrics: Arc<Metrics>,
    settle: Duration,
) -> anyhow::Result<Running> {
    let ready = Arc::new(AtomicBool::new(false));
    let decisions = Arc::new(Decisions::new(settings.explain.max_bytes));
    let drain = settings.startup.drain.as_secs();
    let ops = Ops { state: state.clone(), metrics: Arc::clone(&metrics), ready: Arc::clone(&ready) };
    let ops = Data::new(ops);
    let ops = listen("listeners.ops", settings.listeners.ops, drain, move |config| {
        config.app_data(ops.clone()).configure(ops::routes);
    })?;
    let links = page_links(ops.address);
    let api = Data::new(Api { state: state.clone(), decisions: Arc::clone(&decisions), links });
    let api = listen("listeners.api", settings.listeners.api, drain, move |config| {
        config.app_data(api.clone()).configure(api::routes);
    })?;
    let mut running = Running {
        addresses: Addresses { verbs: settings.listeners.verbs, ops: ops.address, api: api.address },
        ready,
        handles: Vec::new(),
        tasks: Vec::new(),
    };
    running.run(ops.server);
    running.run(api.server);
    tracing::info!(ops = %running.addresses.ops, api = %running.addresses.api, "waiting for the sources");
    state.wait_synced().await?;
    tokio::time::sleep(settle).await;
    let verbs = Data::new(Verbs { state, decisions, metrics });
    let max_body = usize::try_from(settings.requests.max_body_bytes).unwrap_or(usize::MAX);
    let verbs = listen("listeners.verbs", settings.listeners.verbs, drain, move |config| {
        config.app_data(verbs.clone()).app_data(PayloadConfig::new(max_body)).configure(verbs::routes);
    })?;
    running.addresses.verbs = verbs.address;
    running.run(verbs.server);
    running.ready.store(true, Ordering::Release);
    tracing::info!(verbs = %running.addresses.verbs, "ready");
    Ok(running)
}

impl Running {
    fn run(&mut self, server: Server) {
        self.handles.push(server.handle());
        self.tasks.push(tokio::spawn(server));
    }

    /// Stops: not ready first, then requests under way are answered, within the drain time.
    pub async fn stop(self) {
        self.ready.store(false, Ordering::Release);
        // The listener that was opened last, `verbs`, is the first to stop.
        for handle in self.handles.iter().rev() {
            handle.stop(true).await;
        }
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

fn page_links(ops: SocketAddr) -> BTreeMap<String, String> {
    let host = if ops.ip().is_unspecified() { "127.0.0.1".to_owned() } else { ops.ip().to_string() };
    let port = ops.port();
    [("/metrics", "what Prometheus reads"), ("/readyz", "whether the scheduler is answered")]
        .into_iter()
        .map(|(path, what)| (format!("http://{host}:{port}{path}"), what.to_owned()))
        .collect()
}

/// Binds an address and serves routes there.
fn listen(
    setting: &str,
    address: SocketAddr,
    drain: u64,
    routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> anyhow::Result<Listener> {
    let app = move || {
        let routes = routes.clone();
        App::new().configure(move |config| routes(config)).default_service(web::to(not_found))
    };
    let server = HttpServer::new(app)
        .workers(WORKERS)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(drain)
        .disable_signals()
        .bind(address)
        .with_context(|| format!("{setting}: {address} cannot be bound"))?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok(Listener { address, server: server.run() })
}

async fn not_found(request: actix_web::HttpRequest) -> HttpResponse {
    let error = format!("there is no {} {} here", request.method(), request.path());
    HttpResponse::NotFound().json(json!({ "error": error }))
}
