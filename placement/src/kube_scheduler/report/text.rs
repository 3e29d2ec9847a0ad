//! A run as a table and a summary, for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::super::attempt::Attempt;
use super::{Placement, Refusal, SCHEDULER_CODE};
use crate::affinity::Affinity;
use crate::objects::{NodeName, PodKey};
use crate::state::ClusterState;

/// How many node names a cell shows.
const MOST_NODES: usize = 2;

/// What the columns of the summary mean.
const EXPLANATION: &str = "
G: the share of traffic that can stay on a node under even load, where calls are routed to the node first
R: the share that stays there when endpoints are chosen at random
links local: replicas of consumers with the provider on their node, of all, link by link
stranded: pods on a node that cannot run them; they keep nothing local
";

/// A table with a row per attempt, which can be printed as it goes.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pod: usize,
    node: usize,
}

impl Table {
    /// A table whose columns are wide enough for these pods and nodes.
    pub fn new<'a>(
        pods: impl IntoIterator<Item = &'a PodKey>,
        nodes: impl IntoIterator<Item = &'a NodeName>,
    ) -> Self {
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
        let mut pods = pods.into_iter().map(|pod| pod.to_string().len());
        let mut nodes = nodes.into_iter().map(|node| node.as_str().len());
        Self { pod: widest(&mut pods).max("POD".len()), node: widest(&mut nodes).max("NODE".len()) }
    }

    /// The headings.
    pub fn header(&self) -> String {
        self.line("POD", "NODE", "SCORE", "JOINS", "REFUSED")
    }

    /// An attempt; `state` knows whether the pod's workload has links.
    pub fn row(&self, state: &ClusterState, attempt: &Attempt) -> String {
        let placement = Placement::new(state, attempt);
        let node = placement.node.as_ref().map_or("-", NodeName::as_str);
        let score = placement.score.map_or("-".to_owned(), |score| score.to_string());
        let joins = attempt.choice().map(|choice| {
            let names: Vec<_> = choice.beside.iter().map(|workload| &*workload.name).collect();
            names.join(", ")
        });
        let joins = joins.filter(|names| !names.is_empty()).unwrap_or_else(|| "-".to_owned());
        self.line(&placement.pod, node, &score, &joins, &refused(&placement))
    }

    fn line(&self, pod: &str, node: &str, score: &str, joins: &str, refused: &str) -> String {
        let (pods, nodes) = (self.pod, self.node);
        format!("{pod:pods$}  {node:nodes$}  {score:>5}  {joins:28}  {refused}").trim_end().to_owned()
    }
}

/// Our refusals by code; for a pod without a node kube-scheduler's too.
fn refused(placement: &Placement) -> String {
    let told = |refusal: &&Refusal| refusal.code != SCHEDULER_CODE || placement.node.is_none();
    let cell = |refusal: &Refusal| {
        let name = if refusal.code == SCHEDULER_CODE { &refusal.message } else { &refusal.code };
        format!("{name}: {}", few(&refusal.nodes))
    };
    placement.reasons.iter().filter(told).map(cell).collect::<Vec<_>>().join("; ")
}

fn few(nodes: &[NodeName]) -> String {
    let names: Vec<_> = nodes.iter().take(MOST_NODES).map(NodeName::as_str).collect();
    match nodes.len().saturating_sub(MOST_NODES) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// What the codes of the table mean, a line for each message; empty where no node was refused by us.
pub fn legend(attempts: &[Attempt]) -> String {
    let mut codes = BTreeSet::new();
    for refusal in attempts.iter().flat_map(|attempt| Refusal::all(&attempt.reasons)) {
        if refusal.code != SCHEDULER_CODE {
            codes.insert((refusal.code, refusal.message));
        }
    }
    codes.into_iter().fold(String::new(), |mut lines, (code, message)| {
        let _ = writeln!(lines, "{code} {message}");
        lines
    })
}

/// How many pods were placed, and how much traffic both strategies keep on a node.
pub fn summary(attempts: &[Attempt], steered: &Affinity, default: &Affinity) -> String {
    let placed = attempts.iter().filter(|attempt| attempt.outcome.is_bound()).count();
    let pending = attempts.len() - placed;
    let mut text = format!("{placed} pods placed, {pending} pending\n\n");
    text.push_str("                                      G       R  links local  stranded\n");
    for (name, affinity) in [("kube-scheduler and wit-placement", steered), ("kube-scheduler alone", default)]
    {
        let links = affinity.local + affinity.remote;
        let share = |value: f64| if links == 0 { "-".to_owned() } else { format!("{:.1} %", value * 100.0) };
        let (gained, random) = (share(affinity.gained), share(affinity.random));
        let local = if links == 0 { "none".to_owned() } else { format!("{} of {links}", affinity.local) };
        let _ = writeln!(text, "{name:32} {gained:>7} {random:>7}  {local:>11}  {:>8}", affinity.stranded);
    }
    text.push_str(EXPLANATION);
    text
}
