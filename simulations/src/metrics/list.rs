//! Which numbers there are.

use super::catalogue::{count, happened, share};
use super::{CourseMetric, Metric, Routing};

/// Every number of a placement, in the order in which they are shown and written.
pub const METRICS: &[Metric] = &[
    share("gainedAffinity", "gained affinity", "The share of traffic that can stay on a node.", |it| {
        it.gained_affinity
    })
    .short("G")
    .under(Routing::LocalUnderEvenLoad)
    .higher(),
    share(
        "randomBalancing",
        "random balancing",
        "The share of traffic that stays on a node by chance.",
        |it| it.random_balancing,
    )
    .short("R")
    .under(Routing::Random)
    .higher(),
    share(
        "preferSameNode",
        "same node preferred",
        "The share of traffic whose caller has a replica of the provider beside it.",
        |it| it.prefer_same_node,
    )
    .short("S")
    .under(Routing::SameNode)
    .higher(),
    share("linkSatisfaction", "link satisfaction", "S with every link counted once.", |it| {
        it.link_satisfaction
    })
    .under(Routing::SameNode)
    .higher(),
    share(
        "hotSpot",
        "hot spot",
        "The largest load of a replica by one link where the same node is preferred; 1 is even load.",
        |it| it.hot_spot,
    )
    .in_times()
    .under(Routing::SameNode)
    .lower(),
    share(
        "blastRadius",
        "blast radius",
        "The largest share of a workload's replicas on one node; the mean over workloads of two or more.",
        |it| it.blast_radius,
    )
    .lower(),
    count(
        "wholeOnOneNode",
        "whole on one node",
        "Workloads of two replicas or more that are on one node with all of them.",
        |it| Some(it.whole_on_one_node.into()),
    )
    .lower(),
    count("nodes", "nodes", "Nodes of the cluster.", |it| Some(it.nodes.into())),
    count("nodesUsed", "nodes used", "Nodes with a pod.", |it| Some(it.nodes_used.into())).lower(),
    count("placed", "placed", "Pods on a node.", |it| Some(it.placed.into())).higher(),
    count("pending", "pending", "Pods without a node.", |it| Some(it.pending.into())).lower(),
    count("stranded", "stranded", "Pods on a node that cannot run them.", |it| Some(it.stranded.into()))
        .lower(),
    share("requestedCpu", "CPU requested", "The share of all nodes' CPU that is requested.", |it| {
        it.requested_cpu
    }),
    share(
        "requestedMemory",
        "memory needed (with shims)",
        "The share of all nodes' memory that is requested, or taken by shims that nobody requested: kube-scheduler sees the \
         requests alone.",
        |it| it.requested_memory,
    ),
    share("requestedPods", "pods taken", "The share of the pods that all nodes take.", |it| {
        it.requested_pods
    }),
    count(
        "headroom",
        "headroom",
        "How many more pods of the mean of those that are placed fit, on nodes that admit any of them.",
        |it| it.headroom.map(|pods| pods as f64),
    )
    .higher(),
    count(
        "bindingPods",
        "runs out first: pods",
        "Nodes of which pods take the largest share of the number of pods.",
        |it| Some(it.binding_pods.into()),
    ),
    count(
        "bindingCpu",
        "runs out first: CPU",
        "Nodes of which pods take the largest share of the CPU.",
        |it| Some(it.binding_cpu.into()),
    ),
    count(
        "bindingMemory",
        "runs out first: memory",
        "Nodes of which pods take the largest share of the memory.",
        |it| Some(it.binding_memory.into()),
    ),
    count(
        "bindingInstances",
        "runs out first: instances",
        "Nodes of which pods take the largest share of the Wasm instances.",
        |it| Some(it.binding_instances.into()),
    ),
    share(
        "fragmentedCpu",
        "CPU fragmented",
        "The share of the free CPU that a pod picked at random from the workloads cannot use where it is.",
        |it| it.fragmented_cpu,
    )
    .lower(),
    share("fragmentedMemory", "memory fragmented", "The same of the free memory.", |it| it.fragmented_memory)
        .lower(),
];

/// Every number of what happens during a run, in the order in which they are shown and written. Refusals by code come after
/// them.
pub const COURSE: &[CourseMetric] = &[
    happened(
        "waitingP50",
        "waited, half of the pods at most",
        "Half of the pods that were bound waited no longer.",
        |it| it.waiting.p50,
    )
    .in_millis(),
    happened("waitingP90", "waited, nine of ten at most", "Nine of ten waited no longer.", |it| {
        it.waiting.p90
    })
    .in_millis(),
    happened("waitingP99", "waited, 99 of a hundred at most", "99 of a hundred waited no longer.", |it| {
        it.waiting.p99
    })
    .in_millis(),
    happened("waitingMax", "waited, the longest", "The longest wait of a pod that was bound.", |it| {
        it.waiting.max
    })
    .in_millis(),
    happened(
        "bound",
        "pods bound",
        "Pods that the scheduler bound; one that lost its node and was bound again counts twice.",
        |it| Some(it.waiting.bound as f64),
    )
    .describing(),
    happened(
        "neverBound",
        "never bound",
        "Pods that came, and left or were there at the end without ever having had a node.",
        |it| Some(it.never_bound as f64),
    ),
    happened(
        "moves",
        "pods moved",
        "Pods that lost their node: it was drained or went away, or they were evicted.",
        |it| Some(it.moves.into()),
    ),
    happened(
        "refusals",
        "nodes refused",
        "How often a node was refused to a pod, for whatever reason.",
        |it| Some(it.refusals.values().sum::<u64>() as f64),
    )
    .describing(),
];
