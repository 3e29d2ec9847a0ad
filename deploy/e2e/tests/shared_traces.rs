//! A real cluster with its traffic, which lies beside the checkout: what published placements of it are worth, what strategies
//! make of it, and how many nodes it needs.
//!
//! Built with the feature `shared`; see `just test-shared`.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be set up fails"
)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::{Value, json};
use wit_placement::Resources;
use wit_sim::cli::Cli;
use wit_sim::density::{Constraint, Demand, Room, least_nodes, packed_nodes};
use wit_sim::documents::Comparison;
use wit_sim::scenario::{Scenario, Step};
use wit_sim::trace::Trace;

/// The folder of the data; fails with what to do where it is absent.
fn data() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    assert!(
        folder.join("rasa_M3.json").is_file(),
        "the shared data are not at {}: this test needs the folder `shared` beside the checkout; \
         put it there, or run the tests without the feature `shared`",
        folder.display()
    );
    folder
}

/// A file of a test of its own, so that tests do not write over each other's.
fn scratch(test: &str, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// What `wit-sim` prints.
fn wit_sim<T: AsRef<OsStr>>(arguments: &[T]) -> String {
    let command = std::iter::once(OsStr::new("wit-sim")).chain(arguments.iter().map(AsRef::as_ref));
    let cli = Cli::try_parse_from(command).unwrap_or_else(|error| panic!("{error}"));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli, &mut out, &mut notes);
    assert_eq!(code, ExitCode::SUCCESS, "{}", String::from_utf8_lossy(&notes));
    String::from_utf8(out).unwrap()
}

/// The cluster M3 as a trace.
fn m3(test: &str) -> PathBuf {
    let trace = scratch(test, "m3.jsonl");
    let paths = ["import".as_ref(), "rasa".as_ref(), &*data().join("rasa_M3.json"), "-o".as_ref(), &*trace];
    wit_sim(&paths);
    trace
}

fn evaluated(trace: &Path, placement: &Path) -> Value {
    let paths = ["evaluate".as_ref(), trace, "--placement".as_ref(), placement, "--output=json".as_ref()];
    serde_json::from_str(&wit_sim(&paths)).unwrap()
}

/// Where production ran the containers.
fn production(test: &str) -> PathBuf {
    let cluster = fs::read_to_string(data().join("rasa_M3.json")).unwrap();
    let cluster: Value = serde_json::from_str(&cluster).unwrap();
    let machines = cluster["MachineList"].as_array().unwrap().iter();
    let placed: BTreeMap<&str, &Value> = machines
        .map(|machine| (machine["MachineIP"].as_str().unwrap(), &machine["InitialDeployingContainers"]))
        .collect();
    let path = scratch(test, "production.json");
    fs::write(&path, json!(placed).to_string()).unwrap();
    path
}

/// The columns of the row of `rasa_M3_anchors.csv` whose first column begins so.
fn anchor(placement: &str) -> Vec<f64> {
    let anchors = fs::read_to_string(data().join("rasa_M3_anchors.csv")).unwrap();
    let row = anchors.lines().find(|line| line.starts_with(placement));
    let row = row.unwrap_or_else(|| panic!("no row {placement}"));
    row.split(',').skip(2).take(4).map(|column| column.parse().unwrap()).collect()
}

#[test]
fn published_placements_are_worth_what_was_published() {
    let test = "published";
    let (trace, data) = (m3(test), data());
    let published = [
        ("production", production(test)),
        ("POP_output", data.join("rasa_M3_out_pop.json")),
        ("applied_sci19", data.join("rasa_M3_out_applsci19.json")),
        ("shell_M3_test", data.join("rasa_M3_out_shell_M3_test.json")),
        ("simulated annealing 150 s", data.join("rasa_M3_sa_best.json")),
    ];
    for (name, placement) in published {
        let found = evaluated(&trace, &placement);
        let keys = ["gainedAffinity", "randomBalancing", "preferSameNode", "nodesUsed"];
        for (key, expected) in keys.into_iter().zip(anchor(name)) {
            let found = found[key].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-4, "{name}: {key} is {found}, published {expected}");
        }
        assert_eq!(
            (&found["feasible"], &found["placed"], &found["pending"]),
            (&json!(true), &json!(3485), &json!(0))
        );
    }
}

