//! What holds for any file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use proptest::prelude::*;
use serde_json::{Value, json};
use wit_sim::trace::{Happening, Trace};
use wit_sources::cluster::quantity::{Unit, parse};

use crate::support::wit_sim;

/// The trace of a file with this content.
fn imported(format: &str, content: &str) -> Trace {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("property.{format}"));
    fs::write(&path, content).unwrap();
    let words = ["import", format, path.to_str().unwrap()].map(ToOwned::to_owned);
    let printed = wit_sim(&words);
    assert!(printed.succeeded, "{}", printed.notes);
    Trace::read(printed.out.as_bytes()).unwrap()
}

fn amounts(list: &BTreeMap<String, Quantity>) -> (u64, u64) {
    let amount = |name: &str, unit| parse(&list[name].0, unit).unwrap();
    (amount("cpu", Unit::Millis), amount("memory", Unit::Whole))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_fits_a_machine_by_its_shares_fits_the_node(shares in prop::collection::vec((0.0_f64..0.01, 0.0_f64..0.01), 1..40)) {
        // The machine is exactly as large as what runs on it.
        let sum = |pick: fn(&(f64, f64)) -> f64| shares.iter().map(pick).sum::<f64>();
        let service = |(index, (cpu, memory)): (usize, &(f64, f64))| json!({
            "Service": format!("s{index}"), "RequestCPU": cpu, "RequestMem": memory,
            "ContainerList": [format!("c{index}")], "CompatibleMachines": "*"});
        let services: Vec<Value> = shares.iter().enumerate().map(service).collect();
        let machine = json!({"MachineIP": "m", "TotalCPU": sum(|share| share.0), "TotalMem": sum(|share| share.1)});
        let cluster = json!({"ServiceList": services, "MachineList": [machine], "TrafficList": []});
        let (mut used, mut room) = ((0, 0), (0, 0));
        for record in imported("rasa", &cluster.to_string()).records {
            match record.happening {
                Happening::Node(node) => room = amounts(&node.status.unwrap().allocatable.unwrap()),
                Happening::Workload(workload) => {
                    let container = workload.template.spec.unwrap().containers.remove(0);
                    let (cpu, memory) = amounts(&container.resources.unwrap().requests.unwrap());
                    used = (used.0 + cpu, used.1 + memory);
                }
                _ => {}
            }
        }
        prop_assert!(used.0 <= room.0 && used.1 <= room.1, "{used:?} on {room:?}");
        let count = u64::try_from(shares.len()).unwrap();
        prop_assert!(used.0 + count + 1 >= room.0 && used.1 + count + 1 >= room.1, "no more is rounded than a unit each");
    }

    #[test]
    fn every_pod_comes_before_it_goes_and_goes_once(lives in prop::collection::vec((5_u64..50, prop::option::of(0_u64..20)), 1..30)) {
        let mut table = "name,cpu_milli,memory_mib,creation_time,deletion_time\n".to_owned();
        for (index, (created, stays)) in lives.iter().enumerate() {
            let deleted = stays.map(|stays| (created + stays).to_string()).unwrap_or_default();
            writeln!(table, "p{index},1,1,{created},{deleted}").unwrap();
        }
        let trace = imported("openb", &table);
        let mut there = BTreeMap::new();
        for record in &trace.records {
            match &record.happening {
                Happening::Pod(pod) => prop_assert!(there.insert(pod.pod.clone(), record.at).is_none()),
                Happening::PodFinished(pod) => prop_assert!(there.remove(&pod.pod).is_some()),
                other => prop_assert!(false, "{other:?}"),
            }
        }
        prop_assert_eq!(there.len(), lives.iter().filter(|(_, stays)| stays.is_none()).count());
        prop_assert_eq!(trace.records.first().map(|record| record.at), Some(0));
    }
}
