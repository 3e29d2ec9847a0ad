//! Names that are not to be told: each becomes a salted hash, the same text the same hash wherever it stands, so that owners,
//! selectors and links still match.
//!
//! What stays is what placement reads as a word and not as a name: the keys of labels, taints and annotations, kinds, the values
//! of the labels that tell runtimes and platforms apart, numbers and truth values, runtime handlers, `RuntimeClass` names,
//! names of resources, of schedulers and of the priority classes of Kubernetes.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Affinity, Container, Node, NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm, PodSpec,
    PodTemplateSpec, Toleration,
};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use wit_config::HostCatalogue;
use wit_graph::{DeclaredLink, Digest, WorkloadKey};
use wit_sources::cluster::convert::{
    INSTANCES_ANNOTATION, LINKS_ANNOTATION, MODE_ANNOTATION, STRICT_ANNOTATION,
};

use super::kinds::Told;

/// Labels whose values are words and not names, beside those of the host catalogue.
const KEPT_LABELS: [&str; 2] = ["kubernetes.io/arch", "kubernetes.io/os"];
/// Labels and fields whose values are names of objects, whatever they look like.
const OF_NAMES: [&str; 3] = ["kubernetes.io/hostname", "kubernetes.io/metadata.name", "metadata.name"];
/// The annotations of ours that hold no name, and the one whose names are hashed.
const ANNOTATIONS: [&str; 4] = [MODE_ANNOTATION, STRICT_ANNOTATION, INSTANCES_ANNOTATION, LINKS_ANNOTATION];
/// The beginning of labels, annotations and gates that are ours.
const OURS: &str = "wit-placement.dev/";
/// How much of a hash is told: 64 bits, so that no two of a million names meet.
const DIGITS: usize = 16;

/// How names are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    salt: String,
    kept_labels: BTreeSet<String>,
}

impl Names {
    /// Names are hashed with this salt; the values of these labels stay, beside those that placement needs.
    pub fn new(salt: impl Into<String>, kept_labels: impl IntoIterator<Item = String>) -> Self {
        let catalogue = HostCatalogue::bundled();
        let of_hosts = catalogue.profiles().iter().flat_map(|profile| &profile.evidence);
        let of_hosts = of_hosts.flat_map(|evidence| evidence.node_labels.keys().cloned());
        let kept = KEPT_LABELS.map(ToOwned::to_owned).into_iter().chain(of_hosts).chain(kept_labels);
        Self { salt: salt.into(), kept_labels: kept.collect() }
    }

    /// What a name is told as: a letter and hexadecimal digits, which is a name in Kubernetes too. Nothing stays nothing.
    pub fn hashed(&self, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        // The length keeps salt and name apart.
        let digest = Digest::of(format!("{}:{}{name}", self.salt.len(), self.salt).as_bytes());
        let text = digest.to_string();
        let digits = text.rsplit(':').next().and_then(|digits| digits.get(..DIGITS)).unwrap_or_default();
        format!("n{digits}")
    }

    pub(super) fn of(&self, told: Told) -> Told {
        match told {
            Told::Node(mut node) => {
                self.node(&mut node);
                Told::Node(node)
            }
            Told::RuntimeClass(mut class) => {
                self.class(&mut class);
                Told::RuntimeClass(class)
            }
            Told::PriorityClass(mut class) => {
                class.metadata.name.iter_mut().for_each(|name| self.priority_class(name));
                Told::PriorityClass(class)
            }
            Told::Revision { replica_set, deployment } => {
                Told::Revision { replica_set: self.key(&replica_set), deployment: self.key(&deployment) }
            }
            Told::Workload(mut workload) => {
                workload.workload = self.key(&workload.workload);
                self.template(&mut workload.template);
                Told::Workload(workload)
            }
            Told::Pod(mut pod) => {
                let record = &mut pod.record;
                record.pod =
                    record.pod.split('/').map(|part| self.hashed(part)).collect::<Vec<_>>().join("/");
                record.workload = record.workload.as_ref().map(|key| self.key(key));
                self.optional(&mut record.node);
                record.template.iter_mut().for_each(|template| self.template(template));
                Told::Pod(pod)
            }
            Told::Other(kind) => Told::Other(kind),
        }
    }

    fn key(&self, key: &WorkloadKey) -> WorkloadKey {
        WorkloadKey::new(self.hashed(&key.namespace), &*key.kind, self.hashed(&key.name))
    }

    fn name(&self, name: &mut String) {
        *name = self.hashed(name);
    }

    fn optional(&self, name: &mut Option<String>) {
        if let Some(name) = name {
            self.name(name);
        }
    }

    fn node(&self, node: &mut Node) {
        self.metadata(&mut node.metadata);
        for taint in node.spec.iter_mut().flat_map(|spec| spec.taints.iter_mut().flatten()) {
            taint.value.iter_mut().for_each(|value| self.value(&taint.key, value));
        }
    }

    fn class(&self, class: &mut RuntimeClass) {
        let Some(scheduling) = &mut class.scheduling else { return };
        self.labels(scheduling.node_selector.as_mut());
        scheduling.tolerations.iter_mut().flatten().for_each(|toleration| self.toleration(toleration));
    }

