//! Nodes that are kept for pods whose victims are on their way out.

use std::collections::{BTreeMap, BTreeSet};

use super::room::Ask;
use super::snapshot::{Resident, Snapshot};
use crate::objects::{Pod, PodUid};

/// The nominated pods, and the victims that have not gone yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Nominations {
    pods: BTreeMap<PodUid, Nomination>,
    leaving: BTreeSet<PodUid>,
}

#[derive(Clone, Debug)]
struct Nomination {
    node: u32,
    priority: i32,
    ask: Ask,
}

impl Nominations {
    /// Keeps a node for a pod whose victims are told to go.
    pub(super) fn nominate<'a>(
        &mut self,
        pod: &Pod,
        node: u32,
        victims: impl IntoIterator<Item = &'a PodUid>,
    ) {
        self.leaving.extend(victims.into_iter().cloned());
        let nomination = Nomination { node, priority: pod.shape.priority, ask: Ask::of(&pod.shape) };
        self.pods.insert(pod.uid.clone(), nomination);
    }

    /// The pod needs no node kept any more: it was bound, or is gone.
    pub(super) fn forget(&mut self, uid: &PodUid) {
        self.pods.remove(uid);
        self.leaving.remove(uid);
    }

    /// The node that is kept for a pod.
    pub(super) fn of(&self, uid: &PodUid) -> Option<u32> {
        self.pods.get(uid).map(|nomination| nomination.node)
    }

    /// What is kept from a pod: on which nodes, for pods that are as important or more.
    pub(super) fn before(&self, pod: &Pod) -> Vec<(u32, Ask)> {
        let others = self.pods.iter().filter(|(uid, _)| **uid != pod.uid);
        let before = others.filter(|(_, other)| other.priority >= pod.shape.priority);
        before.map(|(_, other)| (other.node, other.ask)).collect()
    }

    /// Whether a pod still waits for victims to go from its node: it evicts nobody else meanwhile.
    pub(super) fn waits(&self, pod: &Pod, snapshot: &Snapshot) -> bool {
        let leaves = |resident: &Resident| {
            let class = snapshot.classes.get(resident.class);
            self.leaving.contains(&resident.uid)
                && class.is_some_and(|class| class.shape.priority < pod.shape.priority)
        };
        self.of(&pod.uid).is_some_and(|node| snapshot.residents(node).iter().any(leaves))
    }
}
