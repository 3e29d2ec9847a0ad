//! `wit-extender demo`: the main job on one machine, shown as it goes.

mod over_http;
pub mod rehearsal;

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use wit_config::{Mode, Settings};
use wit_placement::kube_scheduler::report::text;
use wit_sources::cluster::manifests::Manifests;

use self::rehearsal::{Folders, OnAttempt, Rehearsal, rehearse};
use super::serve::Stop;
use super::{json, print, settings};
use crate::cli::{DemoArguments, Output};
use crate::shop::Shop;
use crate::telemetry;

/// Places the pending pods and shows what came of it.
///
/// # Errors
/// Where the folders cannot be read or an address cannot be bound.
pub fn run(arguments: &DemoArguments) -> anyhow::Result<ExitCode> {
    let settings = settings(&arguments.settings, defaults(arguments.once))?;
    telemetry::init(&settings.log)?;
    telemetry::choose_tls();
    // The bundled shop's folders live as long as the server that is fed from them.
    let (folders, _shop) = folders(arguments)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(demonstrate(arguments, &settings, &folders))
}

/// The demo's own defaults: it steers, logs little, and takes free ports where nobody is to open a page afterwards.
pub fn defaults(once: bool) -> Settings {
    let mut settings = Settings { mode: Mode::Steer, ..Settings::default() };
    settings.log.filter = "warn".into();
    let listeners = &mut settings.listeners;
    listeners.ops.set_ip([127, 0, 0, 1].into());
    if once {
        for listener in [&mut listeners.verbs, &mut listeners.ops, &mut listeners.api] {
            listener.set_port(0);
        }
    }
    settings
}

fn folders(arguments: &DemoArguments) -> anyhow::Result<(Folders, Option<Shop>)> {
    match (&arguments.folders.manifests, &arguments.folders.images) {
        (Some(manifests), Some(images)) => {
            Ok((Folders { manifests: manifests.clone(), images: images.clone() }, None))
        }
        (None, None) => {
            let shop = Shop::unpack().context("the bundled shop cannot be unpacked")?;
            Ok((Folders { manifests: shop.manifests(), images: shop.images() }, Some(shop)))
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
    let on_attempt = match arguments.output {
        Output::Text => table(folders)?,
        Output::Json => Box::new(|_: &_, _: &_| {}),
    };
    let rehearsal = rehearse(settings, folders, on_attempt).await?;
    print(&match arguments.output {
        Output::Json => json(&rehearsal.report)?,
        Output::Text => summary(&rehearsal),
    })?;
    if arguments.once {
        rehearsal.serving.server.stop().await;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.output == Output::Text {
        print(&addresses(&rehearsal))?;
    }
    rehearsal.serving.until(&mut stop).await
}

/// Prints the table's head, and a row for every attempt from then on.
fn table(folders: &Folders) -> anyhow::Result<OnAttempt> {
    let manifests = Manifests::read(&folders.manifests)?;
    let pods = manifests.pods.iter().map(|pod| &pod.key);
    let table = text::Table::new(pods, manifests.nodes.iter().map(|node| &node.name));
    let mut header = table.header() + "\n";
    Ok(Box::new(move |state, attempt| {
        let row = table.row(state, attempt) + "\n";
        // A table that cannot be printed shows in the summary's error.
        let _ = print(&(std::mem::take(&mut header) + &row));
    }))
}

fn summary(rehearsal: &Rehearsal) -> String {
    let Rehearsal { attempts, steered, default, .. } = rehearsal;
    format!("\n{}\n{}", text::legend(attempts), text::summary(attempts, steered, default))
}

fn addresses(rehearsal: &Rehearsal) -> String {
    let addresses = rehearsal.serving.server.addresses;
    let pod = rehearsal.report.placements.first().map_or("NAMESPACE/POD", |placement| placement.pod.as_str());
    let at = |address: SocketAddr, path: &str| format!("http://{address}{path}");
    let lines = [
        (at(addresses.api, "/"), "where to look"),
        (at(addresses.api, &format!("/v1/explain?pod={pod}")), "why a pod is where it is"),
        (at(addresses.api, "/v1/graph"), "who needs whom"),
        (at(addresses.ops, "/metrics"), "what Prometheus reads"),
        (at(addresses.verbs, "/v1"), "the urlPrefix for kube-scheduler"),
    ];
    let open = lines.map(|(url, what)| format!("  {url}  {what}")).join("\n");
    let program = std::env::args().next().unwrap_or_else(|| "wit-extender".into());
    let api = addresses.api;
    let url =
        if api == Settings::default().listeners.api { String::new() } else { format!(" --url http://{api}") };
    format!("\nServing until Ctrl-C:\n{open}\n\nIn another terminal: {program} explain {pod}{url}\n")
}