    fn metadata(&self, metadata: &mut ObjectMeta) {
        self.optional(&mut metadata.name);
        self.labels(metadata.labels.as_mut());
        let Some(annotations) = &mut metadata.annotations else { return };
        annotations.retain(|key, _| !key.starts_with(OURS) || ANNOTATIONS.contains(&key.as_str()));
        let links = annotations.get_mut(LINKS_ANNOTATION);
        if let Some(links) = links {
            // What no link can be read from is passed over by placement too.
            let mut declared = DeclaredLink::list(links).unwrap_or_default();
            for link in &mut declared {
                self.name(&mut link.provider);
            }
            *links = declared.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        }
    }

    fn labels(&self, labels: Option<&mut BTreeMap<String, String>>) {
        labels.into_iter().flatten().for_each(|(key, value)| self.value(key, value));
    }

    /// The value of a label or a taint.
    fn value(&self, key: &str, value: &mut String) {
        let is_word = value.parse::<i64>().is_ok() || ["true", "false"].contains(&value.as_str());
        let is_word = is_word && !OF_NAMES.contains(&key);
        if !is_word && !key.starts_with(OURS) && !self.kept_labels.contains(key) {
            self.name(value);
        }
    }

    fn values(&self, key: &str, values: Option<&mut Vec<String>>) {
        values.into_iter().flatten().for_each(|value| self.value(key, value));
    }

    fn template(&self, template: &mut PodTemplateSpec) {
        template.metadata.iter_mut().for_each(|metadata| self.metadata(metadata));
        template.spec.iter_mut().for_each(|spec| self.spec(spec));
    }

    fn spec(&self, spec: &mut PodSpec) {
        let init_containers = spec.init_containers.iter_mut().flatten();
        spec.containers.iter_mut().chain(init_containers).for_each(|container| self.container(container));
        self.labels(spec.node_selector.as_mut());
        spec.affinity.iter_mut().for_each(|affinity| self.affinity(affinity));
        spec.tolerations.iter_mut().flatten().for_each(|toleration| self.toleration(toleration));
        for constraint in spec.topology_spread_constraints.iter_mut().flatten() {
            self.selector(constraint.label_selector.as_mut());
        }
        spec.priority_class_name.iter_mut().for_each(|class| self.priority_class(class));
        for gate in spec.scheduling_gates.iter_mut().flatten().filter(|gate| !gate.name.starts_with(OURS)) {
            self.name(&mut gate.name);
        }
    }

    fn priority_class(&self, class: &mut String) {
        if !class.starts_with("system-") {
            self.name(class);
        }
    }

    fn container(&self, container: &mut Container) {
        self.name(&mut container.name);
        self.optional(&mut container.image);
        container.ports.iter_mut().flatten().for_each(|port| port.name = None);
        container.resources.iter_mut().for_each(|resources| resources.claims = None);
    }

    fn toleration(&self, toleration: &mut Toleration) {
        let key = toleration.key.clone().unwrap_or_default();
        toleration.value.iter_mut().for_each(|value| self.value(&key, value));
    }

    fn affinity(&self, affinity: &mut Affinity) {
        if let Some(nodes) = &mut affinity.node_affinity {
            let required = nodes.required_during_scheduling_ignored_during_execution.iter_mut();
            let required = required.flat_map(|selector| selector.node_selector_terms.iter_mut());
            let preferred = nodes.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required
                .chain(preferred.map(|preferred| &mut preferred.preference))
                .for_each(|term| self.node_term(term));
        }
        if let Some(pods) = &mut affinity.pod_affinity {
            let required = pods.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required
                .chain(preferred.map(|preferred| &mut preferred.pod_affinity_term))
                .for_each(|term| self.pod_term(term));
        }
        if let Some(pods) = &mut affinity.pod_anti_affinity {
            let required = pods.required_during_scheduling_ignored_during_execution.iter_mut().flatten();
            let preferred = pods.preferred_during_scheduling_ignored_during_execution.iter_mut().flatten();
            required
                .chain(preferred.map(|preferred| &mut preferred.pod_affinity_term))
                .for_each(|term| self.pod_term(term));
        }
    }

    fn node_term(&self, term: &mut NodeSelectorTerm) {
        let expressions = term.match_expressions.iter_mut().chain(&mut term.match_fields).flatten();
        for NodeSelectorRequirement { key, values, .. } in expressions {
            self.values(key, values.as_mut());
        }
    }

    fn pod_term(&self, term: &mut PodAffinityTerm) {
        self.selector(term.label_selector.as_mut());
        self.selector(term.namespace_selector.as_mut());
        term.namespaces.iter_mut().flatten().for_each(|namespace| self.name(namespace));
    }

    fn selector(&self, selector: Option<&mut LabelSelector>) {
        let Some(selector) = selector else { return };
        self.labels(selector.match_labels.as_mut());
        for expression in selector.match_expressions.iter_mut().flatten() {
            self.values(&expression.key, expression.values.as_mut());
        }
    }
}
