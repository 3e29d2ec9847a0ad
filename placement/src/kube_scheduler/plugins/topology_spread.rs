//! `PodTopologySpread`: are the pods of a kind spread evenly over domains. As in `plugins/podtopologyspread/filtering.go` and
//! `scoring.go`.

use std::sync::Arc;

use super::super::classes::PodClass;
use super::super::relation::Relation;
use super::super::snapshot::Snapshot;
use super::super::spreading::Spreading;
use super::super::standing::{Standing, Standings};
use super::super::topology::Domains;
use super::super::unfit::{Unfit, Unfits};
use super::MAX_SCORE;

/// The required constraints of a class, with the pods that they count by domain.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Spread {
    constraints: Vec<Counted>,
}

#[derive(Clone, Debug)]
struct Counted {
    /// The constraint's place among those of the class.
    place: usize,
    max_skew: i64,
    min_domains: usize,
    itself: i64,
    domains: Arc<Domains>,
    /// Pods by domain; `None` for one without a node that takes part.
    pods: Vec<Option<i64>>,
    /// What the emptiest domain has.
    least: i64,
}

impl Spread {
    /// Counts the pods of the class's required constraints.
    pub(in super::super) fn new(snapshot: &Snapshot, class: &PodClass, standings: &Standings) -> Self {
        let required = class.spreadings.iter().enumerate().filter(|(_, it)| it.required);
        let constraints =
            required.map(|(place, spreading)| Counted::new(place, spreading, snapshot, class)).collect();
        let mut spread = Self { constraints };
        if spread.constraints.is_empty() {
            return spread;
        }
        for node in snapshot.order() {
            spread.take_part(*node, class, standings.at(*node));
        }
        for relation in class.relations.iter().filter(|relation| !relation.spreads.is_empty()) {
            for (node, count) in snapshot.placed(relation) {
                spread.count(relation, class, node, i64::from(count), standings.at(node));
            }
        }
        spread.constraints.iter_mut().for_each(Counted::find_least);
        spread
    }

    fn take_part(&mut self, node: u32, class: &PodClass, standing: Standing) {
        if self.has_all_labels(node) {
            for counted in self.constraints.iter_mut().filter(|it| it.includes(class, standing)) {
                if let Some(pods) = counted.domains.of(node).and_then(|domain| counted.pods.get_mut(domain)) {
                    *pods = Some(0);
                }
            }
        }
    }

    fn has_all_labels(&self, node: u32) -> bool {
        self.constraints.iter().all(|counted| counted.domains.of(node).is_some())
    }

    fn count(&mut self, relation: &Relation, class: &PodClass, node: u32, by: i64, standing: Standing) {
        if !self.has_all_labels(node) {
            return;
        }
        let concerned = self.constraints.iter_mut().filter(|it| relation.spreads.contains(&it.place));
        for counted in concerned.filter(|it| it.includes(class, standing)) {
            let pods = counted.domains.of(node).and_then(|domain| counted.pods.get_mut(domain));
            pods.into_iter().flatten().for_each(|pods| *pods += by);
        }
    }

    /// Counts more pods of a class on a node, or fewer.
    pub(in super::super) fn shift(
        &mut self,
        relation: &Relation,
        class: &PodClass,
        node: u32,
        by: i64,
        standing: Standing,
    ) {
        self.count(relation, class, node, by, standing);
        self.constraints.iter_mut().for_each(Counted::find_least);
    }

    /// Whether there are no required constraints.
    pub(in super::super) fn is_nothing(&self) -> bool {
        self.constraints.is_empty()
    }

    /// Why the node is refused, if it is.
    pub(in super::super) fn unfit(&self, node: u32) -> Unfits {
        for counted in &self.constraints {
            let Some(domain) = counted.domains.of(node) else { return Unfit::SpreadLabel.into() };
            let pods = counted.pods.get(domain).copied().flatten().unwrap_or(0);
            if pods + counted.itself - counted.least > counted.max_skew {
                return Unfit::Spread.into();
            }
        }
        Unfits::NONE
    }
}

impl Counted {
    fn new(place: usize, spreading: &Spreading, snapshot: &Snapshot, class: &PodClass) -> Self {
        let domains = snapshot.topologies.domains(spreading.key);
        Self {
            place,
            max_skew: i64::from(spreading.max_skew),
            min_domains: spreading.min_domains as usize,
            itself: i64::from(spreading.means_itself(class)),
            pods: vec![None; domains.zeros().len()],
            domains,
            least: 0,
        }
    }

    fn includes(&self, class: &PodClass, standing: Standing) -> bool {
        class.spreadings.get(self.place).is_some_and(|spreading| includes(spreading, standing))
    }

    /// With too few domains there is an empty one still to come; with none at all no skew can be too large.
    fn find_least(&mut self) {
        let domains = self.pods.iter().flatten();
        let least = domains.clone().copied().min().unwrap_or(i64::from(i32::MAX));
        self.least = if domains.count() < self.min_domains { 0 } else { least };
    }
}

