//! RASA: clusters of `ByteDance` as published with “Resource Allocation with Service Affinity”.
//!
//! One JSON object: `ServiceList` (what each replica asks for, the names of its containers, the machines that may take
//! them or `"*"`), `MachineList` (what each has, and the containers that run on it), `TrafficList` (pairs of services and
//! the share of the traffic between them). CPU and memory are shares of the whole cluster, which is 1.
//!
//! What comes of it:
//! - the shares are scaled to quantities; requests are rounded down and capacities up, so that every placement that fits
//!   the shares fits the quantities too, at most a thousandth of a core and a byte each apart;
//! - a service is the workload `rasa/Deployment/NAME`, a container one of its pods, `rasa/CONTAINER`, and everything is
//!   there from the beginning;
//! - a pair becomes two links, one each way with half of the traffic: nobody recorded which of the two calls.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use serde::Deserialize;
use wit_graph::{DeclaredLink, Weight, WorkloadKey};
use wit_placement::Resources;

use super::additions::{bytes, cpu_millis};
use super::objects::{self, Runtime, Template, WASM_CLASS, image_of, name_of};
use super::problems::Problems;
use super::{ImportError, ImportProblem, Imported, InputFile};
use crate::trace::{Happening, Header, PodRecord, Record, Trace, WorkloadRecord};

/// The format's name.
const FORMAT: &str = "rasa";

/// How a RASA file is imported.
#[derive(Clone, Debug, Args)]
pub struct RasaOptions {
    /// What runs the services
    #[arg(long, value_enum, default_value_t)]
    pub runtime: Runtime,
    /// The cores of the whole cluster, of which the file says shares
    #[arg(long, value_name = "QUANTITY", default_value = "1M", value_parser = cpu_millis)]
    pub cluster_cpu: u64,
    /// The memory of the whole cluster, of which the file says shares
    #[arg(long, value_name = "QUANTITY", default_value = "1P", value_parser = bytes)]
    pub cluster_memory: u64,
    /// How many pods a node takes; as many as there are containers where it is not given
    #[arg(long, value_name = "N")]
    pub node_pods: Option<u32>,
    /// Pods are bound where the file says that they run, instead of waiting
    #[arg(long)]
    pub deployed: bool,
}

#[derive(Deserialize)]
struct Cluster {
    #[serde(rename = "ServiceList")]
    services: Vec<Service>,
    #[serde(rename = "MachineList")]
    machines: Vec<Machine>,
    #[serde(rename = "TrafficList")]
    traffic: Vec<Traffic>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "Service")]
    name: String,
    #[serde(rename = "RequestCPU")]
    cpu: f64,
    #[serde(rename = "RequestMem")]
    memory: f64,
    #[serde(rename = "ContainerList")]
    containers: Vec<String>,
    #[serde(rename = "CompatibleMachines")]
    machines: Machines,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"*\" or a list of machines")]
enum Machines {
    Pattern(String),
    Listed(Vec<String>),
}

#[derive(Deserialize)]
struct Machine {
    #[serde(rename = "MachineIP")]
    name: String,
    #[serde(rename = "TotalCPU")]
    cpu: f64,
    #[serde(rename = "TotalMem")]
    memory: f64,
    #[serde(rename = "InitialDeployingContainers", default)]
    containers: Vec<String>,
}

#[derive(Deserialize)]
struct Traffic {
    #[serde(rename = "Service1")]
    consumer: String,
    #[serde(rename = "Service2")]
    provider: String,
    #[serde(rename = "Traffic")]
    weight: f64,
}

/// Makes a trace of a file.
///
/// # Errors
/// Everything in the file that does not make sense.
pub fn import(file: &InputFile, options: &RasaOptions) -> Result<Imported, ImportError> {
    let name = file.name();
    // What is wrong further in is told with its place.
    let no_rasa = |problem: ImportProblem| match problem.place.as_str() {
        "" => ImportProblem { message: format!("this is no RASA file: {}", problem.message), ..problem },
        _ => problem,
    };
    let cluster: Cluster = file.json().map_err(|error: ImportError| ImportError {
        problems: error.problems.into_iter().map(no_rasa).collect(),
    })?;
    let mut import = Import { options, cluster: &cluster, problems: Problems::of(&name) };
    let records = import.records();
    import.problems.finish(())?;
    let mut header = Header::new(file.title(), vec![file.source(FORMAT)]);
    header.synthetic = synthetic(options);
    Ok(Imported { trace: Trace { header, records, unfinished: None }, passed_over: Vec::new() })
}

