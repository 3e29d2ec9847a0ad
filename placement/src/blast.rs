//! How much of a workload one node takes down with it.

use crate::state::ClusterState;
use crate::workloads::WorkloadState;

/// Blast radius: the largest share of one workload's replicas on one node, over the workloads of two replicas or more. A
/// workload of one replica is on one node wherever that is, so it says nothing about the placement.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BlastRadius {
    /// The mean over the workloads, `max_m x_sm/d_s` each, 0 to 1; 0 where there are none.
    pub mean: f64,
    /// Workloads that have all of their replicas on one node.
    pub whole: u32,
    /// Workloads of two replicas or more.
    pub workloads: u32,
}

impl ClusterState {
    /// The blast radius of the placement as it is, presumed pods counted at their best node.
    pub fn blast_radius(&self) -> BlastRadius {
        let (mut radius, mut sum) = (BlastRadius::default(), 0.0);
        for workload in self.workloads().filter(|workload| workload.replicas() > 1) {
            radius.workloads += 1;
            radius.whole += u32::from(workload.most_on_a_node() == workload.replicas());
            sum += workload.share(workload.most_on_a_node());
        }
        radius.mean = sum / f64::from(radius.workloads.max(1));
        radius
    }
}

impl WorkloadState {
    /// The replicas on the node with the most of them.
    pub fn most_on_a_node(&self) -> u32 {
        self.placed.values().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Cluster, node, on, pod_of, workload};

    fn radius(placements: &[(&str, u32, &str)]) -> BlastRadius {
        let mut cluster = Cluster::new();
        cluster.nodes(["a", "b", "c"].map(node));
        for (name, replicas, nodes) in placements {
            cluster.workload(&workload(name, *replicas));
            for (ordinal, node) in (0..).zip(nodes.chars()) {
                cluster.pod(&on(&pod_of(&workload(name, 0), ordinal), &node.to_string()));
            }
        }
        cluster.state.blast_radius()
    }

    #[test]
    fn it_is_the_mean_of_the_largest_shares_and_counts_those_on_one_node() {
        let placements =
            [("spread", 3, "abc"), ("leaning", 4, "aaab"), ("together", 2, "cc"), ("lone", 1, "a")];
        let radius = radius(&placements);
        assert!((radius.mean - (1.0 / 3.0 + 0.75 + 1.0) / 3.0).abs() < 1e-9);
        assert_eq!((radius.whole, radius.workloads), (1, 3));
    }

    #[test]
    fn replicas_without_a_node_fall_with_none() {
        assert_eq!(radius(&[("half", 4, "aa")]), BlastRadius { mean: 0.5, whole: 0, workloads: 1 });
        assert_eq!(radius(&[]), BlastRadius::default());
    }
}
