//! `wit-extender explain NAMESPACE/POD`.

use std::fmt::Write;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Deserialize;

use super::print;
use crate::api::Explanation;
use crate::api::explanation::{NodeVerdict, RuleVerdict, Verdicts};
use crate::cli::{ExplainArguments, Output};
use crate::telemetry;

#[derive(Deserialize)]
struct Failure {
    error: String,
}

/// Asks a running server, and prints what it says.
///
/// # Errors
/// Where the server cannot be reached or does not know the pod or the node.
pub fn run(arguments: &ExplainArguments) -> anyhow::Result<ExitCode> {
    telemetry::choose_tls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let body = runtime.block_on(ask(arguments))?;
    match arguments.output {
        Output::Json => {
            let document: serde_json::Value = serde_json::from_slice(&body)?;
            print(&super::json(&document)?)?;
        }
        Output::Text => {
            let explanation: Explanation = serde_json::from_slice(&body)
                .context("the server speaks another version of this document")?;
            print(&text(&explanation, arguments.node.is_some()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(arguments: &ExplainArguments) -> anyhow::Result<Vec<u8>> {
    let base = arguments.url.trim_end_matches('/');
    let mut url =
        reqwest::Url::parse(&format!("{base}/v1/explain")).with_context(|| format!("--url {base}"))?;
    url.query_pairs_mut().append_pair("pod", &arguments.pod);
    if let Some(node) = &arguments.node {
        url.query_pairs_mut().append_pair("node", node);
    }
    let response = reqwest::get(url).await;
    let response =
        response.with_context(|| format!("no server answers at {base}; --url says where its api is"))?;
    let (status, body) = (response.status(), response.bytes().await?);
    if !status.is_success() {
        match serde_json::from_slice::<Failure>(&body) {
            Ok(failure) => bail!("{}", failure.error),
            Err(_) => bail!("{base} answered {status}"),
        }
    }
    Ok(body.to_vec())
}

fn text(explanation: &Explanation, every_rule: bool) -> String {
    let mut text = String::new();
    let place = explanation.node.as_deref().unwrap_or("no node yet");
    let _ = writeln!(text, "{}, a replica of {}, is on {place}", explanation.pod, explanation.workload);
    let _ = writeln!(text, "mode: {}", explanation.mode);
    text.push_str("\nimages\n");
    for image in &explanation.images {
        let message = image.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let _ = writeln!(text, "  {}  {}{message}", image.image, image.state);
    }
    text.push_str("\nlinks\n");
    if explanation.links.is_empty() {
        text.push_str("  none\n");
    }
    for link in &explanation.links {
        let provider = link.provider.as_deref().unwrap_or("nobody");
        let _ = writeln!(text, "  {} <- {provider}  {}  {}", link.consumer, link.interface, link.status);
        let _ = writeln!(text, "      {}", link.why);
    }
    match &explanation.taken {
        Some(taken) => describe(&mut text, "the decision as it was taken", taken, every_rule),
        None => text.push_str("\nno decision is remembered\n"),
    }
    describe(&mut text, "what it would be now, by our rules alone", &explanation.now, every_rule);
    text
}

fn describe(text: &mut String, title: &str, verdicts: &Verdicts, every_rule: bool) {
    let _ = writeln!(text, "\n{title} ({})", verdicts.at);
    if verdicts.ordinary {
        text.push_str("  none of our business: every node passes, none is preferred\n");
        return;
    }
    let width = verdicts.nodes.iter().map(|verdict| verdict.node.len()).max().unwrap_or(0);
    for verdict in &verdicts.nodes {
        node(text, verdict, width);
        if every_rule {
            verdict.rules.iter().for_each(|one| rule(text, one));
        } else {
            verdict.rules.iter().filter(|one| one.verdict != "passes").for_each(|one| rule(text, one));
        }
    }
}

fn node(text: &mut String, verdict: &NodeVerdict, width: usize) {
    let _ = write!(text, "  {:width$}  {:9}", verdict.node, verdict.outcome);
    if let (Some(score), Some(terms)) = (verdict.score, verdict.terms) {
        let _ = write!(
            text,
            "  score {score:2}  gain {:.3}  group {:.3}  room {:.2}  fullness {:.3}  value {:.3}",
            terms.gain, terms.group, terms.room, terms.fullness, terms.value
        );
    }
    text.push('\n');
}

fn rule(text: &mut String, rule: &RuleVerdict) {
    match &rule.message {
        Some(message) => {
            let _ = writeln!(text, "      {}: {message}", rule.verdict);
        }
        None => {
            let _ = writeln!(text, "      {}: {} {}", rule.verdict, rule.code, rule.name);
        }
    }
}
