//! The worked question of `docs/how-many-nodes.md`: its commands run, and print what the page says.

use std::fs;
use std::path::Path;

use crate::support::{folder, wit_sim};

/// Lines that are left out.
const LEFT_OUT: &str = "…";
/// The endings of the names of files in the commands.
const FILES: [&str; 5] = [".yaml", ".csv", ".jsonl", ".json", ".html"];

/// A command of the page and what is shown of what it prints.
#[derive(Default)]
struct Shown {
    command: String,
    output: Vec<String>,
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/how-many-nodes.md")).unwrap()
}

/// The commands of the page in their order.
fn shown(page: &str) -> Vec<Shown> {
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut shown: Vec<Shown> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match line.strip_prefix("$ wit-sim ") {
            Some(command) => shown.push(Shown { command: command.to_owned(), output: Vec::new() }),
            None => shown.last_mut().unwrap().output.push(line.to_owned()),
        }
    }
    shown
}

/// The words of a command as a shell takes them, files being those of the test's folder.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, part) in command.split('\'').enumerate() {
        match position % 2 {
            0 => words.extend(part.split_whitespace().map(ToOwned::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    let is_file = |word: &String| FILES.iter().any(|ending| word.ends_with(ending));
    words.into_iter().map(|word| if is_file(&word) { format!("FILES/{word}") } else { word }).collect()
}

/// Whether the lines are these, where `…` is for any number of others.
fn agrees(shown: &[String], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == LEFT_OUT => {
            (0..=printed.len()).any(|left_out| agrees(rest, &printed[left_out..]))
        }
        Some((line, rest)) => {
            printed.first().is_some_and(|first| first == line && agrees(rest, &printed[1..]))
        }
    }
}

#[test]
fn every_command_of_the_page_prints_what_the_page_shows() {
    let folder = folder("how-many-nodes");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bookshop");
    for file in ["cluster.yaml", "calls.csv"] {
        fs::copy(example.join(file), folder.join(file)).unwrap();
    }
    let commands = shown(&page());
    assert_eq!(commands.len(), 9);
    for Shown { command, output } in commands {
        let redirected = command.split_once(" > ").filter(|_| command.contains("--output json"));
        let (typed, target) = redirected.map_or((command.as_str(), None), |(typed, to)| (typed, Some(to)));
        let words = words(typed);
        let mut printed = wit_sim(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>());
        if let Some(target) = target {
            fs::write(folder.join(target), std::mem::take(&mut printed.out)).unwrap();
        }
        let all = printed.out + &printed.notes;
        let lines: Vec<&str> = all.lines().collect();
        assert!(agrees(&output, &lines), "{command}\nprints\n{all}");
        assert_eq!(printed.succeeded, !output.iter().any(|line| line.starts_with("error: ")), "{command}");
    }
    assert!(fs::read_to_string(folder.join("report.html")).unwrap().contains("</html>"));
}
