//! The bundled shop: real components, nodes of every kind, and two ordinary workloads beside them.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use wit_e2e::Scenario;
use wit_e2e::binaries::repository_root;
use wit_e2e::shop::Shop;
use wit_graph::ReadLimits;
use wit_sim::cli::Cli;
use wit_sim::strategy::Name;
use wit_sim::trace::{Happening, Image, Record, Trace};

use crate::stage::{Driver, Stage};
use crate::verdict::{TOLERANCE, gained, mean, simulate};

const SEEDS: u64 = 5;
/// Who calls whom in `extender/shop/README.md`, all alike.
const LINKS: [(&str, &str); 6] = [
    ("gateway", "catalog"),
    ("gateway", "pricing"),
    ("gateway", "cart"),
    ("checkout", "pricing"),
    ("checkout", "cart"),
    ("checkout", "mail"),
];

/// The shop as a trace, and its components by image.
pub(crate) fn shop() -> Result<(Trace, BTreeMap<String, Vec<u8>>)> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reality-shop.jsonl");
    let manifests = repository_root().join("extender/shop/manifests");
    let command =
        ["wit-sim".as_ref(), "import".as_ref(), "cluster".as_ref(), &*manifests, "-o".as_ref(), &*file];
    let mut notes = Vec::new();
    let code = wit_sim::run(&Cli::try_parse_from(command)?, &mut Vec::new(), &mut notes);
    ensure!(code == ExitCode::SUCCESS, "{}", String::from_utf8_lossy(&notes));
    let mut trace = Trace::read(BufReader::new(fs::File::open(&file)?))?;
    let shop = Shop::bundled().context("the checkout has no shop")?;
    let (mut components, mut images) = (BTreeMap::new(), Vec::new());
    for (name, path) in shop.components()? {
        let (reference, wasm) = (format!("registry.example/shop/{name}:1.0.0"), fs::read(path)?);
        let world = Some(wit_graph::read(&wasm, &ReadLimits::default())?);
        let image = Image { reference: reference.clone(), world };
        images.push(Record::new(0, Happening::Image(Box::new(image))));
        components.insert(reference, wasm);
    }
    trace.records.splice(0..0, images);
    Ok((trace, components))
}

#[tokio::test]
async fn the_simulator_says_of_the_shop_what_the_real_scheduler_does() -> Result<()> {
    let (trace, components) = shop()?;
    let scenario = Scenario::begin("shop").await?;
    let stage = Stage::new(&trace, &components).await?;
    let links = LINKS.map(|(from, to)| (from.to_owned(), to.to_owned(), 1.0));
    let mut differences = Vec::new();
    for seed in 0..SEEDS {
        let simulated = simulate(&trace, Name::Wit, seed)?;
        ensure!(simulated.arrivals.len() == 23, "{} pods arrive", simulated.arrivals.len());
        let played = stage.play(&scenario, &simulated.arrivals, Driver::Wit).await?;
        let real = gained(&played, &links);
        println!("seed {seed}: G = {real:.3}, simulated {:.3}", simulated.gained);
        assert_eq!(played.pending(), simulated.pending, "seed {seed}");
        differences.push(real - simulated.gained);
    }
    println!("real − simulated: {differences:.3?}, mean {:+.3}", mean(&differences));
    assert!(mean(&differences).abs() <= TOLERANCE, "{differences:?}");
    Ok(())
}
