//! `DaemonSet`s: a pod for each node that their template matches, made, bound and deleted as their controller does.

use serde_json::{Value, json};
use wit_config::Settings;
use wit_placement::Millis;
use wit_sim::arrivals::Order;
use wit_sim::compare::options;
use wit_sim::engine::Run;
use wit_sim::strategy::Name;
use wit_sim::trace::Trace;

/// A run of what happens, each at a second of its own.
fn run(happenings: &[Value]) -> Run {
    run_arriving(Millis(0), happenings)
}

/// The same, a pod arriving this long after another.
fn run_arriving(every: Millis, happenings: &[Value]) -> Run {
    let header = json!({"apiVersion": "wit-placement.dev/v1alpha1", "kind": "Trace", "name": "daemons"});
    let mut lines = vec![header.to_string()];
    for (second, happening) in happenings.iter().enumerate() {
        let mut happening = happening.clone();
        happening["at"] = json!(second * 1000);
        lines.push(happening.to_string());
    }
    let scenario = Trace::read(lines.join("\n").as_bytes()).unwrap().load().unwrap();
    let mut options = options(Order::Listed, 0, 0);
    options.timing.arrival = every;
    Name::Default.run(&scenario, &Settings::default(), &options).unwrap()
}

fn node(name: &str, labels: &Value, spec: &Value) -> Value {
    let allocatable = json!({"cpu": "4", "memory": "8Gi", "pods": "10"});
    let metadata = json!({"name": name, "labels": labels});
    json!({"node": {"metadata": metadata, "spec": spec, "status": {"allocatable": allocatable}}})
}

fn plain(name: &str) -> Value {
    node(name, &json!({}), &json!({}))
}

fn tainted(name: &str, key: &str, effect: &str) -> Value {
    node(name, &json!({}), &json!({"taints": [{"key": key, "effect": effect}]}))
}

/// A `DaemonSet` that says it wants 77 replicas, with this in the specification of its pods.
fn agent(more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "main", "image": "registry.example/agent:1"}]});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let template = json!({"spec": spec});
    json!({"workload": {"workload": "kube-system/DaemonSet/agent", "replicas": 77, "template": template}})
}

/// The pods with their nodes, and how many the only workload wants.
fn pods(run: &Run) -> (Vec<String>, u32) {
    let placed = |pod: &wit_placement::Pod| match &pod.node {
        Some(node) => format!("{} on {node}", pod.key.name),
        None => format!("{} waits", pod.key.name),
    };
    let mut pods: Vec<_> = run.state.pods().map(placed).collect();
    pods.sort();
    (pods, run.state.workloads().next().unwrap().replicas())
}

fn placed(happenings: &[Value]) -> (Vec<String>, u32) {
    pods(&run(happenings))
}

fn expected(pods: &[&str], replicas: u32) -> (Vec<String>, u32) {
    (pods.iter().map(|pod| (*pod).to_owned()).collect(), replicas)
}

#[test]
fn every_node_gets_its_pod_whenever_it_joins() {
    let with_nodes = [plain("n1"), agent(&json!({})), plain("n2"), plain("n3")];
    let on_all = expected(&["agent-n1 on n1", "agent-n2 on n2", "agent-n3 on n3"], 3);
    assert_eq!(placed(&with_nodes), on_all);
    assert_eq!(placed(&[agent(&json!({})), plain("n1"), plain("n2"), plain("n3")]), on_all);
}

#[test]
fn pods_go_with_their_node_and_come_with_it_again() {
    let gone = json!({"nodeFailed": {"node": "n1"}});
    let before = [plain("n1"), plain("n2"), agent(&json!({})), gone];
    assert_eq!(placed(&before), expected(&["agent-n2 on n2"], 1));
    let mut after = before.to_vec();
    after.push(plain("n1"));
    assert_eq!(placed(&after), expected(&["agent-n1 on n1", "agent-n2 on n2"], 2));
}

#[test]
fn a_drained_node_keeps_its_daemons_and_a_cordoned_one_gets_its_own() {
    let drained = json!({"nodeDrained": {"node": "n1"}});
    let cordoned = node("n2", &json!({}), &json!({"unschedulable": true}));
    let run = run(&[plain("n1"), agent(&json!({})), drained, cordoned]);
    assert_eq!(pods(&run), expected(&["agent-n1 on n1", "agent-n2 on n2"], 2));
    assert_eq!(run.course.moves, 0);
}

