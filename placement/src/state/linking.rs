//! What a workload's images mean for the dependency graph, and what that means for the workloads around it.

use std::collections::BTreeSet;
use std::sync::Arc;

use wit_graph::{Component, ComponentKind, DeclaredLink, WorkloadKey};

use super::{ClusterState, Effects};
use crate::filter::capabilities;
use crate::hosts::Capability;
use crate::objects::World;
use crate::reasons::Code;
use crate::workloads::{PartnerRef, WorkloadIdx, WorkloadState};

impl ClusterState {
    /// Tells the dependency graph what the workload's images are by now.
    pub(super) fn relink(&mut self, place: WorkloadIdx, effects: &mut Effects) {
        let Some(state) = self.workloads.get(place) else { return };
        let key = state.key.clone();
        let images = if state.is_wasm() { state.shape.images.as_slice() } else { &[] };
        let known = images.iter().filter_map(|image| match self.world(image) {
            Some(World::Known(component)) if component.kind == ComponentKind::Component => {
                Some(Arc::clone(component))
            }
            _ => None,
        });
        let components: Vec<_> = known.collect();
        let declared = Arc::clone(&state.shape);
        self.tell_graph(&key, &components, &declared.links, effects);
        self.judge_classes(place);
        let invites = components.iter().any(|component| invites(component));
        if self.workloads.get(place).is_some_and(|state| state.invites != invites)
            && let Some(state) = self.workloads.get_mut(place)
        {
            state.invites = invites;
        }
    }

    /// Gives a workload its components and declared links in the dependency graph, which keeps workloads out that have
    /// neither and to which no link is declared.
    ///
    /// Most events change nothing there, and writing to the graph copies it while a snapshot is held: so look first.
    fn tell_graph(
        &mut self,
        key: &WorkloadKey,
        components: &[Arc<Component>],
        declared: &[DeclaredLink],
        effects: &mut Effects,
    ) {
        let before = self.graph.declared_of(key).to_vec();
        if components.is_empty() && declared.is_empty() && !self.graph.is_named(key) {
            self.leave_graph(key, effects);
        } else if !self.graph.holds(key, components) || before != declared {
            let graph = Arc::make_mut(&mut self.graph);
            let mut affected = graph.upsert(key, components);
            affected.append(&mut graph.declare(key, declared));
            self.graph_changed(&affected, effects);
            self.relink_named(key, &before, declared, effects);
        }
    }

    /// Takes a workload out of the dependency graph.
    pub(super) fn leave_graph(&mut self, key: &WorkloadKey, effects: &mut Effects) {
        if self.graph.contains(key) {
            let declared = self.graph.declared_of(key).to_vec();
            let affected = Arc::make_mut(&mut self.graph).remove(key);
            self.graph_changed(&affected, effects);
            self.relink_named(key, &declared, &[], effects);
        }
    }

    fn graph_changed(&mut self, affected: &BTreeSet<WorkloadKey>, effects: &mut Effects) {
        // A new provider may serve an import for which a pod was refused.
        effects.may_admit = true;
        self.update_groups(affected);
        self.update_partners(affected);
        for place in affected.iter().filter_map(|key| self.workloads.place_of(key)).collect::<Vec<_>>() {
            self.judge_classes(place);
        }
    }

    /// Workloads become part of the graph because a link to them is declared, and leave it when it no longer is.
    fn relink_named(
        &mut self,
        consumer: &WorkloadKey,
        before: &[DeclaredLink],
        now: &[DeclaredLink],
        effects: &mut Effects,
    ) {
        let names =
            |links: &[DeclaredLink]| links.iter().map(|link| link.provider.clone()).collect::<BTreeSet<_>>();
        let (before, now) = (names(before), names(now));
        if before == now {
            return;
        }
        let others = self.workloads.in_namespace(&consumer.namespace);
        let is_concerned = |name: &str| before.contains(name) != now.contains(name);
        let concerned = others.filter(|(_, other)| is_concerned(&other.key.name) && other.key != *consumer);
        for place in concerned.map(|(place, _)| place).collect::<Vec<_>>() {
            self.relink(place, effects);
        }
    }

