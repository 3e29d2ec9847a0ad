//! What only kube-scheduler's plugins read, one claim for each rule.

use serde_json::{Value, json};
use wit_placement::{LabelOperator, LabelRequirement, LabelSelector, TopologySpread};

use super::*;

fn read(spec: Value) -> (Arc<Constraints>, Vec<String>) {
    let pod: PodSpec = serde_json::from_value(spec).unwrap();
    let labels = json!({ "labels": { "app": "cart", "pod-template-hash": "7d9f" } });
    let metadata: ObjectMeta = serde_json::from_value(labels).unwrap();
    let mut problems = Problems::default();
    let read = constraints(Some(&metadata), &pod, &FieldPath::Root, &mut problems);
    let name = || crate::cluster::problem::ObjectName::new("Pod", &metadata);
    let converted = problems.finish(name, read).unwrap();
    (converted.value, converted.warnings.iter().map(ToString::to_string).collect())
}

fn app(name: &str) -> Value {
    json!({ "matchLabels": { "app": name } })
}

#[test]
fn a_pod_that_wishes_for_nothing_has_its_labels() {
    let (constraints, warnings) = read(json!({
        "containers": [],
        "initContainers": [{ "name": "init", "image": "shop/init:1" }],
    }));
    assert!(warnings.is_empty());
    assert_eq!(constraints.labels["app"], "cart");
    assert_eq!(constraints.init_images, [ImageReference::new("shop/init:1")]);
    let bare =
        Constraints { labels: BTreeMap::new(), init_images: Vec::new(), ..Arc::unwrap_or_clone(constraints) };
    assert_eq!(bare, Constraints::default());
}

#[test]
fn wishes_for_nodes_and_neighbours_are_read_with_their_weights() {
    let term = |name: &str, key: &str| json!({ "labelSelector": app(name), "topologyKey": key });
    let (constraints, warnings) = read(json!({
        "containers": [],
        "preemptionPolicy": "Never",
        "affinity": {
            "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [
                { "weight": 5, "preference": { "matchExpressions": [{ "key": "disk", "operator": "Exists" }] } },
                { "weight": 500, "preference": {} },
            ]},
            "podAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [
                { "weight": 10, "podAffinityTerm": term("mail", "kubernetes.io/hostname") },
            ]},
            "podAntiAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term("cart", "zone")] },
        },
    }));
    assert_eq!(constraints.preferred_nodes.len(), 1);
    assert_eq!((constraints.preferred_nodes[0].weight, constraints.preferred_nodes[0].term.len()), (5, 1));
    let near = &constraints.pod_affinity.preferred[0];
    assert_eq!((near.weight, near.term.topology_key.as_str()), (10, "kubernetes.io/hostname"));
    assert_eq!(near.term.selector, Some(LabelSelector::labels([("app", "mail")])));
    assert_eq!(constraints.pod_anti_affinity.required[0].topology_key, "zone");
    assert_eq!(constraints.preemption, PreemptionPolicy::Never);
    let at = "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].weight";
    assert_eq!(warnings, [format!("{at}: 500 is ignored with its term, expected 1 to 100")]);
}

#[test]
fn the_pods_own_values_of_label_keys_are_added_to_the_selector() {
    let term = json!({
        "labelSelector": app("cart"), "topologyKey": "zone",
        "matchLabelKeys": ["pod-template-hash", "tier"], "mismatchLabelKeys": ["app"],
    });
    let (constraints, _) = read(json!({
        "containers": [],
        "affinity": { "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [term] } },
    }));
    let mut expected = LabelSelector::labels([("app", "cart"), ("pod-template-hash", "7d9f")]);
    expected.requirements.push(LabelRequirement {
        key: "app".into(),
        operator: LabelOperator::NotIn,
        values: vec!["cart".into()],
    });
    assert_eq!(constraints.pod_affinity.required[0].selector, Some(expected));
}

#[test]
fn of_namespaces_only_the_name_is_known() {
    let term = |selector: Value| json!({ "topologyKey": "zone", "namespaceSelector": selector });
    let (constraints, warnings) = read(json!({
        "containers": [],
        "affinity": { "podAffinity": { "requiredDuringSchedulingIgnoredDuringExecution": [
            term(json!({})),
            term(json!({ "matchLabels": { "kubernetes.io/metadata.name": "shop" } })),
            term(json!({ "matchLabels": { "team": "a" } })),
        ]}},
    }));
    let terms = &constraints.pod_affinity.required;
    assert_eq!(terms[0].namespace_selector, Some(LabelSelector::default()));
    assert_eq!(terms[0].selector, None, "no selector means no pod");
    let at = "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[2].namespaceSelector";
    let message = "the label \"team\" of namespaces is not known, only kubernetes.io/metadata.name";
    assert_eq!(warnings, [format!("{at}: {message}")]);
}

#[test]
fn spread_constraints_have_the_defaults_of_kubernetes() {
    let spread = |more: Value| {
        let mut one = json!({ "maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule" });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        one
    };
    let (constraints, warnings) = read(json!({ "containers": [], "topologySpreadConstraints": [
        spread(json!({})),
        spread(json!({
            "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 3, "labelSelector": app("cart"),
            "nodeAffinityPolicy": "Ignore", "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["pod-template-hash"],
        })),
        spread(json!({ "whenUnsatisfiable": "Maybe" })),
        spread(json!({ "maxSkew": 0 })),
    ]}));
    let plain = TopologySpread { max_skew: 2, topology_key: "zone".into(), ..TopologySpread::default() };
    let full = TopologySpread {
        required: false,
        min_domains: 3,
        selector: Some(LabelSelector::labels([("app", "cart"), ("pod-template-hash", "7d9f")])),
        honours_affinity: false,
        honours_taints: true,
        ..plain.clone()
    };
    assert_eq!(constraints.topology_spread, [plain, full]);
    assert_eq!(
        warnings,
        [
            "spec.topologySpreadConstraints[2].whenUnsatisfiable: \"Maybe\" is ignored with its constraint, expected \
             DoNotSchedule or ScheduleAnyway",
            "spec.topologySpreadConstraints[3].maxSkew: 0 is ignored with its constraint, expected 1 or more",
        ]
    );
}
