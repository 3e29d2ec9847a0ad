//! What is known of each node for a class of pods. It is kept until the node changes, and shared by all classes for which
//! it is the same.

use super::fits::Fits;
use super::plugins::image_locality::{Containers, ImageScores};
use super::room::Ask;
use super::shelf::{Place, Shelf};
use super::standing::{NodeNeeds, Standings};
use crate::objects::PodShape;

/// What is known for all classes.
#[derive(Clone, Debug, Default)]
pub(super) struct AllVerdicts {
    standings: Shelf<NodeNeeds, Standings>,
    fits: Shelf<Ask, Fits>,
    images: Shelf<Containers, ImageScores>,
}

/// Where that of one class is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    standings: Place,
    fits: Place,
    images: Place,
}

/// What is known for one class.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdicts {
    pub(super) standings: Standings,
    pub(super) fits: Fits,
    pub(super) images: ImageScores,
}

impl AllVerdicts {
    /// Where it is for pods of a shape, which ask for so much.
    pub(super) fn places(&mut self, shape: &PodShape, ask: &Ask) -> Places {
        Places {
            standings: self.standings.place(NodeNeeds::of(shape)),
            fits: self.fits.place(*ask),
            images: self.images.place(Containers::of(shape)),
        }
    }

    /// Lends that of a class.
    pub(super) fn lend(&mut self, places: &Places) -> Verdicts {
        Verdicts {
            standings: self.standings.lend(places.standings),
            fits: self.fits.lend(places.fits),
            images: self.images.lend(places.images),
        }
    }

    /// Takes back what was lent, for so many nodes.
    pub(super) fn give_back(&mut self, places: &Places, verdicts: Verdicts, nodes: usize) {
        self.standings.give_back(places.standings, verdicts.standings, nodes);
        self.fits.give_back(places.fits, verdicts.fits, nodes);
        self.images.give_back(places.images, verdicts.images, nodes);
    }
}
