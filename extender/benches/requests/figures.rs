//! What was measured, as a table and as JSON.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::body::{PodKind, Verb};
use crate::costs::Cost;

const MIB: f64 = 1_048_576.0;

/// Everything that was measured.
#[derive(Default)]
pub(crate) struct Figures {
    rows: Vec<Row>,
    memory: Vec<Growth>,
    costs: Vec<(usize, usize, Vec<Cost>)>,
}

/// Times of one verb about one kind of pod in one cluster, in microseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    nodes: usize,
    bound_pods: usize,
    verb: &'static str,
    pod: &'static str,
    p50us: f64,
    p99us: f64,
    #[serde(rename = "nullP50us")]
    null_p50us: f64,
    #[serde(rename = "nullP99us")]
    null_p99us: f64,
}

/// The memory that this process has in use.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    bytes: u64,
}

/// By how much memory grew with pods.
struct Growth {
    nodes: usize,
    from: usize,
    to: usize,
    bytes: u64,
}

impl Row {
    pub(crate) fn new(
        (nodes, bound_pods): (usize, usize),
        (verb, pod): (Verb, PodKind),
        mut ours: Vec<Duration>,
        mut null: Vec<Duration>,
    ) -> Self {
        let (p50us, p99us) = quantiles(&mut ours);
        let (null_p50us, null_p99us) = quantiles(&mut null);
        Self {
            nodes,
            bound_pods,
            verb: verb.as_str(),
            pod: pod.as_str(),
            p50us,
            p99us,
            null_p50us,
            null_p99us,
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        (self.nodes, self.verb, self.pod) == (other.nodes, other.verb, other.pod)
    }
}

impl Memory {
    /// The resident set as Linux tells it; 0 elsewhere.
    pub(crate) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Self { bytes: kilobytes.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0) << 10 }
    }
}

impl Figures {
    pub(crate) fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Notes what came to the memory `before` when the number of bound pods went from one to the other.
    pub(crate) fn memory(&mut self, nodes: usize, (from, to): (usize, usize), before: Memory) {
        let bytes = Memory::now().bytes.saturating_sub(before.bytes);
        self.memory.push(Growth { nodes, from, to, bytes });
    }

    pub(crate) fn costs(&mut self, nodes: usize, bound_pods: usize, costs: Vec<Cost>) {
        self.costs.push((nodes, bound_pods, costs));
    }

    /// Writes the rows as JSON.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut json = serde_json::to_string_pretty(&self.rows)?;
        json.push('\n');
        Ok(std::fs::write(path, json)?)
    }

    /// Rows that differ in the number of bound pods alone stand below each other.
    fn write_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| nodes | verb | pod | bound pods | p50 µs | p99 µs | null p50 | null p99 | ratio p50 | ratio p99 |"
        )?;
        writeln!(f, "|---:|---|---|---:|---:|---:|---:|---:|---:|---:|")?;
        for (place, first) in self.rows.iter().enumerate() {
            if self.rows.iter().take(place).any(|row| row.is_like(first)) {
                continue;
            }
            for row in self.rows.iter().filter(|row| row.is_like(first)) {
                let Row { nodes, bound_pods, verb, pod, p50us, p99us, null_p50us, null_p99us } = row;
                let (p50, p99) = (p50us / null_p50us, p99us / null_p99us);
                writeln!(
                    f,
                    "| {nodes} | {verb} | {pod} | {bound_pods} | {p50us:.0} | {p99us:.0} | {null_p50us:.0} \
                     | {null_p99us:.0} | {p50:.2} | {p99:.2} |"
                )?;
            }
        }
        Ok(())
    }

    fn write_costs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWhat costs what, p50 in µs, one step after the other in one thread:\n")?;
        let clusters: Vec<_> =
            self.costs.iter().map(|(nodes, pods, _)| format!("{nodes} / {pods}")).collect();
        writeln!(f, "| verb | step | {} |", clusters.join(" | "))?;
        writeln!(f, "|---|---|{}", "---:|".repeat(clusters.len()))?;
        let Some((_, _, first)) = self.costs.first() else { return Ok(()) };
        for (place, Cost { verb, step, .. }) in first.iter().enumerate() {
            let times = self.costs.iter().filter_map(|(_, _, costs)| costs.get(place));
            let times: Vec<_> = times.map(|cost| format!("{:.1}", cost.p50us)).collect();
            writeln!(f, "| {verb} | {step} | {} |", times.join(" | "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_rows(f)?;
        self.write_costs(f)?;
        writeln!(f, "\nResident memory:\n")?;
        for Growth { nodes, from, to, bytes } in &self.memory {
            let mib = *bytes as f64 / MIB;
            let each = mib * 1e3 / (to - from) as f64;
            writeln!(
                f,
                "- {nodes} nodes: from {from} to {to} bound pods {mib:.0} MiB more, {each:.1} MiB a thousand"
            )?;
        }
        Ok(())
    }
}

/// The median and the 99th percentile in microseconds, to a tenth.
pub(crate) fn quantiles(times: &mut [Duration]) -> (f64, f64) {
    times.sort_unstable();
    let at = |percent: usize| {
        let time = times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
        time.map_or(0.0, |time| (time.as_secs_f64() * 1e7).round() / 10.0)
    };
    (at(50), at(99))
}
