//! From a trace to what is simulated: objects become plain values, names are looked up, and what the API server would have
//! done at admission is done.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use wit_graph::WorkloadKey;
use wit_placement::{
    ImageReference, Millis, NodeName, Pod, PodKey, PodShape, PodUid, RuntimeClass, Workload, World,
};
use wit_sources::cluster::admission::{AdmissionError, apply_admission};
use wit_sources::cluster::convert::LINKS_ANNOTATION;
use wit_sources::cluster::{ConvertError, Converted, ObjectName, Problem, convert};

use super::{Happening, Image, PodRecord, Trace, TraceError, TraceProblem, WorkloadRecord, scheduling};
use crate::scenario::{Scenario, Step};

/// More replicas of a workload than any cluster has pods: a slip of the finger.
const MOST_REPLICAS: u32 = 1_000_000;
const NO_NODES: &str = "the trace has no nodes: give them with `wit-sim import … --nodes N`";

impl Trace {
    /// What the trace simulates.
    ///
    /// # Errors
    /// Everything that is wrong with any record: objects that cannot be read, names of nothing, pods of the same name.
    pub fn load(&self) -> Result<Scenario, TraceError> {
        // The header is the first line.
        let (scenario, problems) = self.loaded(2.., &[]);
        if problems.is_empty() { Ok(scenario) } else { Err(TraceError { problems }) }
    }

    /// What the trace simulates as far as it can be, and everything that is wrong with the records of these lines; what lines have
    /// that could not be read is not missed.
    pub(super) fn loaded(
        &self,
        lines: impl Iterator<Item = usize>,
        unread: &[String],
    ) -> (Scenario, Vec<TraceProblem>) {
        let mut loading = Loading { unread: unread.to_vec(), ..Loading::default() };
        for (line, record) in lines.zip(&self.records) {
            loading.line = line;
            let step = loading.step(&record.happening);
            loading.scenario.steps.extend(step.map(|step| (Millis(record.at), step)));
        }
        if let Some(line) = self.unfinished {
            let told = "is unfinished and passed over: the recording was killed while it was written";
            loading.scenario.warnings.push(format!("line {line} {told}"));
        }
        loading.warn_of_nothing();
        (loading.scenario, loading.problems)
    }
}

/// What is known of the trace so far.
#[derive(Default)]
struct Loading {
    line: usize,
    scenario: Scenario,
    problems: Vec<TraceProblem>,
    classes: BTreeMap<String, RuntimeClass>,
    nodes: BTreeSet<NodeName>,
    /// Whether there ever was one.
    has_nodes: bool,
    /// What pods of a workload look like, and whether a gate holds them back.
    workloads: BTreeMap<WorkloadKey, (Arc<PodShape>, bool)>,
    /// The pods that arrived and cannot have left yet, whatever the scheduler did with them.
    pods: BTreeSet<PodKey>,
    /// How many pods arrived.
    arrived: u64,
    /// Lines that could not be read.
    unread: Vec<String>,
    /// Namespaces and names of all workloads that there ever were.
    named: BTreeSet<(String, String)>,
    /// The first line that leads to a workload of this namespace and name.
    linked: BTreeMap<(String, String), usize>,
    /// The first line that names a `RuntimeClass`.
    wanted: BTreeMap<String, usize>,
    /// What else is to be said of templates, with the first line.
    notes: BTreeMap<String, usize>,
}

impl Loading {
    fn problem(&mut self, field: &str, message: impl Display) {
        let (field, message) = (field.to_owned(), message.to_string());
        self.problems.push(TraceProblem { line: self.line, field, message });
    }

    /// Says what leads to nothing that the trace ever has.
    fn warn_of_nothing(&mut self) {
        if !self.has_nodes && self.problems.is_empty() && self.unread.is_empty() {
            self.scenario.warnings.push(NO_NODES.to_owned());
        }
        let Self { scenario, classes, unread, named, linked, wanted, notes, .. } = self;
        let told = |name: &str| unread.iter().any(|line| line.contains(name));
        let mut warnings: Vec<_> = notes.iter().map(|(told, line)| (*line, told.clone())).collect();
        for ((namespace, name), line) in
            linked.iter().filter(|(key, _)| !named.contains(*key) && !told(&key.1))
        {
            let links = format_args!("the annotation {LINKS_ANNOTATION} leads to `{name}`");
            warnings.push((
                *line,
                format!("{links}, and no workload of the namespace `{namespace}` is called so"),
            ));
        }
        for (class, line) in wanted.iter().filter(|(class, _)| !classes.contains_key(*class) && !told(class))
        {
            let class = format_args!("runtimeClassName `{class}`");
            warnings.push((
                *line,
                format!("{class}: the trace has no such RuntimeClass, and pods of it can go nowhere"),
            ));
        }
        warnings.sort();
        scenario.warnings.extend(warnings.into_iter().map(|(line, told)| format!("line {line}: {told}")));
    }

