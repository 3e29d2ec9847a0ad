//! What `wit-extender demo --once` prints, shortened for the README.

use std::sync::{Arc, Mutex, PoisonError};

use wit_extender::commands::demo::defaults;
use wit_extender::commands::demo::rehearsal::{Folders, OnAttempt, Rehearsal, rehearse};
use wit_extender::shop::Shop;
use wit_extender::telemetry;
use wit_placement::kube_scheduler::report::text;

/// A line of the table: the pod and its row.
type Row = (String, String);

/// The demo's output as a block of Markdown: of each workload's replicas the first, and everything below the table.
///
/// # Errors
/// Where the shop cannot be unpacked or the server not be started.
pub fn block() -> anyhow::Result<String> {
    telemetry::choose_tls();
    let shop = Shop::unpack()?;
    let folders = Folders { manifests: shop.manifests(), images: shop.images() };
    let rows = Arc::new(Mutex::new(Vec::new()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let rehearsal = runtime.block_on(async {
        let rehearsal = rehearse(&defaults(true), &folders, collect(Arc::clone(&rows))).await?;
        let Rehearsal { serving, attempts, steered, default, .. } = rehearsal;
        serving.server.stop().await;
        anyhow::Ok((attempts, steered, default))
    });
    let (attempts, steered, default) = rehearsal?;
    let rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
    let (legend, summary) = (text::legend(&attempts), text::summary(&attempts, &steered, &default));
    Ok(format!("```text\n{}\n{legend}\n{summary}```\n", shortened(&rows)))
}

/// Keeps the table's head and its rows.
fn collect(rows: Arc<Mutex<Vec<Row>>>) -> OnAttempt {
    Box::new(move |state, attempt| {
        let pods = state.pods().map(|pod| &pod.key);
        let table = text::Table::new(pods, state.nodes().map(|(_, node)| node.name()));
        let mut rows = rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.is_empty() {
            rows.push((String::new(), table.header()));
        }
        let row = table.row(state, attempt);
        rows.push((row.split(' ').next().unwrap_or_default().to_owned(), row));
    })
}

/// The head, and the rows of pods whose name ends with `-0`; dots stand for the others.
fn shortened(rows: &[Row]) -> String {
    let is_first = |(pod, _): &&Row| pod.is_empty() || pod.ends_with("-0");
    let shown: Vec<_> = rows.iter().filter(is_first).map(|(_, row)| format!("{row}\n")).collect();
    format!("{}… and {} more\n", shown.concat(), rows.len() - shown.len())
}
