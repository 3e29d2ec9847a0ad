//! The tables of keys, printed: a complete default file and the reference page.

use std::fmt::Write;

use crate::catalogue::keys::{EVIDENCE, FACT, OFFER, PROFILE};
use crate::catalogue::{HostCatalogue, HostProfile, LinkMode};
use crate::key::{Key, Kind};
use crate::keys::SETTINGS;
use crate::quantity;
use crate::{API_VERSION, CONFIGURATION_KIND, PROFILE_KIND, Settings};

/// A complete settings file: every key with its default, its range and its meaning.
///
/// [`crate::parse`] of it is [`Settings::default`].
pub fn defaults_yaml() -> String {
    let mut yaml = String::new();
    for key in SETTINGS {
        let indent = "  ".repeat(key.path.matches('.').count());
        let value = match (&key.kind, key.default) {
            (Kind::Exactly(text), _) => format!(" {text}"),
            (Kind::Section, _) => String::new(),
            (_, default) => format!(" {}", default.unwrap_or_default()),
        };
        for line in wrap(&yaml_comment(key), 100 - indent.len()) {
            put(&mut yaml, format_args!("{indent}# {line}\n"));
        }
        put(&mut yaml, format_args!("{indent}{}:{value}\n", key.name()));
        if key.parent().is_empty() && !matches!(key.kind, Kind::Section | Kind::Exactly(_)) {
            yaml.push('\n');
        }
    }
    blank_line_before_sections(&yaml)
}

/// The reference page of the settings file, in Markdown.
pub fn reference_markdown() -> String {
    let mut page = introduction();
    page.push_str("\n## At the top\n\n");
    let tops = SETTINGS.iter().filter(|key| key.parent().is_empty() && !matches!(key.kind, Kind::Section));
    table(&mut page, "", tops);
    for section in SETTINGS.iter().filter(|key| matches!(key.kind, Kind::Section)) {
        put(&mut page, format_args!("\n## `{}`\n\n{}\n\n", section.path, section.doc));
        table(&mut page, "", SETTINGS.iter().filter(|key| key.parent() == section.path));
    }
    page.push_str("\n## `hosts[]`\n\n");
    put(
        &mut page,
        format_args!(
            "A host profile. A bundled one is a file of `kind: {PROFILE_KIND}` with the same keys.\n\n"
        ),
    );
    table(&mut page, "hosts[].", PROFILE.iter().filter(|key| !matches!(key.kind, Kind::Section)));
    table_of(&mut page, "hosts[].offers[].", OFFER);
    table_of(&mut page, "hosts[].evidence[].", EVIDENCE);
    table_of(&mut page, "hosts[].sources[].", FACT);
    page.push_str("\n## Bundled host profiles\n");
    HostCatalogue::bundled().profiles().iter().for_each(|profile| bundled_profile(&mut page, profile));
    page
}

fn introduction() -> String {
    format!(
        "<!-- Generated from the table of keys in config/src/keys.rs; do not edit. -->\n\
         # Configuration\n\n\
         `wit-extender serve --config FILE` reads one YAML file. The smallest one gives every default:\n\n\
         ```yaml\napiVersion: {API_VERSION}\nkind: {CONFIGURATION_KIND}\n```\n\n\
         `wit-extender config defaults` prints a complete file. Everything that is wrong with a file is reported at \
         once, with path and line, and the server does not start: unknown keys and impossible values are never \
         ignored. Where a flag and an environment variable stand beside a key, they win over the file, the flag over \
         the variable. Durations are seconds, with decimals if need be; sizes are bytes or Kubernetes quantities \
         such as `64Mi`.\n"
    )
}

fn table_of<T>(page: &mut String, prefix: &str, keys: &'static [Key<T>]) {
    page.push('\n');
    table(page, prefix, keys.iter());
}

fn table<T: 'static>(page: &mut String, prefix: &str, keys: impl Iterator<Item = &'static Key<T>>) {
    page.push_str("| Key | Default | Type and range | Meaning |\n|---|---|---|---|\n");
    for key in keys {
        let default = key.default.map_or("required".to_owned(), |default| format!("`{default}`"));
        let outside = key.outside.map_or(String::new(), |outside| {
            format!(" Flag `{}`, environment `{}`.", outside.flag, outside.variable)
        });
        let expected = key.kind.expected();
        put(
            page,
            format_args!("| `{prefix}{}` | {default} | {expected} | {}{outside} |\n", key.path, key.doc),
        );
    }
}

fn bundled_profile(page: &mut String, profile: &HostProfile) {
    let runs = match (profile.runs.core_modules, profile.runs.components) {
        (true, true) => "core modules and components",
        (true, false) => "core modules only",
        (false, _) => "components only",
    };
    let link_mode = match profile.link_mode {
        LinkMode::None => "none",
        LinkMode::Node => "node",
        LinkMode::Network => "network",
    };
    put(page, format_args!("\n### `{}`\n\n{}\n\n", profile.name, profile.description));
    put(page, format_args!("Release: {}. Runs {runs}; link mode `{link_mode}`; ", profile.release));
    let memory = quantity::text(profile.memory_overhead_bytes);
    put(page, format_args!("memory that nothing else counts: {memory} per pod.\n\n"));
    for fact in &profile.sources {
        put(page, format_args!("- {} ({})\n", fact.claim, fact.source));
    }
}

/// Meaning, type, range, flag and variable in one paragraph.
fn yaml_comment(key: &Key<Settings>) -> String {
    let mut comment = key.doc.replace('`', "");
    if !matches!(key.kind, Kind::Section | Kind::Exactly(_)) {
        put(&mut comment, format_args!(" Takes {}.", key.kind.expected().replace('`', "")));
    }
    if let Some(outside) = key.outside {
        put(&mut comment, format_args!(" Flag {}, environment {}.", outside.flag, outside.variable));
    }
    comment
}

fn blank_line_before_sections(yaml: &str) -> String {
    let mut spaced = String::new();
    let mut lines = yaml.lines().peekable();
    while let Some(line) = lines.next() {
        spaced.push_str(line);
        spaced.push('\n');
        if line.starts_with(' ') && lines.peek().is_some_and(|next| next.starts_with('#')) {
            spaced.push('\n');
        }
    }
    spaced
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `write!` to a text, which cannot fail.
fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_file_says_every_key_and_fits_a_screen() {
        let yaml = defaults_yaml();
        for key in SETTINGS {
            assert!(
                yaml.lines().any(|line| line.trim_start().starts_with(&format!("{}:", key.name()))),
                "{}",
                key.path
            );
        }
        assert_eq!(yaml.lines().find(|line| line.len() > 110), None);
    }

    #[test]
    fn the_page_has_one_row_for_every_key() {
        let page = reference_markdown();
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        assert!(rows.iter().all(|row| row.matches('|').count() == 5), "a cell has a bar in it");
        let leaves =
            SETTINGS.iter().filter(|key| !matches!(key.kind, Kind::Section)).map(|key| key.path.to_owned());
        for path in leaves.chain(PROFILE.iter().map(|key| format!("hosts[].{}", key.path))) {
            let row = format!("| `{path}` |");
            let count = rows.iter().filter(|line| line.starts_with(&row)).count();
            assert!(count == 1 || path == "hosts[].runs", "{path} has {count} rows");
        }
    }
}