#[test]
fn what_a_placement_gains_is_paid_in_blast_radius() {
    let test = "blast-radius";
    let (trace, data) = (m3(test), data());
    for (placement, whole, mean) in [
        (production(test), 0, 0.306),
        (data.join("rasa_M3_out_shell_M3_test.json"), 255, 0.872),
        (data.join("rasa_M3_sa_best.json"), 24, 0.386),
    ] {
        let found = evaluated(&trace, &placement);
        assert_eq!(found["wholeOnOneNode"], whole, "{}", placement.display());
        assert!((found["blastRadius"].as_f64().unwrap() - mean).abs() < 5e-4, "{}", placement.display());
    }
}

/// A few runs of these strategies with these options; `just truth` makes more.
fn compared(trace: &Path, arguments: &[&str]) -> Comparison {
    let command: Vec<&OsStr> = [OsStr::new("compare"), trace.as_os_str()]
        .into_iter()
        .chain(arguments.iter().map(OsStr::new))
        .chain([OsStr::new("--output=json")])
        .collect();
    serde_json::from_str(&wit_sim(&command)).unwrap()
}

#[test]
fn online_the_score_keeps_more_than_half_of_the_traffic_local_where_the_scheduler_alone_keeps_none() {
    let found = compared(&m3("online"), &["default", "wit", "--seeds=2"]);
    let [default, wit] = ["default", "wit"].map(|strategy| found.mean(strategy, "G").unwrap());
    assert!((0.04..=0.075).contains(&default), "default: {default}");
    assert!(wit >= 0.55, "wit: {wit}");
    assert_eq!(found.mean("wit", "pending"), Ok(0.0));
}

#[test]
fn a_smaller_footprint_buys_locality_and_a_cap_sells_some_of_it_for_a_smaller_blast_radius() {
    let trace = m3("footprint");
    let quarter = ["wit", "--seeds=2", "--memory-factor=0.25", "--cpu-factor=0.25"];
    let with = |cap| compared(&trace, &[&quarter[..], &[cap]].concat());
    let (whole, free, capped) = (
        compared(&trace, &["wit", "--seeds=2", "--set=placement.blastRadius=1"]),
        with("--set=placement.blastRadius=1"),
        with("--set=placement.blastRadius=0.5"),
    );
    let [whole, free, capped] = [whole, free, capped]
        .map(|found| ["G", "blastRadius"].map(|metric| found.mean("wit", metric).unwrap()));
    assert!(free[0] > whole[0] + 0.1, "a quarter: {free:?}, as it is: {whole:?}");
    assert!(capped[0] < free[0] && capped[1] < free[1], "capped: {capped:?}, not: {free:?}");
}

/// The pods and the nodes of a scenario.
fn sizes(scenario: &Scenario) -> (Vec<Resources>, Vec<Room>) {
    let pods = scenario.pods().map(|pod| pod.shape.requests).collect();
    let nodes = scenario.steps.iter().filter_map(|(_, step)| match step {
        Step::Node(node) => Some(Room::of(node.allocatable.resources)),
        _ => None,
    });
    (pods, nodes.collect())
}

#[test]
fn a_twentieth_of_the_memory_saves_one_node_and_less_cpu_saves_many() {
    let trace = fs::File::open(m3("density")).unwrap();
    let scenario = Trace::read(BufReader::new(trace)).unwrap().load().unwrap();
    let (pods, nodes) = sizes(&scenario);
    for (case, memory, cpu, expected) in [
        ("as it is", 1, 1.0, 76),
        ("S5: memory / 20", 20, 1.0, 75),
        ("S6: and half the CPU", 20, 0.5, 34),
        ("S6: and a quarter of the CPU", 20, 0.25, 15),
        ("S6: and a tenth of the CPU", 20, 0.1, 6),
    ] {
        let shrunk = |pod: &Resources| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "less than it was")]
            let cpu_millis = (pod.cpu_millis as f64 * cpu) as u64;
            Demand::of(Resources { cpu_millis, memory_bytes: pod.memory_bytes / memory })
        };
        let pods: Vec<_> = pods.iter().map(shrunk).collect();
        assert_eq!(packed_nodes(&pods, &nodes), Some(expected), "{case}");
        let (least, binding) = least_nodes(&pods, &nodes).unwrap();
        assert!(least <= expected && binding == Constraint::Cpu, "{case}: {least}");
        assert!(memory == 1 || cpu < 1.0 || least == 75, "S5: the CPU alone needs 75");
    }
}
