//! A difference for people.

use std::fmt::Write;

use super::{Account, ChangedNumber, MovedPod, MovedWorkload, OtherNode, RunDifference, Side};
use crate::documents::RankedNode;
use crate::metrics::{NOTHING, Number, Unit};

/// How many names of a list are shown.
const NAMED: usize = 5;

pub(super) fn text(difference: &RunDifference, most: usize) -> String {
    let names = difference.names();
    let [one, other] = &names;
    let mut text = format!("{}: {one} → {other}\n", difference.trace);
    numbers(&mut text, &names, &difference.metrics);
    moved(&mut text, difference, most);
    for (name, side) in [(one, &difference.one), (other, &difference.other)] {
        pending(&mut text, name, side);
    }
    for (name, pods) in [(one, &difference.only_in_one), (other, &difference.only_in_other)] {
        if !pods.is_empty() {
            let _ = writeln!(text, "\n{} pods are there only with {name}: {}", pods.len(), list(pods));
        }
    }
    text
}

impl RunDifference {
    /// What tells the runs apart: their strategies, or what else.
    fn names(&self) -> [String; 2] {
        let (one, other) = (&self.one, &self.other);
        let name = |side: &Side, place: &str| {
            let seeds: Vec<_> = side.seeds.iter().map(ToString::to_string).collect();
            if one.strategy != other.strategy {
                side.strategy.clone()
            } else if one.seeds != other.seeds {
                format!("{} seed {}", side.strategy, seeds.join(", "))
            } else if one.order != other.order {
                format!("{} {}", side.strategy, side.order)
            } else {
                format!("{} ({place})", side.strategy)
            }
        };
        [name(one, "first"), name(other, "second")]
    }
}