    /// The number of replicas, where a cluster could have so many.
    fn replicas(&mut self, field: &str, replicas: u32) -> Option<u32> {
        if replicas > MOST_REPLICAS {
            let told = "no cluster has so many pods";
            self.problem(field, format_args!("{replicas} replicas are more than {MOST_REPLICAS}: {told}"));
            return None;
        }
        Some(replicas)
    }

    fn step(&mut self, happening: &Happening) -> Option<Step> {
        match happening {
            Happening::RuntimeClass(class) => {
                let class = self.converted(convert::runtime_class(class))?;
                self.classes.insert(class.name.clone(), class.clone());
                Some(Step::RuntimeClass(class))
            }
            Happening::Image(image) => {
                self.image(image);
                None
            }
            Happening::Node(node) => {
                let node = self.converted(convert::node(node))?;
                self.nodes.insert(node.name.clone());
                self.has_nodes = true;
                Some(Step::Node(node))
            }
            Happening::NodeDrained(node) => {
                self.pods.clear();
                Some(Step::NodeDrained(self.node("nodeDrained.node", &node.node)?))
            }
            Happening::NodeFailed(node) => self.node_gone("nodeFailed.node", &node.node),
            Happening::NodeDeleted(node) => self.node_gone("nodeDeleted.node", &node.node),
            Happening::Workload(workload) => self.workload(workload),
            Happening::Scaled(scaled) => {
                let known = self.known("scaled.workload", &scaled.workload);
                let replicas = self.replicas("scaled.replicas", scaled.replicas)?;
                known.map(|_| Step::Scaled(scaled.workload.clone(), replicas))
            }
            Happening::WorkloadDeleted(gone) => {
                self.known("workloadDeleted.workload", &gone.workload)?;
                self.workloads.remove(&gone.workload);
                self.pods.clear();
                Some(Step::WorkloadGone(gone.workload.clone()))
            }
            Happening::Pod(pod) => self.pod(pod),
            Happening::PodFinished(pod) => {
                Some(Step::PodFinished(self.pod_gone("podFinished.pod", &pod.pod)?))
            }
            Happening::PodDeleted(pod) => Some(Step::PodDeleted(self.pod_gone("podDeleted.pod", &pod.pod)?)),
        }
    }

    /// The value, with what was passed over noted; a problem for everything that is wrong with the object.
    fn converted<T>(&mut self, converted: Result<Converted<T>, ConvertError>) -> Option<T> {
        match converted {
            Ok(Converted { value, warnings }) => {
                let line = self.line;
                let warning = |Problem { field, message }| format!("line {line}: {field}: {message}");
                self.scenario.warnings.extend(warnings.into_iter().map(warning));
                Some(value)
            }
            Err(ConvertError { problems, .. }) => {
                for Problem { field, message } in problems {
                    self.problem(&field, message);
                }
                None
            }
        }
    }

    fn image(&mut self, image: &Image) {
        let world = match &image.world {
            Some(component) => World::Known(Arc::new(component.clone())),
            None => World::Failed {
                result: "unreadable",
                message: "the trace says that it cannot be read".into(),
                since: Millis(0),
                definite: true,
            },
        };
        self.scenario.worlds.insert(ImageReference::new(image.reference.as_str()), world);
    }

    fn node(&mut self, field: &str, name: &str) -> Option<NodeName> {
        let name = NodeName::new(name);
        if !self.nodes.contains(&name) {
            if self.is_unread(name.as_str()) {
                return None;
            }
            self.problem(field, format_args!("there is no node `{name}` at this time"));
            return None;
        }
        Some(name)
    }

    /// Whether a line that could not be read may tell of it.
    fn is_unread(&self, name: &str) -> bool {
        self.unread.iter().any(|line| line.contains(&format!("\"{name}\"")))
    }

