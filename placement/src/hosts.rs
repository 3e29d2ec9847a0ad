//! Which host a node has for a runtime handler, and what that host makes of a component.
//!
//! Nodes are folded into few [`NodeClass`]es, so that a request checks capability once per class and not once per node.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use wit_config::{HostCatalogue, HostProfile, LinkMode};
use wit_graph::{Component, ComponentKind, HostOffers, InterfaceName, NameError, Shape, WorldItem};

use crate::objects::Node;
use crate::reasons::{Code, Codes};

/// The node label by which an operator says which host profile a node has.
pub const HOST_PROFILE_LABEL: &str = "wit-placement.dev/host-profile";

/// The host catalogue, compiled for fast questions.
#[derive(Clone, Debug)]
pub struct Hosts {
    profiles: Vec<CompiledProfile>,
    /// Every handler of the catalogue, sorted.
    handlers: Vec<String>,
}

#[derive(Clone, Debug)]
struct CompiledProfile {
    profile: HostProfile,
    offers: HostOffers,
    /// Offers to components that export an interface.
    conditional: Vec<(ExportPattern, HostOffers)>,
    entry_points: Vec<ExportPattern>,
}

/// An export that a profile speaks of: in any version when the profile names none, else on the version's track.
#[derive(Clone, Debug)]
struct ExportPattern(InterfaceName);

/// A runtime handler of a [`Hosts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct HandlerIdx(u16);

/// A profile of a [`Hosts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileIdx(u16);

/// What nodes that look alike to Wasm pods have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeClass {
    /// What each Wasm handler of the catalogue is on these nodes, by handler; empty for a node that only pods speak of.
    handlers: Vec<(String, HandlerState)>,
}

/// What a handler is on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HandlerState {
    presence: Presence,
    profile: Option<ProfileIdx>,
}

/// Whether a node has a runtime handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presence {
    /// The node's container runtime lists it, or a label of a host profile vouches for it.
    Present,
    /// The node's container runtime lists others only.
    Missing,
    /// Nothing is said about it.
    Unknown,
}

/// The capability verdict for one pod on one class of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capability {
    /// Refusals and warnings.
    pub codes: Codes,
    /// What the refusals are about (imports), for the message; the same for every node of the class.
    pub details: BTreeMap<Code, String>,
    /// The profile that decided.
    pub profile: Option<ProfileIdx>,
}

/// The answer to "who serves this open import", given by the dependency graph.
pub(crate) trait Providers {
    /// Whether a provider workload is known for the import.
    fn serves(&self, interface: &str) -> bool;
}

impl Hosts {
    /// Compiles a catalogue.
    ///
    /// # Errors
    /// Says which interface name of which profile is none.
    pub fn new(catalogue: &HostCatalogue) -> Result<Self, NameError> {
        let profiles: Vec<_> =
            catalogue.profiles().iter().map(CompiledProfile::new).collect::<Result<_, _>>()?;
        let evidence = catalogue.profiles().iter().flat_map(|profile| &profile.evidence);
        let handlers: BTreeSet<_> = evidence.flat_map(|evidence| evidence.handlers.iter().cloned()).collect();
        Ok(Self { profiles, handlers: handlers.into_iter().collect() })
    }

    /// Whether some profile of the catalogue runs pods of this handler.
    pub fn is_wasm_handler(&self, handler: &str) -> bool {
        self.handler_idx(handler).is_some()
    }

    /// The place of a handler that some profile of the catalogue runs pods of.
    pub(crate) fn handler_idx(&self, handler: &str) -> Option<HandlerIdx> {
        let place = self.handlers.binary_search_by(|known| known.as_str().cmp(handler)).ok()?;
        u16::try_from(place).ok().map(HandlerIdx)
    }

    /// The profile behind an index of this catalogue.
    pub fn profile(&self, index: ProfileIdx) -> Option<&HostProfile> {
        self.profiles.get(usize::from(index.0)).map(|compiled| &compiled.profile)
    }

    /// The largest shim memory of the profiles, in bytes.
    pub(crate) fn largest_overhead(&self) -> u64 {
        self.profiles.iter().map(|compiled| compiled.profile.memory_overhead_bytes).max().unwrap_or(0)
    }

    /// What any of the profiles offers, for the dependency graph.
    ///
    /// # Errors
    /// As [`Hosts::new`].
    pub fn all_offers(&self) -> Result<HostOffers, NameError> {
        let offers = self.profiles.iter().flat_map(|compiled| &compiled.profile.offers);
        HostOffers::from_patterns(offers.flat_map(|offer| offer.interfaces.iter().map(String::as_str)))
    }

