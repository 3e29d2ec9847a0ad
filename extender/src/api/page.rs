//! The front page: what this server is and where to go.

use std::collections::BTreeMap;
use std::fmt::Write;

use wit_placement::{WorkloadState, World};

use crate::owner::StateHandle;

/// The front page with a few figures and links.
pub(super) fn render(handle: &StateHandle, links: &BTreeMap<String, String>) -> String {
    let (snapshot, now) = (handle.snapshot(), handle.now());
    let state = &snapshot.state;
    let affinity = state.affinity(now);
    let known = state.worlds().filter(|(_, world)| matches!(world, World::Known(_))).count();
    let example = state
        .pods()
        .filter(|pod| state.workload(&pod.workload).is_some_and(WorkloadState::is_wasm))
        .min_by_key(|pod| &pod.key);
    let example = example.map_or_else(|| "NAMESPACE/POD".to_owned(), |pod| pod.key.to_string());
    let figures = [
        ("mode", format!("{:?}", state.settings().mode).to_lowercase()),
        ("in sync", handle.is_synced().to_string()),
        ("nodes", state.nodes().count().to_string()),
        ("Wasm workloads", state.workloads().filter(|workload| workload.is_wasm()).count().to_string()),
        ("worlds known", known.to_string()),
        ("gained affinity", format!("{:.3}", affinity.gained)),
        ("under random balancing", format!("{:.3}", affinity.random)),
    ];
    let mut page = String::from(HEAD);
    for (name, value) in figures {
        let _ = write!(page, "<tr><th>{name}</th><td>{}</td></tr>", escape(&value));
    }
    page.push_str("</table><ul>");
    let explain = format!("/v1/explain?pod={example}");
    let _ = write!(page, "<li><a href=\"{0}\">{0}</a>: why a pod is where it is</li>", escape(&explain));
    page.push_str("<li><a href=\"/v1/graph\">/v1/graph</a>: who needs whom</li>");
    for (url, what) in links {
        let _ = write!(page, "<li><a href=\"{0}\">{0}</a>: {1}</li>", escape(url), escape(what));
    }
    page.push_str("</ul></body></html>\n");
    page
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>wit-placement</title><style>\
    body{font-family:system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;line-height:1.5}\
    th{text-align:left;padding-right:2rem;font-weight:normal;color:#555}</style></head><body><h1>wit-placement</h1>\
    <p>This scheduler extender places linked WebAssembly components together on nodes that can run them.</p><table>";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
