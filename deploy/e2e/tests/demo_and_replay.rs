//! The demo asks the server over HTTP, the simulator asks the placement code in process: both place alike.

use wit_extender::commands::demo::{defaults, rehearsal};
use wit_extender::shop::Shop;
use wit_sim::engine::Options;
use wit_sim::input::Sources;
use wit_sim::replay::replay;

#[test]
fn a_replay_of_the_shop_places_every_pod_where_the_demo_does() {
    wit_extender::telemetry::choose_tls();
    let shop = Shop::unpack().expect("the shop unpacks");
    let settings = defaults(true);
    let folders = rehearsal::Folders { manifests: shop.manifests(), images: shop.images() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let demo = runtime.block_on(async {
        let demo =
            rehearsal::rehearse(&settings, &folders, Box::new(|_, _| {})).await.expect("the demo runs");
        demo.serving.server.stop().await;
        demo.report
    });

    let sources = Sources::open(&shop.manifests(), &shop.images(), None).expect("the sources open");
    let scenario = sources.scenario().expect("the folders are read");
    let replayed = replay(&scenario, &settings, Options::default()).expect("the replay runs").report();

    assert_eq!(replayed.placements.len(), 23);
    assert_eq!(replayed, demo);
}
