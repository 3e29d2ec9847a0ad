//! The workload that owns replicas.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{NameError, parse_string};

/// What a workload key must look like, for messages.
const EXPECTED: &str = "a workload (namespace/Kind/name)";

/// Who owns a set of replicas: `shop/Deployment/gateway`.
///
/// The kind is spelled as Kubernetes spells it. A pod without an owner is its own workload, of kind `Pod`. A copy shares the
/// text.
///
/// ```
/// let key: wit_graph::WorkloadKey = "shop/Deployment/gateway".parse().unwrap();
/// assert_eq!([&*key.namespace, &*key.kind, &*key.name], ["shop", "Deployment", "gateway"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadKey {
    /// The namespace that the workload and its replicas live in.
    pub namespace: Arc<str>,
    /// The kind of its owner, for example `Deployment` or `SpinApp`.
    pub kind: Arc<str>,
    /// The name of its owner.
    pub name: Arc<str>,
}

impl WorkloadKey {
    /// The workload `namespace/kind/name`.
    pub fn new(namespace: impl Into<Arc<str>>, kind: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), kind: kind.into(), name: name.into() }
    }
}

impl fmt::Display for WorkloadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.namespace, self.kind, self.name)
    }
}

impl FromStr for WorkloadKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [namespace, kind, name] if parts.iter().all(|part| !part.is_empty()) => {
                Ok(Self::new(*namespace, *kind, *name))
            }
            [_, _, _] => Err(NameError::new(text, EXPECTED, "one of its parts is empty")),
            _ => Err(NameError::new(text, EXPECTED, format!("it has {} parts", parts.len()))),
        }
    }
}

impl Serialize for WorkloadKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WorkloadKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_string(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_displayed_parses_back() {
        let key = WorkloadKey::new("shop", "Deployment", "gateway");
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn missing_and_empty_parts_are_refused() {
        for text in ["", "shop", "shop/gateway", "shop//gateway", "a/b/c/d"] {
            assert!(text.parse::<WorkloadKey>().is_err(), "{text}");
        }
    }
}
