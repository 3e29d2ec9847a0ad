//! A decision for people: who was refused where, and the best nodes beside each other, a line for each term.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::RunExplanation;
use crate::documents::{Decision, ExtenderScore, RankedNode, RefusedNodes, ScoreTerms};

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
        let _ = writeln!(text, "would fit on {} without {}", evicts.node, evicts.pods.join(", "));
    }
    refused(&mut text, &decision.refused);
    ranking(&mut text, &decision.ranking);
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

/// A line of the table: a term, and what it is on each node.
type Row = (String, Vec<String>);

fn ranking(text: &mut String, ranking: &[RankedNode]) {
    if let [only] = ranking
        && only.total.is_none()
    {
        let _ =
            writeln!(text, "\n{} was the only node left: kube-scheduler takes it without scores", only.node);
        let terms = only.extender.and_then(|extender| extender.terms);
        for (name, value) in terms.iter().flat_map(ScoreTerms::named) {
            let _ = writeln!(text, "  {name:<10}{value:.3}");
        }
        return;
    }
    if ranking.is_empty() {
        return;
    }
    text.push_str("\nscored, the best first; a line is what a term adds:\n");
    let rows = rows(ranking);
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let cells = rows.iter().flat_map(|(_, cells)| cells).map(|cell| cell.chars().count());
    let cells = cells.max().unwrap_or(0);
    for (name, values) in &rows {
        let _ = write!(text, "  {name:names$}");
        for value in values {
            let _ = write!(text, "  {value:>cells$}");
        }
        text.push('\n');
    }
}

fn rows(ranking: &[RankedNode]) -> Vec<Row> {
    let row = |name: String, cell: &dyn Fn(&RankedNode) -> String| (name, ranking.iter().map(cell).collect());
    let mut rows: Vec<Row> = vec![row(String::new(), &|node| node.node.to_string())];
    let told = ranking.iter().flat_map(|node| &node.plugins).filter(|it| it.score > 0);
    let plugins: BTreeSet<_> = told.map(|it| (&it.plugin, it.weight)).collect();
    for (plugin, weight) in plugins {
        rows.push(row(format!("{plugin} × {weight}"), &|node| {
            let score = node.plugins.iter().find(|it| it.plugin == *plugin);
            score.map(|it| (it.score * it.weight).to_string()).unwrap_or_default()
        }));
    }
    let asked: Vec<ExtenderScore> = ranking.iter().filter_map(|node| node.extender).collect();
    if let Some(ExtenderScore { weight, .. }) = asked.first() {
        rows.push(row(format!("extender × {weight}"), &|node| {
            let score = node.extender.and_then(|it| it.score);
            score.map(|score| (u64::from(score) * weight).to_string()).unwrap_or_default()
        }));
        let named = |extender: Option<ExtenderScore>| extender.and_then(|it| it.terms).map(|it| it.named());
        for (place, (name, _)) in
            asked.iter().find_map(|it| named(Some(*it))).into_iter().flatten().enumerate()
        {
            rows.push(row(format!("  {name}"), &|node| {
                let value = named(node.extender).and_then(|terms| terms.get(place).copied());
                value.map(|(_, value)| format!("{value:.3}")).unwrap_or_default()
            }));
        }
    }
    rows.push(row("total".to_owned(), &|node| node.total.map(|it| it.to_string()).unwrap_or_default()));
    rows
}
