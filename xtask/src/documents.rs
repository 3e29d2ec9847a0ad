//! The generated pages: each is made from the code that it describes, and is stale when it differs from that.

use anyhow::{Context, bail};
use clap::CommandFactory;
use schemars::{JsonSchema, schema_for};
use wit_extender::api::{Explanation, Graph};
use wit_sim::claims::Scenarios;
use wit_sim::diff::RunDifference;
use wit_sim::documents::{Comparison, Run};
use wit_sim::evaluate::Evaluation;
use wit_sim::explain::RunExplanation;

use crate::{command_line, crates, demo, metrics, repository};

/// The page with the picture of the crates; the rest of it is written by hand.
const ARCHITECTURE: &str = "docs/architecture.md";
/// The page with the demo's output; the rest of it is written by hand.
const README: &str = "README.md";

/// A generated page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its path from the top of the checkout.
    pub path: &'static str,
    /// What it should contain.
    pub content: String,
}

/// Every generated page.
///
/// # Errors
/// Where what a page is made from cannot be had.
pub fn documents() -> anyhow::Result<Vec<Document>> {
    let document = |path, content| Document { path, content };
    Ok(vec![
        document("docs/configuration.md", wit_config::reference_markdown()),
        document("docs/reason-codes.md", wit_placement::reasons::markdown()),
        document("docs/command-line.md", command_lines()),
        document("docs/metrics.md", metrics::markdown(&metrics::families()?)),
        document("docs/schemas/explanation.json", schema::<Explanation>()?),
        document("docs/schemas/graph.json", schema::<Graph>()?),
        document("docs/schemas/evaluation.json", schema::<Evaluation>()?),
        document("docs/schemas/run.json", schema::<Run>()?),
        document("docs/schemas/comparison.json", schema::<Comparison>()?),
        document("docs/schemas/run-explanation.json", schema::<RunExplanation>()?),
        document("docs/schemas/run-difference.json", schema::<RunDifference>()?),
        document("docs/schemas/scenarios.json", schema::<Scenarios>()?),
        document("docs/numbers.md", wit_sim::metrics::markdown()),
        document("docs/scenarios.md", wit_sim::claims::markdown(&wit_sim::claims::bundled()?)),
        document("docs/schemas/trace.json", schema::<wit_sim::trace::Line>()?),
        document(README, between_marks(README, "demo", &demo::block()?)?),
        document(
            ARCHITECTURE,
            between_marks(ARCHITECTURE, "crates", &crates::picture(&crates::workspace()?))?,
        ),
    ])
}

/// The pages that are not what they should be.
///
/// # Errors
/// Where one cannot be read although it is there.
pub fn stale(documents: &[Document]) -> anyhow::Result<Vec<&Document>> {
    let mut stale = Vec::new();
    for document in documents {
        let is_there = repository::root().join(document.path).is_file();
        if !is_there || repository::text(document.path)? != document.content {
            stale.push(document);
        }
    }
    Ok(stale)
}

/// Writes a page.
///
/// # Errors
/// Where it cannot be written.
pub fn write(document: &Document) -> anyhow::Result<()> {
    let path = repository::root().join(document.path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, &document.content).with_context(|| format!("{} cannot be written", document.path))
}

fn command_lines() -> String {
    let mut page = "<!-- Generated from the command lines themselves by `just docs`; do not edit. -->\n\
                    # Command lines\n"
        .to_owned();
    for command in [wit_extender::cli::Cli::command(), wit_sim::cli::Cli::command().name("wit-sim")] {
        page.push_str(&command_line::markdown(command));
    }
    page
}

fn schema<T: JsonSchema>() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&schema_for!(T))? + "\n")
}

/// A page with what stands between its marks `<!-- NAME: … -->` and `<!-- /NAME -->` replaced.
pub(crate) fn between_marks(path: &str, name: &str, content: &str) -> anyhow::Result<String> {
    let page = repository::text(path)?;
    let (begin, end) = (format!("<!-- {name}:"), format!("<!-- /{name} -->"));
    let Some((before, rest)) = page.split_once(&begin) else { bail!("{path} has no mark {begin}") };
    let Some((opening, rest)) = rest.split_once("-->\n") else {
        bail!("{path}: the mark {begin} does not end")
    };
    let Some((_, after)) = rest.split_once(&end) else { bail!("{path} has no mark {end}") };
    Ok(format!("{before}{begin}{opening}-->\n{content}{end}{after}"))
}
