//! Templates, and how many replicas they want.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

fn object<K: DeserializeOwned>(spec: &Value, status: &Value) -> K {
    let mut spec = spec.clone();
    spec["template"] = json!({
        "metadata": { "annotations": { "wit-placement.dev/mode": "steer" } },
        "spec": { "runtimeClassName": "wasm", "containers": [{ "name": "cart", "image": "shop/cart:1" }] },
    });
    spec["selector"] = json!({});
    let metadata = json!({ "name": "cart", "namespace": "shop" });
    serde_json::from_value(json!({ "metadata": metadata, "spec": spec, "status": status })).unwrap()
}

fn replicas(workload: Result<Converted<Workload>, ConvertError>) -> u32 {
    workload.unwrap().value.replicas
}

#[test]
fn a_template_is_a_workload_of_its_kind() {
    let nothing = Value::Null;
    let spec = json!({ "replicas": 3 });
    let workload = deployment(&object(&spec, &nothing)).unwrap().value;
    assert_eq!(workload.key.to_string(), "shop/Deployment/cart");
    assert_eq!(workload.shape.runtime_class.as_deref(), Some("wasm"));
    assert!(workload.shape.mode.is_some());
    let set = json!({ "replicas": 3, "serviceName": "cart" });
    assert_eq!(stateful_set(&object(&set, &nothing)).unwrap().value.key.to_string(), "shop/StatefulSet/cart");
    let spec = json!({});
    assert_eq!(daemon_set(&object(&spec, &nothing)).unwrap().value.key.to_string(), "shop/DaemonSet/cart");
    assert_eq!(job(&object(&spec, &nothing)).unwrap().value.key.to_string(), "shop/Job/cart");
    let replica_set = replica_set(&object(&spec, &nothing)).unwrap().unwrap();
    assert_eq!(replica_set.value.key.to_string(), "shop/ReplicaSet/cart");
}

#[test]
fn one_replica_is_wanted_where_nothing_is_said() {
    let nothing = Value::Null;
    for (spec, wanted) in [(json!({}), 1), (json!({ "replicas": 0 }), 0), (json!({ "replicas": 5 }), 5)] {
        assert_eq!(replicas(deployment(&object(&spec, &nothing))), wanted, "{spec}");
        assert_eq!(replicas(stateful_set(&object(&spec, &nothing))), wanted, "{spec}");
        assert_eq!(replicas(replica_set(&object(&spec, &nothing)).map(Option::unwrap)), wanted, "{spec}");
    }
}

#[test]
fn a_daemon_set_wants_what_its_controller_says() {
    let status = json!({
        "desiredNumberScheduled": 4, "currentNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
    });
    assert_eq!(replicas(daemon_set(&object(&json!({}), &status))), 4);
    assert_eq!(replicas(daemon_set(&object(&json!({}), &Value::Null))), 1);
}

#[test]
fn a_job_wants_its_parallelism_until_it_ends() {
    let nothing = Value::Null;
    let condition = |kind: &str| json!({ "conditions": [{ "type": kind, "status": "True" }] });
    let parallel = json!({ "parallelism": 4 });
    assert_eq!(replicas(job(&object(&parallel, &nothing))), 4);
    assert_eq!(replicas(job(&object(&json!({}), &nothing))), 1);
    assert_eq!(replicas(job(&object(&json!({ "parallelism": 4, "suspend": true }), &nothing))), 0);
    for (kind, wanted) in [("Complete", 0), ("Failed", 0), ("SuccessCriteriaMet", 4)] {
        assert_eq!(replicas(job(&object(&parallel, &condition(kind)))), wanted, "{kind}");
    }
}

#[test]
fn a_revision_of_a_deployment_is_no_workload_of_its_own() {
    let mut revision: ReplicaSet = object(&json!({}), &Value::Null);
    let owner = |kind: &str| {
        serde_json::from_value(json!([
            { "apiVersion": "apps/v1", "kind": kind, "name": "cart", "uid": "o", "controller": true }
        ]))
        .unwrap()
    };
    revision.metadata.owner_references = owner("Deployment");
    assert_eq!(replica_set(&revision), Ok(None));
    revision.metadata.owner_references = owner("Rollout");
    assert!(replica_set(&revision).unwrap().is_some(), "other owners do not stand for it");
}

#[test]
fn everything_that_is_wrong_with_a_template_is_told_at_once() {
    let mut wrong: Deployment = object(&json!({ "replicas": -1 }), &Value::Null);
    let pod = wrong.spec.as_mut().unwrap().template.spec.as_mut().unwrap();
    pod.containers[0].image = None;
    assert_eq!(
        deployment(&wrong).unwrap_err().to_string(),
        "Deployment shop/cart: spec.template.spec.containers[0].image: is missing; spec.replicas: -1 is negative"
    );
    wrong.spec = None;
    assert_eq!(
        deployment(&wrong).unwrap_err().to_string(),
        "Deployment shop/cart: spec.template.spec: is missing"
    );
}
