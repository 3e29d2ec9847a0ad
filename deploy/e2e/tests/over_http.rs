//! A real extender in the simulator's loop: the server follows the simulated cluster in a folder and is asked over HTTP, and places
//! as the placement code in process does.

use std::time::Duration;

use wit_extender::commands::demo::defaults;
use wit_extender::commands::serve::start;
use wit_extender::feed::ClusterSource;
use wit_extender::shop::Shop;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::engine::{Run, run};
use wit_sim::input::Sources;
use wit_sim::strategy::{Mirror, Name, OverHttp, Shown};

/// Where each pod went, in the order in which they were tried.
fn placements(run: &Run) -> Vec<(String, Option<String>)> {
    let node = |attempt: &wit_placement::kube_scheduler::Attempt| {
        attempt.choice().map(|choice| choice.node.to_string())
    };
    run.attempts.iter().map(|attempt| (attempt.pod.to_string(), node(attempt))).collect()
}

/// The shop in an order drawn by the seed, both ways, which must be the same.
fn compare(seed: u64, shown: Shown) -> anyhow::Result<()> {
    wit_extender::telemetry::choose_tls();
    let (shop, settings) = (Shop::unpack()?, defaults(true));
    let sources = Sources::open(&shop.manifests(), &shop.images(), None)?;
    let scenario = sources.scenario()?;
    let options = options(Order::Random, seed, 0);
    let in_process = Name::Wit.run(&scenario, &settings, &options)?;

    let folder = tempfile::tempdir()?;
    let source = ClusterSource::Manifests(folder.path().to_owned());
    let runtime = tokio::runtime::Runtime::new()?;
    let serving = runtime.block_on(start(&settings, source, Some(shop.images()), Duration::ZERO));
    let serving = serving?;
    let addresses = &serving.server.addresses;
    let mirror = Mirror::new(folder.path(), &format!("http://{}", addresses.api))?;
    let url = format!("http://{}/v1", addresses.verbs);
    let mut extender = OverHttp::new(&url, shown, Some(mirror))?;
    let over_http = run(&scenario, &settings, &options, &mut extender)?;
    extender.finish()?;
    runtime.block_on(serving.server.stop());

    assert_eq!(over_http.attempts.len(), 23);
    assert_eq!(placements(&over_http), placements(&in_process), "{shown:?}");
    assert!((over_http.affinity.gained - in_process.affinity.gained).abs() < 1e-12);
    Ok(())
}

#[test]
fn the_server_in_the_loop_places_the_shop_as_the_code_in_process_does_given_names() -> anyhow::Result<()> {
    compare(1, Shown::Names)
}

#[test]
fn the_server_in_the_loop_places_the_shop_as_the_code_in_process_does_given_whole_nodes() -> anyhow::Result<()>
{
    compare(2, Shown::Nodes)
}
