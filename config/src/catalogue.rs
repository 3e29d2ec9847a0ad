//! The host catalogue: which runtime release runs what, as versioned data files in `catalogue/`.

pub(crate) mod keys;
mod profile;
mod read;

use std::sync::LazyLock;

pub use profile::{Fact, HostProfile, LinkMode, NodeEvidence, Offer, Runs};
pub(crate) use read::read_hosts;

/// The bundled files, by name of the profile.
const BUNDLED: &[&str] = &[
    include_str!("../catalogue/crun-wasm.yaml"),
    include_str!("../catalogue/kube-wasm-wasmtime.yaml"),
    include_str!("../catalogue/runwasi-wamr.yaml"),
    include_str!("../catalogue/runwasi-wasmedge.yaml"),
    include_str!("../catalogue/runwasi-wasmer.yaml"),
    include_str!("../catalogue/runwasi-wasmtime.yaml"),
    include_str!("../catalogue/spin.yaml"),
];

/// Host profiles by name, in a stable order.
///
/// For a pod whose `RuntimeClass` has handler *h*, on a node: the node label `wit-placement.dev/host-profile`
/// decides; without it the profile whose evidence lists *h* and whose labels all match the node, most labels first,
/// then the order of [`HostCatalogue::profiles`]; else the host is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostCatalogue {
    profiles: Vec<HostProfile>,
}

impl HostCatalogue {
    /// The profiles that this release was built with, sorted by name.
    pub fn bundled() -> Self {
        // Files of ours that a test reads one by one: none of them is left out here.
        static CATALOGUE: LazyLock<HostCatalogue> = LazyLock::new(|| HostCatalogue {
            profiles: BUNDLED.iter().filter_map(|yaml| HostProfile::parse(yaml).ok()).collect(),
        });
        CATALOGUE.clone()
    }

    /// The operator's profiles first, in their order, then those of this catalogue whose name they do not take.
    #[must_use]
    pub fn merged(&self, overrides: &[HostProfile]) -> Self {
        let kept = self.profiles.iter().filter(|own| overrides.iter().all(|over| over.name != own.name));
        Self { profiles: overrides.iter().chain(kept).cloned().collect() }
    }

    /// All profiles: where two fit a node equally well, the earlier one is meant.
    pub fn profiles(&self) -> &[HostProfile] {
        &self.profiles
    }

    /// The profile of that name.
    pub fn get(&self, name: &str) -> Option<&HostProfile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_bundled_file_is_a_complete_profile_with_sources() {
        for yaml in BUNDLED {
            let profile = HostProfile::parse(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
            assert!(!profile.release.is_empty() && !profile.description.is_empty(), "{}", profile.name);
            assert!(!profile.sources.is_empty(), "{} has no source", profile.name);
            assert!(
                profile.memory_overhead_bytes == 0
                    || profile.sources.iter().any(|fact| fact.claim.to_lowercase().contains("memory")),
                "the memory of {} has no source",
                profile.name
            );
        }
    }

    #[test]
    fn bundled_profiles_are_sorted_and_no_two_claim_the_same_nodes() {
        let bundled = HostCatalogue::bundled();
        assert_eq!(bundled.profiles().len(), BUNDLED.len());
        assert!(bundled.profiles().is_sorted_by(|one, other| one.name < other.name));
        let mut claims = BTreeMap::new();
        for profile in bundled.profiles() {
            for evidence in &profile.evidence {
                for handler in &evidence.handlers {
                    let earlier = claims.insert((handler, &evidence.node_labels), &profile.name);
                    assert_eq!(earlier, None, "{handler} is claimed by {} too", profile.name);
                }
            }
        }
    }

    #[test]
    fn a_profile_of_the_operator_replaces_the_one_of_its_name_and_goes_first() {
        let bundled = HostCatalogue::bundled();
        let spin = HostProfile { instance_cap: Some(1000), ..bundled.get("spin").unwrap().clone() };
        let merged = bundled.merged(std::slice::from_ref(&spin));
        assert_eq!(merged.profiles().len(), bundled.profiles().len());
        assert_eq!((merged.get("spin"), merged.profiles().first()), (Some(&spin), Some(&spin)));
    }

    #[test]
    fn the_label_tells_kube_wasm_from_plain_runwasi_behind_the_same_handler() {
        let bundled = HostCatalogue::bundled();
        let labels = |name: &str| {
            let evidence = &bundled.get(name).unwrap().evidence;
            evidence.iter().find(|e| e.handlers.contains(&"wasmtime".to_owned())).unwrap().node_labels.len()
        };
        assert_eq!((labels("kube-wasm-wasmtime"), labels("runwasi-wasmtime")), (1, 0));
        let modes =
            ["kube-wasm-wasmtime", "runwasi-wasmtime"].map(|name| bundled.get(name).unwrap().link_mode);
        assert_eq!(modes, [LinkMode::Node, LinkMode::None]);
    }
}
