//! `wit-e2e up`: everything at once, left up to play with.

use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};

use crate::control_plane::{ControlPlane, ControlPlaneOptions};
use crate::extender::{ExtenderOptions, ExtenderProcess};
use crate::kubelet::Kubelet;
use crate::objects::{self, NodeSpec, RuntimeClassSpec};
use crate::registry::Registry;
use crate::scheduler::{Scheduler, SchedulerOptions};
use crate::shop::Shop;

/// Nodes of an empty cluster.
const WASM_NODES: usize = 8;
const LINUX_NODES: usize = 4;

/// What to start.
#[derive(Debug, Clone, Args)]
pub struct UpArguments {
    /// Leave wit-extender out: the scheduler as it is without us.
    #[arg(long)]
    without_extender: bool,
    /// Leave the shop out: nodes and a `RuntimeClass`, but no workloads.
    #[arg(long)]
    without_shop: bool,
}

/// Everything that runs; dropping it stops it in this order.
#[derive(Debug)]
pub struct Up {
    _kubelet: Kubelet,
    _scheduler: Scheduler,
    extender: Option<ExtenderProcess>,
    registry: Registry,
    control_plane: ControlPlane,
    shop: bool,
}

impl Up {
    /// Starts everything and installs the shop.
    pub async fn start(arguments: &UpArguments) -> Result<Self> {
        let control_plane = ControlPlane::start(&ControlPlaneOptions::default()).await?;
        let registry = Registry::start().await?;
        let client = control_plane.access().admin().await?;
        let extender = if arguments.without_extender {
            None
        } else {
            Some(start_extender(&control_plane, &registry).await?)
        };
        let options = match &extender {
            Some(extender) => SchedulerOptions::with_extender(extender.url_prefix()),
            None => SchedulerOptions::without_extender(),
        };
        let scheduler = control_plane.start_scheduler(&options).await?;
        let kubelet = Kubelet::start(&client, Duration::from_millis(200));
        let shop = Shop::bundled().filter(|_| !arguments.without_shop);
        match &shop {
            Some(shop) => shop.install(&registry, &client).await.context("cannot install the shop")?,
            None => create_empty_cluster(&client).await?,
        }
        let shop = shop.is_some();
        Ok(Self { _kubelet: kubelet, _scheduler: scheduler, extender, registry, control_plane, shop })
    }

    /// Where everything is, for the terminal.
    pub fn description(&self) -> String {
        let kubeconfig = |name| self.control_plane.access().kubeconfig(name).display().to_string();
        let mut lines = vec![
            format!("kubeconfig   {}", kubeconfig("admin")),
            format!("             {} (the extender's own rights)", kubeconfig("wit-extender")),
            format!("API server   {}", self.control_plane.access().url()),
            format!("registry     {} (plain HTTP)", self.registry.address()),
            format!("logs         {}", self.control_plane.logs().display()),
        ];
        match &self.extender {
            Some(extender) => lines.extend([
                format!("extender     {}/ (explain, graph, page)", extender.api_url()),
                format!("             {}/metrics", extender.ops_url()),
                format!("             {} (filter, prioritize)", extender.url_prefix()),
            ]),
            None => lines.push("extender     left out".to_owned()),
        }
        lines.push(if self.shop {
            "cluster      the shop: `kubectl get pods -n shop -o wide`".to_owned()
        } else {
            format!("cluster      {WASM_NODES} Wasm and {LINUX_NODES} Linux nodes, no workloads")
        });
        lines.join("\n")
    }
}

/// Starts everything, tells `ready` where it is, and stops it on Ctrl-C or SIGTERM.
pub async fn run(arguments: &UpArguments, ready: impl FnOnce(&str)) -> Result<()> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let ended = async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    };
    tokio::pin!(ended);
    let up = tokio::select! {
        up = Up::start(arguments) => up?,
        () = &mut ended => return Ok(()),
    };
    ready(&up.description());
    ended.await;
    Ok(())
}

async fn start_extender(control_plane: &ControlPlane, registry: &Registry) -> Result<ExtenderProcess> {
    let kubeconfig = control_plane.access().kubeconfig("wit-extender");
    let options = ExtenderOptions::new(kubeconfig, &[registry.address()]);
    ExtenderProcess::start(&options, control_plane.work())
        .await
        .context("cannot start wit-extender (`--without-extender` leaves it out)")
}

async fn create_empty_cluster(client: &Client) -> Result<()> {
    let wasm = (1..=WASM_NODES).map(|number| {
        let node = NodeSpec::new(format!("wasm-{number}"));
        node.label("kube-wasm/runtime", "wasmtime").runtime_handler("wasmtime")
    });
    let linux = (1..=LINUX_NODES).map(|number| NodeSpec::new(format!("linux-{number}")));
    objects::create_nodes(client, &wasm.chain(linux).collect::<Vec<_>>()).await?;
    let class = RuntimeClassSpec::new("wasm", "wasmtime").node_selector("kube-wasm/runtime", "wasmtime");
    objects::create_runtime_classes(client, &[class]).await
}
