//! Real clusters, tables and records, which lie beside the checkout: what the importers make of each.
//!
//! Built with the feature `shared`; see `just test-shared`.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use wit_sim::cli::Cli;
use wit_sim::counts::Counts;
use wit_sim::trace::{Happening, Trace};

/// The folder of the data; fails with what to do where it is absent.
fn data() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    assert!(
        folder.join("README.md").is_file(),
        "the shared data are not at {}: this test needs the folder `shared` beside the checkout; \
         put it there, or run the tests without the feature `shared`",
        folder.display()
    );
    folder
}

/// What `wit-sim` prints; words with an ending are files of the data.
fn wit_sim(arguments: &[&str]) -> String {
    let data = data();
    let path = |word: &&str| match data.join(word) {
        path if word.contains('.') && path.is_file() => path,
        _ => PathBuf::from(word),
    };
    let command = std::iter::once(PathBuf::from("wit-sim")).chain(arguments.iter().map(path));
    let cli = Cli::try_parse_from(command).unwrap_or_else(|error| panic!("{error}"));
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let code = wit_sim::run(&cli, &mut out, &mut notes);
    assert_eq!(code, ExitCode::SUCCESS, "{}", String::from_utf8_lossy(&notes));
    String::from_utf8(out).unwrap()
}

/// The trace that an import prints. It can be read back, and simulated.
fn imported(arguments: &[&str]) -> Trace {
    let printed = wit_sim(&[&["import"], arguments].concat());
    let trace = Trace::read(printed.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    trace.clone().load().unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    trace
}

fn count(trace: &Trace, what: fn(&Happening) -> bool) -> usize {
    trace.records.iter().filter(|record| what(&record.happening)).count()
}

#[test]
fn the_cluster_m3_has_its_services_containers_machines_and_traffic() {
    // Each of the 344 pairs is a link each way.
    let links = 2 * 344;
    let expected = Counts { nodes: 96, workloads: 547, pods: 3485, links, images: 547, ..Counts::default() };
    assert_eq!(Counts::of(&imported(&["rasa", "rasa_M3.json"])), expected);
    let deployed = imported(&["rasa", "rasa_M3.json", "--deployed", "--runtime", "containers"]);
    assert_eq!(Counts::of(&deployed), Counts { images: 0, ..expected });
    let bound = |happening: &Happening| matches!(happening, Happening::Pod(pod) if pod.node.is_some());
    assert_eq!(count(&deployed, bound), 3485);
}

#[test]
fn the_pods_of_openb_come_and_go_over_149_days() {
    for (pods, expected) in [("openb_pod_list_default.csv", 8152), ("openb_pod_list_cpu300.csv", 10094)] {
        let trace = imported(&["openb", pods, "openb_node_list_all_node.csv"]);
        let counts = Counts::of(&trace);
        assert_eq!((counts.nodes, counts.pods, counts.lasts), (1523, expected, 12_902_960_000));
        let ends =
            |happening: &Happening| matches!(happening, Happening::PodFinished(_) | Happening::PodDeleted(_));
        assert_eq!(count(&trace, ends), expected);
        assert!(trace.header.synthetic.iter().any(|told| told.contains("7064 of")));
    }
}

#[test]
fn what_simkube_recorded_scales_and_ends() {
    let trace = imported(&["sktrace", "simkube_dsb-scaling.sktrace", "--nodes", "5"]);
    let counts = Counts::of(&trace);
    assert_eq!((counts.workloads, counts.replicas, counts.lasts), (27, 27, 1_134_000));
    assert_eq!(count(&trace, |happening| matches!(happening, Happening::Scaled(_))), 19);
    let trace = imported(&["sktrace", "simkube_bare-pods.sktrace", "--nodes", "1"]);
    assert_eq!(Counts::of(&trace).pods, 4);
    assert_eq!(count(&trace, |happening| matches!(happening, Happening::PodFinished(_))), 3);
}

#[test]
fn the_boutique_and_the_sock_shop_have_their_deployments() {
    let edges = ["--edges", "online_boutique_edges.csv", "--nodes", "3", "--runtime", "wasm"];
    let trace = imported(&[&["manifests", "online_boutique_manifests.yaml"], &edges[..]].concat());
    let expected =
        Counts { nodes: 3, workloads: 12, replicas: 12, links: 16, images: 12, ..Counts::default() };
    assert_eq!(Counts::of(&trace), expected);
    let trace = imported(&["manifests", "sock_shop_complete_demo.yaml", "--nodes", "3"]);
    assert_eq!(Counts::of(&trace), Counts { nodes: 3, workloads: 14, replicas: 14, ..Counts::default() });
}

#[test]
fn m3_with_the_times_of_openb_is_the_same_for_the_same_seed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("join");
    std::fs::create_dir_all(&folder).unwrap();
    let [m3, openb] = ["m3.jsonl", "openb.jsonl"].map(|name| folder.join(name));
    let [m3, openb] = [&m3, &openb].map(|path| path.to_str().unwrap());
    wit_sim(&["import", "rasa", "rasa_M3.json", "-o", m3]);
    wit_sim(&["import", "openb", "openb_pod_list_default.csv", "-o", openb]);
    let joined = |seed: &str| wit_sim(&["join", m3, openb, "--seed", seed]);
    let one = joined("1");
    assert_eq!(one, joined("1"));
    assert_ne!(one, joined("2"));
    let trace = Trace::read(one.as_bytes()).unwrap();
    trace.clone().load().unwrap();
    let counts = Counts::of(&trace);
    assert_eq!((counts.nodes, counts.workloads, counts.pods, counts.links), (96, 547, 3485, 688));
    assert!(trace.header.synthetic.iter().any(|told| told.ends_with("seed 1")));
}
