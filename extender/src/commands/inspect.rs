//! `wit-extender inspect FILE`.

use std::fmt::Write;
use std::process::ExitCode;

use serde::Serialize;
use wit_graph::{Component, ComponentKind, Producer, Shape, WorldItem};

use super::{component, json, print};
use crate::api::API_VERSION;
use crate::cli::{InspectArguments, Output};

/// A component's world as a JSON document. Its `kind` is the component's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct World<'a> {
    api_version: &'static str,
    kind: ComponentKind,
    digest: String,
    size_bytes: u64,
    imports: Vec<Item<'a>>,
    exports: Vec<Item<'a>>,
    producers: &'a [Producer],
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_because: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    shape: &'static str,
}

/// Prints the world.
///
/// # Errors
/// Where the file cannot be read or is no intact Wasm.
pub fn run(arguments: &InspectArguments) -> anyhow::Result<ExitCode> {
    let component = component(&arguments.file)?;
    print(&match arguments.output {
        Output::Json => json(&world(&component))?,
        Output::Text => text(&component),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn world(component: &Component) -> World<'_> {
    World {
        api_version: API_VERSION,
        kind: component.kind,
        digest: component.digest.to_string(),
        size_bytes: component.size_bytes,
        imports: component.imports.iter().map(item).collect(),
        exports: component.exports.iter().map(item).collect(),
        producers: &component.producers,
        opaque_because: component.opaque_because.as_deref(),
    }
}

fn item(item: &WorldItem) -> Item<'_> {
    let name = item.interface.as_ref().map_or_else(|| item.name.clone(), ToString::to_string);
    let label = (name != item.name).then_some(item.name.as_str());
    Item { name, label, shape: shape(item.shape) }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Functions => "functions",
        Shape::Named => "name only",
        Shape::Identity => "resources only",
        Shape::TypesOnly => "types only",
        Shape::Function => "function",
        Shape::Type => "type",
    }
}

fn text(component: &Component) -> String {
    let world = world(component);
    let mut text = format!("{}, {} bytes, {}\n", component.kind, world.size_bytes, world.digest);
    if let Some(why) = world.opaque_because {
        let what = if component.kind == ComponentKind::NotWasm {
            "it is no WebAssembly"
        } else {
            "its world cannot be written as WIT"
        };
        let _ = writeln!(text, "{what}: {why}");
    }
    for (title, items) in [("imports", &world.imports), ("exports", &world.exports)] {
        let _ = writeln!(text, "{title}:{}", if items.is_empty() { " none" } else { "" });
        for item in items {
            let label = item.label.map(|label| format!(" as `{label}`")).unwrap_or_default();
            let _ = writeln!(text, "  {}{label} ({})", item.name, item.shape);
        }
    }
    for producer in world.producers {
        let _ = writeln!(text, "{}: {} {}", producer.field, producer.name, producer.version);
    }
    text
}
