//! The Kubernetes objects that importers make.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    Affinity, Container, Node, NodeAffinity, NodeRuntimeHandler, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, NodeStatus, PodSpec, PodTemplateSpec, ResourceRequirements,
};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use wit_graph::{Component, ComponentKind, DeclaredLink, Digest, InterfaceName, Shape, WorldItem};
use wit_placement::Resources;
use wit_sources::cluster::convert::LINKS_ANNOTATION;

use crate::trace::{Happening, Image, Record};

/// The `RuntimeClass` of workloads that are made Wasm.
pub(super) const WASM_CLASS: &str = "wasm";
/// Its handler.
const HANDLER: &str = "wasmtime";
/// The label that every kubelet gives its node.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// The label that tells a runtime which links components on a node from one that links nothing.
const LINKING_RUNTIME: (&str, &str) = ("kube-wasm/runtime", HANDLER);

/// What a component exports that answers requests, in the oldest version that hosts have.
const HANDLES_REQUESTS: &str = "wasi:http/incoming-handler@0.2.0";

/// What runs the imported workloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Runtime {
    /// Each workload is a component of its own, and every node can run it.
    #[default]
    Wasm,
    /// The workloads stay Linux containers: placement passes them by.
    Containers,
}

/// What a workload's pods need.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    /// The image's name.
    pub(super) image: String,
    /// What each pod asks for.
    pub(super) requests: Resources,
    /// Whom they call, and how much.
    pub(super) links: Vec<DeclaredLink>,
    /// The only nodes that may take them, by name; any node where none is named.
    pub(super) only_on: Vec<String>,
}

impl Template {
    /// The template as Kubernetes writes it.
    pub(super) fn into_kubernetes(self, runtime: Runtime) -> PodTemplateSpec {
        let links = self.links.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let annotations = (!links.is_empty()).then(|| BTreeMap::from([(LINKS_ANNOTATION.to_owned(), links)]));
        let requests = Some(quantities(self.requests));
        let container = Container {
            name: "main".to_owned(),
            image: Some(self.image),
            resources: Some(ResourceRequirements { requests, ..ResourceRequirements::default() }),
            ..Container::default()
        };
        let spec = PodSpec {
            affinity: (!self.only_on.is_empty()).then(|| only_on(self.only_on)),
            containers: vec![container],
            runtime_class_name: (runtime == Runtime::Wasm).then(|| WASM_CLASS.to_owned()),
            ..PodSpec::default()
        };
        let metadata = annotations
            .map(|annotations| ObjectMeta { annotations: Some(annotations), ..ObjectMeta::default() });
        PodTemplateSpec { metadata, spec: Some(spec) }
    }
}

/// A node of this name, with these resources to give away.
pub(super) fn node(name: &str, allocatable: Resources, pods: u32, runtime: Runtime) -> Node {
    let labels = BTreeMap::from([(HOSTNAME.to_owned(), name.to_owned())]);
    let mut list = quantities(allocatable);
    list.insert("pods".to_owned(), Quantity(pods.to_string()));
    let status = NodeStatus { allocatable: Some(list), ..NodeStatus::default() };
    let metadata = ObjectMeta { name: Some(name.to_owned()), labels: Some(labels), ..ObjectMeta::default() };
    let mut node = Node { metadata, spec: None, status: Some(status) };
    if runtime == Runtime::Wasm {
        make_able(&mut node);
    }
    node
}

/// Gives a node the runtime of workloads that are made Wasm.
pub(crate) fn make_able(node: &mut Node) {
    let labels = node.metadata.labels.get_or_insert_default();
    labels.insert(LINKING_RUNTIME.0.to_owned(), LINKING_RUNTIME.1.to_owned());
    let handlers = node.status.get_or_insert_default().runtime_handlers.get_or_insert_default();
    if !handlers.iter().any(|handler| handler.name.as_deref() == Some(HANDLER)) {
        handlers.push(NodeRuntimeHandler { name: Some(HANDLER.to_owned()), ..NodeRuntimeHandler::default() });
    }
}

/// The `RuntimeClass` of workloads that are made Wasm.
pub(crate) fn wasm_class(name: &str) -> Record {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    Record::new(
        0,
        Happening::RuntimeClass(Box::new(RuntimeClass {
            metadata,
            handler: HANDLER.to_owned(),
            overhead: None,
            scheduling: None,
        })),
    )
}

/// An image that is a component whose world is empty: nothing to serve, and nothing that a host would have to offer.
pub(super) fn empty_component(reference: &str) -> Record {
    let world = Component {
        digest: Digest::of(reference.as_bytes()),
        size_bytes: 0,
        kind: ComponentKind::Component,
        imports: Vec::new(),
        exports: Vec::new(),
        producers: Vec::new(),
        wasi: None,
        opaque_because: None,
    };
    Record::new(0, Happening::Image(Box::new(Image { reference: reference.to_owned(), world: Some(world) })))
}

/// An image that is a component which answers requests and imports nothing.
pub(crate) fn http_component(reference: &str) -> Record {
    let mut record = empty_component(reference);
    if let Happening::Image(image) = &mut record.happening
        && let Some(world) = &mut image.world
    {
        let interface: Option<InterfaceName> = HANDLES_REQUESTS.parse().ok();
        let (name, items) = (HANDLES_REQUESTS.to_owned(), Arc::default());
        world.exports = vec![WorldItem { name, interface, shape: Shape::Named, items }];
    }
    record
}

/// The name of an image that is made up, in lower case as image names are.
pub(super) fn image_of(source: &str, name: &str) -> String {
    format!("registry.example/{source}/{}:1", name.to_lowercase())
}

/// A name as a trace has it: what is given, with `-` for what neither the key of a workload nor an annotation could hold.
///
/// Capital letters stay although Kubernetes has none, so that a placement that names the pods as the source does still fits.
pub(super) fn name_of(given: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || ".-_:".contains(letter);
    given.chars().map(|letter| if plain(letter) { letter } else { '-' }).collect()
}

/// A resource list with CPU and memory.
fn quantities(resources: Resources) -> BTreeMap<String, Quantity> {
    let cpu = match resources.cpu_millis {
        millis if millis.is_multiple_of(1000) => (millis / 1000).to_string(),
        millis => format!("{millis}m"),
    };
    let memory = match resources.memory_bytes {
        bytes if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{}Mi", bytes >> 20),
        bytes => bytes.to_string(),
    };
    [("cpu", cpu), ("memory", memory)].map(|(name, text)| (name.to_owned(), Quantity(text))).into()
}

fn only_on(nodes: Vec<String>) -> Affinity {
    let requirement =
        NodeSelectorRequirement { key: HOSTNAME.to_owned(), operator: "In".to_owned(), values: Some(nodes) };
    let term = NodeSelectorTerm { match_expressions: Some(vec![requirement]), match_fields: None };
    let selector = NodeSelector { node_selector_terms: vec![term] };
    let node_affinity = NodeAffinity {
        required_during_scheduling_ignored_during_execution: Some(selector),
        ..NodeAffinity::default()
    };
    Affinity { node_affinity: Some(node_affinity), ..Affinity::default() }
}
