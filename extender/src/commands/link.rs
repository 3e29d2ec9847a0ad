//! `wit-extender link CONSUMER PROVIDER`.

use std::process::ExitCode;

use serde::Serialize;
use wit_graph::{Component, ComponentKind, ImportVerdict, LinkStatus, link};

use super::{component, json, print};
use crate::api::API_VERSION;
use crate::cli::{LinkArguments, Output};

/// The verdicts as a JSON document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    links: &'a [ImportVerdict],
}

/// Says for each import whether it is served: 0 when one link is verified, 1 when none is.
///
/// # Errors
/// Where a file cannot be read or is no intact Wasm.
pub fn run(arguments: &LinkArguments) -> anyhow::Result<ExitCode> {
    let (consumer, provider) = (component(&arguments.consumer)?, component(&arguments.provider)?);
    let links = link(&consumer, &provider);
    print(&match arguments.output {
        Output::Json => json(&Document { api_version: API_VERSION, kind: "Links", links: &links })?,
        Output::Text => notes(&consumer, "consumer") + &notes(&provider, "provider") + &text(&links),
    })?;
    let verified = links.iter().any(|link| link.status == LinkStatus::Verified);
    Ok(if verified { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Says so where a file is no component: it then imports and exports nothing that could be linked.
fn notes(component: &Component, role: &str) -> String {
    match component.kind {
        ComponentKind::Component => String::new(),
        kind => format!("the {role} is no component ({kind})\n"),
    }
}

fn text(links: &[ImportVerdict]) -> String {
    if links.is_empty() {
        return "the consumer imports nothing\n".into();
    }
    let width = links.iter().map(|link| link.interface.len()).max().unwrap_or(0);
    let line = |link: &ImportVerdict| {
        format!("{:width$}  {:12}  {}\n", link.interface, link.status.as_str(), link.why)
    };
    links.iter().map(line).collect::<Vec<_>>().concat()
}
