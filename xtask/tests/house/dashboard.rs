//! The Grafana dashboard draws the metrics that there are.

use std::collections::BTreeSet;

use serde_json::Value;
use xtask::metrics::{Family, families};
use xtask::repository::text;

fn dashboard() -> Value {
    serde_json::from_str(&text("deploy/dashboards/wit-placement.json").expect("the dashboard")).expect("JSON")
}

/// The panels that draw something, those inside of rows too.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let top = dashboard["panels"].as_array().expect("panels");
    let inside = top.iter().flat_map(|panel| panel["panels"].as_array().into_iter().flatten());
    top.iter().chain(inside).filter(|panel| panel["type"] != "row").collect()
}

fn expressions(panel: &Value) -> Vec<&str> {
    panel["targets"].as_array().into_iter().flatten().filter_map(|target| target["expr"].as_str()).collect()
}

/// The names that begin with `wit_`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words.filter(|word| word.starts_with("wit_") && word.len() > 4).map(ToOwned::to_owned).collect()
}

/// The series that a metric has.
fn series(family: &Family) -> Vec<String> {
    let endings: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
    endings.iter().map(|ending| format!("{}{ending}", family.name)).collect()
}

#[test]
fn the_dashboard_draws_every_metric_and_no_other() {
    let dashboard = dashboard();
    let drawn: BTreeSet<String> =
        panels(&dashboard).into_iter().flat_map(expressions).flat_map(names).collect();
    let families = families().expect("a server's metrics");
    let known: BTreeSet<String> = families.iter().flat_map(series).collect();
    assert_eq!(drawn.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "drawn, but not there");
    let is_drawn = |family: &&Family| series(family).iter().any(|series| drawn.contains(series));
    let not_drawn: Vec<_> =
        families.iter().filter(|family| !is_drawn(family)).map(|family| &family.name).collect();
    assert!(not_drawn.is_empty(), "there, but not drawn: {not_drawn:?}");
}

#[test]
fn a_running_server_says_every_metric_of_the_source() {
    let source = text("extender/src/metrics.rs").expect("the source of the metrics");
    let quoted = source.split('"').filter(|part| names(part).contains(*part));
    let written: BTreeSet<String> = quoted.map(ToOwned::to_owned).collect();
    let said: BTreeSet<String> =
        families().expect("a server's metrics").into_iter().map(|one| one.name).collect();
    assert_eq!(said, written);
}

#[test]
fn labels_that_the_dashboard_groups_by_are_there() {
    let families = families().expect("a server's metrics");
    let known: BTreeSet<&str> =
        families.iter().flat_map(|family| &family.labels).map(String::as_str).collect();
    for panel in panels(&dashboard()) {
        for expression in expressions(panel) {
            for grouping in expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next()) {
                for label in grouping.split(',').map(str::trim) {
                    let is_common = ["le", "job", "instance"].contains(&label);
                    assert!(is_common || known.contains(label), "{}: no label {label}", panel["title"]);
                }
            }
        }
    }
}

#[test]
fn every_panel_says_what_it_shows_and_in_which_unit() {
    let dashboard = dashboard();
    let mut titles = BTreeSet::new();
    for panel in panels(&dashboard) {
        let title = panel["title"].as_str().unwrap_or_default();
        assert!(!title.is_empty() && titles.insert(title), "a panel has no title of its own: {title:?}");
        assert!(
            panel["description"].as_str().is_some_and(|text| text.ends_with('.')),
            "{title}: description"
        );
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}: unit");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
    }
}

#[test]
fn queries_follow_the_variables_and_counters_are_rates() {
    let dashboard = dashboard();
    let families = families().expect("a server's metrics");
    let counters = families.iter().filter(|family| family.kind != "gauge").flat_map(series);
    let counters: BTreeSet<String> = counters.collect();
    for panel in panels(&dashboard) {
        for expression in expressions(panel) {
            let selectors = expression.matches("{job=~\"$job\", instance=~\"$instance\"").count();
            let series = expression.matches("wit_").count();
            assert_eq!(selectors, series, "{}: {expression}", panel["title"]);
            let counted = names(expression).iter().any(|name| counters.contains(name));
            let rated = expression.contains("[$__rate_interval]") || expression.contains("[$__range]");
            assert_eq!(counted, rated, "{}: {expression}", panel["title"]);
        }
    }
    let variables: Vec<_> = dashboard["templating"]["list"].as_array().expect("variables").iter().collect();
    let names: Vec<_> = variables.iter().filter_map(|variable| variable["name"].as_str()).collect();
    assert_eq!(names, ["datasource", "job", "instance"]);
    for variable in variables.iter().skip(1) {
        assert_eq!((&variable["multi"], &variable["allValue"]), (&Value::Bool(true), &Value::from(".+")));
    }
    assert_eq!(dashboard["editable"], false);
}
