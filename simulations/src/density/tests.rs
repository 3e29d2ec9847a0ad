use proptest::prelude::*;

use super::*;

const MIB: u64 = 1 << 20;

fn room(cpu_millis: u64, mebibytes: u64, pods: u64) -> Room {
    Room { pods, ..Room::of(Resources { cpu_millis, memory_bytes: mebibytes * MIB }) }
}

/// A pod of so many milli-cores and tenths of a MiB.
fn pod(cpu_millis: u64, tenths: u64) -> Demand {
    Demand::of(Resources { cpu_millis, memory_bytes: (tenths * MIB).div_ceil(10) })
}

/// What Kubernetes services leave of 2 vCPU and 4 GiB, with ten pods for the system.
fn small(most_pods: u64) -> Room {
    room(1_930, 2_972, most_pods - 10)
}

#[test]
fn published_densities_come_out_as_they_were_reckoned() {
    use Constraint::{Cpu, Memory, Pods};
    let pi = |most_pods: u64| room(4_000, 7_580, most_pods - 10);
    for (case, room, each, per_node, binding, nodes) in [
        ("S1 containers", small(110), pod(100, 2_400), 12, Memory, 42),
        ("S2 components", small(110), pod(10, 220), 100, Pods, 5),
        ("S2b more pods", small(250), pod(10, 220), 135, Memory, 4),
        ("S2c CPU as before", small(110), pod(100, 220), 19, Cpu, 27),
        ("S2d twice the CPU", room(3_920, 2_972, 100), pod(100, 220), 39, Cpu, 13),
        ("S3 raw memory", room(0, 4_096, 1_000), pod(0, 45), 910, Memory, 1),
        ("S3b less the system's", room(0, 2_972, 1_000), pod(0, 45), 660, Memory, 1),
        ("S3b at 7.2 MiB", room(0, 2_972, 1_000), pod(0, 72), 412, Memory, 2),
        ("S4 a Pi", pi(110), pod(10, 220), 100, Pods, 5),
        ("S4 a Pi, more pods", pi(250), pod(10, 220), 240, Pods, 3),
    ] {
        let fit = room.fit(each);
        assert_eq!((fit.pods, fit.binding, fit.nodes_for(500)), (per_node, binding, Some(nodes)), "{case}");
    }
}

#[test]
fn a_pod_that_fits_nowhere_needs_no_number_of_nodes() {
    assert_eq!(room(100, 100, 10).fit(pod(101, 1)).nodes_for(1), None);
    assert_eq!(least_nodes(&[pod(101, 1)], &[room(100, 100, 10)]), None);
    assert_eq!(packed_nodes(&[pod(101, 1)], &[room(100, 100, 10)]), None);
    assert_eq!(packed_nodes(&[], &[]), Some(0));
}

#[test]
fn instances_bind_where_the_host_takes_few() {
    let room = Room { instances: 3, ..small(110) };
    let fit = room.fit(Demand { instance: true, ..pod(10, 220) });
    assert_eq!((fit.pods, fit.binding), (3, Constraint::Instances));
    assert_eq!(room.fit(pod(10, 220)).pods, 100, "ordinary pods are none");
}

#[test]
fn unequal_nodes_are_taken_largest_first() {
    let nodes = [room(1_000, 100, 10), room(4_000, 100, 10), room(2_000, 100, 10)];
    let pods = vec![pod(1_500, 10); 3];
    assert_eq!(least_nodes(&pods, &nodes), Some((2, Constraint::Cpu)));
    assert_eq!(packed_nodes(&pods, &nodes), Some(2));
}

proptest! {
    #[test]
    fn no_packing_needs_fewer_nodes_than_the_bound(
        pods in prop::collection::vec((1_u64..500, 1_u64..500), 0..40),
        nodes in prop::collection::vec((100_u64..2_000, 10_u64..200), 1..12),
    ) {
        let pods: Vec<_> = pods.into_iter().map(|(cpu, tenths)| pod(cpu, tenths)).collect();
        let nodes: Vec<_> = nodes.into_iter().map(|(cpu, mebibytes)| room(cpu, mebibytes, 8)).collect();
        if let Some(packed) = packed_nodes(&pods, &nodes) {
            let least = least_nodes(&pods, &nodes);
            prop_assert!(least.is_some_and(|(least, _)| least <= packed), "{least:?} and {packed}");
        }
    }
}
