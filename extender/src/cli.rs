//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use wit_config::Overrides;

/// Places linked WebAssembly components together on Kubernetes nodes that can run them.
#[derive(Debug, Parser)]
#[command(name = "wit-extender", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer kube-scheduler in a cluster (kubeconfig or in-cluster), or from folders
    Serve(ServeArguments),
    /// Place the bundled shop, or your own manifests, as kube-scheduler would, and show what came of it
    Demo(DemoArguments),
    /// Say why a pod is where it is, from a running server
    Explain(ExplainArguments),
    /// Print a component's world
    Inspect(InspectArguments),
    /// Say for each import of CONSUMER whether an export of PROVIDER serves it
    ///
    /// Exit code 0 when at least one link is verified, 1 when none is, 2 on an error. Imports of `wasi:` are usually
    /// served by the host, not by a provider.
    Link(LinkArguments),
    /// Work with the settings file
    Config(ConfigArguments),
    /// Print the script by which a shell completes command lines of `wit-extender`
    Completions(CompletionsArguments),
    /// Write the manual pages of `wit-extender` and of each of its commands
    Man(ManArguments),
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder that the pages go to; it must be there
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Where the facts come from.
    #[command(flatten)]
    pub folders: Folders,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArguments,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the facts come from; the bundled shop without.
    #[command(flatten)]
    pub folders: Folders,
    /// The settings.
    #[command(flatten)]
    pub settings: SettingsArguments,
    /// Exit instead of serving on
    #[arg(long)]
    pub once: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Folders instead of an API server and a registry.
#[derive(Clone, Debug, Default, Args)]
pub struct Folders {
    /// A folder of Kubernetes objects as `kubectl get -o yaml` prints them; the server follows its changes
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
    /// An OCI image layout
    #[arg(long, value_name = "DIR")]
    pub images: Option<PathBuf>,
}

/// The settings file and what overrides it.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArguments {
    /// The settings file; see `wit-extender config defaults`
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Overrides `mode`: observe or steer
    #[arg(long, env = "WIT_MODE")]
    pub mode: Option<String>,
    /// Overrides `listeners.verbs`
    #[arg(long, env = "WIT_VERBS_ADDRESS", value_name = "ADDRESS")]
    pub verbs_address: Option<String>,
    /// Overrides `listeners.ops`
    #[arg(long, env = "WIT_OPS_ADDRESS", value_name = "ADDRESS")]
    pub ops_address: Option<String>,
    /// Overrides `listeners.api`
    #[arg(long, env = "WIT_API_ADDRESS", value_name = "ADDRESS")]
    pub api_address: Option<String>,
    /// Overrides `log.format`: text or json
    #[arg(long, env = "WIT_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Overrides `log.filter`, for instance `info` or `wit_extender=debug`
    #[arg(long, env = "WIT_LOG_FILTER", value_name = "FILTER")]
    pub log_filter: Option<String>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The pod
    #[arg(value_name = "NAMESPACE/POD")]
    pub pod: String,
    /// Only this node, with every rule
    #[arg(long)]
    pub node: Option<String>,
    /// The server's `api` listener
    #[arg(long, default_value = "http://127.0.0.1:8082")]
    pub url: String,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// A Wasm file
    pub file: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Arguments of `link`.
#[derive(Debug, Args)]
pub struct LinkArguments {
    /// The component that imports
    pub consumer: PathBuf,
    /// The component that exports
    pub provider: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

/// Arguments of `config`.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What can be done with the settings file.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a settings file with every key, its default and its meaning
    Defaults,
    /// Check a settings file and report everything that is wrong with it
    Check {
        /// The settings file
        file: PathBuf,
    },
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// One JSON object
    Json,
}

impl SettingsArguments {
    /// The flags and environment variables that override the file.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            verbs: self.verbs_address.clone(),
            ops: self.ops_address.clone(),
            api: self.api_address.clone(),
            log_format: self.log_format.clone(),
            log_filter: self.log_filter.clone(),
            mode: self.mode.clone(),
        }
    }
}
