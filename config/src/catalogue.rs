//! The host catalogue: which runtime release runs what, as versioned data files.

mod profile;

pub use profile::{Fact, HostProfile, LinkMode, NodeEvidence, Offer, Runs};

/// Host profiles by name, in a stable order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostCatalogue {
    profiles: Vec<HostProfile>,
}

impl HostCatalogue {
    /// The profiles that this release was built with.
    pub fn bundled() -> Self {
        Self::default()
    }

    /// The operator's profiles first, in their order, then those bundled ones whose name they do not take.
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
