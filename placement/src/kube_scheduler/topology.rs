//! The domains of topology keys: which nodes are near to each other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::objects::Node;

/// The label whose every value is one node.
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// A topology key's place among all that pods have named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyIdx(usize);

/// The domains of one key: the nodes with the same value of the label are in the same one.
#[derive(Clone, Debug, Default)]
pub(super) struct Domains {
    of: Vec<Option<u32>>,
    count: u32,
}

/// The topology keys that pods have named.
#[derive(Clone, Debug, Default)]
pub(super) struct Topologies {
    keys: Vec<(String, Arc<Domains>)>,
}

impl Topologies {
    /// The key's place. Its domains are known after the next [`Topologies::read`].
    pub(super) fn key(&mut self, key: &str) -> KeyIdx {
        let known = self.keys.iter().position(|(known, _)| known == key);
        KeyIdx(known.unwrap_or_else(|| {
            self.keys.push((key.to_owned(), Arc::default()));
            self.keys.len() - 1
        }))
    }

    /// Reads the domains anew from the nodes by position.
    pub(super) fn read<'a>(&mut self, nodes: &(impl Iterator<Item = Option<&'a Node>> + Clone)) {
        for (key, domains) in &mut self.keys {
            *domains = Arc::new(Domains::read(key, nodes.clone()));
        }
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// A key's domains.
    pub(super) fn domains(&self, key: KeyIdx) -> Arc<Domains> {
        self.keys.get(key.0).map(|(_, domains)| Arc::clone(domains)).unwrap_or_default()
    }

    /// Whether the key's every domain is one node, by its name.
    pub(super) fn is_hostname(&self, key: KeyIdx) -> bool {
        self.keys.get(key.0).is_some_and(|(key, _)| key == HOSTNAME)
    }
}

impl Domains {
    fn read<'a>(key: &str, nodes: impl Iterator<Item = Option<&'a Node>>) -> Self {
        let mut numbers: HashMap<&'a str, u32> = HashMap::new();
        let of = nodes.map(|node| {
            let value = node?.labels.get(key)?;
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            Some(*numbers.entry(value).or_insert(next))
        });
        let of = of.collect();
        Self { of, count: u32::try_from(numbers.len()).unwrap_or(u32::MAX) }
    }

    /// The domain of a node; `None` where it has no such label.
    pub(super) fn of(&self, node: u32) -> Option<usize> {
        self.of.get(node as usize).copied().flatten().map(|domain| domain as usize)
    }

    /// One number for each domain.
    pub(super) fn zeros(&self) -> Vec<i64> {
        vec![0; self.count as usize]
    }
}
