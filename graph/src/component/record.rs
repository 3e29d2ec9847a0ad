//! Components as JSON, for traces: everything that links are decided by, without the bytes.
//!
//! What is in an interface is written by its hash and, for people, its text: `{"quote": "9f86… func(sku: string) -> u64"}`.
//! An interface of which only the name is known is written as that name alone.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Component, ComponentKind, Fingerprint, Form, Producer, Shape, WasiGeneration, WorldItem};
use crate::names::{Digest, InterfaceName};

/// A component as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Record {
    kind: ComponentKind,
    /// Left out by hand: the digest of what is written here stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(default)]
    size_bytes: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    imports: Vec<WorldItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exports: Vec<WorldItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    producers: Vec<Producer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wasi: Option<WasiGeneration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opaque_because: Option<String>,
}

/// A world's item as it is written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Item {
    Name(String),
    Typed(TypedItem),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TypedItem {
    name: String,
    /// The interface of a labelled item; of others the name is the interface, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    interface: Option<InterfaceName>,
    shape: Shape,
    items: BTreeMap<String, Fingerprint>,
}

impl Serialize for Component {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { digest, size_bytes, kind, imports, exports, producers, wasi, opaque_because } =
            self.clone();
        let digest = Some(digest);
        let record = Record { kind, digest, size_bytes, imports, exports, producers, wasi, opaque_because };
        record.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Component {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::deserialize(deserializer)?;
        let written =
            || Digest::of(format!("{} {:?} {:?}", record.kind, record.imports, record.exports).as_bytes());
        let digest = record.digest.unwrap_or_else(written);
        let Record { kind, size_bytes, imports, exports, producers, wasi, opaque_because, .. } = record;
        Ok(Self { digest, size_bytes, kind, imports, exports, producers, wasi, opaque_because })
    }
}

impl Serialize for WorldItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.shape == Shape::Named {
            return Item::Name(self.name.clone()).serialize(serializer);
        }
        let Self { name, interface, shape, items } = self;
        let is_labelled = interface.as_ref().is_some_and(|interface| interface.to_string() != *name);
        Item::Typed(TypedItem {
            name: name.clone(),
            interface: interface.clone().filter(|_| is_labelled),
            shape: *shape,
            items: BTreeMap::clone(items),
        })
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WorldItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Item::deserialize(deserializer)? {
            Item::Name(name) => {
                let interface: InterfaceName = name.parse().map_err(D::Error::custom)?;
                Ok(Self { name, interface: Some(interface), shape: Shape::Named, items: Arc::default() })
            }
            Item::Typed(TypedItem { name, interface, shape, items }) => {
                let interface = interface.or_else(|| name.parse().ok());
                Ok(Self { name, interface, shape, items: Arc::new(items) })
            }
        }
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for byte in self.hash() {
            write!(text, "{byte:02x}").map_err(serde::ser::Error::custom)?;
        }
        serializer.serialize_str(&format!("{text} {self}"))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let (hash, text) = written.split_once(' ').unwrap_or((&written, ""));
        let hash: Digest = format!("sha256:{hash}").parse().map_err(D::Error::custom)?;
        Ok(Self::recorded(*hash.as_bytes(), text))
    }
}

impl Form {
    /// Whether it is a resource, as far as a recorded text tells.
    pub(crate) fn is_resource(&self) -> bool {
        match self {
            Self::Resource { .. } => true,
            Self::Recorded(text) => text.starts_with("resource "),
            _ => false,
        }
    }

    /// Whether it is a function, as far as a recorded text tells.
    pub(crate) fn is_function(&self) -> bool {
        match self {
            Self::Function(_) => true,
            Self::Recorded(text) => text.starts_with("func(") || text.starts_with("async func("),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{ReadLimits, read};
    use crate::links::{LinkStatus, link};
    use crate::testing;

    const WIT: &str = "package t:all@1.0.0;
        interface api {
            resource session { close: func(); }
            record line { sku: string, count: u32 }
            price: func(line: line, session: borrow<session>) -> result<u64, string>;
        }
        interface other { price: func() -> u32; }
        world consumer { import api; }
        world provider { import other; export api; }";

    fn component(world: &str) -> Component {
        read(&testing::component(WIT, world), &ReadLimits::default()).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_and_links_as_before() {
        let [consumer, provider] = ["consumer", "provider"].map(component);
        let written = serde_json::to_string(&provider).unwrap();
        let recorded: Component = serde_json::from_str(&written).unwrap();
        assert_eq!(recorded, provider);
        assert_eq!(serde_json::to_string(&recorded).unwrap(), written);
        assert_eq!(link(&consumer, &recorded), link(&consumer, &provider));
    }

    #[test]
    fn a_recorded_difference_is_told_by_the_texts() {
        let consumer = component("consumer");
        let text = serde_json::to_string(&component("provider")).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let price = &mut value["exports"][0]["items"]["price"];
        *price = format!("{} func() -> u8", "0".repeat(64)).into();
        let verdicts = link(&consumer, &serde_json::from_value(value).unwrap());
        assert_eq!(verdicts[0].status, LinkStatus::Incompatible);
        let expected = "function `price`: func(line: line, session: borrow<session>) -> result<u64, string> here, \
                        func() -> u8 there";
        assert_eq!(verdicts[0].why, expected);
    }

    #[test]
    fn names_alone_make_links_that_say_so() {
        let named = |text: &str| serde_json::from_str::<Component>(text).unwrap();
        let consumer = named(r#"{"kind": "component", "imports": ["t:all/api@1.0.0"]}"#);
        let provider = named(r#"{"kind": "component", "exports": ["t:all/api@1.2.0"]}"#);
        assert_ne!(consumer.digest, provider.digest);
        assert_eq!(link(&consumer, &provider)[0].status, LinkStatus::NameOnly);
        assert!(serde_json::from_str::<Component>(r#"{"kind": "component", "imports": ["api"]}"#).is_err());
    }
}
