//! What the numbers are reckoned by, and where the measure comes from.
//!
//! In formulas `x(s,m)` are the replicas of workload `s` on node `m`, `d(s)` all that it wants, and `w(a,b)` the share of all traffic that
//! the link from `a` to `b` carries.

/// The formula of a number and its source, by its key; empty for a number that has none.
pub(super) fn definition(key: &str) -> (&'static str, &'static str) {
    match key {
        "gainedAffinity" => (
            "Σ w(a,b) Σ min(x(a,m)/d(a), x(b,m)/d(b)) over links and nodes",
            "gained affinity of RASA, Resource Allocation with Service Affinity (ByteDance)",
        ),
        "randomBalancing" => (
            "Σ w(a,b) Σ x(a,m)/d(a) × x(b,m)/d(b) over links and nodes",
            "kube-proxy, which picks an endpoint at random",
        ),
        "preferSameNode" => (
            "Σ w(a,b) Σ x(a,m)/d(a) over links and the nodes with a replica of b; a calls",
            "KEP-3015, PreferSameNode",
        ),
        "linkSatisfaction" => ("S with every weight 1 ÷ the number of links", "of wit-placement"),
        "hotSpot" => (
            "the largest (x(a,m)/d(a)) ÷ (x(b,m)/d(b)) of all links and nodes with both; a calls",
            "KEP-3015, whose risk it measures",
        ),
        "blastRadius" => ("the mean of max x(s,m)/d(s) over workloads with d(s) ≥ 2", "of wit-placement"),
        "wholeOnOneNode" => ("workloads with d(s) ≥ 2 and max x(s,m) = d(s)", "of wit-placement"),
        "requestedMemory" => (
            "what pods take, shims included, on all nodes ÷ what all nodes have allocatable",
            "Kubernetes' requests and allocatable, and the host catalogue's shims",
        ),
        "requestedCpu" | "requestedPods" => (
            "what pods take on all nodes ÷ what all nodes have allocatable",
            "Kubernetes' requests and allocatable",
        ),
        "headroom" => (
            "the sum over nodes that admit a placed pod of the smallest of free CPU, memory, pods and instances ÷ the mean pod's",
            "of wit-placement",
        ),
        "bindingPods" | "bindingCpu" | "bindingMemory" | "bindingInstances" => (
            "nodes with a pod of which this is the resource with the largest share taken: with more pods of the same mix it \
             runs out first",
            "the binding constraint of linear programming",
        ),
        "fragmentedCpu" | "fragmentedMemory" => (
            "Σ free(m) × the share of replicas that do not fit on m ÷ Σ free(m)",
            "after Weng and others, Beware of Fragmentation, USENIX ATC 2023",
        ),
        "waitingP50" | "waitingP90" | "waitingP99" | "waitingMax" => (
            "the quantile of binding less arrival, between ranks as far as it lies between them",
            "type 7 of Hyndman and Fan",
        ),
        _ => ("counted", ""),
    }
}
