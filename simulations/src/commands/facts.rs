//! What a scenario says before anything runs: what pods take beside their requests, and whether any of them is Wasm.

use std::collections::BTreeSet;

use wit_config::Settings;
use wit_placement::{ClusterState, Event, Millis, PodShape, RuntimeClass};

use crate::scenario::{Scenario, Step};

const MIB: u64 = 1 << 20;

/// The smallest and the largest number of pods that a node takes.
pub(super) fn most_pods(scenario: &Scenario) -> (u32, u32) {
    let nodes = scenario.steps.iter().filter_map(|(_, step)| match step {
        Step::Node(node) => Some(node.allocatable.pods),
        _ => None,
    });
    let (mut least, mut most) = (u32::MAX, 0);
    for pods in nodes {
        (least, most) = (least.min(pods), most.max(pods));
    }
    (least.min(most), most)
}

/// The nodes and classes of a scenario, all at once.
pub(super) struct Facts<'a> {
    scenario: &'a Scenario,
    state: ClusterState,
}

impl<'a> Facts<'a> {
    /// # Errors
    /// Says which interface name in the host catalogue is none.
    pub(super) fn of(scenario: &'a Scenario, settings: &Settings) -> anyhow::Result<Self> {
        let mut state = ClusterState::new(settings.clone())?;
        for (_, step) in &scenario.steps {
            let event = match step {
                Step::RuntimeClass(class) => Event::RuntimeClass(class.clone()),
                Step::Node(node) => Event::Node(node.clone()),
                _ => continue,
            };
            state.apply(event, Millis(0));
        }
        Ok(Self { scenario, state })
    }

    /// What pods take beside their requests, a line for each `RuntimeClass`.
    pub(super) fn overheads(&self) -> Vec<String> {
        let classes = self.scenario.steps.iter().filter_map(|(_, step)| match step {
            Step::RuntimeClass(class) => Some(class),
            _ => None,
        });
        let told = classes.map(|class| {
            let (cpu, taken) = (class.overhead.cpu_millis, memory(class.overhead.memory_bytes));
            format!("RuntimeClass {}: {cpu}m CPU and {taken} a pod{}", class.name, self.shims(class))
        });
        told.collect()
    }

    /// What the shims of a class take that has no overhead of its own, by the host profiles of the nodes.
    fn shims(&self, class: &RuntimeClass) -> String {
        let handler = self.state.wasm_handler(Some(&class.name)).filter(|_| class.overhead.memory_bytes == 0);
        let Some(handler) = handler else { return String::new() };
        let profiles = self.state.nodes().filter_map(|(_, node)| {
            let profile = self.state.hosts().profile(node.class().profile(handler)?)?;
            (profile.memory_overhead_bytes > 0)
                .then_some((profile.name.as_str(), profile.memory_overhead_bytes))
        });
        let profiles: BTreeSet<_> = profiles.collect();
        let told = profiles.iter().map(|(name, bytes)| {
            format!(", and {} a pod for the shim of the host profile {name}", memory(*bytes))
        });
        let told: String = told.collect();
        let unseen = if told.is_empty() { "" } else { "; kube-scheduler does not count shims" };
        told + unseen
    }

    /// Whether wit-placement has anything to do: any pod runs under a `RuntimeClass` whose handler runs Wasm.
    pub(super) fn has_wasm(&self) -> bool {
        let is_wasm = |shape: &PodShape| self.state.wasm_handler(shape.runtime_class.as_deref()).is_some();
        self.scenario.steps.iter().any(|(_, step)| match step {
            Step::Workload { workload, .. } => is_wasm(&workload.shape),
            Step::Pod(pod) => is_wasm(&pod.shape),
            _ => false,
        })
    }
}

fn memory(bytes: u64) -> String {
    match bytes % MIB {
        0 => format!("{} MiB", bytes / MIB),
        _ => format!("{bytes} bytes"),
    }
}