/// Whether a node takes part in a constraint, by its inclusion policies.
fn includes(spreading: &Spreading, standing: Standing) -> bool {
    (!spreading.honours_affinity || standing.affinity) && (!spreading.honours_taints || standing.taints)
}

/// The scores of the nodes for the constraints that are only wished for; `None` where there are none, which is 0 for all.
pub(in super::super) fn scores(
    snapshot: &Snapshot,
    class: &PodClass,
    standings: &Standings,
    nodes: &[u32],
) -> Option<Vec<u64>> {
    let soft = class.spreadings.iter().enumerate().filter(|(_, it)| !it.required);
    let wishes: Vec<_> = soft.map(|(place, it)| Wish::new(place, it, snapshot)).collect();
    if wishes.is_empty() {
        return None;
    }
    let takes_part =
        |node: u32| wishes.iter().all(|wish| wish.spreading.is_by_default() || wish.has_label(node));
    let present: Vec<u32> = nodes.iter().copied().filter(|node| takes_part(*node)).collect();
    let counted: Vec<_> =
        wishes.iter().map(|wish| wish.count(snapshot, class, standings, &present, &takes_part)).collect();
    let raw = |node: &u32| {
        takes_part(*node).then(|| counted.iter().map(|counts| counts.at(*node)).sum::<f64>().round())
    };
    let raw: Vec<Option<f64>> = nodes.iter().map(raw).collect();
    Some(turned_round(&raw))
}

/// The fewer pods, the better; nodes that take no part get 0.
fn turned_round(raw: &[Option<f64>]) -> Vec<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "they are whole and not negative"
    )]
    let whole = |score: f64| score as u64;
    let present = || raw.iter().flatten().map(|score| whole(*score));
    let (least, most) = (present().min().unwrap_or(0), present().max().unwrap_or(0));
    let score = |score: u64| (MAX_SCORE * (most + least - score)).checked_div(most).unwrap_or(MAX_SCORE);
    raw.iter().map(|one| one.map_or(0, |one| score(whole(one)))).collect()
}

/// A constraint that is wished for.
struct Wish<'a> {
    place: usize,
    spreading: &'a Spreading,
    domains: Arc<Domains>,
    is_hostname: bool,
}

/// What a wish counts against each domain, or against each node where every node is one.
struct Against<'a> {
    wish: &'a Wish<'a>,
    pods: Vec<i64>,
    weight: f64,
}

impl<'a> Wish<'a> {
    fn new(place: usize, spreading: &'a Spreading, snapshot: &Snapshot) -> Self {
        let is_hostname = snapshot.topologies.is_hostname(spreading.key);
        Self { place, spreading, domains: snapshot.topologies.domains(spreading.key), is_hostname }
    }

    fn has_label(&self, node: u32) -> bool {
        self.domains.of(node).is_some()
    }

    /// Counts the pods, and weighs them by the number of domains that the candidates are in.
    fn count(
        &'a self,
        snapshot: &Snapshot,
        class: &PodClass,
        standings: &Standings,
        present: &[u32],
        takes_part: &dyn Fn(u32) -> bool,
    ) -> Against<'a> {
        let is_hostname = self.is_hostname;
        let mut pods = if is_hostname { vec![0; snapshot.rooms.len()] } else { self.domains.zeros() };
        let counts = class.relations.iter().filter(|relation| relation.spreads.contains(&self.place));
        for (node, count) in counts.flat_map(|relation| snapshot.placed(relation)) {
            let place = if is_hostname {
                Some(node as usize)
            } else if takes_part(node) && includes(self.spreading, standings.at(node)) {
                self.domains.of(node)
            } else {
                None
            };
            if let Some(pods) = place.and_then(|place| pods.get_mut(place)) {
                *pods += i64::from(count);
            }
        }
        let size = if is_hostname { present.len() } else { self.domains_of(present) };
        Against { wish: self, pods, weight: (size as f64 + 2.0).ln() }
    }

    /// Nodes without the label are in one domain together where they take part at all.
    fn domains_of(&self, nodes: &[u32]) -> usize {
        let domains: std::collections::BTreeSet<_> =
            nodes.iter().map(|node| self.domains.of(*node)).collect();
        domains.len()
    }
}

impl Against<'_> {
    /// `scoreForCount`: the pods in the node's domain, weighed, and what the skew allows.
    fn at(&self, node: u32) -> f64 {
        let Some(domain) = self.wish.domains.of(node) else { return 0.0 };
        let place = if self.wish.is_hostname { node as usize } else { domain };
        let pods = self.pods.get(place).copied().unwrap_or(0);
        pods as f64 * self.weight + f64::from(self.wish.spreading.max_skew - 1)
    }
}
