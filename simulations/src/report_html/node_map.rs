//! The nodes of a run as squares, the fuller the darker.

use maud::{Markup, html};

use super::axes::{WIDTH, figure, percent, px};
use crate::documents::Run;
use crate::metrics::NodeDetails;

/// The squares in a row, and how many are drawn at most.
const IN_A_ROW: usize = 24;
const MOST: usize = 2_400;
/// The shades from empty to full.
pub(super) const SHADES: usize = 6;

/// A square for each node, in the order of their names.
pub(super) fn node_map(run: &Run) -> Markup {
    let nodes = &run.details.nodes;
    let side = WIDTH / IN_A_ROW as f64;
    let rows = nodes.len().min(MOST).div_ceil(IN_A_ROW).max(1);
    let content = html! {
        @for (number, node) in nodes.iter().take(MOST).enumerate() {
            rect class=(format!("node f{}", shade(node)))
                x=(px((number % IN_A_ROW) as f64 * side + 1.0)) y=(px((number / IN_A_ROW) as f64 * side + 1.0))
                width=(px(side - 2.0)) height=(px(side - 2.0)) rx="2" { title { (told(node)) } }
        }
    };
    let used = nodes.iter().filter(|node| node.pods > 0).count();
    let label = format!("{}: {used} of {} nodes have pods", run.strategy, nodes.len());
    figure(&label, rows as f64 * side, &content)
}

/// How many nodes the map leaves out.
pub(super) fn left_out(run: &Run) -> usize {
    run.details.nodes.len().saturating_sub(MOST)
}

/// The share of the resource of which the largest share is taken.
fn fullest(node: &NodeDetails) -> f64 {
    node.pods_share.max(node.cpu_share).max(node.memory_share)
}

/// 0 for a node without pods; a full one has the last.
fn shade(node: &NodeDetails) -> usize {
    let above = |shade: &usize| fullest(node) > *shade as f64 / (SHADES - 1) as f64;
    if node.pods == 0 { 0 } else { 1 + (1..SHADES - 1).filter(above).count() }
}

fn told(node: &NodeDetails) -> String {
    let binding = node.binding.map(|binding| format!(", {} runs out first", binding.name()));
    let (cpu, memory) = (percent(node.cpu_share), percent(node.memory_share));
    format!("{}: {} pods, CPU {cpu}, memory {memory}{}", node.node, node.pods, binding.unwrap_or_default())
}
