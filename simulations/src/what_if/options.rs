//! The values of what-if options, as they are typed.

use std::fmt;
use std::str::FromStr;

use wit_graph::WorkloadKey;
use wit_sources::cluster::quantity::{self, Unit};

/// How many nodes there are to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nodes {
    /// So many times as many, rounded, but one at least.
    Times(f64),
    /// So many.
    Count(u32),
}

/// Which pods are meant, by how they run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pods {
    /// All.
    All,
    /// Those of which the host catalogue has a profile for the handler of their `RuntimeClass`.
    Wasm,
    /// The others.
    Containers,
    /// Those of this `RuntimeClass`.
    Class(String),
}

/// A factor for requests and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Of which pods.
    pub pods: Pods,
    /// Above zero.
    pub factor: f64,
}

/// What a pod of a `RuntimeClass` takes beside its requests; `None` leaves what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overhead {
    /// The class.
    pub class: String,
    /// Bytes.
    pub memory: Option<u64>,
    /// Thousandths of a core.
    pub cpu: Option<u64>,
}

/// Pods that run under another `RuntimeClass`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Which.
    pub pods: Selector,
    /// The class.
    pub class: String,
}

/// Which pods move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// By how they run.
    Pods(Pods),
    /// By the parts of their workload's key, each with `*` at its end for what is left open.
    Workload([String; 3]),
}

/// A setting of the extender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path in the settings file.
    pub path: String,
    /// Its value in YAML.
    pub value: String,
}

impl Nodes {
    /// How many nodes there are to be instead of these.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of nodes is small and positive"
    )]
    pub fn of(self, nodes: usize) -> usize {
        match self {
            Self::Times(factor) => ((nodes as f64 * factor).round() as usize).max(1),
            Self::Count(count) => count as usize,
        }
    }
}

impl Selector {
    /// Whether a workload of this key whose pods run so is meant; `run` says it of [`Pods`].
    pub fn takes(&self, key: &WorkloadKey, run: impl Fn(&Pods) -> bool) -> bool {
        match self {
            Self::Pods(pods) => run(pods),
            Self::Workload(parts) => {
                let key = [&key.namespace, &key.kind, &key.name];
                parts.iter().zip(key).all(|(part, text)| matches(part, text))
            }
        }
    }
}

fn matches(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |beginning| text.starts_with(beginning))
}

impl FromStr for Nodes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('.') {
            return factor(text).map(Self::Times);
        }
        match text.parse() {
            Ok(count) if count > 0 => Ok(Self::Count(count)),
            _ => Err("must be a number of nodes such as 48, or a factor with a point such as 0.5".to_owned()),
        }
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| format!("`{text}` is no factor above zero"))
}

impl From<&str> for Pods {
    fn from(text: &str) -> Self {
        match text {
            "all" => Self::All,
            "wasm" => Self::Wasm,
            "container" => Self::Containers,
            class => Self::Class(class.to_owned()),
        }
    }
}

impl FromStr for Factor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pods, text) = text.split_once('=').unwrap_or(("all", text));
        Ok(Self { pods: pods.into(), factor: factor(text)? })
    }
}

impl FromStr for Overhead {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usual = || "must be a class and its overhead, such as wasm=memory=25Mi,cpu=5m".to_owned();
        let (class, resources) =
            text.split_once('=').filter(|(class, _)| !class.is_empty()).ok_or_else(usual)?;
        let mut overhead = Self { class: class.to_owned(), memory: None, cpu: None };
        for resource in resources.split(',') {
            let parsed = |text, unit| {
                quantity::parse(text, unit).map(Some).map_err(|error| format!("{resource}: {error}"))
            };
            match resource.split_once('=') {
                Some(("memory", text)) => overhead.memory = parsed(text, Unit::Whole)?,
                Some(("cpu", text)) => overhead.cpu = parsed(text, Unit::Millis)?,
                _ => return Err(usual()),
            }
        }
        Ok(overhead)
    }
}

impl FromStr for Move {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pods, class) = text.split_once('=').unwrap_or(("all", text));
        let parts: Vec<&str> = pods.split('/').collect();
        let pods = match parts.as_slice() {
            [pods] => Selector::Pods((*pods).into()),
            [namespace, kind, name] => {
                Selector::Workload([namespace, kind, name].map(|part| (*part).to_owned()))
            }
            _ => return Err(format!("`{pods}` is neither a class nor namespace/Kind/name")),
        };
        if class.is_empty() || matches!(Pods::from(class), Pods::All | Pods::Containers) {
            return Err(format!("`{class}` is no RuntimeClass"));
        }
        Ok(Self { pods, class: class.to_owned() })
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) =
            text.split_once('=').ok_or("must be a path and a value, such as placement.blastRadius=0.25")?;
        Ok(Self { path: path.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Display for Nodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(factor) => write!(f, "{factor:?}"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Wasm => "wasm",
            Self::Containers => "container",
            Self::Class(class) => class,
        })
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.pods, self.factor)
    }
}

impl fmt::Display for Overhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memory = self.memory.map(|bytes| format!("memory={bytes}"));
        let cpu = self.cpu.map(|millis| format!("cpu={millis}m"));
        let parts: Vec<String> = memory.into_iter().chain(cpu).collect();
        write!(f, "{}={}", self.class, parts.join(","))
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pods {
            Selector::Pods(pods) => write!(f, "{pods}={}", self.class),
            Selector::Workload(parts) => write!(f, "{}={}", parts.join("/"), self.class),
        }
    }
}
