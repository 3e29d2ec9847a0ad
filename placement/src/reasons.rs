//! The registry of reasons: why a node was refused (`R…`) and what was noticed without refusing (`W…`).
//!
//! One table holds every code with its words; the wire, the metrics, `explain` and `docs/reason-codes.md` are made
//! from it. Numbers are never used for anything else once they were released. Texts do not name nodes, so that
//! kube-scheduler can count equal reasons in one line of its `FailedScheduling` event.

use std::fmt::{self, Write};

/// A reason for a pod and a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Code {
    /// The node's container runtime has no such handler.
    HandlerMissing,
    /// The image is a component and the host runs core modules only.
    ModulesOnly,
    /// The image is a core module and the host runs components only.
    ComponentsOnly,
    /// The host links nothing, and the component has imports that the host does not offer.
    OpenImports,
    /// The host links imports to other workloads, and no workload is known that serves one of them.
    ProviderUnknown,
    /// The component exports none of the entry points that the host starts.
    EntryPointMissing,
    /// The image is Wasm but no program (a WIT package).
    NotRunnable,
    /// `strict` is set and something that the decision needs is not known.
    Strict,
    /// The node's number of pods is used up.
    PodsFull,
    /// The node's CPU is used up.
    CpuFull,
    /// The node's memory is used up, the shim's own memory counted.
    MemoryFull,
    /// The node's cap of Wasm instances is reached.
    InstancesFull,
    /// The node already has the largest share of the workload's replicas, and another node can take the pod.
    BlastRadius,
    /// The image is still being read.
    Reading,
    /// The watch has not shown the node yet.
    NodeUnread,
    /// The watch has not shown the pod's RuntimeClass yet.
    ClassUnread,
    /// No host profile fits the node and the handler.
    HostUnknown,
    /// The image could not be read, or not in time.
    WorldUnknown,
    /// The node does not say which handlers it has.
    HandlerUnknown,
    /// The scheduler names a node that the watch does not show.
    NodeUnknown,
}

/// What kube-scheduler should make of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Evicting pods could help, by limits that the scheduler itself counts: `FailedNodes`.
    Eviction,
    /// Evicting pods does not help: `FailedAndUnresolvableNodes`.
    Unresolvable,
    /// No refusal: a warning that lowers the node's score.
    Warning,
}

/// One line of the registry.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The code's variant.
    pub code: Code,
    /// The stable code, for instance `R101`.
    pub id: &'static str,
    /// A short stable name.
    pub name: &'static str,
    /// What the user reads in the pod's event.
    pub message: &'static str,
    /// What it means and when it is given.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// What kube-scheduler should make of it.
    pub resolution: Resolution,
}

const fn reason(
    (code, id, name): (Code, &'static str, &'static str),
    message: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    resolution: Resolution,
) -> Reason {
    Reason { code, id, name, message, meaning, remedy, resolution }
}

