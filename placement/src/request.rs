//! What a decision is asked about: a pod and the nodes that the scheduler offers for it.

use std::sync::Arc;
use std::time::Duration;

use wit_graph::WorkloadKey;

use crate::nodes::NodeIdx;
use crate::objects::{Millis, NodeName, PodKey, PodShape, PodUid};
use crate::state::{ClusterState, Effects, ImageState};

/// The pod that the scheduler asks about, as it sent it.
#[derive(Clone, Debug)]
pub struct PodRequest {
    /// Its namespace and name.
    pub key: PodKey,
    /// Its UID.
    pub uid: PodUid,
    /// The workload whose replica it is.
    pub workload: WorkloadKey,
    /// What decides where it can run.
    pub shape: Arc<PodShape>,
}

/// A node that the scheduler offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidate {
    /// A node that the state knows.
    Known(NodeIdx),
    /// A node that the watch does not show, and whether that has lasted beyond the reading deadline.
    Stranger {
        /// It has been asked about for longer than `reading.deadlineSeconds`.
        overdue: bool,
    },
}

/// Which candidates the nodes are that a scheduler in process asks about again and again by number: what was found by name
/// once is remembered, and so is the last list, about which most schedulers ask twice.
#[derive(Clone, Debug, Default)]
pub struct KnownCandidates {
    places: Vec<Option<NodeIdx>>,
    last: Option<(Vec<u32>, Arc<[Candidate]>)>,
    /// Of which state of the nodes' names.
    generation: u64,
}

impl KnownCandidates {
    /// The candidates for nodes of one scheduler, in their order, at `now`. The state is always the same one, as it changes,
    /// and a number always means the same name.
    pub fn of<'a>(
        &mut self,
        state: &ClusterState,
        numbers: &[u32],
        name: impl Fn(u32) -> Option<&'a NodeName>,
        now: Millis,
    ) -> Arc<[Candidate]> {
        if self.generation != state.nodes.generation() {
            self.generation = state.nodes.generation();
            self.places.clear();
            self.last = None;
        }
        if let Some((_, candidates)) = self.last.as_ref().filter(|(last, _)| last == numbers) {
            return Arc::clone(candidates);
        }
        let mut all_known = true;
        let candidate = |number: &u32| {
            if let Some(Some(place)) = self.places.get(*number as usize) {
                return Candidate::Known(*place);
            }
            let name = name(*number);
            let candidate = name
                .map_or(Candidate::Stranger { overdue: false }, |name| state.candidate(name.as_str(), now));
            match candidate {
                Candidate::Known(place) => self.remember(*number as usize, place),
                Candidate::Stranger { .. } => all_known = false,
            }
            candidate
        };
        let candidates: Arc<[Candidate]> = numbers.iter().map(candidate).collect();
        self.last = all_known.then(|| (numbers.to_vec(), Arc::clone(&candidates)));
        candidates
    }

    fn remember(&mut self, number: usize, place: NodeIdx) {
        if self.places.len() <= number {
            self.places.resize(number + 1, None);
        }
        self.places.iter_mut().skip(number).take(1).for_each(|known| *known = Some(place));
    }
}

impl ClusterState {
    /// The candidates for node names, in their order, at `now`.
    pub fn candidates<'a>(&self, names: impl IntoIterator<Item = &'a str>, now: Millis) -> Vec<Candidate> {
        names.into_iter().map(|name| self.candidate(name, now)).collect()
    }

    fn candidate(&self, name: &str, now: Millis) -> Candidate {
        match self.nodes.place_of(name) {
            Some(node) if self.nodes.get(node).is_some_and(|state| state.object.is_some()) => {
                Candidate::Known(node)
            }
            _ => Candidate::Stranger {
                overdue: self
                    .strangers
                    .get(name)
                    .is_some_and(|since| since.after(self.settings.reading.deadline) <= now),
            },
        }
    }

    /// Notes a `RuntimeClass` that a pod names and the watch has not shown; it is forgotten when it does.
    pub fn note_strange_class(&mut self, name: &str, now: Millis) {
        /// Pods of classes that were removed do not fill our memory.
        const MOST: usize = 1_000;
        let is_new = !self.runtime_classes.contains_key(name) && !self.strange_classes.contains_key(name);
        if is_new && self.strange_classes.len() < MOST {
            self.strange_classes.insert(name.to_owned(), now);
        }
    }

    /// Whether the pods of this class can be told apart from ordinary ones, or it was noted that they cannot.
    pub fn has_heard_of_class(&self, name: &str) -> bool {
        self.runtime_classes.contains_key(name) || self.strange_classes.contains_key(name)
    }

    /// Until when pods of a class that was noted as strange are refused; `None` for any other, and after that time.
    pub fn class_unread_until(&self, runtime_class: Option<&str>, now: Millis) -> Option<Millis> {
        let since = self.strange_classes.get(runtime_class?)?;
        Some(since.after(self.settings.reading.deadline)).filter(|until| now < *until)
    }

    /// Notes nodes that the scheduler named and the watch has not shown; they are forgotten when it does.
    pub fn note_strangers(&mut self, names: impl IntoIterator<Item = NodeName>, now: Millis) {
        /// A scheduler that makes names up does not fill our memory.
        const MOST: usize = 10_000;
        for name in names {
            if self.strangers.len() < MOST && !self.strangers.contains_key(&name) {
                self.strangers.insert(name, now);
            }
        }
    }

    /// Has the images of a pod read that the scheduler asks about before the watch has shown it. The watch takes them
    /// over; where it never does, they are forgotten after a while ([`ClusterState::expire`]).
    pub fn note_images(&mut self, shape: &PodShape, now: Millis) -> Effects {
        /// Made-up pods do not fill our memory.
        const MOST: usize = 1_000;
        let mut effects = Effects::default();
        for image in &shape.images {
            if !self.images.contains_key(image) && self.unclaimed.len() < MOST {
                self.images.insert(image.clone(), ImageState::default());
                self.unclaimed.insert(image.clone(), now);
            }
        }
        self.watch_images(shape, now, &mut effects);
        effects
    }

    /// Forgets nodes that no watch has shown and images that none has claimed long since they were noted.
    pub(crate) fn forget_unclaimed(&mut self, now: Millis, effects: &mut Effects) {
        const PATIENCE: Duration = Duration::from_secs(600);
        let gone = self.strangers.iter().filter(|(_, since)| since.after(PATIENCE) <= now);
        for name in gone.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.strangers.remove(&name);
        }
        let due = self.unclaimed.iter().filter(|(_, since)| since.after(PATIENCE) <= now);
        for image in due.map(|(image, _)| image.clone()).collect::<Vec<_>>() {
            self.unclaimed.remove(&image);
            if self.images.get(&image).is_some_and(|state| state.users.is_empty()) {
                self.images.remove(&image);
                effects.forget.push(image);
            }
        }
    }
}
