//! The commands that run strategies over a trace.

use std::io::Write;
use std::path::Path;
use std::thread::available_parallelism;

use anyhow::{Context, ensure};
use wit_config::{HostCatalogue, Settings};
use wit_graph::Digest;

use super::facts::{Facts, most_pods};
use super::in_file;
use super::progress::Progress;
use super::tables::{comparison_text, run_text};
use crate::arrivals::Order;
use crate::cli::{CompareArguments, Output, RemoteArguments, ReplayArguments, RunArguments};
use crate::compare::{Plan, Runs, State, StatePlan, compare as compare_all, options};
use crate::documents::{Assumptions, Comparison, Run, no_strategy};
use crate::engine::{self, Timing};
use crate::fail_if::FailIf;
use crate::import::ImportError;
use crate::input;
use crate::metrics::Number;
use crate::scenario::Scenario;
use crate::strategy::{Mirror, Name, OverHttp, Shown};
use crate::terminal::escaped;
use crate::trace::{Trace, TraceError};
use crate::what_if::{Changed, WhatIf};

/// What a run is called in which an extender elsewhere answered.
const OVER_HTTP: &str = "via-http";
/// What is said where wit-placement has nothing to do.
const NO_WASM: &str = "wit-placement leaves every pod alone: none runs under a RuntimeClass of a Wasm runtime; `--runtime wasm` \
                       makes them components.\n";

/// A trace from its file, with what it simulates and what numbers from it rest on.
pub(super) struct Opened {
    pub(super) scenario: Scenario,
    pub(super) settings: Settings,
    pub(super) assumptions: Assumptions,
    /// Whether wit-placement has anything to do.
    pub(super) has_wasm: bool,
}

/// How a run is made.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) order: Order,
    pub(super) points: u32,
    pub(super) seed: u64,
    /// Of how many of the best nodes each decision is kept.
    pub(super) decisions: usize,
    pub(super) timing: Timing,
}

impl How {
    fn options(self) -> engine::Options {
        let mut options = options(self.order, self.seed, self.points);
        options.timing = self.timing;
        options.profile.tells_best = self.decisions;
        options.profile.tells_unfit_of_bound = self.decisions > 0;
        options
    }
}

impl Opened {
    fn read(path: &Path, config: Option<&Path>, what_if: &WhatIf) -> anyhow::Result<Self> {
        let place = || path.display().to_string();
        let bytes = std::fs::read(path).with_context(place)?;
        let settings = config.map(input::settings).transpose()?.unwrap_or_default();
        let mut opened = Self::of(&bytes, settings, what_if).map_err(|error| in_trace(path, error))?;
        if let Some(path) = config {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            opened.assumptions.settings.insert("config".to_owned(), Digest::of(&bytes).to_string());
        }
        Ok(opened)
    }

    /// What a trace's bytes hold.
    pub(super) fn of(bytes: &[u8], settings: Settings, what_if: &WhatIf) -> anyhow::Result<Self> {
        let trace = Trace::read(bytes)?;
        let mut scenario = trace.load()?;
        let settings = what_if.settings(settings).context("--set")?;
        let hosts = HostCatalogue::bundled().merged(&settings.hosts);
        let Changed { trace, told } = what_if.apply(trace, &hosts)?;
        if !what_if.is_nothing() {
            scenario = trace.load().context("after the changes")?;
        }
        let digest = Digest::of(bytes).to_string();
        let facts = Facts::of(&scenario, &settings)?;
        let (overhead, has_wasm) = (facts.overheads(), facts.has_wasm());
        let assumptions = Assumptions {
            trace: trace.header.name,
            input_sha256: digest.strip_prefix("sha256:").map(ToOwned::to_owned),
            most_pods: most_pods(&scenario),
            overhead,
            synthetic: trace.header.synthetic,
            settings: told,
            ..Assumptions::default()
        };
        Ok(Self { scenario, settings, assumptions, has_wasm })
    }