    /// The class that a node belongs to.
    pub fn classify(&self, node: &Node) -> NodeClass {
        let handlers =
            self.handlers.iter().map(|handler| (handler.clone(), self.handler_state(node, handler)));
        NodeClass { handlers: handlers.collect() }
    }

    fn handler_state(&self, node: &Node, handler: &str) -> HandlerState {
        let listed = node.runtime_handlers.as_ref().map(|handlers| handlers.contains(handler));
        let (profile, by_label) = self.profile_of(node, handler);
        let presence = match listed {
            Some(true) => Presence::Present,
            Some(false) => Presence::Missing,
            None if by_label => Presence::Present,
            None => Presence::Unknown,
        };
        HandlerState { presence, profile }
    }

    /// The profile of a node for a handler, and whether a label of the node (not the handler alone) says so.
    ///
    /// The label [`HOST_PROFILE_LABEL`] decides for every handler of the node; it vouches for a handler only where the
    /// profile has that handler, or names none.
    fn profile_of(&self, node: &Node, handler: &str) -> (Option<ProfileIdx>, bool) {
        let index = |position: usize| u16::try_from(position).ok().map(ProfileIdx);
        if let Some(name) = node.labels.get(HOST_PROFILE_LABEL) {
            let position = self.profiles.iter().position(|compiled| compiled.profile.name == *name);
            let vouches = position.and_then(|position| self.profiles.get(position)).is_some_and(|compiled| {
                let evidence = &compiled.profile.evidence;
                evidence.is_empty()
                    || evidence.iter().any(|it| it.handlers.iter().any(|known| known == handler))
            });
            return (position.and_then(index), vouches);
        }
        let mut best: Option<(usize, usize)> = None;
        for (position, compiled) in self.profiles.iter().enumerate() {
            for evidence in &compiled.profile.evidence {
                let fits = evidence.handlers.iter().any(|known| known == handler)
                    && evidence.node_labels.iter().all(|(key, value)| node.labels.get(key) == Some(value));
                let labels = evidence.node_labels.len();
                if fits && best.is_none_or(|(most, _)| labels > most) {
                    best = Some((labels, position));
                }
            }
        }
        (best.and_then(|(_, position)| index(position)), best.is_some_and(|(labels, _)| labels > 0))
    }

    /// What becomes of the components of a pod with `handler` on nodes of `class`.
    pub(crate) fn capability(
        &self,
        class: &NodeClass,
        handler: &str,
        components: &[&Component],
        providers: &dyn Providers,
    ) -> Capability {
        let Some(state) = class.handler(handler) else {
            return Capability { codes: Codes::NONE.with(Code::HostUnknown), ..Capability::default() };
        };
        let mut verdict = Capability { profile: state.profile, ..Capability::default() };
        match state.presence {
            Presence::Missing => {
                verdict.refuse(Code::HandlerMissing, format!("handler `{handler}`"));
                return verdict;
            }
            Presence::Unknown => verdict.codes = verdict.codes.with(Code::HandlerUnknown),
            Presence::Present => {}
        }
        for component in components.iter().filter(|component| component.kind == ComponentKind::WitPackage) {
            verdict.refuse(Code::NotRunnable, component.digest.to_string());
        }
        let Some(compiled) = state.profile.and_then(|index| self.profiles.get(usize::from(index.0))) else {
            verdict.codes = verdict.codes.with(Code::HostUnknown);
            return verdict;
        };
        for component in components {
            compiled.judge(component, providers, &mut verdict);
        }
        verdict
    }
}

impl CompiledProfile {
    fn new(profile: &HostProfile) -> Result<Self, NameError> {
        let unconditional = profile.offers.iter().filter(|offer| offer.when_exports.is_none());
        let offers = HostOffers::from_patterns(
            unconditional.flat_map(|offer| offer.interfaces.iter().map(String::as_str)),
        )?;
        let mut conditional = Vec::new();
        for offer in &profile.offers {
            if let Some(export) = &offer.when_exports {
                let offered = HostOffers::from_patterns(offer.interfaces.iter().map(String::as_str))?;
                conditional.push((ExportPattern(export.parse()?), offered));
            }
        }
        let entry_points: Result<_, NameError> =
            profile.entry_points.iter().map(|export| export.parse().map(ExportPattern)).collect();
        let entry_points = entry_points?;
        Ok(Self { profile: profile.clone(), offers, conditional, entry_points })
    }

