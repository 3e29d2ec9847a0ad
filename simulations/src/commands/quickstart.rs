//! `wit-sim quickstart`: the bundled example from end to end.

mod folder;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use wit_config::Settings;

use self::folder::Folder;
use super::runs::{How, Opened};
use super::tables::comparison_text;
use crate::arrivals::Order;
use crate::cli::QuickstartArguments;
use crate::documents::{Assumptions, Comparison, Run};
use crate::engine::Timing;
use crate::report_html::Report;
use crate::strategy::Name;
use crate::terminal::quoted;
use crate::what_if::WhatIf;

/// The example: three shops of Wasm components and some ordinary pods on six nodes, half an hour long.
const TRACE: &str = include_str!("../../examples/quickstart.jsonl");
/// Who places its pods.
const STRATEGIES: [Name; 3] = [Name::Default, Name::PodAffinity, Name::Wit];
/// The seeds of the runs of each.
const SEEDS: std::ops::Range<u64> = 0..3;
/// At how many points in time numbers are taken, and of how many nodes each decision is kept.
const POINTS: u32 = 30;
const DECISIONS: usize = 3;

/// `wit-sim quickstart`.
pub(crate) fn quickstart(arguments: &QuickstartArguments, out: &mut dyn Write) -> anyhow::Result<()> {
    let opened = Opened::of(TRACE.as_bytes(), Settings::default(), &WhatIf::default())?;
    let mut runs: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for strategy in STRATEGIES {
        for seed in SEEDS {
            let how = How {
                order: Order::Random,
                points: POINTS,
                seed,
                decisions: DECISIONS,
                timing: Timing::default(),
            };
            runs.entry(strategy.as_str().to_owned()).or_default().push(opened.run(strategy, how)?);
        }
    }
    let assumptions = Assumptions {
        seeds: SEEDS.collect(),
        order: Order::Random.as_str().to_owned(),
        ..opened.assumptions
    };
    let comparison = Comparison::of(assumptions, &runs);
    let mut folder = Folder::new(&arguments.output);
    folder.add("trace.jsonl", TRACE.to_owned());
    for (strategy, runs) in &runs {
        for (seed, run) in SEEDS.zip(runs) {
            folder.add(format!("run-{strategy}-{seed}.json"), serde_json::to_string_pretty(run)? + "\n");
        }
    }
    folder.add("comparison.json", serde_json::to_string_pretty(&comparison)? + "\n");
    let pod = a_pod(&runs).unwrap_or_default();
    folder.add("report.html", Report::new(runs.into_values().flatten().collect())?.html());
    folder.write()?;
    write!(out, "{}", comparison_text(&comparison))?;
    Ok(out.write_all(next(&arguments.output, &pod).as_bytes())?)
}

/// A pod that came to a partner with wit-placement: there is most to tell of those.
fn a_pod(runs: &BTreeMap<String, Vec<Run>>) -> Option<String> {
    let run = runs.get(Name::Wit.as_str())?.first()?;
    let decisions = run.decisions.as_deref().unwrap_or_default();
    let is_there = |pod: &str| run.placements.iter().any(|placed| placed.pod == pod);
    let told = decisions.iter().filter(|it| it.ranking.len() > 1 && is_there(&it.pod));
    told.max_by_key(|it| (it.beside.len(), std::cmp::Reverse(&it.pod))).map(|it| it.pod.clone())
}

/// What was made, and what to do with it.
fn next(folder: &Path, pod: &str) -> String {
    let file = |name: &str| quoted(&folder.join(name).display().to_string()).into_owned();
    let (trace, default, wit) = (file("trace.jsonl"), file("run-default-0.json"), file("run-wit-0.json"));
    let [diff, explain, compare, replay, import] = [
        format!("wit-sim diff {default} {wit}"),
        format!("wit-sim explain {wit} {}", quoted(pod)),
        format!("wit-sim compare {trace} --seeds 10"),
        format!("wit-sim replay {trace} --strategy wit-batch"),
        "wit-sim import --help".to_owned(),
    ];
    let report = folder.join("report.html");
    let report = report.display();
    format!(
        "\nThe report is {report}: open it in a browser.\n\n\
         What moved, and why:            {diff}\n\
         Why a pod is where it is:       {explain}\n\
         More seeds:                     {compare}\n\
         Another strategy:               {replay}\n\
         A trace of a cluster of yours:  {import}\n"
    )
}
