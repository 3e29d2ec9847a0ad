//! `OpenB`: the pods and nodes of a cluster with GPUs, as Alibaba published them and kubernetes-scheduler-simulator arranges them.
//!
//! Two tables, told apart by their columns: nodes (`sn`, `cpu_milli`, `memory_mib`) and pods (`name`, `cpu_milli`,
//! `memory_mib`, `num_gpu`, `qos`, `pod_phase`, `creation_time` and `deletion_time` in seconds).
//!
//! What comes of them:
//! - a pod `openb/NAME` is a workload of its own; it arrives at its creation, counted from the first of the file, and at its
//!   deletion it has finished, or is deleted where it never ran. Its quality of service is its label `qos`;
//! - GPUs are left out: pods and nodes keep their CPU and memory.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use wit_placement::Resources;

use super::objects::{self, Runtime, Template, WASM_CLASS, image_of};
use super::problems::Problems;
use super::table::{Row, Table};
use super::{ImportError, Imported, InputFile};
use crate::trace::{Happening, Header, PodRecord, PodRef, Record, Trace};

/// The format's name.
const FORMAT: &str = "openb";

/// How `OpenB` tables are imported.
#[derive(Clone, Debug, Args)]
pub struct OpenbOptions {
    /// What runs the pods
    #[arg(long, value_enum, default_value_t = Runtime::Containers)]
    pub runtime: Runtime,
    /// How many pods a node takes
    #[arg(long, value_name = "N", default_value_t = 110)]
    pub node_pods: u32,
}

/// Makes a trace of tables of nodes and pods.
///
/// # Errors
/// Everything in the files that does not make sense.
pub fn import(files: &[InputFile], options: &OpenbOptions) -> Result<Imported, ImportError> {
    let mut import = Import { options, nodes: Vec::new(), pods: Pods::default(), names: BTreeSet::new() };
    let mut problems = Vec::new();
    for file in files {
        if let Err(error) = import.file(file) {
            problems.extend(error.problems);
        }
    }
    if !problems.is_empty() {
        return Err(ImportError { problems });
    }
    let name = files.first().map(InputFile::title).unwrap_or_default();
    let mut header = Header::new(name, files.iter().map(|file| file.source(FORMAT)).collect());
    header.synthetic = import.synthetic();
    Ok(Imported {
        trace: Trace { header, records: import.records(), unfinished: None },
        passed_over: Vec::new(),
    })
}

struct Import<'a> {
    options: &'a OpenbOptions,
    nodes: Vec<Record>,
    pods: Pods,
    /// The names of nodes and pods, each with its kind.
    names: BTreeSet<(&'static str, String)>,
}

/// The pods of all tables.
#[derive(Default)]
struct Pods {
    list: Vec<Pod>,
    with_gpu: usize,
}

struct Pod {
    name: String,
    requests: Resources,
    qos: String,
    /// In seconds.
    created: u64,
    /// In seconds, if ever.
    deleted: Option<u64>,
    /// Whether it ever ran.
    ran: bool,
}

/// What comes first of what has the same time: who leaves makes room for who comes, but nobody leaves before they came.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Leaves,
    Comes,
    LeavesAtOnce,
}

