//! Requests by table, as kube-scheduler counts them.

use serde_json::{Value, json};

use super::*;

fn requests(cpu: &str, memory: &str) -> Value {
    json!({ "requests": { "cpu": cpu, "memory": memory } })
}

fn effective(pod: Value) -> (u64, u64) {
    let pod: k8s_openapi::api::core::v1::Pod = serde_json::from_value(pod).unwrap();
    let mut problems = Problems::default();
    let spec = pod.spec.unwrap();
    let resources =
        effective_requests(&spec, pod.status.as_ref(), &FieldPath::Root.key("spec"), &mut problems);
    problems.finish(|| unreachable!("no problem is expected"), ()).unwrap();
    (resources.cpu_millis, resources.memory_bytes)
}

fn container(name: &str, resources: &Value) -> Value {
    json!({ "name": name, "image": "shop/cart", "resources": resources })
}

fn sidecar(name: &str, resources: &Value) -> Value {
    json!({ "name": name, "image": "shop/mesh", "restartPolicy": "Always", "resources": resources })
}

fn spec(init: &[Value], containers: &[Value]) -> Value {
    json!({ "spec": { "initContainers": init, "containers": containers } })
}

#[test]
fn containers_add_up() {
    let two = [container("a", &requests("100m", "1Ki")), container("b", &requests("0.2", "1Ki"))];
    assert_eq!(effective(spec(&[], &two)), (300, 2048));
    assert_eq!(effective(spec(&[], &[container("a", &Value::Null)])), (0, 0));
}

#[test]
fn a_limit_without_a_request_is_a_request() {
    let limits = json!({ "limits": { "cpu": "100m", "memory": "32Mi" } });
    assert_eq!(effective(spec(&[], &[container("a", &limits)])), (100, 32 << 20));
    let partly = json!({ "limits": { "cpu": "100m", "memory": "32Mi" }, "requests": { "cpu": "0" } });
    assert_eq!(effective(spec(&[], &[container("a", &partly)])), (0, 32 << 20));
    assert_eq!(effective(spec(&[container("i", &limits)], &[])), (100, 32 << 20));
}

#[test]
fn the_largest_step_of_the_start_counts_when_it_is_more() {
    let running = [container("a", &requests("100m", "10"))];
    let init = [container("i", &requests("50m", "30")), container("j", &requests("200m", "20"))];
    assert_eq!(effective(spec(&init, &running)), (200, 30));
}

#[test]
fn sidecars_run_beside_the_containers_and_the_later_steps() {
    let running = [container("a", &requests("100m", "10"))];
    let cases = [
        // The sidecar is added to the containers.
        (vec![sidecar("s", &requests("10m", "5"))], (110, 15)),
        // A step before the sidecar runs without it, one after it runs beside it.
        (vec![container("i", &requests("105m", "0")), sidecar("s", &requests("10m", "5"))], (110, 15)),
        (vec![sidecar("s", &requests("10m", "5")), container("i", &requests("105m", "0"))], (115, 15)),
        // Sidecars add up.
        (
            vec![
                sidecar("s", &requests("10m", "5")),
                sidecar("t", &requests("20m", "5")),
                container("i", &requests("100m", "90")),
            ],
            (130, 100),
        ),
    ];
    for (init, expected) in cases {
        assert_eq!(effective(spec(&init, &running)), expected, "{init:?}");
    }
}

#[test]
fn a_request_for_the_whole_pod_takes_the_place_of_the_sum() {
    let mut pod = spec(&[], &[container("a", &requests("100m", "10"))]);
    pod["spec"]["resources"] =
        json!({ "requests": { "cpu": "1" }, "limits": { "cpu": "2", "memory": "99" } });
    assert_eq!(effective(pod), (1000, 10));
    let mut pod = spec(&[], &[container("a", &Value::Null)]);
    pod["spec"]["resources"] = json!({ "limits": { "cpu": "2", "memory": "99" } });
    assert_eq!(effective(pod), (2000, 99));
}

#[test]
fn a_container_that_is_resized_counts_with_the_most_it_has_or_wants() {
    let mut pod = spec(&[], &[container("a", &requests("100m", "10"))]);
    pod["status"] = json!({ "containerStatuses": [{
        "name": "a", "image": "", "imageID": "", "ready": true, "restartCount": 0,
        "resources": requests("150m", "5"), "allocatedResources": { "cpu": "120m", "memory": "20" },
    }]});
    assert_eq!(effective(pod.clone()), (150, 20));
    pod["spec"]["containers"][0]["resources"] = requests("900m", "900");
    assert_eq!(effective(pod.clone()), (900, 900));
    pod["status"]["conditions"] =
        json!([{ "type": "PodResizePending", "status": "True", "reason": "Infeasible" }]);
    assert_eq!(effective(pod), (150, 20), "what cannot be had does not count");
}
