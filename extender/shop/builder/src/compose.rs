//! From a consumer and its providers to one component in which they are linked.

use anyhow::{Context, Result, ensure};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, PackageId, plug};

use crate::describe;
use crate::shop::{self, Composition};

/// The composed component. Its entry point is the consumer's.
pub(crate) fn compose(composition: &Composition) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let mut providers = Vec::new();
    for provider in composition.providers {
        providers.push(register(&mut graph, provider)?);
    }
    let consumer = register(&mut graph, composition.consumer)?;
    plug(&mut graph, providers, consumer)?;
    let composed = graph.encode(EncodeOptions::default())?;
    ensure_closed(&composed).with_context(|| format!("{} is not fully linked", composition.consumer))?;
    Ok(composed)
}

fn register(graph: &mut CompositionGraph, name: &str) -> Result<PackageId> {
    let path = shop::component(name);
    let package = Package::from_file(&format!("shop:{name}"), None, path, graph.types_mut())?;
    Ok(graph.register_package(package)?)
}

/// Plugging passes over an import whose types do not match, so look at what is left. The types-only interface stays: it
/// has nothing to link.
fn ensure_closed(composed: &[u8]) -> Result<()> {
    let imports = describe::world(composed)?.imports;
    let is_open = |import: &&String| import.starts_with("shop:") && !import.starts_with("shop:types/");
    let open: Vec<_> = imports.iter().filter(is_open).collect();
    ensure!(open.is_empty(), "nobody serves {open:?}");
    Ok(())
}
