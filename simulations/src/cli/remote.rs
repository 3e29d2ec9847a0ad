//! An extender in the loop that is not this program.

use std::path::PathBuf;

use clap::Args;

/// Who is asked in place of a strategy.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "An extender over the wire")]
pub struct RemoteArguments {
    /// Asks the extender at URL/filter and URL/prioritize for every pod, as kube-scheduler does, in place of a strategy
    ///
    /// For a `wit-extender` it is `http://127.0.0.1:8080/v1`. It counts with the weight of the settings. Time there is real, and
    /// not that of the run.
    #[arg(long, value_name = "URL", conflicts_with_all = ["strategy", "manifests"])]
    pub via_http: Option<String>,
    /// Tells it nodes by their names (`nodeCacheCapable: true`) instead of whole ones
    #[arg(long, requires = "via_http")]
    pub node_cache_capable: bool,
    /// Keeps the simulated cluster as manifests in this folder, for `wit-extender serve --manifests DIR`; before each question
    /// the extender must have seen it
    #[arg(long, value_name = "DIR", requires = "via_http", requires = "mirror_api")]
    pub mirror: Option<PathBuf>,
    /// The API of the `wit-extender` that follows the mirror, which says what it has seen: `http://127.0.0.1:8082`
    #[arg(long, value_name = "URL", requires = "mirror")]
    pub mirror_api: Option<String>,
}

/// An extender that is compared with the strategies.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "An extender over the wire")]
pub struct ComparedRemoteArguments {
    /// Compares the extender at URL/filter and URL/prioritize as one more strategy, `via-http`
    ///
    /// Its runs are made one after another, before those of the strategies, and `--state` does not keep them. What it answers must rest on
    /// what it is asked: for one that looks at the cluster by itself there is `replay --via-http --mirror`.
    #[arg(long, value_name = "URL")]
    pub via_http: Option<String>,
    /// Tells it nodes by their names (`nodeCacheCapable: true`) instead of whole ones
    #[arg(long, requires = "via_http")]
    pub node_cache_capable: bool,
}
