//! A decision for people: what was decided when, and who was refused where.

use std::fmt::Write;

use super::{RunExplanation, ranking};
use crate::documents::{Decision, RefusedNodes};

/// How many nodes of a refusal are named.
const MOST: usize = 5;

pub(super) fn text(explanation: &RunExplanation) -> String {
    let RunExplanation { pod, trace, strategy, node, workload, .. } = explanation;
    let seeds: Vec<_> = explanation.seeds.iter().map(ToString::to_string).collect();
    let whose = workload.as_ref().map(|workload| format!(" of {workload}")).unwrap_or_default();
    let mut text = format!("{pod}{whose}\n{trace} with {strategy}, seed {}\n", seeds.join(", "));
    let Some(decision) = &explanation.decision else {
        let _ = match node {
            Some(node) => writeln!(text, "on {node} from the beginning: nobody had to decide"),
            None => writeln!(text, "without a node, and nobody has tried to place it"),
        };
        return text;
    };
    let gone = if workload.is_none() { "; it was gone when the run ended" } else { "" };
    let _ = match &decision.node {
        Some(node) => writeln!(text, "bound to {node} {}{gone}", tried(decision)),
        None => writeln!(text, "refused everywhere {}{gone}", tried(decision)),
    };
    if !decision.beside.is_empty() {
        let beside: Vec<_> = decision.beside.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "beside {}", beside.join(", "));
    }
    if let Some(evicts) = &decision.evicts {
        let _ = writeln!(text, "evicted for it on {}: {}", evicts.node, evicts.pods.join(", "));
    }
    refused(&mut text, &decision.refused);
    ranking::ranking(&mut text, decision);
    text
}

fn tried(decision: &Decision) -> String {
    let at = |millis: u64| format!("{} s", millis as f64 / 1_000.0);
    match decision.tries {
        0 | 1 => format!("when it was tried, at {}", at(decision.last_tried)),
        tries => {
            let (first, last) = (at(decision.first_tried), at(decision.last_tried));
            format!("at {last}, in the last of {tries} tries since {first}")
        }
    }
}

fn refused(text: &mut String, refused: &[RefusedNodes]) {
    if refused.is_empty() {
        return;
    }
    text.push_str("\nrefused:\n");
    for RefusedNodes { code, message, count, nodes } in refused {
        let mut named: Vec<_> = nodes.iter().take(MOST).map(ToString::to_string).collect();
        let rest = usize::try_from(*count).unwrap_or(usize::MAX).saturating_sub(named.len());
        if rest > 0 {
            named.push(format!("and {rest} more"));
        }
        let nodes = if *count == 1 { "node" } else { "nodes" };
        let _ = writeln!(text, "  {code} {message}: {count} {nodes} ({})", named.join(", "));
    }
}