/// What of the trace the file does not say.
fn synthetic(options: &RasaOptions) -> Vec<String> {
    let mut told = vec![format!(
        "CPU and memory are shares of a cluster that was given {}m CPU and {} bytes; requests are rounded down, \
         capacities up",
        options.cluster_cpu, options.cluster_memory
    )];
    if options.runtime == Runtime::Wasm {
        told.push(
            "every service was made a component with an empty world, and every node able to run it".into(),
        );
    }
    told.push("who of a pair calls is not known: half of the traffic was taken to flow each way".into());
    told
}

struct Import<'a> {
    options: &'a RasaOptions,
    cluster: &'a Cluster,
    problems: Problems<'a>,
}

/// Which way a share of the whole is rounded.
#[derive(Clone, Copy)]
enum Rounding {
    Down,
    Up,
}

impl<'a> Import<'a> {
    fn records(&mut self) -> Vec<Record> {
        self.names();
        let mut links = self.links();
        let nodes = self.nodes();
        let placed = self.placed();
        let wasm = self.options.runtime == Runtime::Wasm;
        let (mut images, mut workloads, mut pods) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (index, service) in self.cluster.services.iter().enumerate() {
            let links = links.remove(service.name.as_str()).unwrap_or_default();
            let key = WorkloadKey::new(FORMAT, "Deployment", name_of(&service.name));
            let template = self.template(index, service, links);
            images.entry(template.image.clone()).or_insert(index);
            pods.extend(service.containers.iter().map(|container| pod(&key, container, &placed)));
            workloads.push(workload(key, service, template.into_kubernetes(self.options.runtime)));
        }
        let mut images: Vec<_> = images.into_iter().collect();
        images.sort_by_key(|(_, index)| *index);
        let images = images.iter().filter(|_| wasm).map(|(image, _)| objects::empty_component(image));
        let class = wasm.then(|| objects::wasm_class(WASM_CLASS));
        class.into_iter().chain(nodes).chain(images).chain(workloads).chain(pods).collect()
    }

    fn nodes(&mut self) -> Vec<Record> {
        let containers: usize = self.cluster.services.iter().map(|service| service.containers.len()).sum();
        let pods = self.options.node_pods.unwrap_or_else(|| u32::try_from(containers).unwrap_or(u32::MAX));
        let mut names = BTreeSet::new();
        let mut nodes = Vec::new();
        for (index, machine) in self.cluster.machines.iter().enumerate() {
            let at = format!("MachineList[{index}]");
            let name = self.name(&format!("{at}.MachineIP"), &machine.name, &mut names);
            let shares = [("TotalCPU", machine.cpu), ("TotalMem", machine.memory)];
            let resources = self.resources(&at, shares, Rounding::Up);
            let node = objects::node(&name, resources, pods, self.options.runtime);
            nodes.push(Record::new(0, Happening::Node(Box::new(node))));
        }
        nodes
    }

