//! The world of a component: what its outermost level imports and exports.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmparser::component_types::{ComponentEntityType, ComponentInstanceTypeId, ComponentItem};
use wasmparser::types::Types;
use wasmparser::{Parser, Payload, ValidPayload, Validator, WasmFeatures};

use super::producers::Producers;
use super::read::{ReadError, ReadLimits, malformed};
use super::types::{Budget, Fingerprints, Item, ItemKind};
use super::{Producer, Shape, WasiGeneration, WorldItem};
use crate::names::InterfaceName;

/// A component that the validator accepts, with the types of its imports and exports.
pub(super) struct Validated {
    types: Types,
    imports: Vec<String>,
    exports: Vec<String>,
    pub(super) producers: Vec<Producer>,
}

/// What a component imports and exports, each in the order of the binary.
pub(super) struct World {
    pub(super) imports: Vec<WorldItem>,
    pub(super) exports: Vec<WorldItem>,
}

/// Validates everything but function bodies.
pub(super) fn validate(bytes: &[u8]) -> Result<Validated, ReadError> {
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut producers = Producers::default();
    let mut types = None;
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(malformed)?;
        match validator.payload(&payload).map_err(malformed)? {
            ValidPayload::Parser(_) => depth += 1,
            ValidPayload::End(end) if depth == 0 => types = Some(end),
            ValidPayload::End(_) => depth -= 1,
            ValidPayload::Ok | ValidPayload::Func(..) => {}
        }
        match payload {
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(malformed)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) => producers.add(&section),
            _ => {}
        }
    }
    let types = types.ok_or_else(|| ReadError::Malformed("it has no end".into()))?;
    Ok(Validated { types, imports, exports, producers: producers.into_sorted() })
}

impl Validated {
    /// What has no WIT form though `wit-parser` does not say so: it leaves core modules, components and values out of
    /// a world, and panics on a function that is called like an interface.
    pub(super) fn without_wit_form(&self) -> Option<String> {
        let types = self.types.as_ref();
        let imports =
            self.imports.iter().map(|name| ("imports", name, types.component_item_for_import(name)));
        let exports =
            self.exports.iter().map(|name| ("exports", name, types.component_item_for_export(name)));
        imports.chain(exports).find_map(|(verb, name, item)| {
            let what = match item?.ty {
                ComponentEntityType::Module(_) if verb == "imports" => "core module",
                ComponentEntityType::Component(_) if verb == "imports" => "component",
                ComponentEntityType::Value(_) => "value",
                ComponentEntityType::Func(_) if name.contains(':') => "function",
                _ => return None,
            };
            Some(format!("it {verb} the {what} `{name}`, which no WIT world can have"))
        })
    }

    /// The imports and exports with the fingerprints of what is in them.
    pub(super) fn world(&self, limits: &ReadLimits) -> Result<World, ReadError> {
        let count = self.imports.len() + self.exports.len();
        Budget::new("imports and exports", limits.max_world_items).spend(count)?;
        let types = self.types.as_ref();
        let mut reader = WorldReader { fingerprints: Fingerprints::new(types, limits) };
        let imports =
            self.imports.iter().filter_map(|name| Some((name, types.component_item_for_import(name)?)));
        let imports = reader.items(imports)?;
        let exports =
            self.exports.iter().filter_map(|name| Some((name, types.component_item_for_export(name)?)));
        let exports = reader.items(exports)?;
        Ok(World { imports, exports })
    }
}

/// The newest generation of WASI among the interfaces.
pub(super) fn wasi_generation<'a>(items: impl Iterator<Item = &'a WorldItem>) -> Option<WasiGeneration> {
    let wasi = items.filter_map(|item| item.interface.as_ref()).filter(|name| name.namespace() == "wasi");
    let generation = |name: &InterfaceName| match name.version().map(|v| (v.major, v.minor)) {
        Some((0, 2)) => Some(WasiGeneration::P2),
        Some((0, 3)) => Some(WasiGeneration::P3),
        _ => None,
    };
    wasi.filter_map(generation).max()
}

struct WorldReader<'a> {
    fingerprints: Fingerprints<'a>,
}

impl WorldReader<'_> {
    fn items<'i>(
        &mut self,
        items: impl Iterator<Item = (&'i String, &'i ComponentItem)>,
    ) -> Result<Vec<WorldItem>, ReadError> {
        items.map(|(name, item)| self.world_item(name, item)).collect()
    }

    fn world_item(&mut self, name: &str, item: &ComponentItem) -> Result<WorldItem, ReadError> {
        let name = item.full_name(name).into_owned();
        self.fingerprints.check_name(&name)?;
        if let ComponentEntityType::Instance(id) = item.ty {
            let behind = item.full_implements().map_or_else(|| name.parse(), |interface| interface.parse());
            return self.instance(name, behind.ok(), id);
        }
        let declared = self.fingerprints.item("the world", &name, &item.ty)?;
        let shape = match &declared {
            Some(Item { kind: ItemKind::Function, .. }) => Shape::Function,
            _ => Shape::Type,
        };
        let items = declared.map(|item| (name.clone(), item.fingerprint)).into_iter().collect();
        Ok(WorldItem { name, interface: None, shape, items: Arc::new(items) })
    }

    fn instance(
        &mut self,
        name: String,
        interface: Option<InterfaceName>,
        id: ComponentInstanceTypeId,
    ) -> Result<WorldItem, ReadError> {
        let owner = interface.as_ref().map_or_else(|| name.clone(), |name| name.track().to_string());
        let mut items = BTreeMap::new();
        let mut shape = Shape::TypesOnly;
        for (item_name, item) in &self.fingerprints.lookup(id)?.exports {
            let Some(item) = self.fingerprints.item(&owner, item_name, &item.ty)? else { continue };
            shape = match (item.kind, shape) {
                (ItemKind::Function, _) => Shape::Functions,
                (ItemKind::Resource, Shape::TypesOnly) => Shape::Identity,
                (_, shape) => shape,
            };
            items.insert(item_name.clone(), item.fingerprint);
        }
        Ok(WorldItem { name, interface, shape, items: Arc::new(items) })
    }
}
