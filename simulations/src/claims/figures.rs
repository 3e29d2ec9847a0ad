//! What a replay of a case gives, and how many nodes it needs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wit_config::Settings;

use super::Case;
use crate::arrivals::Order;
use crate::compare::options;
use crate::density::{Constraint, Demand, Fit, Room};
use crate::documents::{Assumptions, Run};
use crate::engine::Options;
use crate::metrics::{NodeDetails, PendingReason};
use crate::scenario::{Scenario, Step};
use crate::strategy::Name;

/// A number that a claim can be judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Figure {
    /// Nodes with a pod; where the number of nodes is sought, the fewest with which nothing is pending.
    Nodes,
    /// Pods on a node.
    Placed,
    /// Pods without one.
    Pending,
    /// Pods on a node that cannot run them.
    Stranded,
    /// The most pods on one node.
    PerNode,
    /// Instances on all nodes: the placed pods times the instances in each.
    Instances,
    /// Placed pods as a multiple of those of another case.
    TimesBaseline,
    /// How long 99 of a hundred pods that were bound waited at most.
    WaitingP99Seconds,
    /// The longest wait.
    WaitingMaxSeconds,
    /// Pods that lost their node.
    Moves,
    /// Links between workloads.
    Links,
    /// Those of them that leave their namespace.
    LinksAcrossNamespaces,
    /// G, the share of traffic that can stay on a node.
    GainedAffinity,
}

/// A case under one strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseRun {
    /// Every figure.
    pub figures: BTreeMap<Figure, f64>,
    /// What runs out first on most of the used nodes; `null` where no node is used.
    pub binding: Option<Constraint>,
    /// Why pods are pending.
    pub pending: Vec<PendingReason>,
    /// What one node less gives, where the fewest nodes are sought; `null` where one node does.
    pub one_node_less: Option<OneLess>,
}

/// A replay with too few nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneLess {
    /// So many nodes.
    pub nodes: u32,
    /// Pods without one.
    pub pending: u32,
    /// Why.
    pub reasons: Vec<PendingReason>,
}

impl Figure {
    /// The words after the number.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Placed => "placed",
            Self::Pending => "pending",
            Self::Stranded => "on nodes that cannot run them",
            Self::PerNode => "on the fullest node",
            Self::Instances => "instances",
            Self::TimesBaseline => "times as many",
            Self::WaitingP99Seconds => "s until 99 % are placed",
            Self::WaitingMaxSeconds => "s until the last is placed",
            Self::Moves => "lost their node",
            Self::Links => "links",
            Self::LinksAcrossNamespaces => "links across namespaces",
            Self::GainedAffinity => "gained affinity",
        }
    }
}

impl Case {
    /// What arithmetic says that a node takes, where all nodes and all pods are equal.
    ///
    /// # Errors
    /// A trace that cannot be loaded.
    pub fn fit(&self) -> anyhow::Result<Option<Fit>> {
        let scenario = self.trace(Some(1))?.load()?;
        let is_plain = self.nodes.len() == 1 && self.pods.len() == 1;
        Ok(room(&scenario).zip(demand(&scenario)).filter(|_| is_plain).map(|(room, each)| room.fit(each)))
    }

    /// How many pods there are when all has happened.
    pub fn wanted(&self) -> u64 {
        let pods = |group: &super::PodGroup| u64::from(group.workloads) * u64::from(group.replicas);
        self.pods.iter().map(pods).sum()
    }

    /// Replays the case with a strategy.
    ///
    /// # Errors
    /// A trace that cannot be loaded, or nodes of which no number suffices.
    pub fn run(&self, strategy: Name) -> anyhow::Result<CaseRun> {
        if self.fewest { self.sought(strategy) } else { Ok(self.told(&self.replay(strategy, None)?)) }
    }