    /// Notes the connected groups of these workloads; members of a group share one list.
    fn update_groups(&mut self, affected: &BTreeSet<WorkloadKey>) {
        let mut noted = BTreeSet::new();
        for key in affected {
            let Some(place) = self.workloads.place_of(key).filter(|place| !noted.contains(place)) else {
                continue;
            };
            let members =
                self.graph.group(key).into_iter().filter_map(|member| self.workloads.place_of(&member));
            let group: Arc<[WorkloadIdx]> = members.collect();
            for member in group.iter().copied().chain([place]) {
                if noted.insert(member)
                    && self.workloads.get(member).is_some_and(|state| state.group != group)
                    && let Some(state) = self.workloads.get_mut(member)
                {
                    state.group = Arc::clone(&group);
                }
            }
        }
    }

    fn update_partners(&mut self, affected: &BTreeSet<WorkloadKey>) {
        let mut nodes = BTreeSet::new();
        for key in affected {
            let Some(place) = self.workloads.place_of(key) else { continue };
            // Who only does not fit, or is imported for its types alone, is near for nothing.
            let drawn = self.graph.partners(key).into_iter().filter(|partner| partner.weight > 0.0);
            let partners = drawn.filter_map(|partner| {
                let workload = self.workloads.place_of(&partner.workload)?;
                Some(PartnerRef { workload, weight: partner.weight })
            });
            let partners: Arc<[_]> = partners.collect();
            let Some(state) = self.workloads.get_mut(place).filter(|state| state.partners != partners) else {
                continue;
            };
            // Who is no longer wanted beside it, and who is from now on.
            nodes.extend(state.placed.keys());
            state.partners = partners;
        }
        for node in nodes {
            self.refresh_wanted(node);
        }
    }

    /// Notes anew on which node classes the workload's components can run, as far as is known.
    fn judge_classes(&mut self, place: WorkloadIdx) {
        let Some(workload) = self.workloads.get(place) else { return };
        let capabilities = self.capabilities(workload);
        if *workload.capabilities == *capabilities {
            return;
        }
        // A provider that nobody knows yet may still come: that is not the host's fault.
        let lasts = |code: Code| code.refuses() && code != Code::ProviderUnknown;
        let unable = (0_u32..).zip(&capabilities).filter(|(_, one)| one.codes.iter().any(lasts));
        let unable: Vec<u32> = unable.map(|(place, _)| place).collect();
        let refresh = workload.unable_on != unable;
        if let Some(workload) = self.workloads.get_mut(place) {
            workload.capabilities = capabilities.into();
            workload.unable_on = unable;
        }
        if refresh {
            self.refresh_around(place);
        }
    }

    /// [`ClusterState::judge_classes`] for every workload: there is a new node class.
    pub(super) fn judge_all_workloads(&mut self) {
        let wasm = self.workloads.iter().filter(|(_, state)| state.is_wasm());
        let places: Vec<_> = wasm.map(|(place, _)| place).collect();
        for place in places {
            self.judge_classes(place);
        }
    }

    /// What becomes of the workload's components on each node class, as far as they are known.
    fn capabilities(&self, workload: &WorkloadState) -> Vec<Capability> {
        let Some(handler) = self.wasm_handler(workload.shape.runtime_class.as_deref()) else {
            return Vec::new();
        };
        let known = workload.shape.images.iter().filter_map(|image| match self.world(image) {
            Some(World::Known(component)) if component.kind != ComponentKind::NotWasm => Some(&**component),
            _ => None,
        });
        let components: Vec<&Component> = known.collect();
        capabilities(self, handler, &components, &workload.key)
    }
}

/// Whether the component exports an interface that another may import: not one by which a host starts it.
fn invites(component: &Component) -> bool {
    let interfaces = component.exports.iter().filter_map(|export| export.interface.as_ref());
    interfaces.into_iter().any(|interface| interface.namespace() != "wasi")
}