impl Import<'_> {
    fn file(&mut self, file: &InputFile) -> Result<(), ImportError> {
        let name = file.name();
        let mut problems = Problems::of(&name);
        let Some(table) = Table::read(file, &["cpu_milli", "memory_mib"], &mut problems) else {
            return problems.finish(());
        };
        match (table.has("sn"), table.has("creation_time")) {
            (true, _) => table.rows().for_each(|row| self.node(row, &mut problems)),
            (_, true) => table.rows().for_each(|row| self.pod(row, &mut problems)),
            _ => {
                problems
                    .add("line 1", "has neither the column `sn` of nodes nor the `creation_time` of pods");
            }
        }
        problems.finish(())
    }

    fn node(&mut self, row: Row<'_>, problems: &mut Problems<'_>) {
        let name = self.name("node", row, "sn", problems);
        let allocatable = resources(row, problems);
        let node = objects::node(&name, allocatable, self.options.node_pods, self.options.runtime);
        self.nodes.push(Record::new(0, Happening::Node(Box::new(node))));
    }

    fn pod(&mut self, row: Row<'_>, problems: &mut Problems<'_>) {
        let name = self.name("pod", row, "name", problems);
        let requests = resources(row, problems);
        let created: Option<u64> = row.number("creation_time", problems);
        let deleted = match row.text("deletion_time") {
            "" => None,
            _ => row.number::<u64>("deletion_time", problems),
        };
        let Some(created) = created else { return };
        if deleted.is_some_and(|deleted| deleted < created) {
            problems.add(row.at("deletion_time"), "is before the creation");
        }
        self.pods.with_gpu += usize::from(!matches!(row.text("num_gpu"), "" | "0"));
        let (qos, ran) = (row.text("qos").to_owned(), row.text("pod_phase") != "Pending");
        self.pods.list.push(Pod { name, requests, qos, created, deleted, ran });
    }

    fn name(
        &mut self,
        kind: &'static str,
        row: Row<'_>,
        column: &str,
        problems: &mut Problems<'_>,
    ) -> String {
        let name = objects::name_of(row.text(column));
        if name.is_empty() {
            problems.add(row.at(column), "is empty");
        } else if !self.names.insert((kind, name.clone())) {
            problems.add(row.at(column), format_args!("there is another {kind} \"{name}\""));
        }
        name
    }

    /// What of the trace the files do not say.
    fn synthetic(&self) -> Vec<String> {
        let Pods { list, with_gpu } = &self.pods;
        let mut told = vec![format!("every node was given room for {} pods", self.options.node_pods)];
        if *with_gpu > 0 {
            told.push(format!(
                "GPUs were left out: {with_gpu} of {} pods ask for some, and keep their CPU and memory only",
                list.len()
            ));
        }
        if self.options.runtime == Runtime::Wasm {
            told.push(
                "every pod was made a component with an empty world, and every node able to run it".into(),
            );
        }
        told
    }

    fn records(self) -> Vec<Record> {
        let wasm = self.options.runtime == Runtime::Wasm;
        let mut records: Vec<_> =
            wasm.then(|| objects::wasm_class(WASM_CLASS)).into_iter().chain(self.nodes).collect();
        if wasm {
            records.push(objects::empty_component(&image_of(FORMAT, "pod")));
        }
        let first = self.pods.list.iter().map(|pod| pod.created).min().unwrap_or(0);
        let mut happenings = BTreeMap::new();
        for (index, pod) in self.pods.list.into_iter().enumerate() {
            let at = |seconds: u64| seconds.saturating_sub(first).saturating_mul(1000);
            let (comes, leaves) = (at(pod.created), pod.deleted.map(at));
            if let Some(leaves) = leaves {
                let turn = if leaves == comes { Turn::LeavesAtOnce } else { Turn::Leaves };
                happenings.insert((leaves, turn, index), pod.leaves());
            }
            happenings.insert((comes, Turn::Comes, index), pod.comes(self.options.runtime));
        }
        records.extend(happenings.into_iter().map(|((at, _, _), happening)| Record::new(at, happening)));
        records
    }
}

impl Pod {
    fn key(&self) -> String {
        format!("{FORMAT}/{}", self.name)
    }

    fn leaves(&self) -> Happening {
        let pod = PodRef { pod: self.key() };
        if self.ran { Happening::PodFinished(pod) } else { Happening::PodDeleted(pod) }
    }

    fn comes(self, runtime: Runtime) -> Happening {
        let pod = self.key();
        let template =
            Template { image: image_of(FORMAT, "pod"), requests: self.requests, ..Template::default() };
        let mut template = template.into_kubernetes(runtime);
        if !self.qos.is_empty() {
            let labels = BTreeMap::from([("qos".to_owned(), self.qos)]);
            template.metadata.get_or_insert_with(ObjectMeta::default).labels = Some(labels);
        }
        Happening::Pod(Box::new(PodRecord { pod, workload: None, node: None, template: Some(template) }))
    }
}

fn resources(row: Row<'_>, problems: &mut Problems<'_>) -> Resources {
    let cpu_millis = row.number("cpu_milli", problems).unwrap_or(0);
    let memory: u64 = row.number("memory_mib", problems).unwrap_or(0);
    Resources { cpu_millis, memory_bytes: memory.saturating_mul(1 << 20) }
}
