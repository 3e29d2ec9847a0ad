//! `wit-extender demo`: the main job on one machine.
//!
//! The server that runs in a cluster is started, fed from folders. A model of kube-scheduler
//! ([`wit_placement::kube_scheduler`]) puts every pending pod through its own filters, then through ours over HTTP, and
//! writes its choice to the state. The same pods are then placed without us.

mod over_http;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::runtime::Handle;
use wit_config::{Mode, Settings};
use wit_placement::kube_scheduler::report::{Report, text};
use wit_placement::kube_scheduler::{Attempt, NoExtender, Scheduler};
use wit_placement::{Affinity, ClusterState, Event, World};
use wit_sources::cluster::manifests::Manifests;

use self::over_http::OverHttp;
use super::serve::{Serving, Stop, start};
use super::{json, print, settings};
use crate::cli::{DemoArguments, Output};
use crate::feed::ClusterSource;
use crate::owner::StateHandle;
use crate::shop::Shop;
use crate::telemetry;

/// How long images may take to be read before pods are placed all the same.
const READING: Duration = Duration::from_secs(30);

/// Where the demo's facts come from.
struct Folders {
    manifests: PathBuf,
    images: PathBuf,
    /// Keeps the bundled shop's folders.
    _shop: Option<Shop>,
}

/// What came out of the run.
struct Outcome {
    attempts: Vec<Attempt>,
    steered: Affinity,
    default: Affinity,
    report: Report,
}

/// Places the pending pods and shows what came of it.
///
/// # Errors
/// Where the folders cannot be read or an address cannot be bound.
pub fn run(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let defaults = Settings { mode: Mode::Steer, ..quiet(arguments.once) };
    let settings = settings(&arguments.settings, defaults)?;
    telemetry::init(&settings.log)?;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folders = folders(arguments)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(demonstrate(arguments, &settings, &folders))
}

/// The demo's own defaults: little logging; free ports where nobody is to open a page afterwards.
fn quiet(once: bool) -> Settings {
    let mut settings = Settings::default();
    settings.log.filter = "warn".into();
    settings.listeners.ops.set_ip([127, 0, 0, 1].into());
    if once {
        let listeners = &mut settings.listeners;
        for listener in [&mut listeners.verbs, &mut listeners.ops, &mut listeners.api] {
            listener.set_port(0);
        }
    }
    settings
}

fn folders(arguments: &DemoArguments) -> anyhow::Result<Folders> {
    match (&arguments.folders.manifests, &arguments.folders.images) {
        (Some(manifests), Some(images)) => {
            Ok(Folders { manifests: manifests.clone(), images: images.clone(), _shop: None })
        }
        (None, None) => {
            let shop = Shop::unpack().context("the bundled shop cannot be unpacked")?;
            Ok(Folders { manifests: shop.manifests(), images: shop.images(), _shop: Some(shop) })
        }
        _ => bail!("--manifests and --images go together; without both, the bundled shop is placed"),
    }
}