    fn node_gone(&mut self, field: &str, name: &str) -> Option<Step> {
        let name = self.node(field, name)?;
        self.nodes.remove(&name);
        self.pods.clear();
        Some(Step::NodeGone(name))
    }

    fn known(&mut self, field: &str, workload: &WorkloadKey) -> Option<(Arc<PodShape>, bool)> {
        let shape = self.workloads.get(workload).cloned();
        if shape.is_none() && !self.is_unread(&workload.to_string()) {
            self.problem(field, format_args!("there is no workload `{workload}` at this time"));
        }
        shape
    }

    fn workload(&mut self, record: &WorkloadRecord) -> Option<Step> {
        let WorkloadKey { namespace, kind, name } = &record.workload;
        let owner = ObjectName {
            kind: kind.to_string(),
            namespace: Some(namespace.to_string()),
            name: name.to_string(),
        };
        let replicas = self.replicas("workload.replicas", record.replicas);
        self.named.insert((namespace.to_string(), name.to_string()));
        let shape = self.shape("workload", owner, &record.template)?;
        let gated = scheduling::is_gated(&record.template);
        self.workloads.insert(record.workload.clone(), (Arc::clone(&shape), gated));
        let workload = Workload { key: record.workload.clone(), replicas: replicas?, shape };
        Some(Step::Workload { workload, listed: record.listed, gated })
    }

    fn shape(&mut self, field: &str, owner: ObjectName, template: &PodTemplateSpec) -> Option<Arc<PodShape>> {
        let namespace = owner.namespace.clone().unwrap_or_default();
        let shape = self.converted(convert::pod_template(owner, template))?;
        for told in scheduling::warnings(template) {
            self.notes.entry(told).or_insert(self.line);
        }
        for link in &shape.links {
            self.linked.entry((namespace.clone(), link.provider.clone())).or_insert(self.line);
        }
        if let Some(class) = &shape.runtime_class {
            self.wanted.entry(class.clone()).or_insert(self.line);
        }
        let class = shape.runtime_class.as_ref().and_then(|class| self.classes.get(class));
        match apply_admission(&shape, class) {
            Ok(admitted) => Some(Arc::new(admitted)),
            // The class may come later; until then nothing can run the pod.
            Err(AdmissionError::NoSuchClass(_)) => Some(shape),
            Err(error) => {
                self.problem(&format!("{field}.template.spec"), error);
                None
            }
        }
    }

    fn pod(&mut self, record: &PodRecord) -> Option<Step> {
        let key = self.pod_key("pod.pod", &record.pod)?;
        let own = || WorkloadKey::new(&*key.namespace, "Pod", &*key.name);
        let workload = record.workload.clone().unwrap_or_else(own);
        self.named.insert((workload.namespace.to_string(), workload.name.to_string()));
        let (shape, gated) = match &record.template {
            Some(template) => {
                let (namespace, name) = (Some(key.namespace.to_string()), key.name.to_string());
                let owner = ObjectName { kind: "Pod".to_owned(), namespace, name };
                (self.shape("pod", owner, template)?, scheduling::is_gated(template))
            }
            None => self.known("pod.workload", &workload)?,
        };
        let node = match &record.node {
            Some(node) => Some(self.node("pod.node", node)?),
            None => None,
        };
        if !self.pods.insert(key.clone()) {
            self.problem("pod.pod", format_args!("there is a pod `{key}` already"));
            return None;
        }
        self.arrived += 1;
        let uid = PodUid::new(format!("listed-{:09}", self.arrived));
        let gated = gated && node.is_none();
        Some(Step::Pod(Pod { key, uid, workload, shape, node, finished: false, gated }))
    }

    fn pod_key(&mut self, field: &str, text: &str) -> Option<PodKey> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Some(PodKey::new(namespace, name))
            }
            _ => {
                self.problem(field, format_args!("`{text}` is no pod: namespace/name"));
                None
            }
        }
    }

    /// A pod that leaves. Those that a workload made are known to the engine alone, so an unknown name is no problem there.
    fn pod_gone(&mut self, field: &str, text: &str) -> Option<PodKey> {
        let key = self.pod_key(field, text)?;
        self.pods.remove(&key);
        Some(key)
    }
}
