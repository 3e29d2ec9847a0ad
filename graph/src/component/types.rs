//! From the validator's types to fingerprints.
//!
//! The validator's types are used, not those of a decoded WIT world: that world merges an interface that is both
//! imported and exported (as every middleware's is) into one, so that the import seems to need everything that the
//! export has, and it does not compare the two. Here each import and export keeps the types that it declares.

use std::collections::BTreeMap;

use wasmparser::PrimitiveValType;
use wasmparser::component_types::{
    AliasableResourceId, ComponentAnyTypeId, ComponentDefinedType, ComponentDefinedTypeId,
    ComponentEntityType, ComponentFuncTypeId, ComponentValType, ResourceId,
};
use wasmparser::types::{TypeIdentifier, TypesRef};

use super::fingerprint::{Fingerprint, Form, Signature};
use super::read::{ReadError, ReadLimits};

/// Makes fingerprints, each type once.
pub(super) struct Fingerprints<'a> {
    types: TypesRef<'a>,
    defined: BTreeMap<ComponentDefinedTypeId, Fingerprint>,
    resources: BTreeMap<ResourceId, Fingerprint>,
    /// How many functions, types and members may still come.
    budget: Budget,
    max_name_bytes: usize,
}

/// What is left of a limit.
pub(super) struct Budget {
    what: &'static str,
    limit: usize,
    used: usize,
}

/// A function or type that an interface or world declares.
pub(super) struct Item {
    pub(super) fingerprint: Fingerprint,
    /// What kind of thing it is.
    pub(super) kind: ItemKind,
}

/// The kinds of items that matter for the shape of an interface.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    Function,
    /// A resource type that is defined here, not used from elsewhere.
    Resource,
    Type,
}

impl Budget {
    pub(super) fn new(what: &'static str, limit: usize) -> Self {
        Self { what, limit, used: 0 }
    }

    /// Takes `count` of what is left.
    pub(super) fn spend(&mut self, count: usize) -> Result<(), ReadError> {
        self.used = self.used.saturating_add(count);
        if self.used > self.limit {
            return Err(ReadError::TooManyItems { what: self.what, found: self.used, limit: self.limit });
        }
        Ok(())
    }
}

impl<'a> Fingerprints<'a> {
    pub(super) fn new(types: TypesRef<'a>, limits: &ReadLimits) -> Self {
        Self {
            types,
            defined: BTreeMap::new(),
            resources: BTreeMap::new(),
            budget: Budget::new("functions, types and members", limits.max_items),
            max_name_bytes: limits.max_name_bytes,
        }
    }

    /// Refuses a name that is longer than anybody's.
    pub(super) fn check_name(&self, name: &str) -> Result<(), ReadError> {
        Budget::new("bytes in a name", self.max_name_bytes).spend(name.len())
    }