    /// What is to be said below the numbers of these strategies.
    fn remark(&self, strategies: &[&str]) -> &'static str {
        let ours = strategies.iter().any(|name| [Name::Wit.as_str(), OVER_HTTP].contains(name));
        if ours && !self.has_wasm { NO_WASM } else { "" }
    }

    /// The document of a run.
    pub(super) fn run(&self, strategy: Name, how: How) -> anyhow::Result<Run> {
        let run = strategy.run(&self.scenario, &self.settings, &how.options())?;
        Ok(Run::of(strategy.as_str(), self.assumptions_of(how), &run))
    }

    /// The document of a run in which an extender elsewhere answers.
    fn run_over_http(&self, url: &str, remote: &RemoteArguments, how: How) -> anyhow::Result<Run> {
        let mirror = match (&remote.mirror, &remote.mirror_api) {
            (Some(folder), Some(api)) => Some(Mirror::new(folder, api)?),
            _ => None,
        };
        let shown = if remote.node_cache_capable { Shown::Names } else { Shown::Nodes };
        let mut extender = OverHttp::new(url, shown, mirror)?;
        let run = engine::run(&self.scenario, &self.settings, &how.options(), &mut extender)?;
        extender.finish()?;
        Ok(Run::of(OVER_HTTP, self.assumptions_of(how), &run))
    }

    fn assumptions_of(&self, how: How) -> Assumptions {
        Assumptions {
            seeds: vec![how.seed],
            order: how.order.as_str().to_owned(),
            ..self.assumptions.clone()
        }
    }

    fn warn(&self, notes: &mut dyn Write) -> std::io::Result<()> {
        self.scenario.warnings.iter().try_for_each(|warning| writeln!(notes, "warning: {}", escaped(warning)))
    }
}

/// What is wrong with a trace, each line with the file's name.
fn in_trace(path: &Path, error: anyhow::Error) -> anyhow::Error {
    if error.chain().nth(1).is_some() {
        return error.context(path.display().to_string());
    }
    match error.downcast::<TraceError>() {
        Ok(error) => ImportError { problems: in_file(path, error) }.into(),
        Err(error) => error.context(path.display().to_string()),
    }
}

/// `wit-sim replay TRACE`.
pub(crate) fn replay(
    trace: &Path,
    arguments: &ReplayArguments,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut opened = Opened::read(trace, arguments.config.as_deref(), &arguments.what_if)?;
    opened.assumptions.settings.extend(arguments.timing.told());
    opened.warn(notes)?;
    let RunArguments { order, points } = arguments.runs;
    let kept = if arguments.output == Output::Json { arguments.decisions } else { 0 };
    let how = How { order, points, seed: arguments.seed, decisions: kept, timing: arguments.timing.timing() };
    let run = match &arguments.remote.via_http {
        Some(url) => opened.run_over_http(url, &arguments.remote, how)?,
        None => opened.run(arguments.strategy, how)?,
    };
    let text = match arguments.output {
        Output::Text => run_text(&run) + opened.remark(&[run.strategy.as_str()]),
        Output::Json => serde_json::to_string_pretty(&run)? + "\n",
    };
    Ok(out.write_all(text.as_bytes())?)
}

