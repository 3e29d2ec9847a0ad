//! What Filter and Prioritize cost over HTTP, beside an extender that decides nothing.
//!
//! `cargo bench -p wit-extender` starts the real server (its listeners, its owner of the state, filled with events) and a
//! null extender on the same HTTP stack, and asks both, in turn, over one kept-alive loopback connection each, as
//! kube-scheduler does: serially, Filter and then Prioritize of a pod. It prints a table and writes
//! `target/bench/requests.json`.
//!
//! `WIT_BENCH_QUICK=1` runs a small cluster for a second, to see that it runs at all; its figures mean nothing and go to
//! `target/bench/requests-quick.json`.

mod body;
mod client;
mod cluster;
mod costs;
mod figures;
mod null;
mod server;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;

use crate::body::{Bodies, PodKind, Verb};
use crate::client::Client;
use crate::cluster::Cluster;
use crate::figures::{Figures, Memory, Row};
use crate::server::Server;

/// How large the clusters are and how often they are asked.
struct Plan {
    nodes: &'static [usize],
    bound_pods: &'static [usize],
    /// Ours and the null extender take turns in blocks, so that what else the machine does hits both.
    blocks: usize,
    /// Scheduling cycles in one block.
    cycles: usize,
    /// Blocks before the first that counts.
    warm_up: usize,
    file: &'static str,
}

const FULL: Plan = Plan {
    nodes: &[1_000, 5_000],
    bound_pods: &[10_000, 100_000],
    blocks: 60,
    cycles: 32,
    warm_up: 4,
    file: "requests.json",
};

const QUICK: Plan = Plan {
    nodes: &[100],
    bound_pods: &[500, 1_000],
    blocks: 2,
    cycles: 16,
    warm_up: 1,
    file: "requests-quick.json",
};

fn main() -> anyhow::Result<()> {
    let plan = if std::env::var_os("WIT_BENCH_QUICK").is_some() { QUICK } else { FULL };
    let mut figures = Figures::default();
    for nodes in plan.nodes {
        measure(&plan, *nodes, &mut figures)?;
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{figures}")?;
    let path = target().join("bench").join(plan.file);
    figures.write(&path)?;
    writeln!(out, "\nwritten to {}", path.display())?;
    Ok(())
}

/// The workspace's target directory.
fn target() -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).to_owned()
}

/// One cluster, grown from the first number of bound pods to the last.
fn measure(plan: &Plan, nodes: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut cluster = Cluster::new(nodes)?;
    let server = runtime.block_on(Server::start(&cluster))?;
    let inside = runtime.enter();
    let null = null::start()?;
    drop(inside);
    let bodies = Bodies::new(&cluster)?;
    let mut ours = Client::connect(server.address())?;
    let mut null = Client::connect(null)?;
    let mut bound = 0;
    for bound_pods in plan.bound_pods {
        let before = Memory::now();
        let last = cluster.bind_up_to(*bound_pods, |event| server.tell(event))?;
        server.wait_for(&last);
        figures.memory(nodes, (bound, *bound_pods), before);
        bound = *bound_pods;
        for kind in [PodKind::Wasm, PodKind::Ordinary] {
            check(&mut ours, &bodies, kind, nodes)?;
            let samples = take_turns(plan, &mut ours, &mut null, &bodies, kind)?;
            for (verb, ours, null) in samples {
                figures.row(Row::new((nodes, *bound_pods), (verb, kind), ours, null));
            }
        }
        figures.costs(nodes, *bound_pods, costs::measure(&runtime, &server, &bodies)?);
    }
    runtime.block_on(server.stop());
    Ok(())
}

type Samples = Vec<Duration>;

/// Asks ours and the null extender in alternating blocks; the times of each, by verb.
fn take_turns(
    plan: &Plan,
    ours: &mut Client,
    null: &mut Client,
    bodies: &Bodies,
    kind: PodKind,
) -> anyhow::Result<[(Verb, Samples, Samples); 2]> {
    let mut samples = Verb::ALL.map(|verb| (verb, Samples::new(), Samples::new()));
    for block in 0..plan.warm_up + plan.blocks {
        let mut own = [Samples::new(), Samples::new()];
        let mut of_null = [Samples::new(), Samples::new()];
        run_block(plan.cycles, ours, bodies, kind, &mut own)?;
        run_block(plan.cycles, null, bodies, kind, &mut of_null)?;
        if block < plan.warm_up {
            continue;
        }
        for ((sum, own), of_null) in samples.iter_mut().zip(own).zip(of_null) {
            sum.1.extend(own);
            sum.2.extend(of_null);
        }
    }
    Ok(samples)
}

/// Scheduling cycles, each of another pod: Filter, then Prioritize.
fn run_block(
    cycles: usize,
    client: &mut Client,
    bodies: &Bodies,
    kind: PodKind,
    times: &mut [Samples; 2],
) -> anyhow::Result<()> {
    for cycle in 0..cycles {
        for (verb, times) in Verb::ALL.into_iter().zip(times.iter_mut()) {
            times.push(client.ask(bodies.request(verb, kind, cycle))?);
        }
    }
    Ok(())
}

/// That what is measured is what is meant: a Wasm pod is refused somewhere and scored, an ordinary one is neither.
fn check(client: &mut Client, bodies: &Bodies, kind: PodKind, nodes: usize) -> anyhow::Result<()> {
    client.ask(bodies.request(Verb::Filter, kind, 0))?;
    let reply: serde_json::Value = serde_json::from_slice(client.reply())?;
    let passed = reply.get("NodeNames").and_then(|names| names.as_array()).map_or(0, Vec::len);
    ensure!(passed > 0, "no node passes: {reply}");
    client.ask(bodies.request(Verb::Prioritize, kind, 0))?;
    let scores: serde_json::Value = serde_json::from_slice(client.reply())?;
    let lines = scores.as_array().map_or(0, Vec::len);
    match kind {
        PodKind::Wasm => ensure!(
            (1..nodes).contains(&passed) && lines == nodes,
            "of {nodes} nodes {passed} pass and {lines} are scored for the Wasm pod"
        ),
        PodKind::Ordinary => ensure!(
            passed == nodes && lines == 0,
            "of {nodes} nodes {passed} pass and {lines} are scored for the ordinary pod"
        ),
    }
    Ok(())
}