    fn judge(&self, component: &Component, providers: &dyn Providers, verdict: &mut Capability) {
        match component.kind {
            ComponentKind::CoreModule if !self.profile.runs.core_modules => {
                verdict.refuse(Code::ComponentsOnly, String::new());
            }
            ComponentKind::Component | ComponentKind::Opaque if !self.profile.runs.components => {
                verdict.refuse(Code::ModulesOnly, String::new());
            }
            ComponentKind::Component => self.judge_world(component, providers, verdict),
            ComponentKind::Opaque => verdict.codes = verdict.codes.with(Code::WorldUnknown),
            ComponentKind::CoreModule | ComponentKind::WitPackage | ComponentKind::NotWasm => {}
        }
    }

    fn judge_world(&self, component: &Component, providers: &dyn Providers, verdict: &mut Capability) {
        let starts = |entry_point: &ExportPattern| entry_point.is_exported_by(component);
        if !self.entry_points.is_empty() && !self.entry_points.iter().any(starts) {
            verdict.refuse(Code::EntryPointMissing, self.profile.entry_points.join(" or "));
        }
        let open: Vec<_> = self.open_imports(component).collect();
        if self.profile.link_mode == LinkMode::None {
            verdict.refuse_imports(Code::OpenImports, &open);
        } else {
            let unserved: Vec<_> = open.into_iter().filter(|import| !providers.serves(import)).collect();
            verdict.refuse_imports(Code::ProviderUnknown, &unserved);
        }
    }

    /// The imports that need somebody and that this host does not offer.
    fn open_imports<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = String> + 'a {
        let conditional = self.conditional.iter().filter(|(export, _)| export.is_exported_by(component));
        let offers: Vec<&HostOffers> = conditional.map(|(_, offers)| offers).chain([&self.offers]).collect();
        let needs =
            component.imports.iter().filter(|import| !matches!(import.shape, Shape::TypesOnly | Shape::Type));
        let offered = move |import: &&WorldItem| {
            import.interface.as_ref().is_some_and(|name| offers.iter().any(|offers| offers.covers(name)))
        };
        needs
            .filter(move |import| !offered(import))
            .map(|import| import.interface.as_ref().map_or_else(|| import.name.clone(), ToString::to_string))
    }
}

impl ExportPattern {
    fn is_exported_by(&self, component: &Component) -> bool {
        component.exports.iter().filter_map(|export| export.interface.as_ref()).any(|name| self.matches(name))
    }

    fn matches(&self, name: &InterfaceName) -> bool {
        match self.0.version() {
            None => self.0.is_same_interface(name),
            Some(_) => self.0.track() == name.track(),
        }
    }
}

impl NodeClass {
    /// The host profile of these nodes for `handler`.
    pub fn profile(&self, handler: &str) -> Option<ProfileIdx> {
        self.handler(handler).and_then(|state| state.profile)
    }

    /// As [`NodeClass::profile`], by the handler's place.
    pub(crate) fn profile_at(&self, handler: HandlerIdx) -> Option<ProfileIdx> {
        self.handlers.get(usize::from(handler.0)).and_then(|(_, state)| state.profile)
    }

    /// Whether these nodes have `handler`; unknown for a handler that the catalogue does not know.
    pub fn presence(&self, handler: &str) -> Presence {
        self.handler(handler).map_or(Presence::Unknown, |state| state.presence)
    }

    fn handler(&self, handler: &str) -> Option<HandlerState> {
        let place = self.handlers.binary_search_by(|(known, _)| known.as_str().cmp(handler)).ok()?;
        self.handlers.get(place).map(|(_, state)| *state)
    }

    /// The profiles whose handlers these nodes have.
    pub fn profiles(&self) -> BTreeSet<ProfileIdx> {
        let present = self.handlers.iter().filter(|(_, state)| state.presence == Presence::Present);
        present.filter_map(|(_, state)| state.profile).collect()
    }
}

impl Capability {
    fn refuse(&mut self, code: Code, detail: String) {
        self.codes = self.codes.with(code);
        if detail.is_empty() {
            return;
        }
        let known = self.details.entry(code).or_default();
        if known.is_empty() {
            *known = detail;
        } else if *known != detail {
            known.push_str(", ");
            known.push_str(&detail);
        }
    }

    fn refuse_imports(&mut self, code: Code, imports: &[String]) {
        const SHOWN: usize = 3;
        if imports.is_empty() {
            return;
        }
        let mut detail = imports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if imports.len() > SHOWN {
            // Writing to a string cannot fail.
            let _ = write!(detail, " and {} more", imports.len() - SHOWN);
        }
        self.refuse(code, detail);
    }
}