    /// The fewest nodes with which nothing is pending, from what arithmetic says up or down.
    fn sought(&self, strategy: Name) -> anyhow::Result<CaseRun> {
        let reckoned = self.fit()?.and_then(|fit| fit.nodes_for(self.wanted())).unwrap_or(1);
        let mut nodes = u32::try_from(reckoned)?.max(1);
        let mut enough = self.replay(strategy, Some(nodes))?;
        while enough.metrics.pending > 0 {
            let more = self.replay(strategy, Some(nodes + 1))?;
            anyhow::ensure!(more.metrics.pending < enough.metrics.pending, "no number of nodes suffices");
            (nodes, enough) = (nodes + 1, more);
        }
        let mut one_node_less = None;
        while one_node_less.is_none() && nodes > 1 {
            let fewer = self.replay(strategy, Some(nodes - 1))?;
            if fewer.metrics.pending == 0 {
                (nodes, enough) = (nodes - 1, fewer);
            } else {
                let (pending, reasons) = (fewer.metrics.pending, fewer.details.pending);
                one_node_less = Some(OneLess { nodes: nodes - 1, pending, reasons });
            }
        }
        let mut run = self.told(&enough);
        run.figures.insert(Figure::Nodes, f64::from(nodes));
        Ok(CaseRun { one_node_less, ..run })
    }

    fn replay(&self, strategy: Name, nodes: Option<u32>) -> anyhow::Result<Run> {
        let scenario = self.trace(nodes)?.load()?;
        let options = Options { averages: 0, ..options(Order::Listed, 0, 0) };
        let run = strategy.run(&scenario, &Settings::default(), &options)?;
        Ok(Run::of(strategy.as_str(), Assumptions::default(), &run))
    }

    fn told(&self, run: &Run) -> CaseRun {
        let (metrics, course) = (&run.metrics, &run.course);
        let most = run.details.nodes.iter().map(|node| node.pods).max().unwrap_or(0);
        let across =
            run.links.iter().filter(|link| link.consumer.namespace != link.provider.namespace).count();
        // Claims are about pods that run: what there is nothing to measure of counts as none.
        let seconds = |millis: Option<f64>| millis.unwrap_or(0.0) / 1000.0;
        let figures = [
            (Figure::Nodes, f64::from(metrics.nodes_used)),
            (Figure::Placed, f64::from(metrics.placed)),
            (Figure::Pending, f64::from(metrics.pending)),
            (Figure::Stranded, f64::from(metrics.stranded)),
            (Figure::PerNode, f64::from(most)),
            (Figure::Instances, f64::from(metrics.placed) * f64::from(self.instances_per_pod)),
            (Figure::WaitingP99Seconds, seconds(course.waiting.p99)),
            (Figure::WaitingMaxSeconds, seconds(course.waiting.max)),
            (Figure::Moves, f64::from(course.moves)),
            (Figure::Links, run.links.len() as f64),
            (Figure::LinksAcrossNamespaces, across as f64),
            (Figure::GainedAffinity, metrics.gained_affinity.unwrap_or(0.0)),
        ];
        CaseRun {
            figures: figures.into(),
            binding: binding(&run.details.nodes),
            pending: run.details.pending.clone(),
            one_node_less: None,
        }
    }
}

/// What binds on most of the used nodes; of several the first.
fn binding(nodes: &[NodeDetails]) -> Option<Constraint> {
    let mut counted: BTreeMap<Constraint, u32> = BTreeMap::new();
    for constraint in nodes.iter().filter_map(|node| node.binding) {
        *counted.entry(constraint).or_insert(0) += 1;
    }
    let most = counted.values().copied().max()?;
    counted.into_iter().find(|(_, count)| *count == most).map(|(constraint, _)| constraint)
}

fn room(scenario: &Scenario) -> Option<Room> {
    scenario.steps.iter().find_map(|(_, step)| match step {
        Step::Node(node) => {
            let pods = node.allocatable.pods.into();
            Some(Room { pods, ..Room::of(node.allocatable.resources) })
        }
        _ => None,
    })
}

fn demand(scenario: &Scenario) -> Option<Demand> {
    scenario.steps.iter().find_map(|(_, step)| match step {
        Step::Workload { workload, .. } => {
            Some(Demand::of(workload.shape.requests + workload.shape.overhead))
        }
        _ => None,
    })
}
