//! What the API server and the controllers would have done: admission, and pods from templates.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wit_placement::{Pod, PodKey, PodShape, RuntimeClass, Workload};

use super::collect::{Found, uid_of};
use super::{ManifestProblem, Manifests};
use crate::cluster::admission::{AdmissionError, apply_admission};
use crate::cluster::problem::ObjectName;

/// Admits the folder's pods but those that an API server admitted before, and gives pods to workloads without any.
pub(super) fn expand(manifests: &mut Manifests, found: Found) {
    let classes = manifests.runtime_classes.iter().map(|class| (class.name.as_str(), class)).collect();
    let mut expansion = Expansion { classes, found, pods: Vec::new(), problems: Vec::new() };
    for pod in std::mem::take(&mut manifests.pods) {
        expansion.admit_pod(pod);
    }
    let with_pods: BTreeSet<_> = expansion.pods.iter().map(|pod| pod.workload.clone()).collect();
    for workload in &manifests.workloads {
        if !with_pods.contains(&workload.key) {
            expansion.replicas(workload);
        }
    }
    let Expansion { pods, problems, .. } = expansion;
    manifests.pods = pods;
    manifests.problems.extend(problems);
}

struct Expansion<'a> {
    classes: BTreeMap<&'a str, &'a RuntimeClass>,
    found: Found,
    pods: Vec<Pod>,
    problems: Vec<ManifestProblem>,
}

impl Expansion<'_> {
    fn admit_pod(&mut self, mut pod: Pod) {
        if !self.found.admitted.contains(&pod.uid) {
            let name = object_name("Pod", &pod.key.namespace, &pod.key.name);
            let Some(shape) = self.admit(&pod.shape, &name) else { return };
            pod.shape = shape;
        }
        self.pods.push(pod);
    }

    /// The shape after admission. A pod that admission refuses is left out; one whose class is missing stays as it is,
    /// so that a folder without its classes still shows where its pods could go.
    fn admit(&mut self, shape: &Arc<PodShape>, name: &ObjectName) -> Option<Arc<PodShape>> {
        let class = shape.runtime_class.as_deref().and_then(|class| self.classes.get(class));
        match apply_admission(shape, class.copied()) {
            Ok(admitted) => Some(Arc::new(admitted)),
            Err(error) => {
                let stays = matches!(error, AdmissionError::NoSuchClass(_)).then(|| shape.clone());
                self.problem(name, error.to_string());
                stays
            }
        }
    }

    /// Adds the pods `NAME-0`, `NAME-1`, … of a workload.
    fn replicas(&mut self, workload: &Workload) {
        let key = &workload.key;
        let name = object_name(&key.kind, &key.namespace, &key.name);
        let Some(shape) = self.admit(&workload.shape, &name) else { return };
        for index in 0..workload.replicas {
            let pod = PodKey::new(&*key.namespace, format!("{}-{index}", key.name));
            let in_the_folder = object_name("Pod", &pod.namespace, &pod.name);
            if self.found.places.contains_key(&in_the_folder) {
                self.problem(
                    &name,
                    format!("its replica {pod} has the name of another pod, and is left out"),
                );
                continue;
            }
            self.found
                .places
                .extend(self.found.places.get(&name).cloned().map(|place| (in_the_folder, place)));
            self.pods.push(Pod {
                uid: uid_of(&pod),
                key: pod,
                workload: key.clone(),
                shape: shape.clone(),
                node: None,
                finished: false,
                gated: false,
            });
        }
    }

    fn problem(&mut self, name: &ObjectName, message: String) {
        let place = self.found.places.get(name);
        self.problems.extend(place.map(|place| place.problem(Some(name.clone()), message)));
    }
}

fn object_name(kind: &str, namespace: &str, name: &str) -> ObjectName {
    ObjectName { kind: kind.to_owned(), namespace: Some(namespace.to_owned()), name: name.to_owned() }
}
