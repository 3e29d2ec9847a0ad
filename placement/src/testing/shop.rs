//! The shop: six linked workloads, as in the bundled example.

use wit_graph::testing::world;

use super::{Cluster, Random, pod_of, workload};
use crate::objects::{Pod, Workload};

/// The workloads of the shop with what they import from each other.
pub(crate) const SHOP: [(&str, &[&str]); 6] = [
    ("gateway", &["catalog", "pricing", "cart"]),
    ("checkout", &["pricing", "cart", "mail"]),
    ("catalog", &[]),
    ("pricing", &[]),
    ("cart", &[]),
    ("mail", &[]),
];

/// The shop in a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) cluster: Cluster,
    pub(crate) workloads: Vec<Workload>,
}

impl Shop {
    /// The shop's templates with so many replicas each; nothing is placed.
    pub(crate) fn new(cluster: Cluster, replicas: [u32; 6]) -> Self {
        let mut shop = Self::to_come(cluster, replicas);
        for workload in &shop.workloads {
            shop.cluster.workload(workload);
        }
        shop
    }

    /// The shop before anybody has created it: only its images are there.
    pub(crate) fn to_come(mut cluster: Cluster, replicas: [u32; 6]) -> Self {
        let api = |name: &str| format!("shop:{name}/api@1.0.0");
        let mut workloads = Vec::new();
        for ((name, imports), replicas) in SHOP.iter().zip(replicas) {
            let imports: Vec<String> = imports.iter().map(|import| api(import)).collect();
            let imports: Vec<&str> =
                imports.iter().map(String::as_str).chain(["wasi:cli/stdout@0.2.3"]).collect();
            cluster.image(name, world(&imports, &[&api(name), "wasi:cli/run@0.2.3"]));
            workloads.push(workload(name, replicas));
        }
        Self { cluster, workloads }
    }

    /// Every pod, Deployment by Deployment.
    pub(crate) fn pods(&self) -> Vec<Pod> {
        let pods = |workload: &Workload| -> Vec<Pod> {
            (0..workload.replicas).map(|ordinal| pod_of(workload, ordinal)).collect()
        };
        self.workloads.iter().flat_map(pods).collect()
    }

    /// The pods with the Deployments in some order.
    pub(crate) fn by_deployment(&self, random: &mut Random) -> Vec<Pod> {
        let mut workloads = self.workloads.clone();
        random.shuffle(&mut workloads);
        Self { cluster: self.cluster.clone(), workloads }.pods()
    }

    /// The pods in any order.
    pub(crate) fn interleaved(&self, random: &mut Random) -> Vec<Pod> {
        let mut pods = self.pods();
        random.shuffle(&mut pods);
        pods
    }
}