fn numbers(text: &mut String, [one, other]: &[String; 2], numbers: &[ChangedNumber]) {
    if numbers.is_empty() {
        text.push_str("\nno number differs\n");
        return;
    }
    let rows = numbers.iter().map(row);
    let heading = [String::new(), one.clone(), other.clone(), "difference".to_owned()];
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    let width = |place: usize| {
        rows.iter().filter_map(|row| row.get(place)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second, third, fourth) = (width(0), width(1), width(2), width(3));
    text.push('\n');
    for [name, one, other, difference] in &rows {
        let _ = writeln!(text, "{name:first$}  {one:>second$}  {other:>third$}  {difference:>fourth$}");
    }
}

/// A number with its name, in both runs, and the difference.
fn row(number: &ChangedNumber) -> [String; 4] {
    let ChangedNumber { metric: key, one, other, difference } = number;
    let number = Number::named(key).ok();
    let unit = number.as_ref().map_or(Unit::Count, |number| number.unit);
    let label = number.map_or_else(|| key.clone(), |number| number.full_label());
    let difference = difference.map_or_else(|| NOTHING.to_owned(), |difference| unit.difference(difference));
    [label, unit.text(*one), unit.text(*other), difference]
}

fn moved(text: &mut String, difference: &RunDifference, most: usize) {
    let pods: usize = difference.moved.iter().map(|workload| workload.pods.len()).sum();
    let replicas: u32 = difference.moved.iter().map(|workload| workload.replicas).sum();
    let all = pods + difference.unmoved as usize;
    if pods == 0 {
        let _ = writeln!(text, "\nno pod moved, of {all}");
        return;
    }
    let _ = writeln!(
        text,
        "\nmoved: {pods} of {all} pods; {replicas} of them as a whole, the others changed places with replicas of their own"
    );
    let names = difference.names();
    for workload in difference.moved.iter().take(most) {
        one_workload(text, &names, workload);
    }
    let left_out = difference.moved.len().saturating_sub(most);
    if left_out > 0 {
        let _ = writeln!(text, "  and pods of {left_out} more workloads; --output json has all");
    }
}

fn one_workload(text: &mut String, [one, other]: &[String; 2], workload: &MovedWorkload) {
    let MovedWorkload { workload, replicas, pods } = workload;
    let _ = writeln!(text, "  {workload}: {} moved, {replicas} as a whole", pods.len());
    // The pod of which there is most to tell.
    let Some(pod) = pods.iter().rev().max_by_key(|pod| telling(pod)) else { return };
    let MovedPod { pod, one: here, other: there, why_one, why_other } = pod;
    let node = |node: &Option<wit_placement::NodeName>| {
        node.as_ref().map_or_else(|| "no node".to_owned(), ToString::to_string)
    };
    let _ = writeln!(text, "    such as {pod}: {} → {}", node(here), node(there));
    for (name, why, elsewhere) in [(one, why_one, there), (other, why_other, here)] {
        let why = why
            .as_ref()
            .map_or_else(|| "no decision is kept".to_owned(), |account| told(account, &node(elsewhere)));
        let _ = writeln!(text, "      {name}: {why}");
    }
}

/// How much is known of why a pod moved.
fn telling(pod: &MovedPod) -> usize {
    let verdicts = [&pod.why_one, &pod.why_other].into_iter().flatten();
    let of = |account: &Account| match &account.other_node {
        None => 0,
        Some(OtherNode::NotAmongTheBest { .. }) => 1,
        Some(OtherNode::Refused { .. } | OtherNode::Scored { .. }) => 2,
    };
    verdicts.map(of).sum()
}

/// An account in a line; `elsewhere` is the node in the other run.
fn told(account: &Account, elsewhere: &str) -> String {
    let against = match &account.other_node {
        None => return account.chosen.as_ref().map_or_else(String::new, |it| format!("{} took it", it.node)),
        Some(OtherNode::Refused { code, message }) => format!("{elsewhere} was refused: {code} {message}"),
        Some(OtherNode::Scored { ranked }) => {
            return match &account.chosen {
                Some(chosen) => scores(chosen, ranked),
                None => format!("{elsewhere} was scored, and not taken"),
            };
        }
        Some(OtherNode::NotAmongTheBest { kept }) => format!("{elsewhere} is not among the best {kept}"),
    };
    match &account.chosen {
        Some(best @ RankedNode { node, total: Some(total), .. }) => {
            format!("{node} has {total} ({}); {against}", made_of(best))
        }
        Some(RankedNode { node, total: None, .. }) => format!("{node} was the only node left; {against}"),
        None => against,
    }
}

/// What a total is made of, as far as it is not zero.
fn made_of(node: &RankedNode) -> String {
    let plugins = node.plugins.iter().map(|it| (it.plugin.as_str(), it.score * it.weight));
    let terms = plugins.chain([("extender", points(node))]).filter(|(_, points)| *points > 0);
    terms.map(|(name, points)| format!("{name} {points}")).collect::<Vec<_>>().join(", ")
}

/// What the extender's score adds.
fn points(node: &RankedNode) -> u64 {
    node.extender.map_or(0, |extender| u64::from(extender.score.unwrap_or(0)) * extender.weight)
}

/// Two nodes that were scored, and where they differ.
fn scores(chosen: &RankedNode, other: &RankedNode) -> String {
    let total = |node: &RankedNode| node.total.map(|total| total.to_string()).unwrap_or_default();
    let mut terms = Vec::new();
    for plugin in &chosen.plugins {
        let theirs = other.plugins.iter().find(|it| it.plugin == plugin.plugin).map_or(0, |it| it.score);
        if theirs != plugin.score {
            terms.push(format!(
                "{} {} against {}",
                plugin.plugin,
                plugin.score * plugin.weight,
                theirs * plugin.weight
            ));
        }
    }
    if points(chosen) != points(other) {
        terms.push(format!("extender {} against {}", points(chosen), points(other)));
    }
    let named =
        |node: &RankedNode| node.extender.and_then(|extender| extender.terms).map(|terms| terms.named());
    for ((name, ours), (_, theirs)) in
        named(chosen).into_iter().flatten().zip(named(other).into_iter().flatten())
    {
        if (ours - theirs).abs() > 5e-4 {
            terms.push(format!("{name} {ours:.3} against {theirs:.3}"));
        }
    }
    let equal = if terms.is_empty() { "equal in all".to_owned() } else { terms.join(", ") };
    format!("{} has {}, {} has {}: {equal}", chosen.node, total(chosen), other.node, total(other))
}

fn pending(text: &mut String, name: &str, side: &Side) {
    if side.pending.is_empty() {
        return;
    }
    let _ = writeln!(text, "\npending with {name}:");
    for reason in &side.pending {
        let _ = writeln!(text, "  {} {} (first {})", reason.pods, reason.reason, reason.first);
    }
    if !side.pending_only_here.is_empty() {
        let _ = writeln!(text, "  only here: {}", list(&side.pending_only_here));
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMED).cloned().collect();
    let rest = names.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