/// `wit-sim compare`.
pub(crate) fn compare(
    arguments: &CompareArguments,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut strategies = arguments.strategies.clone();
    if strategies.is_empty() {
        strategies = vec![Name::Default, Name::PodAffinity, Name::Wit];
    }
    strategies.sort();
    strategies.dedup();
    let names = strategies.iter().map(|name| name.as_str());
    conditions(&arguments.fail_if, &names.chain(arguments.remote.via_http.as_ref().map(|_| OVER_HTTP)))?;
    let mut opened = Opened::read(&arguments.trace, arguments.config.as_deref(), &arguments.what_if)?;
    opened.assumptions.settings.extend(arguments.timing.told());
    opened.warn(notes)?;
    let threads =
        arguments.threads.or_else(|| available_parallelism().ok()).unwrap_or(std::num::NonZero::<usize>::MIN);
    let seeds: Vec<u64> = (0..arguments.seeds).collect();
    let assumptions = Assumptions {
        seeds: seeds.clone(),
        order: arguments.order.as_str().to_owned(),
        ..opened.assumptions.clone()
    };
    let timing = arguments.timing.timing();
    let plan = Plan { strategies, seeds, order: arguments.order, timing, threads };
    let (mut state, before) = match &arguments.state {
        Some(path) => {
            let (state, runs) = State::open(path, &state_plan(&plan, &assumptions, arguments.seeds))?;
            (Some((path, state)), runs)
        }
        None => (None, Runs::new()),
    };
    let remote = over_http(arguments, &opened)?;
    let progress = Progress::begun(arguments.shown(), before.len(), plan.runs(), notes)?;
    let runs = compare_all(&opened.scenario, &opened.settings, &plan, before, &mut |made| {
        if let Some((path, state)) = &mut state {
            state.keep(&made).with_context(|| format!("{} cannot be written", path.display()))?;
        }
        Ok(progress.made(made.runs, notes)?)
    });
    progress.ended(notes)?;
    let mut runs = runs?;
    runs.extend(remote);
    let comparison = Comparison::of(assumptions, &runs);
    let text = match arguments.output {
        Output::Text => {
            let names: Vec<_> = comparison.strategies.keys().map(String::as_str).collect();
            comparison_text(&comparison) + opened.remark(&names)
        }
        Output::Json => serde_json::to_string_pretty(&comparison)? + "\n",
    };
    out.write_all(text.as_bytes())?;
    let mut failed = Vec::new();
    for condition in &arguments.fail_if {
        if condition.holds(|strategy, metric| comparison.mean(strategy, metric))? {
            failed.push(condition.to_string());
        }
    }
    ensure!(failed.is_empty(), "this holds, and was not to: {}", failed.join("; "));
    Ok(())
}

/// Sees to it, before anything is run, that conditions speak of strategies that are compared and numbers that there are.
fn conditions<'a>(
    conditions: &[FailIf],
    names: &(impl Iterator<Item = &'a str> + Clone),
) -> anyhow::Result<()> {
    let check = |strategy: &str, metric: &str| {
        let strategy = names
            .clone()
            .find(|name| *name == strategy)
            .map(|_| ())
            .ok_or_else(|| no_strategy(strategy, names.clone()));
        let problems =
            [strategy.err(), Number::named(metric).err()].into_iter().flatten().collect::<Vec<_>>();
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
    };
    let wrong = conditions.iter().filter_map(|condition| condition.check(check).err());
    let wrong: Vec<String> = wrong.map(|error| error.to_string()).collect();
    ensure!(wrong.is_empty(), "--fail-if\n{}", wrong.join("\n"));
    Ok(())
}

/// The runs of the extender elsewhere that is compared, where there is one.
fn over_http(arguments: &CompareArguments, opened: &Opened) -> anyhow::Result<Option<(String, Vec<Run>)>> {
    let Some(url) = &arguments.remote.via_http else { return Ok(None) };
    let node_cache_capable = arguments.remote.node_cache_capable;
    let remote = RemoteArguments { node_cache_capable, ..RemoteArguments::default() };
    let (order, timing) = (arguments.order, arguments.timing.timing());
    let run = |seed| {
        let how = How { order, points: 0, seed, decisions: 0, timing };
        opened.run_over_http(url, &remote, how).map(Run::numbers)
    };
    Ok(Some((OVER_HTTP.to_owned(), (0..arguments.seeds).map(run).collect::<anyhow::Result<_>>()?)))
}

/// What the runs of a comparison depend on.
fn state_plan(plan: &Plan, assumptions: &Assumptions, seeds: u64) -> StatePlan {
    StatePlan {
        trace: assumptions.input_sha256.clone(),
        settings: assumptions.settings.clone(),
        strategies: plan.strategies.clone(),
        seeds,
        order: plan.order.as_str().to_owned(),
    }
}
