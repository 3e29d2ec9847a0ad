//! A cluster made of many shops: nodes of the shop's kinds, and its workloads over and over in other namespaces.

use std::sync::Arc;

use anyhow::Context;
use wit_extender::shop::Shop;
use wit_graph::WorkloadKey;
use wit_placement::{
    Allocatable, Event, Node, NodeName, Pod, PodKey, PodShape, PodUid, Resources, RuntimeClass, Workload,
};
use wit_sources::cluster::manifests::Manifests;

/// What every node offers: enough that none is full at 100 pods a node.
const ALLOCATABLE: Allocatable =
    Allocatable { resources: Resources { cpu_millis: 64_000, memory_bytes: 256 << 30 }, pods: 250 };
/// The namespace of the shop whose pods are asked about.
pub(crate) const ASKED: &str = "shop-00000";
/// Replicas of each workload there: half of them are bound.
const REPLICAS: u32 = 32;
/// The hash of every pod template.
pub(crate) const TEMPLATE_HASH: &str = "7484549cd4";

/// The cluster and how far it has been filled.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    classes: Vec<RuntimeClass>,
    /// The shop's Deployments.
    templates: Vec<Workload>,
    /// The nodes that run linked components.
    capable: Vec<NodeName>,
    /// Shops so far, and pods bound so far.
    shops: usize,
    bound: usize,
}

/// A pod that is asked about.
pub(crate) struct Asked {
    pub(crate) pod: Pod,
    pub(crate) image: String,
}

impl Cluster {
    pub(crate) fn new(nodes: usize) -> anyhow::Result<Self> {
        let shop = Shop::unpack()?;
        let manifests = Manifests::read(&shop.manifests())?;
        let (mut kinds, mut classes, mut templates) = (Vec::new(), Vec::new(), Vec::new());
        for event in manifests.events() {
            match event {
                Event::Node(node) => kinds.push(node),
                Event::RuntimeClass(class) => classes.push(class),
                Event::Workload(workload) => templates.push(workload),
                _ => {}
            }
        }
        let nodes: Vec<_> =
            kinds.iter().cycle().zip(0..nodes).map(|(kind, number)| node(kind, number)).collect();
        let links = |node: &&Node| node.labels.contains_key("kube-wasm/runtime");
        let capable = nodes.iter().filter(links).map(|node| node.name.clone()).collect();
        Ok(Self { nodes, classes, templates, capable, shops: 0, bound: 0 })
    }

    /// Everything but pods.
    pub(crate) fn start(&self) -> Vec<Event> {
        let classes = self.classes.iter().cloned().map(Event::RuntimeClass);
        classes.chain(self.nodes.iter().cloned().map(Event::Node)).collect()
    }

    /// Tells the events by which so many pods are bound; the last of them. The first shop is the one whose pods are asked
    /// about: it has pending pods too, and is the same whatever the number of bound pods.
    pub(crate) fn bind_up_to(
        &mut self,
        pods: usize,
        mut tell: impl FnMut(Event) -> anyhow::Result<()>,
    ) -> anyhow::Result<PodKey> {
        let mut last = None;
        while self.bound < pods {
            let (namespace, replicas) = match self.shops {
                0 => (ASKED.to_owned(), Some(REPLICAS)),
                shop => (format!("shop-{shop:05}"), None),
            };
            for template in &self.templates {
                let replicas = replicas.unwrap_or(template.replicas);
                let workload = Workload { replicas, ..in_namespace(template, &namespace) };
                tell(Event::Workload(workload.clone()))?;
                let bound = if self.shops == 0 { replicas / 2 } else { replicas };
                for ordinal in 0..replicas {
                    let node =
                        (ordinal < bound).then(|| self.node_for(&workload, self.bound, ordinal)).flatten();
                    self.bound += usize::from(node.is_some());
                    if self.bound <= pods {
                        let pod = pod(&workload, ordinal, node);
                        last = Some(pod.key.clone());
                        tell(Event::Pod(pod))?;
                    }
                }
            }
            self.shops += 1;
        }
        self.bound = pods;
        last.context("no pod is to be bound")
    }

    /// Linked components lie together on nodes that can run them, ordinary pods on any.
    fn node_for(&self, workload: &Workload, bound: usize, ordinal: u32) -> Option<NodeName> {
        let next = |of: usize| (self.shops * 3 + ordinal as usize) % of.max(1);
        if workload.shape.runtime_class.is_some() {
            self.capable.get(next(self.capable.len())).cloned()
        } else {
            self.nodes.get(bound % self.nodes.len().max(1)).map(|node| node.name.clone())
        }
    }

    /// Pending pods of a linked component that is offered every node, and of an ordinary Deployment.
    pub(crate) fn asked(&self, wasm: bool) -> anyhow::Result<Vec<Asked>> {
        let name = if wasm { "checkout" } else { "website" };
        let template = self.templates.iter().find(|template| *template.key.name == *name);
        let template = template.with_context(|| format!("the shop has no Deployment {name}"))?;
        let image = template.shape.images.first().map(|image| image.0.to_string());
        let image = image.with_context(|| format!("the Deployment {name} has no image"))?;
        let workload = in_namespace(template, ASKED);
        let pending = REPLICAS / 2..REPLICAS;
        Ok(pending
            .map(|ordinal| Asked { pod: pod(&workload, ordinal, None), image: image.clone() })
            .collect())
    }
}

fn node(kind: &Node, number: usize) -> Node {
    let name = format!("{}.{number:05}.nodes.example", kind.name);
    Node { name: NodeName::new(name), allocatable: ALLOCATABLE, ..kind.clone() }
}

fn in_namespace(template: &Workload, namespace: &str) -> Workload {
    let key = WorkloadKey::new(namespace, "Deployment", &*template.key.name);
    Workload { key, shape: copy(&template.shape), ..template.clone() }
}

/// Each object of a watch has a value of its own.
fn copy(shape: &Arc<PodShape>) -> Arc<PodShape> {
    Arc::new((**shape).clone())
}

fn pod(workload: &Workload, ordinal: u32, node: Option<NodeName>) -> Pod {
    let WorkloadKey { namespace, name, .. } = &workload.key;
    let name = format!("{name}-{TEMPLATE_HASH}-{ordinal:05}");
    let uid = format!("{:0>8}-5539-47a0-bfb1-{name:0>12}", namespace.trim_start_matches("shop-"));
    Pod {
        key: PodKey::new(Arc::clone(namespace), name.as_str()),
        uid: PodUid::new(uid),
        workload: workload.key.clone(),
        shape: copy(&workload.shape),
        node,
        finished: false,
        gated: false,
    }
}
