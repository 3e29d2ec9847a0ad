//! Pods of `ReplicaSet`s that a Deployment made are its pods, also where they lack the label that says so.

use super::Changes;
use crate::trace::Happening;

impl Changes {
    /// Gives the pods of revisions to their Deployments, whichever was told first.
    pub(super) fn follow_revisions(&mut self) {
        for (replica_set, deployment) in &self.revisions {
            if let Some((now, most)) = self.replicas.remove(replica_set) {
                let replicas = self.replicas.entry(deployment.clone()).or_default();
                *replicas = (replicas.0 + now, replicas.1 + most);
            }
            if let Some((at, mut workload)) = self.made_up.remove(replica_set)
                && !self.workloads.contains_key(deployment)
            {
                workload.workload = deployment.clone();
                self.made_up.entry(deployment.clone()).or_insert((at, workload));
            }
        }
        for record in &mut self.records {
            if let Happening::Pod(pod) = &mut record.happening
                && let Some(deployment) = pod.workload.as_ref().and_then(|owner| self.revisions.get(owner))
            {
                pod.workload = Some(deployment.clone());
            }
        }
    }
}
