//! What comes out of a replay: a table for people, a document for programs.

use serde::Serialize;
use wit_config::API_VERSION;
use wit_placement::kube_scheduler::report::Report;
use wit_placement::kube_scheduler::report::text::{Table, legend, summary};

use crate::cli::Output;
use crate::engine::Run;
use crate::replay::Replay;

/// The `kind` of the JSON document.
pub const KIND: &str = "Replay";

/// A report with what says which document it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    report: Report,
}

/// The replay in the form that was asked for, with a line break at its end.
///
/// # Errors
/// None in practice: the document is plain.
pub fn render(replay: &Replay, form: Output) -> anyhow::Result<String> {
    match form {
        Output::Text => Ok(text(replay)),
        Output::Json => json(replay),
    }
}

fn json(replay: &Replay) -> anyhow::Result<String> {
    let document = Document { api_version: API_VERSION, kind: KIND, report: replay.report() };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn text(replay: &Replay) -> String {
    let Run { attempts, state, affinity, .. } = &replay.steered;
    let nodes = state.nodes().map(|(_, node)| node.name());
    let table = Table::new(attempts.iter().map(|attempt| &attempt.pod), nodes);
    let mut lines = vec![table.header()];
    lines.extend(attempts.iter().map(|attempt| table.row(state, attempt)));
    lines.push(String::new());
    let legend = legend(attempts);
    if !legend.is_empty() {
        lines.push(legend);
    }
    lines.push(summary(attempts, affinity, &replay.default.affinity));
    lines.join("\n")
}
