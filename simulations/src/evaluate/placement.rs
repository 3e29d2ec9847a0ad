//! A placement as it is written: which pods are on which node, by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use thiserror::Error;
use wit_placement::{NodeName, PodKey};

use super::ending::Ending;

/// Nodes with the pods on them, as a JSON object `{"NODE": ["POD", …]}`: a pod as `namespace/name`, or by its bare name where
/// no other pod has it. It is the form that RASA's tools write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// As it is written, a node that is there twice included.
    nodes: Vec<(String, Vec<String>)>,
}

/// A placement that does not fit the cluster, with everything that is wrong with it.
#[derive(Debug, Error)]
#[error("{}", problems.join("\n"))]
pub struct PlacementError {
    /// What is wrong, in the order in which it is written; at least one.
    pub problems: Vec<String>,
}

impl<'de> Deserialize<'de> for Placement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nodes;

        impl<'de> Visitor<'de> for Nodes {
            type Value = Placement;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of nodes with the names of their pods: {\"NODE\": [\"POD\", …]}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Placement, A::Error> {
                let mut nodes = Vec::new();
                while let Some(node) = map.next_entry()? {
                    nodes.push(node);
                }
                Ok(Placement { nodes })
            }
        }

        deserializer.deserialize_map(Nodes)
    }
}

impl Placement {
    /// The names of pods, as they are written.
    pub(super) fn pods(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().flat_map(|(_, pods)| pods.iter().map(String::as_str))
    }

    /// The node of each pod that is named.
    pub(super) fn resolve(&self, ending: &Ending) -> Result<BTreeMap<PodKey, NodeName>, PlacementError> {
        let mut resolving =
            Resolving { ending, names: ending.pods_by_name(), placed: BTreeMap::new(), problems: Vec::new() };
        for (node, pods) in &self.nodes {
            resolving.node(node, pods);
        }
        if resolving.problems.is_empty() {
            Ok(resolving.placed)
        } else {
            Err(PlacementError { problems: resolving.problems })
        }
    }
}

struct Resolving<'a> {
    ending: &'a Ending,
    names: BTreeMap<&'a str, BTreeSet<&'a PodKey>>,
    placed: BTreeMap<PodKey, NodeName>,
    problems: Vec<String>,
}

impl Resolving<'_> {
    fn node(&mut self, name: &str, pods: &[String]) {
        let node = self.ending.node(name).cloned();
        if node.is_none() {
            self.problems.push(format!("there is no node `{name}`"));
        }
        for pod in pods {
            match (self.pod(pod), &node) {
                (Ok(pod), Some(node)) => self.place(pod, node),
                (Ok(_), None) => {}
                (Err(problem), _) => self.problems.push(format!("node `{name}`: {problem}")),
            }
        }
    }

    fn place(&mut self, pod: PodKey, node: &NodeName) {
        let problem = match self.placed.get(&pod) {
            Some(other) if other == node => format!("node `{node}`: pod `{pod}` is named twice"),
            Some(other) => format!("node `{node}`: pod `{pod}` is on node `{other}` too"),
            None => {
                self.placed.insert(pod, node.clone());
                return;
            }
        };
        self.problems.push(problem);
    }

    /// The pod of that name, or why there is none.
    fn pod(&self, name: &str) -> Result<PodKey, String> {
        if let Some((namespace, name)) = name.split_once('/') {
            let key = PodKey::new(namespace, name);
            return if self.ending.has_pod(&key) { Ok(key) } else { Err(format!("there is no pod `{key}`")) };
        }
        let known: Vec<_> = self.names.get(name).into_iter().flatten().collect();
        match known.as_slice() {
            [only] => Ok((**only).clone()),
            [] => Err(format!("there is no pod `{name}`")),
            several => {
                let several: Vec<_> = several.iter().map(|pod| format!("`{pod}`")).collect();
                Err(format!("which pod is `{name}`? There are {}", several.join(" and ")))
            }
        }
    }
}
