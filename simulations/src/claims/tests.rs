use super::*;
use crate::cli::Output;
use crate::density::Constraint;
use crate::strategy::Name;

/// Claims whose clusters are so large that CI replays them with the optimised program: `just scenarios`.
const LARGE: [&str; 3] = ["10000-tenants", "daemonset-on-5000-iot-nodes", "keda-0-to-10000"];

fn small() -> Vec<Claim> {
    let claims = bundled().expect("the bundled claims");
    claims.into_iter().filter(|claim| !LARGE.contains(&claim.name.as_str())).collect()
}

fn claim(cases: &str) -> Claim {
    let head = "apiVersion: wit-placement.dev/v1alpha1\nkind: PublishedClaim\nname: ten\ntitle: Ten\n\
                claim: Ten fit.\nsource: This test.\ncases:\n";
    Claim::read(&format!("{head}{cases}")).expect("a claim")
}

/// A case of ten pods on a node that takes so many by memory.
fn case(id: &str, role: &str, fit: u32) -> String {
    let memory = fit * 100;
    format!(
        "- {{id: {id}, says: it, {role}, nodes: [{{cpu: '1', memory: {memory}Mi, maxPods: 110}}], \
         pods: [{{name: app, replicas: 10, cpu: 1m, memory: 100Mi}}], meets: {{placed: {{least: 10}}}}}}\n"
    )
}

#[test]
fn every_bundled_claim_says_where_it_is_from_and_what_its_verdict_is() {
    let claims = bundled().expect("the bundled claims");
    assert_eq!(claims.len(), 8);
    for claim in claims {
        assert!(!claim.source.is_empty() && claim.verdict.is_some(), "{}", claim.name);
        assert!(claim.cases.iter().any(|case| case.role == Role::Plain), "{}", claim.name);
        assert!(claim.cases.iter().all(|case| !case.expect.is_empty()), "{}", claim.name);
    }
}

#[test]
fn the_small_claims_give_the_figures_and_verdicts_that_their_files_expect() {
    for claim in small() {
        let judgement = claim.judge().expect("a replay");
        assert_eq!(judgement.unexpected, Vec::<String>::new(), "{}", claim.name);
    }
}

#[test]
fn what_fits_on_a_node_is_what_arithmetic_says() {
    let claims = bundled().expect("the bundled claims");
    let fits = [
        ("500-services", "S1", 12, Constraint::Memory),
        ("500-services", "S2", 100, Constraint::Pods),
        ("500-services", "S2b", 135, Constraint::Memory),
        ("500-services", "S2c", 19, Constraint::Cpu),
        ("500-services", "S2d", 39, Constraint::Cpu),
        ("900-on-an-edge-node", "S3", 910, Constraint::Memory),
        ("900-on-an-edge-node", "S3b", 660, Constraint::Memory),
        ("900-on-an-edge-node", "S3b-7.2", 412, Constraint::Memory),
        ("200-on-a-raspberry-pi-5", "S4", 100, Constraint::Pods),
        ("200-on-a-raspberry-pi-5", "S4-250", 240, Constraint::Pods),
    ];
    for (name, id, pods, binding) in fits {
        let claim = claims.iter().find(|claim| claim.name == name).expect("the claim");
        let case = claim.cases.iter().find(|case| case.id == id).expect("the case");
        let fit = case.fit().expect("a trace").expect("nodes and pods that are equal");
        assert_eq!((fit.pods, fit.binding), (pods, binding), "{name}: {id}");
    }
}

#[test]
fn a_claim_holds_by_its_plain_reading_then_by_its_conditions_then_not() {
    let verdict = |plain, more| {
        let cases =
            case("plain", "role: plain", plain) + &case("more", "role: if, condition: there is more", more);
        claim(&cases).judge().expect("a replay").verdict
    };
    let holds = verdict(10, 5);
    assert_eq!((holds.outcome, holds.conditions.len()), (Outcome::Holds, 0));
    let only_if = verdict(9, 10);
    assert_eq!(
        (only_if.outcome, only_if.conditions),
        (Outcome::HoldsOnlyIf, vec!["there is more".to_owned()])
    );
    assert_eq!(
        verdict(9, 5).words,
        "does not hold: 9 placed, not 10 or more (memory runs out first). Not if there is more: 5 placed, not 10 or more \
         (memory runs out first)."
    );
}

#[test]
fn a_strategy_that_differs_is_named_and_keeps_the_claim_from_holding() {
    let claims = bundled().expect("the bundled claims");
    let claim = claims.iter().find(|claim| claim.name == "7.2-against-148-mb").expect("the claim");
    let judgement = claim.judge().expect("a replay");
    let untold = judgement.cases.iter().find(|case| case.id == "D-untold").expect("the case");
    assert_eq!(untold.missed.keys().collect::<Vec<_>>(), [&Name::Wit]);
    assert!(
        judgement.verdict.words.contains("with wit-placement 4.6 times as many"),
        "{}",
        judgement.verdict.words
    );
}

#[test]
fn a_figure_that_has_changed_is_told_with_both_values() {
    let mut claim = claim(&case("plain", "role: plain", 10));
    let expected = [(Figure::Placed, 11.0)].into();
    claim.cases[0].expect.insert(Name::Wit, expected);
    claim.verdict = Some("holds: 11 placed.".to_owned());
    assert_eq!(
        claim.judge().expect("a replay").unexpected,
        [
            "plain with wit: 10 placed, expected 11 placed",
            "verdict: holds: 10 placed., expected: holds: 11 placed."
        ]
    );
}

#[test]
fn nodes_that_no_pod_fits_on_are_not_sought_for_ever() {
    let cases = "- {id: a, says: it, role: plain, fewest: true, nodes: [{cpu: '1', memory: 1Mi, maxPods: 110}], \
                 pods: [{name: app, cpu: 1m, memory: 100Mi}], meets: {nodes: {most: 1}}}\n";
    let error = claim(cases).judge().expect_err("no number of nodes");
    assert_eq!(format!("{error:#}"), "ten: a: default: no number of nodes suffices");
}

#[test]
fn names_that_no_claim_has_are_all_told() {
    let error = named(&["500-services".to_owned(), "one".to_owned(), "two".to_owned()]).expect_err("unknown");
    assert!(
        error.to_string().starts_with("there is no scenario one, two; there are 10000-tenants,"),
        "{error}"
    );
}

#[test]
fn a_document_is_read_back_as_it_was_written() {
    let judgement = claim(&case("plain", "role: plain", 10)).judge().expect("a replay");
    let scenarios = Scenarios { claims: vec![judgement], ..Scenarios::default() };
    let json = render(&scenarios, Output::Json).expect("a document");
    assert_eq!(serde_json::from_str::<Scenarios>(&json).expect("a document"), scenarios);
}
