//! Which numbers there are, and what each of them means.

use super::Metrics;

/// A number of a placement.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its key in JSON.
    pub key: &'static str,
    /// A shorter name, where one is in use.
    pub short: Option<&'static str>,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// The routing of calls that it holds under; `None` for what has nothing to do with calls.
    pub routing: Option<Routing>,
    value: fn(&Metrics) -> f64,
}

/// What a number is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of one, which people read as per cent.
    Share,
    /// Things.
    Count,
    /// How many times as much.
    Times,
}

/// Which way a number is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// It only describes.
    Neither,
}

/// How a call finds one of the provider's replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// To the same node as far as every replica of the provider keeps the same load.
    LocalUnderEvenLoad,
    /// To a replica chosen at random, as Services do.
    Random,
    /// To the same node wherever it has a replica.
    SameNode,
}

impl Metric {
    /// Its value.
    pub fn of(&self, metrics: &Metrics) -> f64 {
        (self.value)(metrics)
    }

    /// Whether it goes by this name: its key, or its short name.
    pub fn is(&self, name: &str) -> bool {
        self.key == name || self.short == Some(name)
    }

    /// Its name for people, the short one first.
    pub fn label(&self) -> String {
        self.short.map_or_else(|| self.title.to_owned(), |short| format!("{short}, {}", self.title))
    }
}

impl Routing {
    /// What has to be set up for it.
    pub fn requires(self) -> &'static str {
        match self {
            Self::LocalUnderEvenLoad => {
                "calls routed to the node first, as much as keeps every replica equally loaded"
            }
            Self::Random => "an endpoint chosen at random: what Services do by default",
            Self::SameNode => "Services with `trafficDistribution: PreferSameNode`",
        }
    }
}

/// The metric of this key or short name.
pub fn metric(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.is(name))
}

const fn share(
    key: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&Metrics) -> f64,
) -> Metric {
    Metric {
        key,
        short: None,
        title,
        meaning,
        unit: Unit::Share,
        better: Better::Neither,
        routing: None,
        value,
    }
}

const fn count(
    key: &'static str,
    title: &'static str,
    meaning: &'static str,
    value: fn(&Metrics) -> f64,
) -> Metric {
    Metric { unit: Unit::Count, ..share(key, title, meaning, value) }
}

impl Metric {
    const fn higher(self) -> Self {
        Self { better: Better::Higher, ..self }
    }

    const fn lower(self) -> Self {
        Self { better: Better::Lower, ..self }
    }

    const fn under(self, routing: Routing) -> Self {
        Self { routing: Some(routing), ..self }
    }

    const fn short(self, short: &'static str) -> Self {
        Self { short: Some(short), ..self }
    }
}

/// Every metric, in the order in which they are shown and written.
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
    Metric {
        unit: Unit::Times,
        ..share(
            "hotSpot",
            "hot spot",
            "The largest load of a replica by one link; 1 is even load, 0 that no link has both ends on a node.",
            |it| it.hot_spot,
        )
        .under(Routing::SameNode)
        .lower()
    },
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
        |it| it.whole_on_one_node.into(),
    )
    .lower(),
    count("nodes", "nodes", "Nodes of the cluster.", |it| it.nodes.into()),
    count("nodesUsed", "nodes used", "Nodes with a pod.", |it| it.nodes_used.into()).lower(),
    count("placed", "placed", "Pods on a node.", |it| it.placed.into()).higher(),
    count("pending", "pending", "Pods without a node.", |it| it.pending.into()).lower(),
    count("stranded", "stranded", "Pods on a node that cannot run them.", |it| it.stranded.into()).lower(),
    share("requestedCpu", "CPU requested", "The share of all nodes' CPU that is requested.", |it| {
        it.requested_cpu
    }),
    share(
        "requestedMemory",
        "memory requested",
        "The share of all nodes' memory that is requested, or taken by shims that nobody requested.",
        |it| it.requested_memory,
    ),
    share("requestedPods", "pods taken", "The share of the pods that all nodes take.", |it| {
        it.requested_pods
    }),
    count("headroom", "headroom", "How many more pods of the mean of those that are placed fit.", |it| {
        it.headroom as f64
    })
    .higher(),
    share(
        "fragmentedCpu",
        "CPU fragmented",
        "The share of the free CPU that a pod picked at random from the workloads cannot use where it is.",
        |it| it.fragmented_cpu,
    )
    .lower(),
    share("fragmentedMemory", "memory fragmented", "The same of the free memory.", |it| {
        it.fragmented_memory
    })
    .lower(),
];