/// Every reason, in the order of [`Code`].
pub const REASONS: [Reason; 20] = [
    reason(
        (Code::HandlerMissing, "R101", "handler-missing"),
        "the node's container runtime does not have the pod's runtime handler",
        "The pod's RuntimeClass names a handler, and the node's `status.runtimeHandlers` does not list it: the kubelet could not create the pod's sandbox.",
        "Install the shim on more nodes, or use a RuntimeClass whose handler they have.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::ModulesOnly, "R102", "modules-only-runtime"),
        "the node's Wasm runtime runs core modules only, and the image is a component",
        "The host profile of the node for the pod's handler says that its engine has no component model: the instance would crash at start.",
        "Use nodes whose engine runs components, or correct the node's label `wit-placement.dev/host-profile`.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::ComponentsOnly, "R103", "components-only-runtime"),
        "the node's Wasm runtime runs components only, and the image is a core module",
        "The host profile of the node for the pod's handler says that it takes components only.",
        "Build the image as a component, or use nodes whose engine runs core modules.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::OpenImports, "R104", "open-imports"),
        "the node's Wasm runtime does not serve all imports of the component",
        "The host has link mode `none`: nobody serves an import that the host itself does not offer, so the instance could not start. The message names the imports.",
        "Compose the provider into the image, or use nodes whose host offers or links the interface.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::ProviderUnknown, "R105", "provider-unknown"),
        "no workload in the namespace exports what the component imports",
        "The host links open imports to provider workloads, and none is known for an import: neither running, nor waiting, nor as a template. The message names the imports.",
        "Create the provider's workload in the same namespace, or check `wit-extender link CONSUMER PROVIDER` for why it does not serve the import.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::EntryPointMissing, "R106", "entry-point-missing"),
        "the component exports no entry point that the node's Wasm runtime starts",
        "The host profile lists the exports that it can start, and the component has none of them.",
        "Export an entry point that the host knows, or use another host.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::NotRunnable, "R107", "not-runnable"),
        "the image is a WIT package, not a program",
        "The image holds interface definitions only; no runtime can start it.",
        "Use the image of the component, not that of its WIT package.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::Strict, "R108", "strict"),
        "what the image or the node's Wasm runtime needs is not known, and strict is set",
        "`placement.strict` or the annotation `wit-placement.dev/strict` turns missing evidence into a refusal; the warnings beside this code say what is missing.",
        "Make the missing evidence known (see the warnings), or unset strict.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::PodsFull, "R201", "pods-full"),
        "the node takes no more pods",
        "`allocatable.pods` is used up, counting pods that were probably just placed.",
        "Add nodes, or raise the kubelet's maxPods.",
        Resolution::Eviction,
    ),
    reason(
        (Code::CpuFull, "R202", "cpu-full"),
        "the node has not enough CPU left",
        "The CPU requests on the node and the pod's own exceed `allocatable.cpu`.",
        "Add nodes, or lower the requests.",
        Resolution::Eviction,
    ),
    reason(
        (Code::MemoryFull, "R203", "memory-full"),
        "the node has not enough memory left for the component and its shim",
        "The memory requests on the node, the memory of the shim processes that no request counts, and the pod's own exceed `allocatable.memory`.",
        "Add nodes, lower the requests, or set `overhead.podFixed` on the RuntimeClass to what the shim really takes.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::InstancesFull, "R204", "instances-full"),
        "the node has reached its cap of Wasm instances",
        "The smallest of the node's annotation `wit-placement.dev/instances`, the host profile's cap and `placement.instancesPerNode` is reached, counting pods that were probably just placed.",
        "Add nodes, or raise the cap.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::BlastRadius, "R205", "blast-radius"),
        "the node already has the largest share of this workload's replicas",
        "`placement.blastRadius` limits how many replicas of one workload share a node while another node can take them; where none can, the rule is waived.",
        "Nothing: the pod goes to another node. Raise `placement.blastRadius` to allow more.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::Reading, "R301", "reading"),
        "the component's world is still being read from its image",
        "The image was seen a moment ago. The pod is woken by the condition `wit-placement.dev/WorldRead` as soon as its world is known, at the latest after `reading.deadlineSeconds`.",
        "Wait; if it comes often, see the metric `wit_image_reads_total` for slow or failing registries.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::NodeUnread, "R302", "node-unread"),
        "the node has just joined and its runtime is not known yet",
        "The scheduler named a node that our watch has not shown. The pod is woken when it does; after `reading.deadlineSeconds` the node passes with the warning W404.",
        "Wait; if it comes often, the extender's watch of nodes is slow.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::ClassUnread, "R303", "class-unread"),
        "the pod's RuntimeClass is new and not known yet",
        "The API server takes no pod of a RuntimeClass that does not exist, but our watch has not shown it: whether the pod is a Wasm one is not known. The pod is woken when it does; after `reading.deadlineSeconds` the pod is treated as an ordinary one.",
        "Wait; if it comes often, the extender's watch of RuntimeClasses is slow.",
        Resolution::Unresolvable,
    ),
    reason(
        (Code::HostUnknown, "W401", "host-unknown"),
        "no host profile is known for the node and the pod's handler",
        "The handler is there, but neither labels nor the catalogue say which engine it is. The node passes with a low score.",
        "Label the node `wit-placement.dev/host-profile: NAME`, or add a profile under `hosts`.",
        Resolution::Warning,
    ),
    reason(
        (Code::WorldUnknown, "W402", "world-unknown"),
        "the component's world could not be read",
        "The image is missing, too large, damaged or was not read in time. The pod is placed by what is known without it.",
        "See the message beside it and the metric `wit_image_reads_total`.",
        Resolution::Warning,
    ),
    reason(
        (Code::HandlerUnknown, "W403", "handler-unknown"),
        "the node does not say which runtime handlers it has",
        "`status.runtimeHandlers` is empty (older container runtimes do not report it) and no label of a host profile is there. The node passes with a low score.",
        "Upgrade the node's container runtime, or label the node.",
        Resolution::Warning,
    ),
    reason(
        (Code::NodeUnknown, "W404", "node-unknown"),
        "the node is not known yet",
        "The scheduler names a node that our watch does not show. It passes with a low score.",
        "Check the extender's access to nodes, or the folder that it is fed from.",
        Resolution::Warning,
    ),
];

