//! The tables of `docs/truth.md`: what `wit-sim compare` says of the real cluster M3, asked command by command.

mod tables;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use wit_sim::documents::Comparison;

use crate::documents::{Document, between_marks};
use crate::repository;

/// The page; what does not stand between its marks is written by hand.
const PAGE: &str = "docs/truth.md";
/// The cluster, which lies beside the checkout.
const CLUSTER: &str = "../shared/data/rasa_M3.json";
/// Runs of each strategy.
const SEEDS: &str = "20";
/// Everyone who places pods.
const EVERYONE: [&str; 8] =
    ["default", "most-allocated", "spread", "random", "pod-affinity", "network-overhead", "wit", "wit-batch"];
/// The orders in which pods come.
const ORDERS: [&str; 3] = ["random", "grouped", "interleaved"];
/// What pods request, as a share of what M3's do.
const FOOTPRINTS: [&str; 5] = ["1", "0.5", "0.25", "0.1", "0.05"];
/// Those whose locality the footprint decides.
const LINKED: [&str; 3] = ["default", "wit", "wit-batch"];
/// The setting that switches the partner-headroom term off.
const NO_ROOM: &str = "scoring.room=0";
/// The settings of the cap on a workload's replicas on one node: none, and one half.
const CAPS: [&str; 2] = ["placement.blastRadius=1", "placement.blastRadius=0.5"];

/// A `wit-sim` and the trace that it is asked about.
#[derive(Debug)]
pub struct Measuring {
    wit_sim: PathBuf,
    trace: PathBuf,
}

/// Everyone in one order of arrivals.
#[derive(Debug)]
struct Online {
    order: &'static str,
    everyone: Comparison,
    without_room: Comparison,
}

/// One footprint, without a cap and with one.
#[derive(Debug)]
struct Footprint {
    factor: &'static str,
    free: Comparison,
    capped: Comparison,
}

impl Measuring {
    /// Makes the trace with this `wit-sim`.
    ///
    /// # Errors
    /// Where the cluster is not beside the checkout, or the program does not run.
    pub fn with(wit_sim: &Path) -> anyhow::Result<Self> {
        let cluster = repository::root().join(CLUSTER);
        ensure!(
            cluster.is_file(),
            "{CLUSTER} is not there: the folder `shared` must lie beside the checkout"
        );
        let folder = repository::root().join("target/truth");
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let measuring = Self { wit_sim: wit_sim.to_owned(), trace: folder.join("m3.jsonl") };
        let mut import = Command::new(&measuring.wit_sim);
        import.args(["import", "rasa"]).arg(&cluster).arg("-o").arg(&measuring.trace);
        output(&mut import)?;
        Ok(measuring)
    }

    /// The page with all tables measured again. `say` hears which command runs.
    ///
    /// # Errors
    /// Where a command fails or the page has no marks.
    pub fn page(&self, say: &dyn Fn(&str)) -> anyhow::Result<Document> {
        let online =
            ORDERS.map(|order| self.online(order, say)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let footprints = FOOTPRINTS
            .map(|factor| self.footprint(factor, say))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let content = tables::markdown(&online, &footprints)?;
        Ok(Document { path: PAGE, content: between_marks(PAGE, "truth", &content)? })
    }

    fn online(&self, order: &'static str, say: &dyn Fn(&str)) -> anyhow::Result<Online> {
        let everyone = self.compare(&EVERYONE, &["--order", order], say)?;
        let without_room = self.compare(&["wit", "wit-batch"], &["--order", order, "--set", NO_ROOM], say)?;
        Ok(Online { order, everyone, without_room })
    }

    fn footprint(&self, factor: &'static str, say: &dyn Fn(&str)) -> anyhow::Result<Footprint> {
        let capped = |cap| {
            let options = ["--memory-factor", factor, "--cpu-factor", factor, "--set", cap];
            self.compare(&LINKED, &options, say)
        };
        let [free, capped] = CAPS.map(capped);
        Ok(Footprint { factor, free: free?, capped: capped? })
    }

    fn compare(
        &self,
        strategies: &[&str],
        options: &[&str],
        say: &dyn Fn(&str),
    ) -> anyhow::Result<Comparison> {
        say(&format!(
            "wit-sim compare m3.jsonl {} --seeds {SEEDS} {}",
            strategies.join(" "),
            options.join(" ")
        ));
        let mut compare = Command::new(&self.wit_sim);
        compare.arg("compare").arg(&self.trace).args(strategies).args(options);
        compare.args(["--seeds", SEEDS, "--output", "json"]);
        serde_json::from_slice(&output(&mut compare)?).context("what wit-sim compare printed")
    }
}

/// What the command prints.
fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("{command:?} does not start"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}
