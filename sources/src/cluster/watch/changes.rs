//! From what a watch delivers to what is told: nothing is told to be gone that was not told to be there.

use std::collections::{BTreeMap, BTreeSet};

use kube::Resource;
use kube::core::DeserializeGuard;
use kube::runtime::watcher::Event;

use super::kinds::Watched;
use crate::cluster::problem::{self, ObjectName};
use crate::cluster::{ClusterMessage, convert::Converted};

/// What was told of one kind.
pub(super) struct Changes<K: Watched> {
    /// The objects that were told and not yet told to be gone.
    known: BTreeSet<K::Key>,
    /// While a list is read: the objects that are in it, readable or not.
    listed: Option<BTreeSet<K::Key>>,
    /// The last warning about each object: a node that is updated every minute is complained about once.
    warned: BTreeMap<ObjectName, String>,
}

impl<K: Watched> Default for Changes<K> {
    fn default() -> Self {
        Self { known: BTreeSet::new(), listed: None, warned: BTreeMap::new() }
    }
}

impl<K: Watched> Changes<K> {
    /// What is to be told after this event.
    pub(super) fn apply(&mut self, event: Event<DeserializeGuard<K>>) -> Vec<ClusterMessage> {
        match event {
            Event::Init => {
                self.listed = Some(BTreeSet::new());
                Vec::new()
            }
            Event::InitApply(object) | Event::Apply(object) => self.seen(&object),
            Event::Delete(object) => {
                self.warned.remove(&object_name(&object));
                K::key(object.meta()).and_then(|key| self.gone(&key)).into_iter().collect()
            }
            Event::InitDone => self.list_ended(),
        }
    }

    fn seen(&mut self, object: &DeserializeGuard<K>) -> Vec<ClusterMessage> {
        let Some(key) = K::key(object.meta()) else {
            return self.warn(object_name(object), Some("metadata: has no name, namespace or UID".into()));
        };
        if let Some(listed) = &mut self.listed {
            listed.insert(key.clone());
        }
        let name = object_name(object);
        let event = match &object.0 {
            Ok(object) => object.event().map_err(|error| problem::list(&error.problems)),
            Err(invalid) => Err(invalid.error.clone()),
        };
        match event {
            Ok(Some(Converted { value, warnings })) => {
                self.known.insert(key);
                let warning = Some(problem::list(&warnings)).filter(|warning| !warning.is_empty());
                let mut messages = self.warn(name, warning);
                messages.push(ClusterMessage::Event(value));
                messages
            }
            Ok(None) => self.gone(&key).into_iter().collect(),
            Err(error) => self.warn(name, Some(error)),
        }
    }

    fn list_ended(&mut self) -> Vec<ClusterMessage> {
        let Some(listed) = self.listed.take() else { return Vec::new() };
        let vanished: Vec<_> = self.known.difference(&listed).cloned().collect();
        vanished.iter().filter_map(|key| self.gone(key)).collect()
    }

    /// Tells that an object is gone, if it was told to be there.
    fn gone(&mut self, key: &K::Key) -> Option<ClusterMessage> {
        let key = self.known.take(key)?;
        Some(ClusterMessage::Event(K::gone(key)))
    }

    /// Tells what is wrong with an object, unless the same was told before.
    fn warn(&mut self, name: ObjectName, message: Option<String>) -> Vec<ClusterMessage> {
        let Some(message) = message else {
            self.warned.remove(&name);
            return Vec::new();
        };
        let object = name.to_string();
        if self.warned.insert(name, message.clone()).as_ref() == Some(&message) {
            return Vec::new();
        }
        vec![ClusterMessage::Warning { object, message }]
    }
}

fn object_name<K: Watched>(object: &DeserializeGuard<K>) -> ObjectName {
    ObjectName::new(&K::kind(&()), object.meta())
}

#[cfg(test)]
mod tests;