/// A small set of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Codes(u32);

impl Code {
    /// The code's line in the registry.
    pub fn reason(self) -> &'static Reason {
        // The order of the table is the order of the enum; a test holds them together.
        REASONS.get(self as usize).unwrap_or(&REASONS[0])
    }

    /// The stable code, for instance `R101`.
    pub fn id(self) -> &'static str {
        self.reason().id
    }

    /// Whether it refuses the node.
    pub fn refuses(self) -> bool {
        self.reason().resolution != Resolution::Warning
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Codes {
    const REFUSALS: u32 = (1 << Code::HostUnknown as u32) - 1;
    /// No code.
    pub const NONE: Self = Self(0);

    /// These codes and `code`.
    #[must_use]
    pub const fn with(self, code: Code) -> Self {
        Self(self.0 | 1 << code as u32)
    }

    /// The codes of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `code` is among them.
    pub const fn contains(self, code: Code) -> bool {
        self.0 & (1 << code as u32) != 0
    }

    /// Whether one of them refuses the node.
    pub const fn refuse(self) -> bool {
        self.0 & Self::REFUSALS != 0
    }

    /// Whether one of them is a warning.
    pub const fn warn(self) -> bool {
        self.0 & !Self::REFUSALS != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The codes in their order.
    pub fn iter(self) -> impl Iterator<Item = Code> {
        REASONS.iter().map(|reason| reason.code).filter(move |code| self.contains(*code))
    }

    /// The first refusal, which is the one that the scheduler is told.
    pub fn first_refusal(self) -> Option<Code> {
        // Most nodes pass: they are told from the others without a look at every code.
        if self.refuse() { self.iter().find(|code| code.refuses()) } else { None }
    }
}

impl FromIterator<Code> for Codes {
    fn from_iter<I: IntoIterator<Item = Code>>(codes: I) -> Self {
        codes.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The registry as a page: `docs/reason-codes.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Reason codes\n\nGenerated from `placement/src/reasons.rs` by `just docs`.\n\n`R` codes refuse a node for a pod, \
         `W` codes are warnings: the node passes with a low score. Numbers are never used for anything else once released.\n",
    );
    for reason in &REASONS {
        let wire = match reason.resolution {
            Resolution::Eviction => "`FailedNodes`: evicting pods could help",
            Resolution::Unresolvable => "`FailedAndUnresolvableNodes`: evicting pods does not help",
            Resolution::Warning => "passes with a low score",
        };
        // Writing to a string cannot fail.
        let _ = write!(
            page,
            "\n## {} {}\n\n> {}\n\n{}\n\n- Reply: {wire}.\n- What to do: {}\n",
            reason.id, reason.name, reason.message, reason.meaning, reason.remedy
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_codes_and_ids_are_unique() {
        for (position, reason) in REASONS.iter().enumerate() {
            assert_eq!(reason.code as usize, position, "{}", reason.id);
            assert_eq!(reason.code.refuses(), reason.id.starts_with('R'), "{}", reason.id);
        }
        let ids: std::collections::BTreeSet<_> = REASONS.iter().map(|reason| reason.id).collect();
        assert_eq!(ids.len(), REASONS.len());
    }

    #[test]
    fn a_set_tells_refusals_from_warnings() {
        let codes: Codes = [Code::HostUnknown, Code::CpuFull].into_iter().collect();
        assert!(codes.refuse() && codes.warn());
        assert_eq!(codes.first_refusal(), Some(Code::CpuFull));
        assert!(!Codes::NONE.with(Code::NodeUnknown).refuse());
    }
}
