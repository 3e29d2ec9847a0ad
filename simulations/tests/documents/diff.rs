//! `wit-sim diff`.

use serde_json::{Value, json};

use crate::support::{change, folder, replay, trace, wit_sim};

/// Both runs of the trace, and what differs between them.
fn difference(folder: &std::path::Path) -> Value {
    replay(folder, "default", &["--strategy", "default"]);
    replay(folder, "wit", &["--strategy", "wit"]);
    let printed = wit_sim(folder, &["diff", "FILES/default", "FILES/wit", "--output=json"]);
    assert!(printed.succeeded, "{}", printed.notes);
    serde_json::from_str(&printed.out).unwrap()
}

#[test]
fn pods_that_moved_have_why_in_each_run() {
    let folder = folder("diff-moved");
    let difference = difference(&folder);
    assert_eq!(
        (&difference["kind"], &difference["one"]["strategy"]),
        (&json!("RunDifference"), &json!("default"))
    );
    let workloads = difference["moved"].as_array().unwrap();
    assert!(!workloads.is_empty());
    let mut pods = 0;
    for workload in workloads {
        let moved = workload["pods"].as_array().unwrap();
        assert!(workload["replicas"].as_u64().unwrap() <= moved.len() as u64);
        for pod in moved {
            assert_ne!(pod["one"], pod["other"]);
            assert_eq!(pod["whyOne"]["chosen"]["node"], pod["one"]);
            assert_eq!(pod["whyOther"]["chosen"]["node"], pod["other"]);
            let other = &pod["whyOther"]["otherNode"];
            match other["verdict"].as_str().unwrap() {
                "scored" => assert_eq!(other["ranked"]["node"], pod["one"]),
                verdict => assert_eq!((verdict, &other["code"]), ("refused", &json!("R205"))),
            }
            pods += 1;
        }
    }
    assert_eq!(difference["unmoved"].as_u64().unwrap() + pods, 10);
    let gained =
        difference["metrics"].as_array().unwrap().iter().find(|it| it["metric"] == "gainedAffinity").unwrap();
    assert!(gained["difference"].as_f64().unwrap() > 0.0);
}

#[test]
fn people_read_numbers_pods_and_pending_ones() {
    let folder = folder("diff-text");
    difference(&folder);
    let text = wit_sim(&folder, &["diff", "FILES/default", "FILES/wit"]).out;
    for told in [
        "two services: default → wit\n",
        "G, gained affinity",
        "moved: ",
        "  web/Deployment/",
        "      wit: n",
        "extender 1500 against ",
        "pending with wit:\n  1 Insufficient cpu (first web/large-0)",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let none = wit_sim(&folder, &["diff", "FILES/default", "FILES/wit", "--most=0"]).out;
    assert!(!none.contains("such as") && none.contains("more workloads; --output json has all"), "{none}");
}

#[test]
fn a_run_does_not_differ_from_itself() {
    let folder = folder("diff-same");
    replay(&folder, "run", &[]);
    let text = wit_sim(&folder, &["diff", "FILES/run", "FILES/run"]).out;
    let expected = "two services: wit (first) → wit (second)\n\nno number differs\n\nno pod moved, of 10\n";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn replicas_that_changed_places_are_not_elsewhere_as_a_whole() {
    let folder = folder("diff-swapped");
    replay(&folder, "one", &["--decisions", "0"]);
    replay(&folder, "other", &["--decisions", "0"]);
    for run in ["one", "other"] {
        let nodes = if run == "one" { ["n1", "n2", "n3"] } else { ["n2", "n1", "n1"] };
        change(&folder, run, |run| {
            let pods = run["placements"].as_array_mut().unwrap();
            let plain = pods.iter_mut().filter(|pod| pod["workload"] == "web/Deployment/plain");
            plain.zip(nodes).for_each(|(pod, node)| pod["node"] = json!(node));
        });
    }
    let printed = wit_sim(&folder, &["diff", "FILES/one", "FILES/other", "--output=json"]);
    let difference: Value = serde_json::from_str(&printed.out).unwrap();
    let plain = &difference["moved"][0];
    assert_eq!((plain["pods"].as_array().unwrap().len(), &plain["replicas"]), (3, &json!(1)));
    assert!(plain["pods"][0]["whyOne"].is_null(), "runs without decisions can be held against each other");
    let text = wit_sim(&folder, &["diff", "FILES/one", "FILES/other"]).out;
    assert!(text.contains("no decision is kept"), "{text}");
}

#[test]
fn runs_of_different_traces_are_refused() {
    let folder = folder("diff-mixed");
    replay(&folder, "one", &[]);
    std::fs::write(folder.join("trace.jsonl"), trace("another")).unwrap();
    replay(&folder, "other", &[]);
    let notes = wit_sim(&folder, &["diff", "FILES/one", "FILES/other"]).notes;
    assert_eq!(notes, "error: other: assumptions.trace: is `another`, but `two services` in one\n");
    std::fs::write(folder.join("cut"), "{").unwrap();
    let notes = wit_sim(&folder, &["diff", "FILES/cut", "FILES/absent"]).notes;
    assert!(
        notes.starts_with("error: 2 problems\ncut: ") && notes.contains("\nabsent: cannot be read"),
        "{notes}"
    );
}
