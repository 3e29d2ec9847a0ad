//! What a trace gets beyond what its source tells: nodes where there are none, and a runtime for components.

use std::collections::BTreeSet;

use clap::Args;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use wit_placement::Resources;
use wit_sources::cluster::quantity::{self, QuantityError, Unit};

use super::changes::Ended;
use super::objects::{self, Runtime, WASM_CLASS};
use super::{ImportError, ImportProblem, Imported, InputFile};
use crate::trace::{Happening, Header, Record, Trace};

/// The labels that a kubelet gives its node beside its name.
const PLATFORM: [(&str, &str); 2] = [("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")];

/// What a trace gets beyond what its source tells.
#[derive(Clone, Debug, Args)]
pub struct Additions {
    /// What runs the workloads: `wasm` makes each image a component of its own with an empty world, and every node able to run it
    #[arg(long, value_enum, default_value_t = Runtime::Containers)]
    pub runtime: Runtime,
    /// How many equal nodes `node-1`, `node-2`, … are added
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub nodes: u32,
    /// CPU of an added node
    #[arg(long, value_name = "QUANTITY", default_value = "4", value_parser = cpu_millis)]
    pub node_cpu: u64,
    /// Memory of an added node
    #[arg(long, value_name = "QUANTITY", default_value = "16Gi", value_parser = bytes)]
    pub node_memory: u64,
    /// How many pods an added node takes
    #[arg(long, value_name = "N", default_value_t = 110)]
    pub node_pods: u32,
}

/// CPU as an option says it, in thousandths of a core.
pub(super) fn cpu_millis(text: &str) -> Result<u64, QuantityError> {
    quantity::parse(text, Unit::Millis)
}

/// Memory as an option says it.
pub(super) fn bytes(text: &str) -> Result<u64, QuantityError> {
    quantity::parse(text, Unit::Whole)
}

impl Additions {
    /// The trace of what a source told in these files.
    ///
    /// # Errors
    /// Where it told nothing that a trace has.
    pub(super) fn trace(
        &self,
        format: &str,
        files: &[InputFile],
        ended: Ended,
    ) -> Result<Imported, ImportError> {
        let name = match files {
            [only] => only.title(),
            _ => files.first().and_then(InputFile::folder).unwrap_or_default(),
        };
        let sources = files.iter().map(|file| file.source(format)).collect();
        self.onto(Header::new(name, sources), ended)
    }

    /// The trace of what a source told.
    ///
    /// # Errors
    /// Where it told nothing that a trace has.
    pub(super) fn onto(&self, mut header: Header, ended: Ended) -> Result<Imported, ImportError> {
        if ended.records.is_empty() {
            let file = header.sources.first().map_or(header.name, |source| source.name.clone());
            let message = "nothing to import: there is no node, workload or pod".to_owned();
            return Err(ImportProblem { file, place: String::new(), message }.into());
        }
        let passed_over = ended.other.iter().map(|(kind, count)| ImportProblem {
            file: header.name.clone(),
            place: String::new(),
            message: format!("{count} objects of the kind {kind}"),
        });
        let strays = ended.strays.iter().map(|(pod, node)| ImportProblem {
            file: header.name.clone(),
            place: format!("pod {pod}"),
            message: format!("its node {node}, of which nothing is told: the pod waits"),
        });
        let passed_over = passed_over.chain(strays).collect();
        let mut records = self.added_nodes();
        if self.nodes > 0 {
            header.synthetic.push(format!("{} equal nodes were added", self.nodes));
        }
        if ended.made_up > 0 {
            let told =
                "workloads are known by their pods alone; each was given as many replicas as it had at once";
            header.synthetic.push(format!("{} {told}", ended.made_up));
        }
        records.extend(ended.records);
        if self.runtime == Runtime::Wasm {
            records = made_wasm(records);
            let told = "every image was made a component with an empty world, and every node able to run it";
            header.synthetic.push(told.to_owned());
        }
        Ok(Imported { trace: Trace { header, records, unfinished: None }, passed_over })
    }

    fn added_nodes(&self) -> Vec<Record> {
        let resources = Resources { cpu_millis: self.node_cpu, memory_bytes: self.node_memory };
        let node = |number| {
            let name = format!("node-{number}");
            let mut node = objects::node(&name, resources, self.node_pods, Runtime::Containers);
            node.metadata
                .labels
                .get_or_insert_default()
                .extend(PLATFORM.map(|(key, value)| (key.into(), value.into())));
            Record::new(0, Happening::Node(Box::new(node)))
        };
        (1..=self.nodes).map(node).collect()
    }
}

/// The records with components for images, and nodes that can run them. What names a `RuntimeClass` keeps it.
fn made_wasm(mut records: Vec<Record>) -> Vec<Record> {
    let class = free_class(&records);
    let mut images = BTreeSet::new();
    for record in &mut records {
        match &mut record.happening {
            Happening::Node(node) => objects::make_able(node),
            Happening::Workload(workload) => make_component(&mut workload.template, &class, &mut images),
            Happening::Pod(pod) => {
                if let Some(template) = &mut pod.template {
                    make_component(template, &class, &mut images);
                }
            }
            _ => {}
        }
    }
    let images = images.iter().map(|image| objects::empty_component(image));
    std::iter::once(objects::wasm_class(&class)).chain(images).chain(records).collect()
}

/// The name of a class that the source does not have.
fn free_class(records: &[Record]) -> String {
    let is_taken = |name: &str| {
        records.iter().any(|record| match &record.happening {
            Happening::RuntimeClass(class) => class.metadata.name.as_deref() == Some(name),
            _ => false,
        })
    };
    let mut name = WASM_CLASS.to_owned();
    while is_taken(&name) {
        name.push_str("-imported");
    }
    name
}

fn make_component(template: &mut PodTemplateSpec, class: &str, images: &mut BTreeSet<String>) {
    let Some(spec) = template.spec.as_mut().filter(|spec| spec.runtime_class_name.is_none()) else { return };
    spec.runtime_class_name = Some(class.to_owned());
    images.extend(spec.containers.iter().filter_map(|container| container.image.clone()));
}
