//! Pods under another `RuntimeClass`, with other requests, limits and overheads.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, ResourceRequirements};
use k8s_openapi::api::node::v1::Overhead as ClassOverhead;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use wit_config::HostCatalogue;
use wit_graph::WorkloadKey;
use wit_sources::cluster::quantity::{self, Unit};

use super::{Changing, Factor, Move, Overhead, Pods, WhatIf};
use crate::import::objects;
use crate::trace::{Happening, Record};

/// The classes of the trace and what they run.
struct Classes {
    /// Whether a class runs Wasm, by its name.
    wasm: BTreeMap<String, bool>,
}

impl Classes {
    fn of(records: &[Record], hosts: &HostCatalogue) -> Self {
        let evidence = hosts.profiles().iter().flat_map(|profile| &profile.evidence);
        let handlers: BTreeSet<&String> = evidence.flat_map(|evidence| &evidence.handlers).collect();
        let class = |record: &Record| match &record.happening {
            Happening::RuntimeClass(class) => {
                Some((class.metadata.name.clone()?, handlers.contains(&class.handler)))
            }
            _ => None,
        };
        Self { wasm: records.iter().filter_map(class).collect() }
    }

    /// Whether a pod of this class is one of these.
    fn has(&self, pods: &Pods, class: Option<&str>) -> bool {
        let is_wasm = || class.and_then(|class| self.wasm.get(class)).copied().unwrap_or_default();
        match pods {
            Pods::All => true,
            Pods::Wasm => is_wasm(),
            Pods::Containers => !is_wasm(),
            Pods::Class(name) => class == Some(name),
        }
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.wasm.keys().map(String::as_str).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

impl Changing {
    /// Changes what pods are as the options say.
    pub(super) fn templates(&mut self, what_if: &WhatIf, hosts: &HostCatalogue) {
        self.make_classes(&what_if.runtime, hosts);
        self.move_pods(&what_if.runtime, hosts);
        let classes = Classes::of(&self.trace.records, hosts);
        for overhead in &what_if.overhead {
            self.overhead(overhead, &classes);
        }
        self.factors("memoryFactor", "--memory-factor", "memory", &what_if.memory_factor, &classes);
        self.factors("cpuFactor", "--cpu-factor", "cpu", &what_if.cpu_factor, &classes);
    }

    /// Makes the classes that pods move to and that are not there, and every node able to run them.
    fn make_classes(&mut self, moves: &[Move], hosts: &HostCatalogue) {
        let classes = Classes::of(&self.trace.records, hosts);
        let wanted: BTreeSet<&str> = moves.iter().map(|one| one.class.as_str()).collect();
        let missing: Vec<&str> =
            wanted.into_iter().filter(|class| !classes.wasm.contains_key(*class)).collect();
        if missing.is_empty() {
            return;
        }
        for record in &mut self.trace.records {
            if let Happening::Node(node) = &mut record.happening {
                objects::make_able(node);
            }
        }
        let made: Vec<Record> = missing.iter().map(|class| objects::wasm_class(class)).collect();
        self.trace.records.splice(0..0, made);
        let class = missing.join(", ");
        self.tell("runtime", format_args!("the class {class} was made, and every node able to run it"));
    }

    fn move_pods(&mut self, moves: &[Move], hosts: &HostCatalogue) {
        let classes = Classes::of(&self.trace.records, hosts);
        let mut used = vec![false; moves.len()];
        let mut images = BTreeSet::new();
        for_each_template(&mut self.trace.records, |key, template| {
            let Some(spec) = &mut template.spec else { return };
            let before = spec.runtime_class_name.clone();
            let run = |pods: &Pods| classes.has(pods, before.as_deref());
            for (one, used) in moves.iter().zip(&mut used).filter(|(one, _)| one.pods.takes(key, run)) {
                *used = true;
                spec.runtime_class_name = Some(one.class.clone());
                spec.overhead = None;
                images.extend(spec.containers.iter().filter_map(|container| container.image.clone()));
            }
        });
        for (one, used) in moves.iter().zip(used) {
            if used {
                self.tell("runtime", one);
            } else {
                self.problem("--runtime", one, "there are no such pods");
            }
        }
        self.make_components(images);
    }

    /// Makes components of the images of which the trace does not say what they are.
    fn make_components(&mut self, mut images: BTreeSet<String>) {
        for record in &self.trace.records {
            if let Happening::Image(image) = &record.happening {
                images.remove(&image.reference);
            }
        }
        if images.is_empty() {
            return;
        }
        let made: Vec<Record> = images.iter().map(|image| objects::http_component(image)).collect();
        let count = made.len();
        self.trace.records.splice(0..0, made);
        self.tell("runtime", format_args!("{count} images were made components that import nothing"));
    }

    fn overhead(&mut self, overhead: &Overhead, classes: &Classes) {
        if !classes.wasm.contains_key(&overhead.class) {
            let message = format_args!("there is no such RuntimeClass; there are: {}", classes.names());
            return self.problem("--overhead", overhead, message);
        }
        for record in &mut self.trace.records {
            if let Happening::RuntimeClass(class) = &mut record.happening
                && class.metadata.name.as_ref() == Some(&overhead.class)
            {
                let fixed = class
                    .overhead
                    .get_or_insert_with(ClassOverhead::default)
                    .pod_fixed
                    .get_or_insert_default();
                let memory = overhead.memory.map(|bytes| ("memory".to_owned(), Quantity(bytes.to_string())));
                let cpu = overhead.cpu.map(|millis| ("cpu".to_owned(), Quantity(format!("{millis}m"))));
                fixed.extend(memory.into_iter().chain(cpu));
            }
        }
        for_each_template(&mut self.trace.records, |_, template| {
            // What admission wrote from the class as it was.
            if let Some(spec) = &mut template.spec
                && spec.runtime_class_name.as_ref() == Some(&overhead.class)
            {
                spec.overhead = None;
            }
        });
        self.tell("overhead", overhead);
    }

    fn factors(&mut self, name: &str, option: &str, resource: &str, factors: &[Factor], classes: &Classes) {
        let mut used = vec![false; factors.len()];
        for_each_template(&mut self.trace.records, |_, template| {
            let Some(spec) = &mut template.spec else { return };
            let class = spec.runtime_class_name.clone();
            let fitting = factors.iter().zip(&mut used);
            let fitting = fitting.filter(|(factor, _)| classes.has(&factor.pods, class.as_deref()));
            let mut best: Option<&Factor> = None;
            for (factor, used) in fitting {
                *used = true;
                if best.is_none_or(|best| factor.pods >= best.pods) {
                    best = Some(factor);
                }
            }
            if let Some(best) = best {
                multiply(spec, resource, best.factor);
            }
        });
        for (factor, used) in factors.iter().zip(used) {
            let same = factors.iter().filter(|other| other.pods == factor.pods).count();
            if same > 1 {
                self.problem(option, factor, format_args!("`{}` is given {same} times", factor.pods));
            } else if used {
                self.tell(name, factor);
            } else {
                self.problem(
                    option,
                    factor,
                    format_args!("there are no such pods; classes: {}", classes.names()),
                );
            }
        }
    }
}

/// Hands out every template with the key of its workload.
fn for_each_template(records: &mut [Record], mut change: impl FnMut(&WorkloadKey, &mut PodTemplateSpec)) {
    for record in records {
        match &mut record.happening {
            Happening::Workload(workload) => change(&workload.workload, &mut workload.template),
            Happening::Pod(pod) => {
                let (namespace, name) = pod.pod.split_once('/').unwrap_or_default();
                let own = || WorkloadKey::new(namespace, "Pod", name);
                let key = pod.workload.clone().unwrap_or_else(own);
                if let Some(template) = &mut pod.template {
                    change(&key, template);
                }
            }
            _ => {}
        }
    }
}

/// Multiplies the requests and limits of a resource.
fn multiply(spec: &mut PodSpec, resource: &str, factor: f64) {
    let containers = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    let lists = containers.filter_map(|container| container.resources.as_mut()).chain(&mut spec.resources);
    for ResourceRequirements { requests, limits, .. } in lists {
        for list in [requests, limits].into_iter().flatten() {
            if let Some(quantity) = list.get_mut(resource) {
                *quantity = times(quantity, resource, factor);
            }
        }
    }
}

/// The quantity times the factor, rounded; what is something stays so. What is no quantity is left for the replay to tell.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "quantities are positive and `as` saturates"
)]
fn times(quantity: &Quantity, resource: &str, factor: f64) -> Quantity {
    let (unit, suffix) = if resource == "cpu" { (Unit::Millis, "m") } else { (Unit::Whole, "") };
    match quantity::parse(&quantity.0, unit) {
        Ok(amount) if amount > 0 => {
            Quantity(format!("{}{suffix}", ((amount as f64 * factor).round() as u64).max(1)))
        }
        _ => quantity.clone(),
    }
}