    /// Where each container runs, where that is wanted. Who runs twice or is not known is told.
    fn placed(&mut self) -> BTreeMap<&'a str, String> {
        let services = self.cluster.services.iter();
        let known: BTreeSet<&str> =
            services.flat_map(|service| &service.containers).map(String::as_str).collect();
        let mut placed = BTreeMap::new();
        for (index, machine) in self.cluster.machines.iter().enumerate() {
            for (number, container) in machine.containers.iter().enumerate() {
                let at = || format!("MachineList[{index}].InitialDeployingContainers[{number}]");
                if !known.contains(container.as_str()) {
                    self.problems.add(at(), format_args!("no service has a container \"{container}\""));
                }
                if placed.insert(container.as_str(), name_of(&machine.name)).is_some() {
                    self.problems.add(at(), format_args!("\"{container}\" runs on another machine too"));
                }
            }
        }
        if !self.options.deployed {
            placed.clear();
        }
        placed
    }

    /// Every service and container has a name of its own.
    fn names(&mut self) {
        let (mut names, mut containers) = (BTreeSet::new(), BTreeSet::new());
        for (index, service) in self.cluster.services.iter().enumerate() {
            self.name(&format!("ServiceList[{index}].Service"), &service.name, &mut names);
            for (number, container) in service.containers.iter().enumerate() {
                let at = format!("ServiceList[{index}].ContainerList[{number}]");
                self.name(&at, container, &mut containers);
            }
        }
    }

    /// Whom each service calls, and how much.
    fn links(&mut self) -> BTreeMap<&'a str, Vec<DeclaredLink>> {
        let known: BTreeSet<&str> =
            self.cluster.services.iter().map(|service| service.name.as_str()).collect();
        let mut weights: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
        for (index, traffic) in self.cluster.traffic.iter().enumerate() {
            let at = |field: &str| format!("TrafficList[{index}].{field}");
            let Traffic { consumer, provider, weight } = traffic;
            for (field, service) in [("Service1", consumer), ("Service2", provider)] {
                if !known.contains(service.as_str()) {
                    self.problems.add(at(field), format_args!("there is no service \"{service}\""));
                }
            }
            if consumer == provider {
                self.problems.add(at("Service2"), "a service cannot call itself over a link");
            }
            self.is_amount(&at("Traffic"), *weight);
            for (from, to) in [(consumer, provider), (provider, consumer)] {
                *weights.entry(from).or_default().entry(to).or_default() += weight / 2.0;
            }
        }
        let link = |(provider, weight): (&str, f64)| {
            Some(DeclaredLink { provider: name_of(provider), weight: Weight::new(weight)? })
        };
        let links = |to: BTreeMap<&str, f64>| to.into_iter().filter_map(link).collect();
        weights.into_iter().map(|(consumer, to)| (consumer, links(to))).collect()
    }

    fn template(&mut self, index: usize, service: &Service, links: Vec<DeclaredLink>) -> Template {
        let at = format!("ServiceList[{index}]");
        let shares = [("RequestCPU", service.cpu), ("RequestMem", service.memory)];
        Template {
            image: image_of(FORMAT, &name_of(&service.name)),
            requests: self.resources(&at, shares, Rounding::Down),
            links,
            only_on: self.only_on(&format!("{at}.CompatibleMachines"), &service.machines),
        }
    }

    fn only_on(&mut self, at: &str, machines: &Machines) -> Vec<String> {
        match machines {
            Machines::Pattern(pattern) if pattern == "*" => Vec::new(),
            Machines::Pattern(other) => {
                self.problems.add(at, format_args!("\"{other}\" is neither \"*\" nor a list of machines"));
                Vec::new()
            }
            Machines::Listed(listed) => {
                if listed.is_empty() {
                    self.problems.add(at, "names no machine: its containers could run nowhere");
                }
                for name in listed {
                    if !self.cluster.machines.iter().any(|machine| machine.name == *name) {
                        self.problems.add(at, format_args!("there is no machine \"{name}\""));
                    }
                }
                listed.iter().map(|name| name_of(name)).collect()
            }
        }
    }

    /// CPU and memory from shares of the whole cluster.
    fn resources(&mut self, at: &str, [cpu, memory]: [(&str, f64); 2], rounding: Rounding) -> Resources {
        let options = self.options;
        let mut scaled = |(field, share): (&str, f64), whole: u64| {
            let is_amount = self.is_amount(&format!("{at}.{field}"), share);
            if is_amount { scale(share, whole, rounding) } else { 0 }
        };
        Resources {
            cpu_millis: scaled(cpu, options.cluster_cpu),
            memory_bytes: scaled(memory, options.cluster_memory),
        }
    }

    fn is_amount(&mut self, at: &str, value: f64) -> bool {
        let is_amount = value.is_finite() && value >= 0.0;
        if !is_amount {
            self.problems.add(at, format_args!("{value} is no amount of 0 or more"));
        }
        is_amount
    }

    /// The name in the trace, which nobody else may have.
    fn name(&mut self, at: &str, given: &str, names: &mut BTreeSet<String>) -> String {
        let name = name_of(given);
        if name.is_empty() {
            self.problems.add(at, "is empty");
        } else if !names.insert(name.clone()) {
            self.problems.add(at, format_args!("\"{given}\" is there more than once"));
        }
        name
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is not negative, and what is too large is capped"
)]
fn scale(share: f64, whole: u64, rounding: Rounding) -> u64 {
    let exact = share * whole as f64;
    match rounding {
        Rounding::Down => exact.floor() as u64,
        Rounding::Up => exact.ceil() as u64,
    }
}

fn pod(key: &WorkloadKey, container: &str, placed: &BTreeMap<&str, String>) -> Record {
    let pod = PodRecord {
        pod: format!("{FORMAT}/{}", name_of(container)),
        workload: Some(key.clone()),
        node: placed.get(container).cloned(),
        template: None,
    };
    Record::new(0, Happening::Pod(Box::new(pod)))
}

fn workload(
    workload: WorkloadKey,
    service: &Service,
    template: k8s_openapi::api::core::v1::PodTemplateSpec,
) -> Record {
    let replicas = u32::try_from(service.containers.len()).unwrap_or(u32::MAX);
    let record = WorkloadRecord { workload, replicas, listed: true, template };
    Record::new(0, Happening::Workload(Box::new(record)))
}
