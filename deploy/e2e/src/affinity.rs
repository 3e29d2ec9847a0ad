//! How much of the linked traffic a placement can keep on its nodes, counted from the pods alone.
//!
//! This is on purpose not the product's own computation: an end-to-end test must not take the word of what it tests.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Pod;

use crate::pods::{ended, node_of};

/// A consumer, a provider and the weight of their traffic.
pub type Link<'a> = (&'a str, &'a str, f64);

/// Where the replicas of each workload are.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    /// Workload → all its replicas, with a node or without.
    replicas: BTreeMap<String, usize>,
    /// Workload → node → replicas there.
    nodes: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Placement {
    /// Counts pods under the workload that `workload` names; pods that it does not name are left out.
    pub fn of(pods: &[Pod], workload: impl Fn(&Pod) -> Option<String>) -> Self {
        let mut placement = Self::default();
        for pod in pods.iter().filter(|pod| !ended(pod)) {
            let Some(workload) = workload(pod) else { continue };
            *placement.replicas.entry(workload.clone()).or_default() += 1;
            if let Some(node) = node_of(pod) {
                *placement.nodes.entry(workload).or_default().entry(node.to_owned()).or_default() += 1;
            }
        }
        placement
    }

    /// Counts pods under their label `key`, such as `app.kubernetes.io/name`.
    pub fn by_label(pods: &[Pod], key: &str) -> Self {
        Self::of(pods, |pod| pod.metadata.labels.as_ref()?.get(key).cloned())
    }

    /// The gained affinity `G = Σ w · Σ_node min(x_a/d_a, x_b/d_b) / Σ w`, from 0 to 1: the share of traffic that can stay
    /// on a node when replicas share the load evenly and calls prefer their own node.
    pub fn gained_affinity(&self, links: &[Link<'_>]) -> f64 {
        let total: f64 = links.iter().map(|(_, _, weight)| weight).sum();
        let gained = links.iter().map(|(consumer, provider, weight)| {
            let nodes = self.nodes_of(consumer);
            weight
                * nodes
                    .iter()
                    .map(|node| self.share(consumer, node).min(self.share(provider, node)))
                    .sum::<f64>()
        });
        if total > 0.0 { gained.sum::<f64>() / total } else { 0.0 }
    }

    /// The consumers on a node without one of their providers: `consumer on node lacks provider`.
    pub fn lonely_consumers(&self, links: &[Link<'_>]) -> BTreeSet<String> {
        let lonely = links.iter().flat_map(|&(consumer, provider, _)| {
            let missing =
                self.nodes_of(consumer).difference(&self.nodes_of(provider)).cloned().collect::<Vec<_>>();
            missing.into_iter().map(move |node| format!("{consumer} on {node} lacks {provider}"))
        });
        lonely.collect()
    }

    /// The nodes that a workload has replicas on.
    pub fn nodes_of(&self, workload: &str) -> BTreeSet<String> {
        self.nodes.get(workload).into_iter().flat_map(|nodes| nodes.keys().cloned()).collect()
    }

    fn share(&self, workload: &str, node: &str) -> f64 {
        let here = self.nodes.get(workload).and_then(|nodes| nodes.get(node)).copied().unwrap_or(0);
        let all = self.replicas.get(workload).copied().unwrap_or(0);
        if all == 0 { 0.0 } else { here as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pods::pod;

    fn placed(workload: &str, node: Option<&str>) -> Pod {
        let mut value = pod("any", "image", &serde_json::json!({}));
        value["metadata"]["labels"] = serde_json::json!({"app": workload});
        value["spec"]["nodeName"] = node.into();
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn traffic_stays_local_as_far_as_both_ends_share_nodes() {
        let pods = [
            placed("gateway", Some("n1")),
            placed("gateway", Some("n2")),
            placed("cart", Some("n1")),
            placed("cart", None),
            placed("mail", Some("n1")),
        ];
        let placement = Placement::by_label(&pods, "app");
        assert!((placement.gained_affinity(&[("gateway", "cart", 1.0)]) - 0.5).abs() < 1e-9);
        let links = [("gateway", "cart", 3.0), ("cart", "mail", 1.0), ("gateway", "absent", 0.0)];
        assert!((placement.gained_affinity(&links) - 0.5).abs() < 1e-9);
        assert!(placement.gained_affinity(&[]).abs() < 1e-9);
        let lonely = placement.lonely_consumers(&[("gateway", "cart", 1.0), ("cart", "mail", 1.0)]);
        assert_eq!(lonely, BTreeSet::from(["gateway on n2 lacks cart".to_owned()]));
    }
}
