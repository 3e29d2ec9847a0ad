//! How much of what is in a trace.

use std::collections::BTreeSet;
use std::fmt;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde::Serialize;
use wit_graph::DeclaredLink;
use wit_sources::cluster::convert::LINKS_ANNOTATION;

use crate::trace::{Happening, Trace};

/// How much of what is in a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Nodes by name.
    pub nodes: usize,
    /// Workloads by key; pods that are their own are none.
    pub workloads: usize,
    /// Pods that the trace lists; those that the engine makes for its workloads are not counted.
    pub pods: usize,
    /// Replicas that are wanted when a workload is first told of, where its pods are not listed; of `DaemonSet`s, whose number the
    /// nodes say, none.
    pub replicas: u64,
    /// Links that annotations declare.
    pub links: usize,
    /// Images of which the trace says what they are.
    pub images: usize,
    /// Everything that happens after the beginning.
    pub later: usize,
    /// From the beginning to the last record, in milliseconds.
    pub lasts: u64,
}

impl Counts {
    /// What is in this trace.
    pub fn of(trace: &Trace) -> Self {
        let (mut nodes, mut workloads) = (BTreeSet::new(), BTreeSet::new());
        let mut counts = Self::default();
        for record in &trace.records {
            counts.later += usize::from(record.at > 0);
            counts.lasts = counts.lasts.max(record.at);
            match &record.happening {
                Happening::Image(_) => counts.images += 1,
                Happening::Pod(pod) => {
                    counts.pods += 1;
                    counts.links += pod.template.as_ref().map_or(0, links);
                }
                Happening::Node(node) => {
                    nodes.insert(node.metadata.name.as_deref().unwrap_or_default());
                }
                Happening::Workload(workload) if workloads.insert(&workload.workload) => {
                    counts.links += links(&workload.template);
                    let follows = workload.listed || *workload.workload.kind == *"DaemonSet";
                    counts.replicas += u64::from(if follows { 0 } else { workload.replicas });
                }
                _ => {}
            }
        }
        Self { nodes: nodes.len(), workloads: workloads.len(), ..counts }
    }
}

/// How many links a template declares.
fn links(template: &PodTemplateSpec) -> usize {
    let annotations = template.metadata.as_ref().and_then(|metadata| metadata.annotations.as_ref());
    let declared = annotations.and_then(|annotations| annotations.get(LINKS_ANNOTATION));
    declared.and_then(|text| DeclaredLink::list(text).ok()).map_or(0, |links| links.len())
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, workloads, pods, replicas, links, images, later, lasts } = self;
        write!(
            f,
            "{nodes} nodes, {workloads} workloads, {pods} listed pods, {replicas} replicas to be made, {links} links, \
             {images} images; {later} records after the beginning, the last after {:.3} s",
            *lasts as f64 / 1000.0
        )
    }
}
