//! What would be if the cluster were another: a trace with other nodes, pods, runtimes or settings.
//!
//! [`WhatIf`] is a function from traces to traces. Changes come in this order, whatever the order in which they are typed:
//! workloads move to another `RuntimeClass`, then overheads and factors follow the class that a pod has now, then nodes.
//!
//! ```
//! use clap::Parser;
//! use wit_config::HostCatalogue;
//! use wit_sim::trace::Trace;
//! use wit_sim::what_if::WhatIf;
//!
//! #[derive(Parser)]
//! struct Arguments {
//!     #[command(flatten)]
//!     what_if: WhatIf,
//! }
//!
//! let lines = r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Trace","name":"one node"}
//! {"at":0,"node":{"metadata":{"name":"n1"},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}}
//! "#;
//! let Arguments { what_if } = Arguments::parse_from(["", "--nodes", "3", "--max-pods", "250"]);
//! let changed = what_if.apply(Trace::read(lines.as_bytes())?, &HostCatalogue::bundled())?;
//! assert_eq!(changed.trace.records.len(), 3);
//! assert_eq!(changed.told["maxPods"], "250");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod nodes;
mod options;
mod templates;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Display;

use clap::Args;
use thiserror::Error;
use wit_config::{ConfigError, HostCatalogue, Settings};

pub use options::{Factor, Move, Nodes, Overhead, Pods, Selector, Setting};

use crate::trace::Trace;

/// What is to be other than the trace has it.
#[derive(Clone, Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "What if")]
pub struct WhatIf {
    /// Other nodes: so many (`48`), or so many times as many (`0.5`, with a point); each shape keeps its share
    ///
    /// Nodes are left out from the last of a shape on, and what happens to them with them; their pods arrive without a node.
    /// What is more is copies of the nodes of a shape in turns, `NAME-copy-1`, …; what happens to a node happens to its copies.
    #[arg(long, value_name = "N or FACTOR")]
    pub nodes: Option<Nodes>,
    /// The number of pods that every node takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_pods: Option<u32>,
    /// Requests and limits of memory times F, of pods of CLASS: a `RuntimeClass`, `wasm`, `container`, or `all` without one;
    /// the most specific counts
    #[arg(long, value_name = "[CLASS=]F")]
    pub memory_factor: Vec<Factor>,
    /// As `--memory-factor` for CPU
    #[arg(long, value_name = "[CLASS=]F")]
    pub cpu_factor: Vec<Factor>,
    /// The pod overhead of a `RuntimeClass`
    #[arg(long, value_name = "CLASS=memory=…,cpu=…")]
    pub overhead: Vec<Overhead>,
    /// Runs pods under the `RuntimeClass` CLASS: those of SELECTOR, which is as in `--memory-factor` or the key of workloads with
    /// `*` for what is left open (`shop/Deployment/*`); all without one
    ///
    /// Images of which the trace does not say what they are become components that import nothing. A class that the trace does
    /// not have is made, and every node able to run it.
    #[arg(long, value_name = "[SELECTOR=]CLASS")]
    pub runtime: Vec<Move>,
    /// Another value for a setting of the extender, by its path in the settings file
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<Setting>,
}

/// A trace after the changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The trace.
    pub trace: Trace,
    /// What was changed, by the name of the option, in words.
    pub told: BTreeMap<String, String>,
}

/// Changes that cannot be made, all of them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", problems.join("\n"))]
pub struct WhatIfError {
    /// Each with the option that it is about; at least one.
    pub problems: Vec<String>,
}

impl WhatIf {
    /// Whether nothing is to be changed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The trace with the changes. Which handlers run Wasm is said by the host catalogue.
    ///
    /// # Errors
    /// Every change that cannot be made or that would change nothing.
    pub fn apply(&self, trace: Trace, hosts: &HostCatalogue) -> Result<Changed, WhatIfError> {
        let mut changing = Changing { trace, told: BTreeMap::new(), problems: Vec::new() };
        changing.templates(self, hosts);
        changing.nodes(self);
        for Setting { path, value } in &self.set {
            changing.tell(path, value);
        }
        let Changing { trace, told, problems } = changing;
        if problems.is_empty() { Ok(Changed { trace, told }) } else { Err(WhatIfError { problems }) }
    }

    /// The settings with the changes.
    ///
    /// # Errors
    /// Every key that is none, and every value that cannot be.
    pub fn settings(&self, settings: Settings) -> Result<Settings, ConfigError> {
        settings.with_values(self.set.iter().map(|set| (set.path.as_str(), set.value.as_str())))
    }
}

/// A trace that is being changed.
struct Changing {
    trace: Trace,
    told: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Changing {
    /// Notes what was changed.
    fn tell(&mut self, option: &str, what: impl Display) {
        let told = self.told.entry(option.to_owned()).or_default();
        if !told.is_empty() {
            told.push_str("; ");
        }
        told.push_str(&what.to_string());
    }

    /// Notes what cannot be done.
    fn problem(&mut self, option: &str, typed: impl Display, message: impl Display) {
        self.problems.push(format!("{option} {typed}: {message}"));
    }
}
