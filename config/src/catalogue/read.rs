//! Host profiles from YAML: a file of its own, or the operator's `hosts` over the bundled ones.

use std::collections::BTreeMap;

use crate::catalogue::keys::{PROFILE, no_profile};
use crate::catalogue::{HostCatalogue, HostProfile};
use crate::document::{self, Node, Value};
use crate::key::{Key, Kind};
use crate::problem::ConfigError;
use crate::reader::{Reader, join};

impl HostProfile {
    /// Reads a host profile's file (`kind: HostProfile`).
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, with paths and lines.
    pub fn parse(yaml: &str) -> Result<Self, ConfigError> {
        let (node, problems) = document::read(yaml);
        let mut reader = Reader::with(problems);
        let mut profile = no_profile();
        if let Some(node) = node {
            reader.mapping(&node, "", PROFILE, &mut profile);
            reader.require(&node, "", PROFILE, |_| true);
            check_runs(&profile, "", &mut reader);
        }
        ConfigError::unless_empty(reader.into_problems())?;
        Ok(profile)
    }
}

/// Reads the operator's `hosts`: each starts from the bundled profile of its name, if there is one.
pub(crate) fn read_hosts(reader: &mut Reader, node: &Node, path: &str) -> Vec<HostProfile> {
    let bundled = HostCatalogue::bundled();
    let mut hosts = Vec::new();
    for (path, item) in reader.items(node, path) {
        let base = written_name(item).and_then(|name| bundled.get(name));
        let mut host = base.cloned().unwrap_or_else(no_profile);
        reader.mapping(item, &path, PROFILE, &mut host);
        // A bundled profile has them all, and an item of a list need not say what format it is in.
        let wanted = |key: &Key<HostProfile>| base.is_none() && !matches!(key.kind, Kind::Exactly(_));
        reader.require(item, &path, PROFILE, wanted);
        if matches!(item.value, Value::Map(_)) {
            check_runs(&host, &path, reader);
        }
        hosts.push(host);
    }
    check_unambiguous(&hosts, path, reader);
    hosts
}

fn written_name(item: &Node) -> Option<&str> {
    let Value::Map(entries) = &item.value else { return None };
    entries.iter().find_map(|(key, node)| match &node.value {
        Value::Text(name) if key == "name" => Some(name.as_str()),
        _ => None,
    })
}

fn check_runs(profile: &HostProfile, path: &str, reader: &mut Reader) {
    if !profile.runs.core_modules && !profile.runs.components {
        let [modules, components] = ["runs.coreModules", "runs.components"].map(|key| join(path, key));
        let message = "a host that runs neither core modules nor components is none".to_owned();
        reader.report_together(&[&modules, &components], message);
    }
}

/// Two profiles of the operator must not have the same name or claim the same nodes: the order would decide in
/// silence. One of the operator's against a bundled one is meant: it goes first.
fn check_unambiguous(hosts: &[HostProfile], path: &str, reader: &mut Reader) {
    let (mut names, mut claims) = (BTreeMap::new(), BTreeMap::new());
    for (index, host) in hosts.iter().enumerate().filter(|(_, host)| !host.name.is_empty()) {
        let here = format!("{path}[{index}]");
        if let Some(earlier) = names.insert(&host.name, index) {
            let message = format!("the name `{}` is taken by {path}[{earlier}]", host.name);
            reader.report_together(&[&join(&here, "name")], message);
            continue;
        }
        for evidence in &host.evidence {
            for handler in &evidence.handlers {
                let earlier = claims.insert((handler, &evidence.node_labels), index);
                if let Some(earlier) = earlier.filter(|earlier| *earlier != index) {
                    let message = format!(
                        "handler `{handler}` with the same node labels is claimed by {path}[{earlier}]"
                    );
                    reader.report_together(&[&join(&here, "evidence")], message);
                }
            }
        }
    }
}
