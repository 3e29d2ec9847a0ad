//! Watches every pod event of a scenario and writes down each moment at which a node held more than it may.
//!
//! Looking at the end would miss an overfull node that was relieved in between, so the rules are asked at every event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt as _};
use tokio::task::JoinHandle;

use crate::pods::{ended, memory_bytes, node_of};

/// Says what is wrong with a node and the pods on it, if anything.
pub type Rule = Box<dyn Fn(&str, &[&Pod]) -> Option<String> + Send>;

/// A moment at which a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Since the watch began.
    pub after: Duration,
    /// The node.
    pub node: String,
    /// The rule's words.
    pub what: String,
}

/// A running watch.
#[derive(Debug)]
pub struct LimitWatcher {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct State {
    pods: BTreeMap<String, Pod>,
    violations: Vec<Violation>,
    events: usize,
    problem: Option<String>,
    listed: bool,
}

impl LimitWatcher {
    /// Starts to watch the pods of all namespaces, and returns once it has seen those that exist.
    pub async fn start(client: &Client, rules: Vec<Rule>) -> Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let task = tokio::spawn(watch(Api::all(client.clone()), rules, Arc::clone(&state)));
        let watcher = Self { state, task };
        let end = Instant::now() + Duration::from_secs(10);
        while !watcher.read(|state| state.listed || state.problem.is_some()) {
            if Instant::now() > end {
                bail!("the limit watcher has seen no list of pods after 10 s");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(watcher)
    }

    /// The violations so far; a test asserts that there are none.
    ///
    /// # Errors
    /// When the watch was interrupted: then there may have been moments that it did not see.
    pub fn violations(&self) -> Result<Vec<Violation>> {
        match self.read(|state| state.problem.clone()) {
            Some(problem) => bail!("the limit watcher was interrupted: {problem}"),
            None => Ok(self.read(|state| state.violations.clone())),
        }
    }

    /// How many events the rules were asked at.
    pub fn events(&self) -> usize {
        self.read(|state| state.events)
    }

    fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Drop for LimitWatcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// At most `limit` pods that `counts` on any node.
pub fn max_pods(limit: usize, counts: impl Fn(&Pod) -> bool + Send + 'static) -> Rule {
    Box::new(move |_, pods| {
        let count = pods.iter().filter(|pod| counts(pod)).count();
        (count > limit).then(|| format!("{count} instances, at most {limit}"))
    })
}

/// At most so many bytes of requests and overhead on the nodes named, each pod costing `extra` bytes more.
pub fn max_memory(limits: BTreeMap<String, u64>, extra: impl Fn(&Pod) -> u64 + Send + 'static) -> Rule {
    Box::new(move |node, pods| {
        let limit = *limits.get(node)?;
        let used: u64 = pods.iter().map(|pod| memory_bytes(pod) + extra(pod)).sum();
        (used > limit).then(|| format!("{used} bytes, at most {limit}"))
    })
}

/// Pods that `concerns` are on the nodes named and nowhere else.
pub fn only_on(nodes: BTreeSet<String>, concerns: impl Fn(&Pod) -> bool + Send + 'static) -> Rule {
    Box::new(move |node, pods| {
        let wrong = pods.iter().find(|pod| concerns(pod)).filter(|_| !nodes.contains(node))?;
        Some(format!("{} cannot run there", wrong.name_any()))
    })
}

async fn watch(api: Api<Pod>, rules: Vec<Rule>, state: Arc<Mutex<State>>) {
    let start = Instant::now();
    let mut events = std::pin::pin!(watcher::watcher(api, watcher::Config::default()));
    while let Some(event) = events.next().await {
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(node) = state.take(event) else { continue };
        state.events += 1;
        let found = state.broken_rules(&node, &rules);
        let after = start.elapsed();
        state.violations.extend(found.map(|what| Violation { after, node: node.clone(), what }));
    }
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    state.problem = Some("the watch ended".to_owned());
}

impl State {
    /// Takes an event in and says which node it was about.
    fn take(&mut self, event: watcher::Result<Event<Pod>>) -> Option<String> {
        match event {
            Ok(Event::Init) if self.listed => {
                self.problem = Some("the API server made it list again".to_owned());
                None
            }
            Ok(Event::Init) => None,
            Ok(Event::InitDone) => {
                self.listed = true;
                None
            }
            Ok(Event::InitApply(pod) | Event::Apply(pod)) => {
                let node = node_of(&pod).map(str::to_owned);
                self.pods.insert(key(&pod), pod);
                node
            }
            Ok(Event::Delete(pod)) => {
                self.pods.remove(&key(&pod));
                node_of(&pod).map(str::to_owned)
            }
            Err(error) => {
                self.problem = Some(error.to_string());
                None
            }
        }
    }

    fn broken_rules<'a>(&'a self, node: &'a str, rules: &'a [Rule]) -> impl Iterator<Item = String> + use<> {
        let pods: Vec<&Pod> =
            self.pods.values().filter(|pod| node_of(pod) == Some(node) && !ended(pod)).collect();
        let found: Vec<String> = rules.iter().filter_map(|rule| rule(node, &pods)).collect();
        found.into_iter()
    }
}

fn key(pod: &Pod) -> String {
    format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any())
}
