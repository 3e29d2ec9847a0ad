//! `ImageLocality`: does the node hold the pod's images already. As in `plugins/imagelocality/image_locality.go`.

use std::borrow::Cow;
use std::collections::HashMap;

use super::MAX_SCORE;
use crate::objects::{ImageReference, Node, PodShape};

const MIB: u64 = 1 << 20;
/// Less than this is not worth a point.
const LEAST_BYTES: u64 = 23 * MIB;
/// As much as this for each container is worth all points.
const MOST_BYTES_OF_CONTAINER: u64 = 1000 * MIB;

/// The nodes that hold each image, by its normalized names.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Images {
    holders: HashMap<String, u64>,
    nodes: u64,
}

/// The images of a pod's containers, its init containers' among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Containers(Vec<ImageReference>);

/// The scores of the nodes for pods with the same images, by position. Empty where no node holds any image: then all are 0.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct ImageScores {
    of: Vec<u8>,
    /// Of which state of the nodes' objects.
    generation: u64,
}

impl Containers {
    pub(in super::super) fn of(shape: &PodShape) -> Self {
        Self(shape.images.iter().chain(&shape.scheduling.init_images).cloned().collect())
    }
}

impl ImageScores {
    /// Scores the nodes, unless that is done.
    pub(in super::super) fn read<'a>(
        &mut self,
        shape: &PodShape,
        nodes: impl Iterator<Item = Option<&'a Node>>,
        images: &Images,
        generation: u64,
    ) {
        if self.generation == generation {
            return;
        }
        self.generation = generation;
        self.of.clear();
        if !images.holders.is_empty() {
            let containers = Containers::of(shape);
            let score = |node| images.score(&containers, node);
            self.of.extend(nodes.map(|node| u8::try_from(node.map_or(0, score)).unwrap_or(u8::MAX)));
        }
    }

    /// Whether all are 0.
    pub(in super::super) fn is_nothing(&self) -> bool {
        self.of.is_empty()
    }

    /// The score of a node.
    pub(in super::super) fn at(&self, node: u32) -> u8 {
        self.of.get(node as usize).copied().unwrap_or(0)
    }
}

impl Images {
    /// What these nodes hold.
    pub(in super::super) fn of<'a>(nodes: impl Iterator<Item = &'a Node>) -> Self {
        let mut images = Self::default();
        for node in nodes {
            images.nodes += 1;
            for name in node.images.iter().flat_map(|image| &image.names) {
                *images.holders.entry(normalized(&name.0).into_owned()).or_insert(0) += 1;
            }
        }
        images
    }

    /// How much of the pod's images the node holds. An image that few nodes hold counts little: the pods that use it
    /// would otherwise all go there.
    fn score(&self, containers: &Containers, node: &Node) -> u64 {
        let Containers(containers) = containers;
        let held: u64 = containers.iter().map(|image| self.worth(&normalized(&image.0), node)).sum();
        let most = MOST_BYTES_OF_CONTAINER.saturating_mul(containers.len() as u64);
        let counted = held.min(most).saturating_sub(LEAST_BYTES);
        counted.saturating_mul(MAX_SCORE).checked_div(most.saturating_sub(LEAST_BYTES)).unwrap_or(0)
    }

    fn worth(&self, name: &str, node: &Node) -> u64 {
        let holds =
            |held: &&crate::objects::NodeImage| held.names.iter().any(|one| normalized(&one.0) == name);
        let Some(image) = node.images.iter().find(holds) else { return 0 };
        let holders = self.holders.get(name).copied().unwrap_or(0);
        let spread = holders as f64 / self.nodes as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a size is one"
        )]
        let worth = (image.size_bytes as f64 * spread) as u64;
        worth
    }
}

/// The name with the tag that is meant where none is given.
fn normalized(name: &str) -> Cow<'_, str> {
    if name.rfind(':') <= name.rfind('/') { format!("{name}:latest").into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::objects::{Constraints, NodeImage};
    use crate::testing::node;

    fn holding(name: &str, images: &[(&str, u64)]) -> Node {
        let image = |(name, mebibytes): &(&str, u64)| NodeImage {
            names: vec![ImageReference::new(*name)],
            size_bytes: mebibytes * MIB,
        };
        Node { images: images.iter().map(image).collect(), ..node(name) }
    }

    fn using(images: &[&str], init: &[&str]) -> Containers {
        let references = |names: &[&str]| names.iter().map(|name| ImageReference::new(*name)).collect();
        let scheduling = Constraints { init_images: references(init), ..Constraints::default() };
        let scheduling = Arc::new(scheduling);
        Containers::of(&PodShape { images: references(images), scheduling, ..PodShape::default() })
    }

    #[test]
    fn a_held_image_counts_with_the_share_of_nodes_that_hold_it() {
        let nodes = [holding("a", &[("r.example/app:1", 1000)]), holding("b", &[])];
        let images = Images::of(nodes.iter());
        let pod = using(&["r.example/app:1"], &[]);
        // Half of 1000 MiB count: (500 − 23) / (1000 − 23) = 48.8 %.
        assert_eq!((images.score(&pod, &nodes[0]), images.score(&pod, &nodes[1])), (48, 0));
        let two = using(&["r.example/app:1"], &["r.example/init:1"]);
        // (500 − 23) / (2000 − 23) = 24.1 %.
        assert_eq!(images.score(&two, &nodes[0]), 24);
    }

    #[test]
    fn what_is_small_counts_nothing_and_what_is_large_no_more_than_all() {
        let nodes = [holding("a", &[("small:1", 22), ("large:1", 5000)])];
        let images = Images::of(nodes.iter());
        assert_eq!(images.score(&using(&["small:1"], &[]), &nodes[0]), 0);
        assert_eq!(images.score(&using(&["large:1"], &[]), &nodes[0]), 100);
    }

    #[test]
    fn a_name_without_a_tag_means_the_latest() {
        assert_eq!(normalized("host:5000/app"), "host:5000/app:latest");
        assert_eq!(normalized("app"), "app:latest");
        assert_eq!(normalized("host:5000/app:1"), "host:5000/app:1");
    }
}
