//! What the hosts of a cluster offer.

use std::collections::BTreeSet;

use crate::names::{InterfaceName, NameError, check_labels, split_version, track_suffix};

/// What a pattern must look like, for messages.
const EXPECTED: &str = "a package or interface name (ns:pkg@1.2.3 or ns:pkg/iface@1.2.3)";

/// What the host profiles of a cluster offer: an import that this covers needs no provider workload.
///
/// ```
/// let offers = wit_graph::HostOffers::from_patterns(["wasi:cli@0.2.6", "wasi:http/types@0.2.0"]).unwrap();
/// assert!(offers.covers(&"wasi:cli/stdout@0.2.3".parse().unwrap()));
/// assert!(!offers.covers(&"wasi:cli/stdout@0.3.0".parse().unwrap()));
/// assert!(!offers.covers(&"wasi:http/outgoing-handler@0.2.0".parse().unwrap()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostOffers {
    /// Tracks of whole packages: `wasi:cli@0.2`.
    packages: BTreeSet<String>,
    /// Tracks of single interfaces: `wasi:http/types@0.2`.
    interfaces: BTreeSet<String>,
    /// The namespaces of both: most of what components import from each other is in none of them.
    namespaces: BTreeSet<String>,
}

impl HostOffers {
    /// What these patterns cover: each is a package (`wasi:cli@0.2.6`, all its interfaces) or one interface
    /// (`wasi:http/outgoing-handler@0.2.2`), in every version of the track.
    pub fn from_patterns<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, NameError> {
        let mut offers = Self::default();
        for pattern in patterns {
            if pattern.contains('/') {
                let interface: InterfaceName = pattern.parse()?;
                offers.interfaces.insert(interface.track().to_string());
                offers.namespaces.insert(interface.namespace().to_owned());
            } else {
                let (namespace, track) = package_track(pattern)?;
                offers.packages.insert(track);
                offers.namespaces.insert(namespace);
            }
        }
        Ok(offers)
    }

    /// Whether a host offers this interface, by the version-track rule.
    pub fn covers(&self, interface: &InterfaceName) -> bool {
        if !self.namespaces.contains(interface.namespace()) {
            return false;
        }
        let suffix = track_suffix(interface.version());
        let package = format!("{}:{}{suffix}", interface.namespace(), interface.package());
        self.packages.contains(&package) || self.interfaces.contains(interface.track().as_str())
    }
}

/// The namespace and the track of a package name: `wasi` and `wasi:cli@0.2` of `wasi:cli@0.2.6`.
fn package_track(pattern: &str) -> Result<(String, String), NameError> {
    let (package, version) = split_version(pattern, EXPECTED)?;
    let Some((namespace, _)) = package.rsplit_once(':') else {
        return Err(NameError::new(pattern, EXPECTED, "it has no `namespace:`"));
    };
    check_labels(package.split(':')).map_err(|problem| NameError::new(pattern, EXPECTED, problem))?;
    Ok((namespace.to_owned(), format!("{package}{}", track_suffix(version.as_ref()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_offered_only_by_its_exact_name() {
        let offers = HostOffers::from_patterns(["wasi:keyvalue@0.2.0-draft"]).unwrap();
        assert!(offers.covers(&"wasi:keyvalue/store@0.2.0-draft".parse().unwrap()));
        assert!(!offers.covers(&"wasi:keyvalue/store@0.2.0".parse().unwrap()));
    }

    #[test]
    fn namespaces_may_be_nested() {
        let offers = HostOffers::from_patterns(["a:b:c@1.0.0", "d:e:f/g@1.0.0"]).unwrap();
        for (name, is_offered) in
            [("a:b:c/x@1.2.0", true), ("d:e:f/g@1.1.0", true), ("a:c/x@1.0.0", false), ("b:c/x@1.0.0", false)]
        {
            assert_eq!(offers.covers(&name.parse().unwrap()), is_offered, "{name}");
        }
    }

    #[test]
    fn a_pattern_that_is_no_name_is_refused() {
        for pattern in ["wasi", "wasi:cli@0.2", "", "wasi:http/", "wasi:cli@*"] {
            assert!(HostOffers::from_patterns([pattern]).is_err(), "{pattern}");
        }
    }
}
