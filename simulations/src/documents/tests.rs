use super::*;
use crate::fail_if::FailIf;

/// A run that gains so much and leaves so many pods pending.
fn run(strategy: &str, gained_affinity: f64, pending: u32) -> Run {
    let metrics = Metrics { gained_affinity: Some(gained_affinity), pending, ..Metrics::default() };
    Run { strategy: strategy.to_owned(), metrics, ..Run::default() }
}

fn comparison() -> Comparison {
    let runs = |name: &str, gained: &[f64]| {
        (name.to_owned(), gained.iter().map(|gained| run(name, *gained, 0)).collect::<Vec<_>>())
    };
    let runs = [
        runs("wit", &[0.5, 0.6, 0.55]),
        runs("default", &[0.05, 0.06, 0.04]),
        runs("random", &[0.05, 0.04, 0.06]),
    ];
    Comparison::of(Assumptions::default(), &runs.into())
}

#[test]
fn documents_come_back_as_they_were_written() {
    let comparison = Comparison::of(
        Assumptions::default(),
        &[("wit".to_owned(), vec![run("wit", 0.5, 0), run("wit", 0.5, 2)])].into(),
    );
    let text = serde_json::to_string(&comparison).unwrap();
    let again: Comparison = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&again.strategies["wit"]["gainedAffinity"], again.best),
        (&comparison.strategies["wit"]["gainedAffinity"], comparison.best)
    );
    let run = run("wit", 0.25, 3);
    let text = serde_json::to_string(&run).unwrap();
    assert!(
        text.starts_with(r#"{"apiVersion":"wit-placement.dev/v1alpha1","kind":"Run","strategy":"wit""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
}

#[test]
fn a_document_of_another_kind_or_version_is_refused() {
    let text = serde_json::to_string(&comparison()).unwrap();
    let error = serde_json::from_str::<Run>(&text).unwrap_err().to_string();
    assert!(error.contains("kind is `Comparison`, expected `Run`"), "{error}");
    let error = serde_json::from_str::<Comparison>(&text.replace("v1alpha1", "v1")).unwrap_err().to_string();
    assert!(error.contains("apiVersion is `wit-placement.dev/v1`"), "{error}");
}

#[test]
fn each_number_has_its_mean_interval_and_runs() {
    let json = serde_json::to_value(comparison()).unwrap();
    let gained = &json["strategies"]["wit"]["gainedAffinity"];
    assert_eq!(gained["runs"], serde_json::json!([0.5, 0.6, 0.55]));
    assert!((gained["mean"].as_f64().unwrap() - 0.55).abs() < 1e-9 && gained["ci95"].as_f64().unwrap() > 0.1);
}

#[test]
fn who_is_best_is_sure_where_the_seeds_agree() {
    let comparison = comparison();
    let best = |key: &str| comparison.best.get(key).map(|best| (best.strategy.as_str(), best.sure));
    assert_eq!(best("gainedAffinity"), Some(("wit", true)));
    assert_eq!(best("pending"), Some(("default", false)), "equal ones are not better than each other");
    assert_eq!(best("requestedCpu"), None, "neither way is better");
    let pairs: Vec<_> = comparison.differences.iter().map(|it| (&*it.one, &*it.other)).collect();
    assert_eq!(pairs, [("default", "random"), ("default", "wit"), ("random", "wit")]);
}

#[test]
fn conditions_read_means_by_key_or_short_name() {
    let comparison = comparison();
    let holds = |text: &str| {
        let condition: FailIf = text.parse().unwrap();
        condition
            .holds(|strategy, metric| comparison.mean(strategy, metric))
            .map_err(|error| error.to_string())
    };
    assert_eq!(holds("wit.G < default.gainedAffinity + 0.3"), Ok(false));
    assert_eq!(holds("wit.neverBound + wit.moves > 0"), Ok(false), "the course has numbers too");
    let unmeasured = holds("wit.waitingP99 + wit.meanG > default.S").unwrap_err();
    for told in [
        "`wit.waitingP99` in any run",
        "`wit.meanG`: no time passes",
        "`default.meanS` is its average over time",
    ] {
        assert!(unmeasured.contains(told), "{unmeasured}");
    }
    let error = holds("wat.G < wit.g").unwrap_err();
    assert!(
        error.contains("column 1: there is no strategy `wat`, there are `default`, `random`, `wit`"),
        "{error}"
    );
    let expected = "column 9: there is no metric `g`; did you mean `G`? (`wit-sim metrics` lists all)";
    assert!(error.contains(expected), "{error}");
    assert_eq!(holds("wit.refusalsR205 > 0"), Ok(false), "nobody refused with it");
}

/// Two linked services and a pod that fits nowhere, as the engine places them without an extender.
fn made() -> Run {
    let node = |name: &str| {
        let allocatable = serde_json::json!({"cpu": "2", "memory": "4Gi", "pods": "10"});
        serde_json::json!({"at": 0, "node": {"metadata": {"name": name}, "status": {"allocatable": allocatable}}})
    };
    let workload = |name: &str, cpu: &str, links: serde_json::Value| {
        let containers =
            serde_json::json!([{"name": "c", "image": "c", "resources": {"requests": {"cpu": cpu}}}]);
        let template =
            serde_json::json!({"metadata": {"annotations": links}, "spec": {"containers": containers}});
        let workload = format!("web/Deployment/{name}");
        serde_json::json!({"at": 0, "workload": {"workload": workload, "replicas": 1, "template": template}})
    };
    let records = [
        serde_json::json!({"apiVersion": API_VERSION, "kind": "Trace", "name": "test"}),
        node("a"),
        node("b"),
        workload("front", "1", serde_json::json!({"wit-placement.dev/links": "back=1"})),
        workload("back", "1", serde_json::json!({})),
        workload("large", "3", serde_json::json!({})),
    ];
    let lines: Vec<_> = records.iter().map(ToString::to_string).collect();
    let scenario = crate::trace::Trace::read(lines.join("\n").as_bytes()).unwrap().load().unwrap();
    let (settings, options) = (wit_config::Settings::default(), crate::engine::Options::default());
    let extender = &mut wit_placement::kube_scheduler::NoExtender;
    let run = crate::engine::run(&scenario, &settings, &options, extender).unwrap();
    Run::of("default", Assumptions::default(), &run)
}

#[test]
fn a_run_of_the_engine_becomes_a_document() {
    let run = made();
    assert_eq!((run.metrics.placed, run.metrics.pending, run.course.waiting.bound), (2, 1, 2));
    assert_eq!(run.details.pending[0].reason, "Insufficient cpu");
    assert_eq!(run.course.refusals.get("kube-scheduler"), Some(&4));
    assert_eq!(run.course.series.last().map(|point| point.metrics), Some(run.metrics));
    let link = &run.links[0];
    assert_eq!((&*link.consumer.name, &*link.provider.name), ("front", "back"));
    let placed: Vec<_> = run.placements.iter().map(|it| (it.pod.as_str(), it.node.is_some())).collect();
    assert_eq!(placed, [("web/back-0", true), ("web/front-0", true), ("web/large-0", false)]);
    assert!(crate::report_html::Report::new(vec![run]).unwrap().html().contains("Insufficient cpu"));
}
