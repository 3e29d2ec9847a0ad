//! Which images are in use, and what becomes known of them.

use super::{ClusterState, Effects};
use crate::objects::{ImageReference, Millis, PodShape, World};
use crate::workloads::WorkloadIdx;

impl ClusterState {
    pub(super) fn world_applied(&mut self, image: &ImageReference, world: World, effects: &mut Effects) {
        let Some(state) = self.images.get_mut(image) else { return };
        let since = match &state.world {
            Some(World::Reading { since } | World::Failed { since, .. }) => Some(*since),
            Some(World::Known(_)) | None => None,
        };
        state.world = Some(match (world, since) {
            (World::Failed { result, message, definite, .. }, Some(since)) => {
                World::Failed { result, message, since, definite }
            }
            // What was read once stays known: a registry that fails later does not take it back.
            (World::Failed { .. } | World::Reading { .. }, None) => return,
            (World::Reading { .. }, Some(since)) => World::Reading { since },
            (known @ World::Known(_), _) => known,
        });
        effects.may_admit |= !matches!(state.world, Some(World::Reading { .. }));
        let users: Vec<_> = state.users.keys().copied().collect();
        for workload in users {
            self.relink(workload, effects);
        }
    }

    pub(super) fn use_images(
        &mut self,
        shape: &PodShape,
        workload: WorkloadIdx,
        now: Millis,
        effects: &mut Effects,
    ) {
        for image in &shape.images {
            *self.images.entry(image.clone()).or_default().users.entry(workload).or_insert(0) += 1;
        }
        self.watch_images(shape, now, effects);
    }

    /// Has the images of a Wasm shape read that were not of interest before.
    pub(crate) fn watch_images(&mut self, shape: &PodShape, now: Millis, effects: &mut Effects) {
        if self.wasm_handler(shape.runtime_class.as_deref()).is_none() {
            return;
        }
        for image in &shape.images {
            let unread = self.images.get_mut(image).filter(|state| state.world.is_none());
            if let Some(state) = unread {
                state.world = Some(World::Reading { since: now });
                effects.read.push(image.clone());
            }
        }
    }

    pub(super) fn release_images(&mut self, shape: &PodShape, workload: WorkloadIdx, effects: &mut Effects) {
        for image in &shape.images {
            let Some(state) = self.images.get_mut(image) else { continue };
            if let Some(uses) = state.users.get_mut(&workload) {
                *uses -= 1;
                if *uses == 0 {
                    state.users.remove(&workload);
                }
            }
            if state.users.is_empty() {
                self.images.remove(image);
                effects.forget.push(image.clone());
            }
        }
    }
}
