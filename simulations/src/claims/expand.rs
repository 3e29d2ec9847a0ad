//! From the compact form of a case to its trace.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, PodTemplateSpec};
use serde_json::{Value, json};
use wit_graph::WorkloadKey;
use wit_sources::cluster::convert::LINKS_ANNOTATION;

use super::format::{Case, Event, NodeGroup, PodGroup, Wasm};
use crate::import::objects;
use crate::trace::{Happening, Header, NodeRef, Record, Scaled, Trace, WorkloadRecord};

/// The handler of runwasi's Wasmtime shim.
const HANDLER: &str = "wasmtime";
/// Where workloads are that have no namespace of their own.
const NAMESPACE: &str = "services";
/// The image of all components: it answers requests and imports nothing.
const COMPONENT: &str = "registry.example/component:1";
const CONTAINER: &str = "registry.example/container:1";

impl Case {
    /// The trace of the case with this many nodes in its only group, or with as many as it says.
    ///
    /// # Errors
    /// An object that Kubernetes would not read.
    pub fn trace(&self, nodes: Option<u32>) -> anyhow::Result<Trace> {
        let mut records = vec![objects::http_component(COMPONENT)];
        records.extend(self.classes()?);
        for group in &self.nodes {
            for number in 0..nodes.unwrap_or(group.count) {
                let name = format!("{}-{number}", group.name);
                let at = (group.at_seconds + group.every_seconds * u64::from(number)) * 1000;
                records.push(Record::new(at, Happening::Node(Box::new(group.node(&name)?))));
            }
        }
        for group in &self.pods {
            group.records(&mut records)?;
        }
        for event in &self.events {
            records.extend(event.records());
        }
        let header = Header {
            synthetic: vec!["made for a claim: all pods of a kind are equal".to_owned()],
            ..Header::new(self.id.as_str(), Vec::new())
        };
        Ok(Trace { header, records, unfinished: None }.sorted())
    }

    fn classes(&self) -> anyhow::Result<Vec<Record>> {
        let kinds: BTreeSet<_> = self
            .pods
            .iter()
            .filter_map(|group| group.wasm.as_ref())
            .map(|wasm| wasm.overhead.as_deref())
            .collect();
        let class = |overhead: Option<&str>| {
            let mut class = json!({"metadata": {"name": class_name(overhead)}, "handler": HANDLER});
            if let (Some(overhead), Some(class)) = (overhead, class.as_object_mut()) {
                class.insert("overhead".to_owned(), json!({"podFixed": {"memory": overhead}}));
            }
            Ok(Record::new(0, Happening::RuntimeClass(serde_json::from_value(class)?)))
        };
        kinds.into_iter().map(class).collect()
    }
}

impl NodeGroup {
    fn node(&self, name: &str) -> anyhow::Result<Node> {
        let mut handlers = vec![json!({"name": "runc"})];
        handlers.extend((!self.without_shim).then(|| json!({"name": HANDLER})));
        let pods = self.max_pods.saturating_sub(self.system_pods).to_string();
        Ok(serde_json::from_value(json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            "status": {
                "allocatable": {"cpu": self.cpu, "memory": self.memory, "pods": pods},
                "runtimeHandlers": handlers,
            },
        }))?)
    }
}

impl PodGroup {
    fn records(&self, records: &mut Vec<Record>) -> anyhow::Result<()> {
        for number in 0..self.workloads {
            let alone = self.workloads == 1 || self.namespace_each;
            let name = if alone { self.name.clone() } else { format!("{}-{number}", self.name) };
            let namespace =
                if self.namespace_each { format!("tenant-{number}") } else { NAMESPACE.to_owned() };
            let kind = if self.each_node { "DaemonSet" } else { "Deployment" };
            let workload = WorkloadRecord {
                workload: WorkloadKey::new(namespace.as_str(), kind, name.as_str()),
                replicas: if self.each_node { 0 } else { self.replicas },
                listed: false,
                template: self.template()?,
            };
            records.push(Record::new(0, Happening::Workload(Box::new(workload))));
        }
        Ok(())
    }

    fn template(&self) -> anyhow::Result<PodTemplateSpec> {
        let image = if self.wasm.is_some() { COMPONENT } else { CONTAINER };
        let requests = json!({"cpu": self.cpu, "memory": self.memory});
        let mut spec = serde_json::Map::new();
        spec.insert(
            "containers".to_owned(),
            json!([{"name": "main", "image": image, "resources": {"requests": requests}}]),
        );
        if let Some(Wasm { overhead }) = &self.wasm {
            spec.insert("runtimeClassName".to_owned(), class_name(overhead.as_deref()).into());
        }
        let annotations =
            self.links.as_ref().map_or_else(|| json!({}), |links| json!({LINKS_ANNOTATION: links}));
        let template = json!({"metadata": {"annotations": annotations}, "spec": Value::Object(spec)});
        Ok(serde_json::from_value(template)?)
    }
}

impl Event {
    fn records(&self) -> impl Iterator<Item = Record> {
        let at = self.at_seconds * 1000;
        let scaled = self.scale.as_ref().map(|scale| {
            let workload = WorkloadKey::new(NAMESPACE, "Deployment", scale.workload.as_str());
            Happening::Scaled(Scaled { workload, replicas: scale.to })
        });
        let failed = self.fail_node.clone().map(|node| Happening::NodeFailed(NodeRef { node }));
        [scaled, failed].into_iter().flatten().map(move |happening| Record::new(at, happening))
    }
}

fn class_name(overhead: Option<&str>) -> String {
    overhead.map_or_else(|| "wasm".to_owned(), |overhead| format!("wasm-{}", overhead.to_lowercase()))
}
