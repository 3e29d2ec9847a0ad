//! One scheduling cycle: which nodes fit a pod, and how good they are.

use super::classes::{ClassIdx, PodClass};
use super::fits::Fit;
use super::plugins::inter_pod_affinity::{self, Neighbours};
use super::plugins::topology_spread::{self, Spread};
use super::plugins::{MAX_SCORE, normalize, resources_fit};
use super::profile::Profile;
use super::room::{Ask, Room};
use super::snapshot::{Resident, Snapshot};
use super::unfit::Unfits;
use super::verdicts::Verdicts;

/// A plugin's name, its weight, and its score of each node.
pub(super) type Column = (&'static str, u64, Vec<u64>);

/// What is worked out once for a pod, before any node is looked at.
pub(super) struct Cycle<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) class: &'a PodClass,
    profile: &'a Profile,
    verdicts: Verdicts,
    neighbours: Neighbours,
    spread: Spread,
    /// Nothing but the room decides which nodes fit.
    only_room_decides: bool,
    /// Room that is kept for pods that go first.
    kept: Vec<(u32, Ask)>,
    /// Room on the node on which evictions are tried.
    tried: Option<(u32, Room)>,
}

impl<'a> Cycle<'a> {
    /// A cycle for a pod of the class, whose verdicts [`Snapshot::prepare`] lent.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        class: ClassIdx,
        profile: &'a Profile,
        verdicts: Verdicts,
        kept: Vec<(u32, Ask)>,
    ) -> Option<Self> {
        let class = snapshot.classes.get(class)?;
        let (neighbours, spread) =
            (Neighbours::new(snapshot, class), Spread::new(snapshot, class, &verdicts.standings));
        let only_room_decides = neighbours.is_nothing()
            && spread.is_nothing()
            && kept.is_empty()
            && !verdicts.standings.some_unfit;
        let tried = None;
        Some(Self { snapshot, class, profile, verdicts, neighbours, spread, only_room_decides, kept, tried })
    }

    /// The verdicts, to be given back.
    pub(super) fn finish(self) -> Verdicts {
        self.verdicts
    }

    /// Why the node does not fit: what the first filter says that refuses it.
    pub(super) fn unfit(&mut self, node: u32) -> Unfits {
        let (rooms, ask) = (&self.snapshot.rooms, &self.class.ask);
        let fit = self.verdicts.fits.at(node, rooms, ask, self.profile.scoring);
        if self.only_room_decides {
            return fit.unfit;
        }
        let standing = self.verdicts.standings.at(node);
        if !standing.unfit.is_empty() {
            standing.unfit
        } else if !fit.unfit.is_empty() {
            fit.unfit
        } else if self.kept.iter().any(|(kept, _)| *kept == node) {
            self.unfit_by_pods(node)
        } else {
            self.unfit_by_neighbours(node)
        }
    }

    fn unfit_by_neighbours(&self, node: u32) -> Unfits {
        let spread = self.spread.unfit(node);
        if spread.is_empty() { self.neighbours.unfit(node) } else { spread }
    }

    /// Why the node does not fit by the pods on it and those for which it is kept.
    pub(super) fn unfit_by_pods(&self, node: u32) -> Unfits {
        let mut room = self.room(node);
        for (_, ask) in self.kept.iter().filter(|(kept, _)| *kept == node) {
            room.take(ask);
        }
        let unfits = resources_fit::unfit(&self.class.ask, &room);
        if unfits.is_empty() { self.unfit_by_neighbours(node) } else { unfits }
    }

    fn room(&self, node: u32) -> Room {
        let tried = self.tried.filter(|(tried, _)| *tried == node).map(|(_, room)| room);
        tried.unwrap_or_else(|| self.snapshot.rooms.at(node))
    }

    /// The pods on a node that are less important than the pod, with their priorities.
    pub(super) fn lower(&self, node: u32) -> Vec<(i32, &'a Resident)> {
        let snapshot = self.snapshot;
        let priority = |one: &Resident| snapshot.classes.get(one.class).map(|class| class.shape.priority);
        let residents = snapshot.residents(node).iter().filter_map(|one| Some((priority(one)?, one)));
        residents.filter(|(priority, _)| *priority < self.class.shape.priority).collect()
    }

    /// As if a pod of the class had gone from the node.
    pub(super) fn take_away(&mut self, node: u32, class: ClassIdx) {
        let mut room = self.room(node);
        room.give_back(&self.ask_of(class));
        self.tried = Some((node, room));
        self.shift(node, class, -1);
    }

    /// As if a pod of the class had come to the node.
    pub(super) fn put_back(&mut self, node: u32, class: ClassIdx) {
        let mut room = self.room(node);
        room.take(&self.ask_of(class));
        self.tried = Some((node, room));
        self.shift(node, class, 1);
    }

    fn ask_of(&self, class: ClassIdx) -> Ask {
        self.snapshot.classes.get(class).map(|class| class.ask).unwrap_or_default()
    }

    fn shift(&mut self, node: u32, class: ClassIdx, by: i64) {
        let own = self.class;
        if let Some(relation) = own.relations.iter().find(|relation| relation.other == Some(class)) {
            self.neighbours.shift(self.snapshot, relation, node, by);
            self.spread.shift(relation, own, node, by, self.verdicts.standings.at(node));
        }
    }

    /// The weighted sum of all plugins' scores for each of the nodes, which have been looked at.
    pub(super) fn totals(&self, nodes: &[u32]) -> Vec<u64> {
        let weights = &self.profile.weights;
        let own = |node: &u32| {
            let fit = self.verdicts.fits.known(*node);
            weights.node_resources_fit * u64::from(fit.resources)
                + weights.node_resources_balanced_allocation * u64::from(fit.balanced)
        };
        let mut totals: Vec<u64> = nodes.iter().map(own).collect();
        for (_, weight, scores) in self.of_images(nodes).into_iter().chain(self.of_all(nodes)) {
            totals.iter_mut().zip(scores).for_each(|(total, score)| *total += weight * score);
        }
        totals
    }

    /// What the sums of [`Cycle::totals`] are made of.
    pub(super) fn plugins(&self, nodes: &[u32]) -> Vec<Column> {
        let weights = &self.profile.weights;
        let column = |name, weight, score: fn(Fit) -> u8| {
            let scores = nodes.iter().map(|node| u64::from(score(self.verdicts.fits.known(*node))));
            (name, weight, scores.collect())
        };
        let own = [
            column("NodeResourcesFit", weights.node_resources_fit, |it| it.resources),
            column("NodeResourcesBalancedAllocation", weights.node_resources_balanced_allocation, |it| {
                it.balanced
            }),
        ];
        own.into_iter().chain(self.of_images(nodes)).chain(self.of_all(nodes)).collect()
    }

    fn of_images(&self, nodes: &[u32]) -> Option<Column> {
        let images = Some(&self.verdicts.images).filter(|images| !images.is_nothing())?;
        let scores = nodes.iter().map(|node| u64::from(images.at(*node))).collect();
        Some(("ImageLocality", self.profile.weights.image_locality, scores))
    }

    /// The scores that a node has only beside the others; plugins that have nothing to say of any are left out.
    fn of_all(&self, nodes: &[u32]) -> Vec<Column> {
        let weights = &self.profile.weights;
        let standings = &self.verdicts.standings;
        let mut taints = vec![MAX_SCORE; nodes.len()];
        if standings.some_discourage {
            taints = nodes.iter().map(|node| u64::from(standings.at(*node).discouraging)).collect();
            normalize(&mut taints, true);
        }
        let mut columns = vec![("TaintToleration", weights.taint_toleration, taints)];
        if standings.some_preferred {
            let mut preferred: Vec<_> =
                nodes.iter().map(|node| u64::from(standings.at(*node).preferred)).collect();
            normalize(&mut preferred, false);
            columns.push(("NodeAffinity", weights.node_affinity, preferred));
        }
        if let Some(spread) = topology_spread::scores(self.snapshot, self.class, standings, nodes) {
            columns.push(("PodTopologySpread", weights.pod_topology_spread, spread));
        }
        if let Some(near) = inter_pod_affinity::scores(self.snapshot, self.class, nodes) {
            columns.push(("InterPodAffinity", weights.inter_pod_affinity, near));
        }
        columns
    }
}
