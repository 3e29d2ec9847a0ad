//! `wit-sim import`, one subcommand for each format.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::import::Additions;
use crate::import::openb::OpenbOptions;
use crate::import::rasa::RasaOptions;

/// The arguments of `import`.
#[derive(Clone, Debug, Args)]
pub struct ImportArguments {
    /// What is imported.
    #[command(subcommand)]
    pub format: Format,
}

/// The formats that traces are made from.
#[derive(Clone, Debug, Subcommand)]
pub enum Format {
    /// RASA JSON: services, machines and the traffic between services
    ///
    /// This is how `ByteDance` published clusters of its own. Every service becomes a Deployment in the namespace `rasa`, every container one of its pods under its own name. Shares
    /// of CPU and memory are scaled; requests are rounded down and capacities up, so that placements that fit still fit.
    Rasa(RasaArguments),
    /// `OpenB` CSV: pods with the times at which they came and went, and nodes
    ///
    /// The columns tell pods from nodes. Pods are workloads of their own; of those that ask for GPUs CPU and memory are kept.
    /// Times are counted from the first pod.
    Openb(OpenbArguments),
    /// `SimKube`'s `.sktrace`, version 2: workloads and pods as its tracer saw them come, change and go
    ///
    /// It has no nodes: add some. Changes of replicas become scale events; a pod of its own ends when its lifecycle says.
    Sktrace(SktraceArguments),
    /// Kubernetes YAML or JSON: files, and folders with all that is in them
    ///
    /// Templates keep what decides where their pods may run: affinity, tolerations, spread constraints, requests. Environments,
    /// volumes and commands are left out. Pods wait, wherever they were bound.
    Manifests(ManifestsArguments),
    /// A cluster: as `manifests`, and pods stay where they are
    ///
    /// From a dump, as `kubectl get -o yaml` prints it, or without one from the live cluster that `kubectl` would talk to. That is
    /// read once and not changed: nodes, runtime classes, workloads and pods are listed.
    Cluster(ClusterArguments),
    /// What kube-scheduler-simulator exports (JSON) and its recorder writes (JSON lines)
    ///
    /// An export is the cluster at the beginning; a record's times are counted from its first line. A pod that is bound when
    /// it is first seen stays on its node.
    Kss(RecordedArguments),
    /// What `kwokctl snapshot record` and `export --record` write: objects and `ResourcePatch`es
    ///
    /// A pod that is bound when it is first seen stays on its node.
    Kwok(RecordedArguments),
}

impl Format {
    /// Where the trace goes.
    pub fn target(&self) -> &Target {
        match self {
            Self::Rasa(arguments) => &arguments.target,
            Self::Openb(arguments) => &arguments.target,
            Self::Sktrace(arguments) => &arguments.target,
            Self::Manifests(arguments) => &arguments.target,
            Self::Cluster(arguments) => &arguments.target,
            Self::Kss(arguments) | Self::Kwok(arguments) => &arguments.target,
        }
    }

    /// The files and folders that are read.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let (inputs, more) = match self {
            Self::Rasa(RasaArguments { file, .. }) | Self::Sktrace(SktraceArguments { file, .. }) => {
                (std::slice::from_ref(file), [None, None])
            }
            Self::Openb(OpenbArguments { files, .. })
            | Self::Kss(RecordedArguments { files, .. })
            | Self::Kwok(RecordedArguments { files, .. }) => (files.as_slice(), [None, None]),
            Self::Manifests(it) => (it.paths.as_slice(), [it.edges.as_ref(), it.load.as_ref()]),
            Self::Cluster(it) => (it.paths.as_slice(), [it.edges.as_ref(), None]),
        };
        inputs.iter().chain(more.into_iter().flatten()).map(PathBuf::as_path)
    }
}

/// The arguments of `import kss` and `import kwok`.
#[derive(Clone, Debug, Args)]
pub struct RecordedArguments {
    /// Snapshots and records, in their order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// What is added.
    #[command(flatten)]
    pub additions: Additions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import manifests`.
#[derive(Clone, Debug, Args)]
pub struct ManifestsArguments {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Who calls whom: a CSV file with the columns `src`, `dst` and `weight` or `calls_per_user_task`; it becomes the
    /// annotation `wit-placement.dev/links` of the callers
    #[arg(long, value_name = "FILE")]
    pub edges: Option<PathBuf>,
    /// A load over time for KEDA's `ScaledObjects` and `HorizontalPodAutoscalers`: a CSV file with the columns `seconds` and
    /// `value`, in the unit of their targets; they want value / target replicas, rounded up, within their bounds
    #[arg(long, value_name = "FILE")]
    pub load: Option<PathBuf>,
    /// What is added.
    #[command(flatten)]
    pub additions: Additions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import cluster`.
#[derive(Clone, Debug, Args)]
pub struct ClusterArguments {
    /// Files and folders of a dump; the live cluster without
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Kubeconfig of the live cluster
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME", conflicts_with = "paths")]
    pub context: Option<String>,
    /// Who calls whom: a CSV file with the columns `src`, `dst` and `weight` or `calls_per_user_task`
    #[arg(long, value_name = "FILE")]
    pub edges: Option<PathBuf>,
    /// What is added.
    #[command(flatten)]
    pub additions: Additions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import sktrace`.
#[derive(Clone, Debug, Args)]
pub struct SktraceArguments {
    /// The exported trace
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What is added.
    #[command(flatten)]
    pub additions: Additions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import openb`.
#[derive(Clone, Debug, Args)]
pub struct OpenbArguments {
    /// The tables of nodes and of pods, in any order
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How they are imported.
    #[command(flatten)]
    pub options: OpenbOptions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// The arguments of `import rasa`.
#[derive(Clone, Debug, Args)]
pub struct RasaArguments {
    /// The JSON file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How it is imported.
    #[command(flatten)]
    pub options: RasaOptions,
    /// Where the trace goes.
    #[command(flatten)]
    pub target: Target,
}

/// Where a trace goes.
#[derive(Clone, Debug, Args)]
pub struct Target {
    /// File to write the trace to, whole or not at all; standard output without
    #[arg(short, long, value_name = "TRACE")]
    pub output: Option<PathBuf>,
}