#[test]
fn only_nodes_that_the_template_matches_get_one() {
    let gpu = || node("gpu", &json!({"gpu": "yes"}), &json!({}));
    let agent = agent(&json!({"nodeSelector": {"gpu": "yes"}}));
    assert_eq!(placed(&[plain("n1"), gpu(), agent.clone()]), expected(&["agent-gpu on gpu"], 1));
    let relabelled = node("gpu", &json!({"gpu": "no"}), &json!({}));
    assert_eq!(placed(&[plain("n1"), gpu(), agent, relabelled]).0, Vec::<String>::new());
}

#[test]
fn taints_keep_new_pods_off_and_only_some_evict_those_that_are_there() {
    let nodes = [
        tainted("pressed", "node.kubernetes.io/memory-pressure", "NoSchedule"),
        tainted("special", "special", "NoSchedule"),
        agent(&json!({})),
    ];
    assert_eq!(placed(&nodes), expected(&["agent-pressed on pressed"], 1));
    let before = [plain("n1"), plain("n2"), agent(&json!({}))];
    let later = |effect: &str| {
        let mut all = before.to_vec();
        all.push(tainted("n1", "special", effect));
        placed(&all).0
    };
    assert_eq!(later("NoSchedule"), ["agent-n1 on n1", "agent-n2 on n2"]);
    assert_eq!(later("NoExecute"), ["agent-n2 on n2"]);
}

#[test]
fn a_pod_does_not_come_whose_node_leaves_before_it() {
    let gone = json!({"nodeFailed": {"node": "n3"}});
    let run = run_arriving(Millis(1500), &[plain("n1"), plain("n2"), plain("n3"), agent(&json!({})), gone]);
    assert_eq!(pods(&run), expected(&["agent-n1 on n1", "agent-n2 on n2"], 2));
}

#[test]
fn a_pod_that_finds_no_room_waits_for_its_node_alone() {
    let large = json!({"containers": [{
        "name": "main", "image": "registry.example/agent:1", "resources": {"requests": {"cpu": "3"}},
    }]});
    let pod =
        |name: &str, node: &str| json!({"pod": {"pod": name, "node": node, "template": {"spec": large}}});
    let run = run(&[plain("n1"), plain("n2"), pod("web/site", "n1"), agent(&large)]);
    let expected = ["agent-n1 waits", "agent-n2 on n2", "site on n1"];
    assert_eq!(pods(&run).0, expected);
}

#[test]
fn what_a_runtime_class_adds_at_admission_the_controller_does_not_see() {
    let class = json!({"runtimeClass": {
        "metadata": {"name": "wasm"}, "handler": "wasmtime", "scheduling": {"nodeSelector": {"wasm": "yes"}},
    }});
    let able = node("able", &json!({"wasm": "yes"}), &json!({}));
    let agent = agent(&json!({"runtimeClassName": "wasm"}));
    let happenings = [class, able, plain("n1"), agent];
    assert_eq!(placed(&happenings), expected(&["agent-able on able", "agent-n1 waits"], 2));
}

#[test]
fn pods_that_the_trace_gives_count_and_are_made_again() {
    let given = json!({"pod": {"pod": "kube-system/agent-x", "workload": "kube-system/DaemonSet/agent", "node": "n1"}});
    let before = [plain("n1"), agent(&json!({})), given];
    // The controller was quicker: its pod came a second before.
    assert_eq!(placed(&before), expected(&["agent-n1 on n1"], 1));
    let mut replaced = before.to_vec();
    replaced.push(json!({"podDeleted": {"pod": "kube-system/agent-n1"}}));
    assert_eq!(placed(&replaced), expected(&["agent-n1 on n1"], 1));
    // Or slower: it wants a pod there only when the taint has gone.
    let kept_off = tainted("n1", "special", "NoSchedule");
    let slower = [kept_off, agent(&json!({})), before[2].clone(), plain("n1")];
    assert_eq!(placed(&slower), expected(&["agent-x on n1"], 1));
    for leaves in ["podFinished", "podDeleted"] {
        let gone = json!({leaves: {"pod": "kube-system/agent-n1"}});
        let happenings = [plain("n1"), agent(&json!({})), gone];
        assert_eq!(placed(&happenings), expected(&["agent-n1 on n1"], 1), "{leaves}");
    }
    let scaled = json!({"scaled": {"workload": "kube-system/DaemonSet/agent", "replicas": 5}});
    assert_eq!(placed(&[plain("n1"), agent(&json!({})), scaled]), expected(&["agent-n1 on n1"], 1));
}
