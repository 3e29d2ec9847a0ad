//! Comparisons as tables of Markdown.

use std::fmt::Write as _;

use anyhow::Context;
use wit_sim::documents::Comparison;
use wit_sim::statistics::{Estimate, Paired};

use super::{CAPS, EVERYONE, Footprint, LINKED, NO_ROOM, Online, SEEDS};

/// The keys of the numbers that the tables are about.
const GAINED: &str = "gainedAffinity";
const RANDOM: &str = "randomBalancing";
const SAME_NODE: &str = "preferSameNode";
const RADIUS: &str = "blastRadius";
const PENDING: &str = "pending";

/// All tables, each below what it is.
pub(super) fn markdown(online: &[Online], footprints: &[Footprint]) -> anyhow::Result<String> {
    let mut text = String::new();
    for one in online {
        text.push_str(&order(one)?);
    }
    text.push_str(&room(online)?);
    text.push_str(&headroom(footprints)?);
    text.push_str(&cap(footprints)?);
    Ok(text)
}

fn order(online: &Online) -> anyhow::Result<String> {
    let order = online.order;
    let mut text = format!("\n### M3, pods in {order} order\n\n");
    writeln!(
        text,
        "`wit-sim compare m3.jsonl STRATEGY… --seeds {SEEDS} --order {order}`; *no room* is with `--set {NO_ROOM}`.\n"
    )?;
    text.push_str(
        "| strategy | G | least and most | R | S | blast radius | pending |\n|---|---|---|---|---|---|---|\n",
    );
    for strategy in EVERYONE {
        row(&mut text, strategy, &online.everyone, strategy)?;
    }
    for strategy in ["wit", "wit-batch"] {
        row(&mut text, &format!("{strategy}, no room"), &online.without_room, strategy)?;
    }
    Ok(text)
}

fn row(text: &mut String, label: &str, comparison: &Comparison, strategy: &str) -> anyhow::Result<()> {
    let of = |key| estimate(comparison, strategy, key);
    let gained = of(GAINED)?;
    let least = gained.runs.iter().copied().flatten().fold(f64::INFINITY, f64::min);
    let most = gained.runs.iter().copied().flatten().fold(f64::NEG_INFINITY, f64::max);
    writeln!(
        text,
        "| {label} | {} | {:.1}–{:.1} % | {} | {} | {} | {:.0} |",
        share(gained),
        100.0 * least,
        100.0 * most,
        share(of(RANDOM)?),
        share(of(SAME_NODE)?),
        share(of(RADIUS)?),
        mean(of(PENDING)?)
    )?;
    Ok(())
}

/// What the partner-headroom term adds, seed by seed.
fn room(online: &[Online]) -> anyhow::Result<String> {
    let mut text = "\n### What the room kept for partners adds\n\n".to_owned();
    text.push_str(
        "| order | strategy | G with it | G without | difference, seed by seed | seeds with more |\n",
    );
    text.push_str("|---|---|---|---|---|---|\n");
    for Online { order, everyone, without_room } in online {
        for strategy in ["wit", "wit-batch"] {
            let with = estimate(everyone, strategy, GAINED)?;
            let without = estimate(without_room, strategy, GAINED)?;
            let paired = Paired::of(&with.runs, &without.runs);
            let (with, without, more) = (share(with), share(without), points(&paired.difference));
            let wins = paired.wins;
            writeln!(text, "| {order} | {strategy} | {with} | {without} | {more} | {wins} of {SEEDS} |")?;
        }
    }
    Ok(text)
}

/// S7: what a smaller footprint buys.
fn headroom(footprints: &[Footprint]) -> anyhow::Result<String> {
    let mut text = "\n### S7: headroom buys locality\n\n".to_owned();
    writeln!(
        text,
        "Pods in random order with `--memory-factor F --cpu-factor F --set {}`: no cap on what of a service may be on one node.\n",
        CAPS[0]
    )?;
    let heads: Vec<_> = LINKED.iter().map(|strategy| format!(" {strategy}, G |")).collect();
    writeln!(text, "| footprint |{} CPU requested |\n|---|---|---|---|---|", heads.concat())?;
    for Footprint { factor, free, .. } in footprints {
        let cells: Result<Vec<_>, _> = LINKED
            .iter()
            .map(|strategy| Ok::<_, anyhow::Error>(share(estimate(free, strategy, GAINED)?)))
            .collect();
        let requested = 100.0 * mean(estimate(free, "wit", "requestedCpu")?);
        writeln!(text, "| × {factor} | {} | {requested:.0} % |", cells?.join(" | "))?;
    }
    Ok(text)
}