    /// The item that `owner` declares as `name`; nothing for entities that have no part in a link by types.
    ///
    /// Items must come in the order of the binary: a type is declared before it is used, and the first to declare a
    /// resource owns it.
    pub(super) fn item(
        &mut self,
        owner: &str,
        name: &str,
        entity: &ComponentEntityType,
    ) -> Result<Option<Item>, ReadError> {
        self.check_name(name)?;
        let (fingerprint, kind) = match entity {
            ComponentEntityType::Func(id) => (self.function(*id)?, ItemKind::Function),
            ComponentEntityType::Type { referenced, created } => match (referenced, created) {
                (ComponentAnyTypeId::Resource(referenced), ComponentAnyTypeId::Resource(created)) => {
                    self.declare_resource(owner, name, *referenced, *created)
                }
                (_, ComponentAnyTypeId::Defined(created)) => {
                    let fingerprint = self.defined(*created)?.named(name);
                    self.defined.insert(*created, fingerprint.clone());
                    (fingerprint, ItemKind::Type)
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(Item { fingerprint, kind }))
    }

    /// Declares a resource: a new one, or another name for one that is known.
    fn declare_resource(
        &mut self,
        owner: &str,
        name: &str,
        referenced: AliasableResourceId,
        created: AliasableResourceId,
    ) -> (Fingerprint, ItemKind) {
        let known = self.resources.get(&referenced.resource());
        let kind = if known.is_some() { ItemKind::Type } else { ItemKind::Resource };
        let resource = || Form::Resource { owner: owner.to_owned(), name: name.to_owned() };
        let fingerprint = known.map_or_else(|| Fingerprint::of(resource()), Clone::clone).named(name);
        for id in [referenced.resource(), created.resource()] {
            self.resources.entry(id).or_insert_with(|| fingerprint.clone());
        }
        (fingerprint, kind)
    }

    /// What the validator knows by this id.
    pub(super) fn lookup<T: TypeIdentifier>(&self, id: T) -> Result<&'a T::Data, ReadError> {
        self.types.get(id).ok_or_else(|| ReadError::Malformed("it refers to a type that is not there".into()))
    }

    fn function(&mut self, id: ComponentFuncTypeId) -> Result<Fingerprint, ReadError> {
        let function = self.lookup(id)?;
        self.budget.spend(1 + function.params.len())?;
        let params = function.params.iter().map(|(name, ty)| Ok((name.to_string(), self.value(*ty)?)));
        let params = params.collect::<Result<_, ReadError>>()?;
        let result = self.optional(function.result)?;
        Ok(Fingerprint::of(Form::Function(Signature { is_async: function.async_, params, result })))
    }

    fn value(&mut self, ty: ComponentValType) -> Result<Fingerprint, ReadError> {
        match ty {
            ComponentValType::Primitive(primitive) => {
                Ok(Fingerprint::of(Form::Primitive(name_of(primitive))))
            }
            ComponentValType::Type(id) => self.defined(id),
        }
    }

    fn optional(&mut self, ty: Option<ComponentValType>) -> Result<Option<Fingerprint>, ReadError> {
        ty.map(|ty| self.value(ty)).transpose()
    }

    /// A defined type, made once. The validator bounds how deep types nest (to about 100), and so this recursion.
    fn defined(&mut self, id: ComponentDefinedTypeId) -> Result<Fingerprint, ReadError> {
        if let Some(known) = self.defined.get(&id) {
            return Ok(known.clone());
        }
        let fingerprint = match self.lookup(id)? {
            ComponentDefinedType::Primitive(primitive) => {
                Fingerprint::of(Form::Primitive(name_of(*primitive)))
            }
            ComponentDefinedType::Own(resource) => self.handle("own", *resource)?,
            ComponentDefinedType::Borrow(resource) => self.handle("borrow", *resource)?,
            other => Fingerprint::of(self.form(other)?),
        };
        self.defined.insert(id, fingerprint.clone());
        Ok(fingerprint)
    }

    fn form(&mut self, ty: &ComponentDefinedType) -> Result<Form, ReadError> {
        self.budget.spend(1 + members(ty))?;
        Ok(match ty {
            ComponentDefinedType::Record(record) => {
                let fields = record.fields.iter().map(|(name, ty)| Ok((name.to_string(), self.value(*ty)?)));
                Form::Record(fields.collect::<Result<_, ReadError>>()?)
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant.cases.iter();
                let cases = cases.map(|(name, case)| Ok((name.to_string(), self.optional(case.ty)?)));
                Form::Variant(cases.collect::<Result<_, ReadError>>()?)
            }
            ComponentDefinedType::Flags(names) => {
                Form::Names("flags", names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::Enum(names) => {
                Form::Names("enum", names.iter().map(ToString::to_string).collect())
            }
            ComponentDefinedType::FixedLengthList { element, length, .. } => {
                Form::Array(self.value(*element)?, *length)
            }
            other => self.compound(other)?,
        })
    }

    /// The types that are made of others without names.
    fn compound(&mut self, ty: &ComponentDefinedType) -> Result<Form, ReadError> {
        let (keyword, parts) = match ty {
            ComponentDefinedType::List { element, .. } => ("list", vec![Some(*element)]),
            ComponentDefinedType::Map { key, value, .. } => ("map", vec![Some(*key), Some(*value)]),
            ComponentDefinedType::Tuple(tuple) => ("tuple", tuple.types.iter().copied().map(Some).collect()),
            ComponentDefinedType::Option { ty, .. } => ("option", vec![Some(*ty)]),
            ComponentDefinedType::Result { ok, err, .. } => ("result", vec![*ok, *err]),
            ComponentDefinedType::Future { ty, .. } => ("future", vec![*ty]),
            ComponentDefinedType::Stream { ty, .. } => ("stream", vec![*ty]),
            _ => return Err(ReadError::Malformed("it uses a type that is not known".into())),
        };
        let parts = parts.into_iter().map(|part| self.optional(part)).collect::<Result<_, _>>()?;
        Ok(Form::Compound(keyword, parts))
    }

    /// A handle to a resource, which must have been declared under a name before.
    fn handle(&self, keyword: &'static str, resource: AliasableResourceId) -> Result<Fingerprint, ReadError> {
        match self.resources.get(&resource.resource()) {
            Some(resource) => Ok(Fingerprint::of(Form::Compound(keyword, vec![Some(resource.clone())]))),
            None => Err(ReadError::Malformed("it uses a resource type that nothing declares".into())),
        }
    }
}

/// How many names or types a type lists.
fn members(ty: &ComponentDefinedType) -> usize {
    match ty {
        ComponentDefinedType::Record(record) => record.fields.len(),
        ComponentDefinedType::Variant(variant) => variant.cases.len(),
        ComponentDefinedType::Flags(names) | ComponentDefinedType::Enum(names) => names.len(),
        ComponentDefinedType::Tuple(tuple) => tuple.types.len(),
        _ => 1,
    }
}

/// The name of a primitive type in WIT.
fn name_of(primitive: PrimitiveValType) -> &'static str {
    match primitive {
        PrimitiveValType::Bool => "bool",
        PrimitiveValType::S8 => "s8",
        PrimitiveValType::U8 => "u8",
        PrimitiveValType::S16 => "s16",
        PrimitiveValType::U16 => "u16",
        PrimitiveValType::S32 => "s32",
        PrimitiveValType::U32 => "u32",
        PrimitiveValType::S64 => "s64",
        PrimitiveValType::U64 => "u64",
        PrimitiveValType::F32 => "f32",
        PrimitiveValType::F64 => "f64",
        PrimitiveValType::Char => "char",
        PrimitiveValType::String => "string",
        PrimitiveValType::ErrorContext => "error-context",
    }
}