async fn demonstrate(
    arguments: &DemoArguments,
    settings: &Settings,
    folders: &Folders,
) -> anyhow::Result<ExitCode> {
    let mut stop = Stop::new()?;
    let manifests = Manifests::read(&folders.manifests)?;
    for problem in &manifests.problems {
        tracing::warn!("{problem}");
    }
    let source = ClusterSource::Manifests(folders.manifests.clone());
    let serving = start(settings, source, Some(folders.images.clone()), Duration::ZERO).await?;
    wait_until_read(&serving.state).await;
    let outcome = place(arguments.output, settings, &manifests, &serving).await?;
    print(&match arguments.output {
        Output::Json => json(&outcome.report)?,
        Output::Text => summary(&outcome),
    })?;
    if arguments.once {
        serving.server.stop().await;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.output == Output::Text {
        print(&addresses(&serving, &outcome))?;
    }
    serving.until(&mut stop).await
}

/// Waits until no image is being read any more.
async fn wait_until_read(state: &StateHandle) {
    let all_read = async {
        while state.snapshot().state.worlds().any(|(_, world)| matches!(world, World::Reading { .. })) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(READING, all_read).await.is_err() {
        tracing::warn!("some images are still being read; pods that use them are refused for now");
    }
}

/// Lets the model of kube-scheduler place all pending pods, with us and without.
async fn place(
    output: Output,
    settings: &Settings,
    manifests: &Manifests,
    serving: &Serving,
) -> anyhow::Result<Outcome> {
    let scheduler = scheduler(settings, manifests, &serving.state)?;
    let mut without = scheduler.clone();
    let extender = OverHttp {
        client: reqwest::Client::builder().build()?,
        url: format!("http://{}/v1", serving.server.addresses.verbs),
        state: serving.state.clone(),
        runtime: Handle::current(),
    };
    let (with, attempts) =
        tokio::task::spawn_blocking(move || steered(scheduler, extender, output)).await??;
    let Ok(_) = without.run(&mut NoExtender, &mut |_| {});
    let now = serving.state.now();
    let (steered, default) = (with.cache().affinity(now), without.cache().affinity(now));
    let report = Report::new(with.cache(), &attempts, &steered, &default);
    Ok(Outcome { attempts, steered, default, report })
}

/// kube-scheduler with the folder's cluster in its cache and the pending pods in its queue. That it knows worlds serves
/// only to say afterwards which pods cannot run where they are.
fn scheduler(settings: &Settings, manifests: &Manifests, state: &StateHandle) -> anyhow::Result<Scheduler> {
    let mut scheduler = Scheduler::new(ClusterState::new(settings.clone())?, settings.scheduler.weight);
    let (now, snapshot) = (state.now(), state.snapshot());
    for event in manifests.events() {
        scheduler.apply(event, now);
    }
    for (image, world) in snapshot.state.worlds() {
        scheduler.apply(Event::World(image.clone(), world.clone()), now);
    }
    Ok(scheduler)
}

fn steered(
    mut scheduler: Scheduler,
    mut extender: OverHttp,
    output: Output,
) -> anyhow::Result<(Scheduler, Vec<Attempt>)> {
    let pods: Vec<_> = scheduler.cache().pods().map(|pod| pod.key.clone()).collect();
    let nodes: Vec<_> = scheduler.cache().nodes().map(|(_, node)| node.name().clone()).collect();
    let table = text::Table::new(&pods, &nodes);
    let reference = scheduler.cache().clone();
    let mut failed = None;
    let mut show = |line: String| {
        if output == Output::Text
            && let Err(error) = print(&(line + "\n"))
        {
            failed.get_or_insert(error);
        }
    };
    show(table.header());
    let attempts = scheduler.run(&mut extender, &mut |attempt| show(table.row(&reference, attempt)))?;
    failed.map_or(Ok((scheduler, attempts)), Err)
}

fn summary(outcome: &Outcome) -> String {
    let (attempts, steered, default) = (&outcome.attempts, &outcome.steered, &outcome.default);
    format!("\n{}\n{}", text::legend(attempts), text::summary(attempts, steered, default))
}

fn addresses(serving: &Serving, outcome: &Outcome) -> String {
    let addresses = serving.server.addresses;
    let pod = outcome.report.placements.first().map_or("NAMESPACE/POD", |placement| placement.pod.as_str());
    let url = |address: SocketAddr, path: &str| format!("http://{address}{path}");
    let lines = [
        (url(addresses.api, "/"), "where to look"),
        (url(addresses.api, &format!("/v1/explain?pod={pod}")), "why a pod is where it is"),
        (url(addresses.api, "/v1/graph"), "who needs whom"),
        (url(addresses.ops, "/metrics"), "what Prometheus reads"),
        (url(addresses.verbs, "/v1"), "the urlPrefix for kube-scheduler"),
    ];
    let open = lines.map(|(url, what)| format!("  {url}  {what}")).join("\n");
    format!("\nServing until Ctrl-C:\n{open}\n\nIn another terminal: wit-extender explain {pod}\n")
}
