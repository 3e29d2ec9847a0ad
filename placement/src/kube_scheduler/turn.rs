//! One pod's turn: the nodes that fit, what the extender says of them, and the choice.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::attempt::{Choice, PluginScore, Ranked};
use super::cycle::{Column, Cycle};
use super::extender::{NodeList, SchedulerExtender};
use super::nominations::Nominations;
use super::preemption::Candidate;
use super::profile::Profile;
use super::sampling::{Sampling, TieBreak};
use super::snapshot::Snapshot;
use super::unfit::{Unfit, Unfits};
use crate::objects::{NodeName, Pod};

/// A pod's turn.
pub(super) struct Turn<'a, X> {
    pub(super) pod: &'a Pod,
    pub(super) snapshot: &'a Snapshot,
    pub(super) profile: &'a Profile,
    pub(super) nominations: &'a Nominations,
    pub(super) cycle: Cycle<'a>,
    pub(super) sampling: &'a mut Sampling,
    pub(super) ties: &'a mut TieBreak,
    pub(super) extender: &'a mut X,
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum Decision {
    /// The pod goes there.
    Take(Choice),
    /// It goes there once others have gone.
    Evict(Candidate),
    /// It still waits for others to go.
    Wait,
    /// There is no place for it.
    GiveUp,
}

/// The nodes that pass the filters, and those that do not.
#[derive(Debug, Default)]
pub(super) struct Found {
    nodes: Vec<u32>,
    unfit: Vec<(u32, Unfits)>,
    /// Whether the extender refused some.
    refused: bool,
    /// Why nodes were refused, in words.
    pub(super) reasons: BTreeMap<String, Vec<NodeName>>,
    /// What the scores of the best nodes are made of, as far as that is asked for.
    pub(super) ranking: Vec<Ranked>,
}

impl Found {
    /// Whether the pod may pass once others are bound.
    pub(super) fn hopes_for_bindings(&self) -> bool {
        self.refused || self.unfit.iter().any(|(_, unfits)| unfits.depends_on_neighbours())
    }
}

