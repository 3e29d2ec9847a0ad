//! What a component's bytes say about it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wasmparser::{KnownCustom, Parser, Payload};
use wit_component::{DecodedWasm, WitPrinter};
use wit_parser::{Resolve, WorldId, WorldItem, WorldKey};

/// A component's world, by names and as text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct World {
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub(crate) wit: String,
}

/// `field → value → version` of a component and everything in it.
pub(crate) type Producers = BTreeMap<String, BTreeMap<String, String>>;

pub(crate) fn world(component: &[u8]) -> Result<World> {
    let DecodedWasm::Component(resolve, id) = wit_component::decode(component)? else {
        bail!("this is a WIT package, not a component");
    };
    let world = &resolve.worlds[id];
    Ok(World {
        imports: names(&resolve, world.imports.iter()),
        exports: names(&resolve, world.exports.iter()),
        wit: print(&resolve, id)?,
    })
}

pub(crate) fn producers(component: &[u8]) -> Result<Producers> {
    let mut found = Producers::new();
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::CustomSection(section) = payload?
            && let KnownCustom::Producers(fields) = section.as_known()
        {
            for field in fields {
                let field = field?;
                let values: &mut BTreeMap<_, _> = found.entry(field.name.to_owned()).or_default();
                for value in field.values {
                    let value = value?;
                    values.insert(value.name.to_owned(), value.version.to_owned());
                }
            }
        }
    }
    Ok(found)
}

fn names<'a>(resolve: &Resolve, items: impl Iterator<Item = (&'a WorldKey, &'a WorldItem)>) -> Vec<String> {
    items.map(|(key, _)| resolve.name_world_key(key)).collect()
}

fn print(resolve: &Resolve, world: WorldId) -> Result<String> {
    let Some(package) = resolve.worlds[world].package else { bail!("the component's world has no package") };
    let others: Vec<_> = resolve.packages.iter().map(|(id, _)| id).filter(|id| *id != package).collect();
    let mut printer = WitPrinter::default();
    printer.print(resolve, package, &others)?;
    Ok(printer.output.to_string())
}
