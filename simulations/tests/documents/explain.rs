//! `wit-sim explain`.

use serde_json::{Value, json};

use crate::support::{change, folder, replay, wit_sim};

/// The explanation of a pod as JSON.
fn explained(folder: &std::path::Path, run: &str, pod: &str) -> Value {
    let printed = wit_sim(folder, &["explain", &format!("FILES/{run}"), pod, "--output=json"]);
    assert!(printed.succeeded, "{}", printed.notes);
    serde_json::from_str(&printed.out).unwrap()
}

#[test]
fn a_bound_pod_has_its_node_and_the_next_ones_with_every_term() {
    let folder = folder("explain-bound");
    replay(&folder, "run", &["--order", "interleaved"]);
    // The last pod of the two linked services: the partner is there already.
    let pods = ["web/front-0", "web/front-1", "web/back-0", "web/back-1"];
    let explained = pods.map(|pod| explained(&folder, "run", pod));
    let (kind, version) = (&explained[0]["kind"], &explained[0]["apiVersion"]);
    assert_eq!((kind, version), (&json!("RunExplanation"), &json!("wit-placement.dev/v1alpha1")));
    let of = |pod: &Value| pod["decision"]["ranking"].as_array().unwrap().clone();
    for pod in &explained {
        assert_eq!(pod["decision"]["node"], pod["node"]);
        assert_eq!(of(pod)[0]["node"], pod["node"], "the chosen node is the first");
        let refused = pod["decision"]["refused"].as_array().map_or(0, Vec::len);
        assert_eq!(of(pod).len() + refused, 3, "the others were refused: {pod:#}");
        for node in of(pod) {
            let number = |value: &Value| value.as_u64().unwrap();
            let times = |it: &Value| number(&it["score"]) * number(&it["weight"]);
            let plugins: u64 = node["plugins"].as_array().unwrap().iter().map(times).sum();
            assert_eq!(plugins + times(&node["extender"]), number(&node["total"]), "{node:#}");
        }
    }
    let gain = |pod: &Value| of(pod)[0]["extender"]["terms"]["gain"].as_f64().unwrap_or(0.0);
    assert!(explained.iter().any(|pod| gain(pod) > 0.0), "somebody came to a partner");
    let besides = explained.iter().filter(|pod| !pod["decision"]["beside"].is_null()).count();
    assert!(besides >= 1);
}

#[test]
fn people_read_a_line_for_each_term() {
    let folder = folder("explain-text");
    replay(&folder, "run", &[]);
    let text = wit_sim(&folder, &["explain", "FILES/run", "front-1"]).out;
    assert!(
        text.starts_with("web/front-1 of web/Deployment/front\ntwo services with wit, seed 0\nbound to n"),
        "{text}"
    );
    for term in [
        "+ NodeResourcesFit, 0 to 100, × 1",
        "+ TaintToleration, 0 to 100, × 3",
        "+ extender, 0 to 10, × 10 × weight 15",
        "= total",
        "gain",
        "room",
        "+ 0.7 × room",
        "= value",
        "the extender gives 10 to the best value",
    ] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(term)), "{term}: {text}");
    }
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn a_reader_can_reckon_the_value_from_what_is_told() {
    let folder = folder("explain-reckoned");
    replay(&folder, "run", &["--order", "interleaved"]);
    let mut reckoned = 0;
    for pod in ["web/front-0", "web/front-1", "web/back-0", "web/back-1"] {
        let explained = explained(&folder, "run", pod);
        let decision = &explained["decision"];
        let scale = |key: &str| decision["scale"][key].as_f64().unwrap();
        let part = |term: f64, most: f64| if most > 0.0 { term / most } else { 0.0 };
        for node in decision["ranking"].as_array().unwrap() {
            let term = |key: &str| node["extender"]["terms"][key].as_f64().unwrap();
            let gain = part(term("gain"), scale("mostGain")) * (1.0 + term("room")) / 2.0;
            let value = scale("gainWeight") * gain
                + scale("groupWeight") * part(term("group"), scale("mostGroup"))
                + scale("roomWeight") * term("room");
            assert!((value - term("value")).abs() < 1e-9, "{node:#}");
            reckoned += 1;
        }
    }
    assert!(reckoned > 4);
}

#[test]
fn people_read_how_a_tie_was_broken() {
    let folder = folder("explain-tie");
    replay(&folder, "run", &["--strategy", "default"]);
    // The first pod of all finds three nodes that are alike.
    let run: Value = serde_json::from_slice(&std::fs::read(folder.join("run")).unwrap()).unwrap();
    let alike = |decision: &&Value| {
        let ranking = decision["ranking"].as_array().map(Vec::as_slice).unwrap_or_default();
        ranking.len() > 1 && ranking[0]["total"] == ranking[1]["total"]
    };
    let first = run["decisions"].as_array().unwrap().iter().find(alike).unwrap();
    let text = wit_sim(&folder, &["explain", "FILES/run", first["pod"].as_str().unwrap()]).out;
    assert!(
        text.contains(" has the same total as n") && text.ends_with("the one that the seed draws\n"),
        "{text}"
    );
}

#[test]
fn a_pending_pod_has_who_refused_it_where() {
    let folder = folder("explain-pending");
    replay(&folder, "run", &["--strategy", "default"]);
    let pod = explained(&folder, "run", "web/large-0");
    assert!(pod["node"].is_null() && pod["decision"]["ranking"].is_null(), "{pod:#}");
    let refused = &pod["decision"]["refused"];
    assert_eq!(
        (&refused[0]["code"], &refused[0]["message"]),
        (&json!("kube-scheduler"), &json!("Insufficient cpu"))
    );
    assert_eq!((&refused[0]["count"], &refused[0]["nodes"]), (&json!(3), &json!(["n1", "n2", "n3"])));
    let text = wit_sim(&folder, &["explain", "FILES/run", "large-0"]).out;
    assert!(
        text.contains("refused everywhere") && text.contains("Insufficient cpu: 3 nodes (n1, n2, n3)\n"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_explained_says_what_to_do() {
    let folder = folder("explain-not");
    replay(&folder, "without", &["--decisions", "0"]);
    let notes = |run: &str, pod: &str| wit_sim(&folder, &["explain", run, pod]).notes;
    let without = notes("FILES/without", "web/front-0");
    assert!(
        without.starts_with("error: without: the run keeps no decisions; make it again with `wit-sim replay"),
        "{without}"
    );
    replay(&folder, "run", &[]);
    assert!(notes("FILES/run", "nobody").starts_with("error: run: there is no pod `nobody`"));
    change(&folder, "run", |run| run["placements"][0]["pod"] = json!("other/front-0"));
    let several = notes("FILES/run", "front-0");
    assert_eq!(several, "error: run: which pod is `front-0`? There are `other/front-0` and `web/front-0`\n");
    let notes = notes("FILES/trace.jsonl", "front-0");
    assert!(notes.starts_with("error: trace.jsonl: "), "{notes}");
}

#[test]
fn the_numbers_do_not_depend_on_whether_decisions_are_kept() {
    let folder = folder("explain-same");
    replay(&folder, "with", &[]);
    replay(&folder, "without", &["--decisions", "0"]);
    change(&folder, "with", |run| drop(run.as_object_mut().unwrap().remove("decisions")));
    change(&folder, "without", |_| {});
    let text = |run: &str| std::fs::read_to_string(folder.join(run)).unwrap();
    assert_eq!(text("with"), text("without"));
}