/// S8: what the cap on a workload's replicas on one node costs, and what it is for.
fn cap(footprints: &[Footprint]) -> anyhow::Result<String> {
    let mut text = "\n### S8: what the cap of one half costs\n\n".to_owned();
    writeln!(text, "The same, and beside it with `--set {}`, which is the default.\n", CAPS[1])?;
    text.push_str("| footprint | strategy | G without the cap | G with it | G lost | blast radius without | with | whole on one node without | with |\n");
    text.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for Footprint { factor, free, capped } in footprints {
        for strategy in ["wit", "wit-batch"] {
            let [gained, radius, whole] = [GAINED, RADIUS, "wholeOnOneNode"].map(|key| {
                Ok::<_, anyhow::Error>((estimate(free, strategy, key)?, estimate(capped, strategy, key)?))
            });
            let (gained, radius, whole) = (gained?, radius?, whole?);
            let lost = Paired::of(&gained.0.runs, &gained.1.runs).difference;
            writeln!(
                text,
                "| × {factor} | {strategy} | {} | {} | {} | {} | {} | {:.1} | {:.1} |",
                share(gained.0),
                share(gained.1),
                points(&lost),
                share(radius.0),
                share(radius.1),
                mean(whole.0),
                mean(whole.1)
            )?;
        }
    }
    Ok(text)
}

fn estimate<'a>(comparison: &'a Comparison, strategy: &str, key: &str) -> anyhow::Result<&'a Estimate> {
    let values = comparison.strategies.get(strategy).and_then(|values| values.get(key));
    values.with_context(|| format!("the comparison has no {key} of {strategy}"))
}

/// The mean; M3 has something to measure of everything that is told.
fn mean(estimate: &Estimate) -> f64 {
    estimate.mean.unwrap_or(f64::NAN)
}

/// A share in per cent with its interval.
fn share(estimate: &Estimate) -> String {
    let interval = estimate.ci95.map_or_else(String::new, |half| format!(" ± {:.1}", 100.0 * half));
    format!("{:.1}{interval} %", 100.0 * mean(estimate))
}

/// A difference of shares in points of a hundred.
fn points(difference: &Estimate) -> String {
    let interval = difference.ci95.map_or_else(String::new, |half| format!(" ± {:.1}", 100.0 * half));
    format!("{:+.1}{interval}", 100.0 * mean(difference))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{FOOTPRINTS, ORDERS};
    use super::*;
    use crate::repository;

    /// A comparison in which every number of everyone is the same.
    fn comparison() -> Comparison {
        let keys = [GAINED, RANDOM, SAME_NODE, RADIUS, PENDING, "requestedCpu", "wholeOnOneNode"];
        let values: BTreeMap<_, _> =
            keys.map(|key| (key.to_owned(), Estimate::of(&[0.25, 0.25]))).into_iter().collect();
        let strategies = EVERYONE.map(|strategy| (strategy.to_owned(), values.clone())).into();
        Comparison { strategies, ..Comparison::default() }
    }

    #[test]
    fn the_page_has_every_table_with_its_rows_and_the_options_behind_it() {
        let online = ORDERS.map(|order| Online { order, everyone: comparison(), without_room: comparison() });
        let footprints =
            FOOTPRINTS.map(|factor| Footprint { factor, free: comparison(), capped: comparison() });
        let tables = markdown(&online, &footprints).expect("tables");
        let page = repository::text("docs/truth.md").expect("the page");
        let (_, measured) = page.split_once("<!-- truth:").expect("a mark");
        let measured: Vec<&str> = measured.lines().skip(1).collect();
        assert_eq!(measured.len(), tables.lines().count() + 1, "run `just truth`");
        for (line, found) in tables.lines().zip(measured) {
            let begins = |line: &str| line.split('|').take(2).map(ToOwned::to_owned).collect::<Vec<_>>();
            assert!(
                line == found || line.starts_with("| ") && begins(line) == begins(found),
                "{found}: run `just truth`"
            );
        }
        assert!(tables.contains("| wit | 25.0 ± 0.0 % | 25.0–25.0 % |"), "{tables}");
    }
}
