//! Judged claims on paper: for people, and for a page of the documentation.

use std::fmt::Write as _;

use super::{CaseReport, Claim, Figure, Judgement, Role, STRATEGIES, Scenarios, words};
use crate::cli::Output;
use crate::strategy::Name;

/// What there is to choose from: a line for each claim.
pub fn listing(claims: &[Claim]) -> String {
    let widest = claims.iter().map(|claim| claim.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for claim in claims {
        let _ = writeln!(text, "{:widest$}  {}", claim.name, claim.claim);
    }
    text
}

/// The claims in the form that was asked for, with a line break at the end.
///
/// # Errors
/// None in practice: the document is plain.
pub fn render(scenarios: &Scenarios, form: Output) -> anyhow::Result<String> {
    Ok(match form {
        Output::Text => scenarios.claims.iter().map(text).collect::<Vec<_>>().join("\n"),
        Output::Json => serde_json::to_string_pretty(scenarios)? + "\n",
    })
}

/// The page of the documentation: the claims with the verdicts that their files expect of a replay.
pub fn markdown(claims: &[Claim]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for claim in claims {
        let verdict = claim.verdict.as_deref().unwrap_or("not judged yet");
        let _ = write!(
            page,
            "\n## {}\n\n*{}* {}\n\n**Verdict:** it {verdict}\n",
            claim.title, claim.claim, claim.source
        );
        for told in &claim.leaves_out {
            let _ = write!(page, "\nLeft out: {told}\n");
        }
        let _ = write!(page, "\nRun `wit-sim scenarios {}`. {}", claim.name, TABLE);
        for case in &claim.cases {
            let expected =
                |name| case.expect.get(&name).map(|figures| list(figures.iter())).unwrap_or_default();
            let [default, wit] = STRATEGIES.map(expected);
            let wit = if wit == default { "the same".to_owned() } else { wit };
            let _ =
                writeln!(page, "| `{}` | {}: {} | {default} | {wit} |", case.id, role(case.role), case.says);
        }
    }
    page
}

const INTRODUCTION: &str = "\
<!-- Generated from `simulations/scenarios/` by `just docs`; do not edit. -->
# What is claimed, and what is true of it

Claims that are made about Wasm on Kubernetes, each replayed with kube-scheduler alone and with wit-placement. A claim holds where
its plain reading does with both; otherwise it holds only under the conditions that a replay bears out, or not at all. `wit-sim
scenarios` replays them all, says why, and fails where a figure or a verdict is no longer what is written here.
";

const TABLE: &str =
    "Its cases:\n\n| case | what it is | kube-scheduler alone | wit-placement |\n|---|---|---|---|\n";

fn role(role: Role) -> &'static str {
    match role {
        Role::Baseline => "compared with",
        Role::Plain => "as it is said",
        Role::If => "with a condition",
    }
}

fn text(judgement: &Judgement) -> String {
    let mut text = format!("{} ({})\n", judgement.title, judgement.name);
    let _ = writeln!(text, "  claim    {}\n  source   {}", judgement.claim, judgement.source);
    for case in &judgement.cases {
        let _ = writeln!(text, "  case     {} ({}): {}", case.id, role(case.role), case.says);
        let figures = STRATEGIES.map(|name| figures(case, name));
        match figures {
            [one, other] if one == other => {
                let _ = writeln!(text, "             {one}");
            }
            figures => {
                for (name, figures) in STRATEGIES.into_iter().zip(figures) {
                    let _ = writeln!(text, "             with {}: {figures}", words::strategy(name));
                }
            }
        }
    }
    for told in &judgement.leaves_out {
        let _ = writeln!(text, "  left out {told}");
    }
    let _ = writeln!(text, "  verdict  it {}", judgement.verdict.words);
    for told in &judgement.unexpected {
        let _ = writeln!(text, "  changed  {told}");
    }
    text
}

/// The figures of a case that say something: those that the claim needs, and the usual ones that are not zero.
fn figures(case: &CaseReport, name: Name) -> String {
    let usual =
        [Figure::Nodes, Figure::Placed, Figure::Pending, Figure::Stranded, Figure::PerNode, Figure::Moves];
    let Some(run) = case.runs.get(&name) else { return String::new() };
    let is_told = |figure: &Figure, value: f64| {
        case.meets.contains_key(figure)
            || *figure == Figure::TimesBaseline
            || usual.contains(figure) && value > 0.0
    };
    let told = list(run.figures.iter().filter(|(figure, value)| is_told(figure, **value)));
    match run.binding {
        Some(binding) => format!("{told}; {} binds", binding.name()),
        None => told,
    }
}

fn list<'a>(figures: impl Iterator<Item = (&'a Figure, &'a f64)>) -> String {
    figures.map(|(figure, value)| words::figure(*figure, *value)).collect::<Vec<_>>().join(", ")
}