impl<X: SchedulerExtender> Turn<'_, X> {
    /// What comes of the pod's turn.
    pub(super) fn decide(&mut self) -> Result<(Found, Decision), X::Error> {
        let mut found = match self.nominated()? {
            Some(found) => found,
            None => self.search()?,
        };
        let choice = self.choose(&mut found)?;
        if choice.is_none() || self.profile.tells_unfit_of_bound {
            self.tell(&mut found);
        }
        let decision = match choice {
            Some(choice) => Decision::Take(choice),
            None => self.evict(&found),
        };
        Ok((found, decision))
    }

    /// The node alone that is kept for the pod, where it fits by now.
    fn nominated(&mut self) -> Result<Option<Found>, X::Error> {
        let Some(node) = self.nominations.of(&self.pod.uid) else { return Ok(None) };
        if !self.snapshot.exists(node) || !self.cycle.unfit(node).is_empty() {
            return Ok(None);
        }
        let mut found = Found { nodes: vec![node], ..Found::default() };
        self.ask(&mut found)?;
        Ok(Some(found).filter(|found| !found.nodes.is_empty()))
    }

    /// Looks at nodes until enough fit, from where the search before ended.
    fn search(&mut self) -> Result<Found, X::Error> {
        let order = self.snapshot.order();
        let enough = self.profile.enough_nodes(order.len());
        let mut found = Found { nodes: Vec::with_capacity(enough), ..Found::default() };
        for node in self.sampling.nodes(order) {
            let unfits = self.cycle.unfit(node);
            if !unfits.is_empty() {
                found.unfit.push((node, unfits));
            } else if found.nodes.len() < enough {
                found.nodes.push(node);
            } else {
                break;
            }
        }
        self.sampling.advance(found.nodes.len() + found.unfit.len(), order.len());
        self.ask(&mut found)?;
        Ok(found)
    }

    /// Asks the extender which of the nodes that were found may take the pod.
    fn ask(&mut self, found: &mut Found) -> Result<(), X::Error> {
        if found.nodes.is_empty() || !self.extender.is_interested(self.pod) {
            return Ok(());
        }
        let reply = self.extender.filter_places(self.pod, NodeList::new(&found.nodes, self.snapshot))?;
        for (place, message) in reply.failed.iter().chain(&reply.unresolvable) {
            let Some(name) = found.nodes.get(*place).and_then(|node| self.snapshot.name(*node)) else {
                continue;
            };
            match found.reasons.get_mut(&**message) {
                Some(nodes) => nodes.push(name.clone()),
                None => drop(found.reasons.insert(message.to_string(), vec![name.clone()])),
            }
        }
        if reply.passing.len() < found.nodes.len() {
            found.refused = true;
            found.nodes = reply.passing.iter().filter_map(|place| found.nodes.get(*place).copied()).collect();
        }
        Ok(())
    }

    /// Puts into words why nodes did not fit.
    fn tell(&self, found: &mut Found) {
        found.unfit.sort_unstable_by_key(|(node, _)| *node);
        for (node, unfits) in &found.unfit {
            let Some(name) = self.snapshot.name(*node) else { continue };
            for message in unfits.iter().filter_map(Unfit::message) {
                match found.reasons.get_mut(message) {
                    Some(nodes) => nodes.push(name.clone()),
                    None => drop(found.reasons.insert(message.to_owned(), vec![name.clone()])),
                }
            }
        }
    }

    /// The node with the highest score; the only one is taken without asking.
    fn choose(&mut self, found: &mut Found) -> Result<Option<Choice>, X::Error> {
        let (snapshot, nodes) = (self.snapshot, found.nodes.as_slice());
        let choice = |node: u32, total, extender| {
            let node = snapshot.name(node)?.clone();
            Some(Choice { node, total, extender, beside: Vec::new() })
        };
        match nodes {
            [] => return Ok(None),
            [only] => return Ok(choice(*only, None, None)),
            _ => {}
        }
        let mut totals = self.cycle.totals(nodes);
        let mut scores = Vec::new();
        if self.extender.is_interested(self.pod) {
            scores = self.extender.prioritize_places(self.pod, NodeList::new(nodes, snapshot))?;
        }
        for (total, score) in totals.iter_mut().zip(&scores) {
            *total += u64::from(*score) * 10 * u64::from(self.profile.extender_weight);
        }
        let prefers = scores.iter().any(|score| *score > 0);
        let Some((best, total)) = self.ties.best(&totals) else { return Ok(None) };
        found.ranking = self.ranking(nodes, &totals, &scores, best);
        let score = scores.get(best).copied().filter(|_| prefers);
        Ok(nodes.get(best).and_then(|node| choice(*node, Some(total), score)))
    }

    /// The best nodes, the chosen one first, with what their scores are made of.
    fn ranking(&self, nodes: &[u32], totals: &[u64], scores: &[u8], best: usize) -> Vec<Ranked> {
        if self.profile.tells_best == 0 {
            return Vec::new();
        }
        let mut places: Vec<usize> = (0..nodes.len()).collect();
        places.sort_by_key(|place| (Reverse(totals.get(*place)), *place != best, *place));
        places.truncate(self.profile.tells_best);
        let columns = self.cycle.plugins(nodes);
        let ranked = places.into_iter().filter_map(|place| {
            let plugin = |(plugin, weight, scores): &Column| {
                Some(PluginScore { plugin, weight: *weight, score: *scores.get(place)? })
            };
            let mut plugins: Vec<_> = columns.iter().filter_map(plugin).collect();
            plugins.sort_unstable();
            Some(Ranked {
                node: self.snapshot.name(*nodes.get(place)?)?.clone(),
                total: *totals.get(place)?,
                plugins,
                extender: scores.get(place).copied(),
            })
        });
        ranked.collect()
    }

    /// Whom to evict, of the nodes where that may help: not those that the extender alone refused, because the scheduler evicts
    /// nobody without whom its own filters pass.
    fn evict(&mut self, found: &Found) -> Decision {
        if !self.profile.preemption {
            return Decision::GiveUp;
        }
        if self.nominations.waits(self.pod, self.snapshot) {
            return Decision::Wait;
        }
        let own = found.unfit.iter().filter(|(_, unfits)| !unfits.is_unresolvable()).map(|(node, _)| *node);
        let nodes: Vec<u32> = own.collect();
        let offset = self.ties.offset(nodes.len());
        self.cycle.preempt(&nodes, offset).map_or(Decision::GiveUp, Decision::Evict)
    }
}
